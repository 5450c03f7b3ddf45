// The cart as the API has it, changed one call after the other, the same in all tabs.
import {newKey, request} from '../comum/api.js';
import {dismissNamed} from '../comum/avisos.js';
import {toCents} from '../comum/dinheiro.js';
import {noteFailure, persist, whenOnline} from '../comum/conexao.js';
import {computed, signal} from '../comum/ui.js';
import {currentSession, onSessionChange, openSession, remember, rememberedItems, renewSession} from './sessao.js';
import {sayAdded, sayFailure, sayRestored, sayWaiting} from './falas.js';

const QUIET_MS = 300;

const EMPTY = {itens: [], totalCentavos: 0};

// null until it was read once.
export const cart = signal(null);
// produto_id → the quantity that was asked for and is on its way.
export const wanted = signal(new Map());
// How many calls are under way or wait for their turn.
export const busy = signal(0);

// What is shown: the quantities wanted, with today's prices.
export const lines = computed(() => (cart.value ?? EMPTY).itens.map((item) => {
    const quantidade = wanted.value.get(item.produto_id) ?? item.quantidade;
    return {...item, quantidade, subtotalCentavos: item.disponivel ? quantidade * item.precoCentavos : 0};
}));
export const units = computed(() => lines.value.reduce((sum, {quantidade}) => sum + quantidade, 0));
export const totalCents = computed(() => lines.value.reduce((sum, line) => sum + line.subtotalCentavos, 0));
export const troubled = computed(() => lines.value.filter(({disponivel}) => !disponivel));

export function inCart(produtoId) {
    return lines.value.find((line) => line.produto_id === produtoId)?.quantidade ?? 0;
}

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('confeitaria.carrinho') : null;

function fromApi(data) {
    const names = new Map(rememberedItems().map(({produto_id, nome}) => [produto_id, nome]));
    return {
        totalCentavos: toCents(data.valor_total),
        itens: data.itens.map(({produto_id, quantidade, disponivel, produto}) => ({
            produto_id, quantidade, disponivel, produto,
            nome: produto?.nome ?? names.get(produto_id) ?? 'Produto que saiu de venda',
            precoCentavos: produto ? toCents(produto.preco) : 0,
        })),
    };
}

let newest = 0;

async function read(sessao) {
    const turn = ++newest;
    const {data} = await persist(() => request(`/api/carrinho/${sessao}`));
    // An answer that was overtaken by a later question is old.
    if (turn !== newest)
        return;
    cart.value = fromApi(data);
    remember(sessao, cart.value.itens.map(({produto_id, quantidade, nome}) => ({produto_id, quantidade, nome})));
}

// Calls with the session that there is, or with another one when it has expired.
async function withSession(call) {
    const sessao = currentSession() ?? await openSession(sayWaiting);
    try {
        return await call(sessao);
    } catch (error) {
        if (error.codigo !== 'sessao_nao_encontrada')
            throw error;
        const renewed = await renewSession(sessao);
        sayRestored(renewed);
        return call(renewed.sessao);
    }
}

let turns = Promise.resolve();
// produto_id → the timer of a quantity that is not sent yet.
const timers = new Map();

// One change after the other: two that overtake each other would leave the older one.
function inTurn(work) {
    busy.value++;
    const done = turns.then(work).finally(() => { busy.value--; });
    turns = done.catch(() => {});
    return done;
}

// When all changes are through.
export async function settled() {
    do {
        await Promise.all([...timers.keys()].map(sendQuantity));
        await turns;
    } while (timers.size > 0 || busy.value > 0);
}

export async function refreshCart() {
    if (currentSession() === null) {
        cart.value = EMPTY;
        return;
    }
    try {
        await withSession(read);
    } catch (error) {
        noteFailure(error);
        if (error.kind === 'network')
            whenOnline().then(refreshCart);
        throw error;
    }
}

function refreshQuietly() {
    refreshCart().catch(() => {});
}

async function change(call, retry) {
    try {
        await inTurn(async () => {
            await withSession((sessao) => persist(() => call(sessao), {waiting: sayWaiting}));
            await withSession(read);
        });
        channel?.postMessage('mudou');
        dismissNamed('carrinho');
        return true;
    } catch (error) {
        sayFailure(error, retry);
        refreshQuietly();
        return false;
    }
}

// Adds to what is there. The key is made once for each click: however often the call is repeated, it counts once.
export async function addToCart(produto, quantidade = 1, key = newKey()) {
    const body = {produto_id: produto.id, quantidade};
    const call = (sessao) => request(`/api/carrinho/${sessao}/adicionar`, {method: 'POST', body, key});
    const added = await change(call, () => addToCart(produto, quantidade, key));
    if (added)
        sayAdded(produto, quantidade);
    return added;
}

function want(produtoId, quantidade) {
    const next = new Map(wanted.value);
    if (quantidade === null)
        next.delete(produtoId);
    else
        next.set(produtoId, quantidade);
    wanted.value = next;
}

async function sendQuantity(produtoId) {
    clearTimeout(timers.get(produtoId));
    timers.delete(produtoId);
    const quantidade = wanted.value.get(produtoId);
    if (quantidade === undefined)
        return;
    const path = (sessao) => `/api/carrinho/${sessao}/atualizar/${produtoId}`;
    await change((sessao) => request(path(sessao), {method: 'PUT', body: {quantidade}}), () => setQuantity(produtoId, quantidade));
    // Unless another quantity was asked for meanwhile.
    if (wanted.value.get(produtoId) === quantidade && !timers.has(produtoId))
        want(produtoId, null);
}

// Shown at once, sent when the clicks have ended.
export function setQuantity(produtoId, quantidade) {
    clearTimeout(timers.get(produtoId));
    want(produtoId, quantidade);
    timers.set(produtoId, setTimeout(() => sendQuantity(produtoId), QUIET_MS));
}

export async function removeFromCart(produtoId) {
    clearTimeout(timers.get(produtoId));
    timers.delete(produtoId);
    want(produtoId, null);
    const path = (sessao) => `/api/carrinho/${sessao}/remover/${produtoId}`;
    return change((sessao) => request(path(sessao), {method: 'DELETE'}), () => removeFromCart(produtoId));
}

// After an order: what is left in the cart, in all tabs.
export async function cartWasOrdered() {
    channel?.postMessage('mudou');
    await refreshCart().catch(() => {});
}

// The session has expired under an order: true when it was filled again.
export async function restoreCart(expired) {
    const renewed = await renewSession(expired);
    await read(renewed.sessao);
    return renewed;
}

export function startCart() {
    if (channel)
        channel.onmessage = refreshQuietly;
    let session = currentSession();
    onSessionChange(() => {
        // What changed inside it is told by the channel; this is for another session.
        if (currentSession() !== session || !channel)
            refreshQuietly();
        session = currentSession();
    });
    document.addEventListener('visibilitychange', () => {
        if (!document.hidden)
            refreshQuietly();
    });
    addEventListener('focus', refreshQuietly);
    refreshQuietly();
}
