// Who is signed in, and with which right.
import {request} from '../comum/api.js';
import {signal, computed} from '../comum/ui.js';
import {forget, keep, kept} from './credencial.js';

export const person = signal(null); // {nome, direitos, expira_em} of the token in use
export const isAdmin = computed(() => person.value?.direitos.includes('admin') ?? false);

// Asks the shop whose token this is; only an accepted one is kept.
export async function signIn(candidate) {
    const {data} = await request('/api/eu', {token: candidate});
    keep(candidate);
    person.value = data;
}

// After a reload of the tab. Throws when the shop could not be asked; the token is still kept then.
export async function resume() {
    const token = kept();
    if (!token)
        return;
    try {
        await signIn(token);
    } catch (error) {
        if (error.status !== 401)
            throw error;
        forget();
    }
}

export function signOut() {
    forget();
    person.value = null;
}
