// The token in use. It is kept in this tab only (sessionStorage) and is gone when the tab is closed.
import {daAba} from '../comum/guarda.js';
import {signal} from '../comum/ui.js';

const KEY = 'painel-token';

export const refused = signal(false); // the shop stopped accepting the token while the page was in use
let token = null;

export const current = () => token;
export const kept = () => daAba.get(KEY);

export function keep(accepted) {
    token = accepted;
    daAba.set(KEY, accepted);
    refused.value = false;
}

export function forget() {
    token = null;
    daAba.set(KEY, null);
    refused.value = false;
}

// A 401 in the middle of the work: the page stays, a sign-in is laid over it.
export function refuse() {
    daAba.set(KEY, null);
    refused.value = token !== null;
}
