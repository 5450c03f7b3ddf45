// Asks every few seconds which orders have changed, for all views: the shop's list in the order of changes misses nothing.
import {signal} from '../comum/ui.js';
import {call} from './chamar.js';
import {person} from './sessao.js';
import {refused} from './credencial.js';
import {ESTADOS} from './estados.js';

const SHOWN_MS = 3000;
const HIDDEN_MS = 15000;
const PAGE = 100;

export const counts = signal({}); // orders by state
export const arrived = signal(0); // new orders since somebody looked at the list
export const announcement = signal(''); // read out by a live region of the frame
export const late = signal(false); // the last question was not answered

const listeners = new Set();
let cursor = null;
let since = null;
let timer = 0;
let running = false;

// `listener(pedidos)` is told of every order that has changed.
export function onChanges(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

async function countOne(estado) {
    const {total} = await call('/api/pedidos', {query: {status: estado, limite: 1}});
    return [estado, total];
}

export async function recount() {
    counts.value = Object.fromEntries(await Promise.all(ESTADOS.map(countOne)));
}

const isNew = (pedido) => pedido.status === 'confirmado' && pedido.criado_em >= since && pedido.historico.length === 1;

function announce(fresh) {
    if (fresh.length === 0)
        return;
    arrived.value += fresh.length;
    announcement.value =
        fresh.length === 1
            ? `Novo pedido: número ${fresh[0].numero}, de ${fresh[0].cliente.nome}.`
            : `${fresh.length} novos pedidos.`;
}

async function askOnce() {
    const query = {ordem: 'atualizado', atualizado_desde: since, limite: PAGE, cursor};
    const {data, body} = await call('/api/pedidos', {query});
    cursor = body.retomar ?? cursor;
    return data;
}

async function ask() {
    const changed = [];
    let page;
    do {
        page = await askOnce();
        changed.push(...page);
    } while (page.length === PAGE);
    if (changed.length === 0)
        return;
    announce(changed.filter(isNew));
    for (const listener of listeners)
        listener(changed);
    await recount();
}

async function tick() {
    if (!refused.value) {
        try {
            await ask();
            late.value = false;
        } catch (problem) {
            late.value = problem.status !== 401;
        }
    }
    schedule();
}

function schedule() {
    clearTimeout(timer);
    if (running)
        timer = setTimeout(tick, document.hidden ? HIDDEN_MS : SHOWN_MS);
}

// The shop's own clock, from an answer of it: this machine's may be wrong.
async function beginningNow() {
    const {headers} = await call('/api/eu');
    return new Date(headers.get('Date') ?? Date.now()).toISOString();
}

async function begin() {
    try {
        since = await beginningNow();
        await recount();
    } catch {
        late.value = true;
        timer = setTimeout(begin, SHOWN_MS);
        return;
    }
    tick();
}

function stop() {
    running = false;
    clearTimeout(timer);
    cursor = null;
    arrived.value = 0;
    announcement.value = '';
}

// Runs while somebody is signed in.
person.subscribe((someone) => {
    if (someone && !running) {
        running = true;
        begin();
    } else if (!someone) {
        stop();
    }
});

document.addEventListener('visibilitychange', () => {
    if (running && !document.hidden && cursor !== null) {
        clearTimeout(timer);
        tick();
    }
});
