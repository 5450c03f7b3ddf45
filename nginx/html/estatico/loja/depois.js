// The shop window is on the screen before what comes after it is loaded; that follows at once, so that it is there without a
// connection too.
import {noteFailure, whenOnline} from '../comum/conexao.js';
import {signal} from '../comum/ui.js';

const AGAIN_MS = 2000;

// What compra.js has, once it is there.
export const later = signal(null);

function loadStyle() {
    const href = new URL('./compra.css', import.meta.url).href;
    return new Promise((resolve, reject) => {
        const link = Object.assign(document.createElement('link'), {rel: 'stylesheet', href, onload: resolve});
        link.onerror = () => {
            link.remove();
            reject(new Error(href));
        };
        document.head.append(link);
    });
}

export async function loadLater() {
    try {
        const [views] = await Promise.all([import('./compra.js'), loadStyle()]);
        later.value = views;
    } catch {
        noteFailure({kind: 'network'});
        await whenOnline();
        setTimeout(loadLater, AGAIN_MS);
    }
}
