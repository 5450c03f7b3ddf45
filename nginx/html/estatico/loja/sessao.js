/*
 * The cart's session: its id, the key to the cart, and what was in it when it was last read, all in this browser. A session
 * lives a day after its last change; when it has expired, another one is opened and filled with what is remembered.
 */
import {newKey, request} from '../comum/api.js';
import {persist} from '../comum/conexao.js';
import {local} from '../comum/guarda.js';

const NAME = 'confeitaria.carrinho';

// {sessao, itens: [{produto_id, quantidade, nome}]}
function read() {
    const kept = local.get(NAME);
    return typeof kept?.sessao === 'string' ? {sessao: kept.sessao, itens: Array.isArray(kept.itens) ? kept.itens : []} : null;
}

export function currentSession() {
    return read()?.sessao ?? null;
}

export function rememberedItems() {
    return read()?.itens ?? [];
}

export function remember(sessao, itens) {
    local.set(NAME, {sessao, itens});
}

// Tabs take turns where the browser has locks (https, localhost); elsewhere the newest session wins.
function exclusively(work) {
    return navigator.locks ? navigator.locks.request(NAME, work) : work();
}

async function create(itens, waiting) {
    const {data} = await persist(() => request('/api/carrinho/sessao', {method: 'POST'}), {waiting});
    remember(data.session_id, itens);
    return data.session_id;
}

async function putBack(sessao, itens) {
    const missing = [];
    for (const {produto_id, quantidade, nome} of itens) {
        const key = newKey();
        const path = `/api/carrinho/${sessao}/adicionar`;
        try {
            await persist(() => request(path, {method: 'POST', body: {produto_id, quantidade}, key}));
        } catch (error) {
            if (error.passing)
                throw error;
            missing.push(nome ?? `Produto ${produto_id}`);
        }
    }
    return missing;
}

// For the first add: a session, or the one that another tab has opened meanwhile.
export function openSession(waiting) {
    return exclusively(async () => currentSession() ?? create([], waiting));
}

// {sessao, itens, faltam}: a session in place of the expired one, what was put into it, the names of what could not be had again.
export function renewSession(expired) {
    return exclusively(async () => {
        const kept = read();
        if (kept && kept.sessao !== expired)
            return {sessao: kept.sessao, itens: 0, faltam: []};
        const itens = kept?.itens ?? [];
        const sessao = await create(itens);
        const faltam = await putBack(sessao, itens);
        return {sessao, itens: itens.length - faltam.length, faltam};
    });
}

// Another tab has opened, changed or emptied the cart.
export function onSessionChange(changed) {
    addEventListener('storage', (event) => {
        if (event.key === NAME || event.key === null)
            changed();
    });
}
