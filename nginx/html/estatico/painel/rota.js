// The address's fragment says which view is open: #/pedidos/<id>?estado=pronto. Links are plain links, Back works.
import {signal} from '../comum/ui.js';

function read() {
    const [path, query] = location.hash.replace(/^#/, '').split('?', 2);
    const parts = path.split('/').filter(Boolean).map(decodePart);
    return {view: parts[0] ?? '', id: parts[1] ?? null, query: new URLSearchParams(query ?? '')};
}

function decodePart(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

export const route = signal(read());

addEventListener('hashchange', () => {
    route.value = read();
});

// An address of a view; parameters without a value are left out.
export function address(view, id, params = {}) {
    const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '' && value != null));
    const tail = query.size > 0 ? `?${query}` : '';
    return `#/${view}${id == null ? '' : `/${encodeURIComponent(id)}`}${tail}`;
}

export function go(to) {
    location.hash = to;
}

// The same, without a step for Back: for a search that is being typed.
export function replace(to) {
    history.replaceState(null, '', to);
    route.value = read();
}
