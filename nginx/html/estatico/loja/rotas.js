// Views by the fragment of the address: an order's id is the key to it, and a fragment is never sent anywhere.
import {signal} from '../comum/ui.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function read(hash) {
    // Other fragments are places on the page.
    if (!hash.startsWith('#/'))
        return {nome: 'vitrine'};
    const [name = '', id = ''] = hash.replace(/^#\//, '').split('?')[0].split('/');
    if (name === '')
        return {nome: 'vitrine'};
    if (name === 'produto' && /^[1-9]\d{0,9}$/.test(id))
        return {nome: 'produto', id: Number(id)};
    if (name === 'pedido' && UUID.test(id))
        return {nome: 'pedido', id: id.toLowerCase()};
    if (name === 'finalizar' || name === 'pedidos')
        return {nome: name};
    return {nome: 'nada'};
}

export const route = signal(read(location.hash));

// How many steps inside the page lead back to where it was opened.
let depth = history.state?.depth ?? 0;

addEventListener('hashchange', () => {
    if (location.hash === '' || location.hash.startsWith('#/'))
        route.value = read(location.hash);
});

addEventListener('popstate', () => {
    depth = history.state?.depth ?? 0;
});

export function go(hash, {replace = false} = {}) {
    if (!replace)
        depth++;
    history[replace ? 'replaceState' : 'pushState']({depth}, '', hash);
    route.value = read(hash);
}

// Closes what lies over the list: back if it was opened from there, so that the browser's own button agrees.
export function leaveDialog() {
    if (depth > 0)
        history.back();
    else
        go('#/', {replace: true});
}

// For links: an ordinary click stays in the page, and one that wants a new tab does that.
export function follow(event) {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
        return;
    event.preventDefault();
    go(event.currentTarget.getAttribute('href'));
}

// For links to a place on the page: the address stays that of the view.
export function jump(event) {
    const place = document.querySelector(event.currentTarget.getAttribute('href'));
    event.preventDefault();
    place?.scrollIntoView();
    place?.focus();
}
