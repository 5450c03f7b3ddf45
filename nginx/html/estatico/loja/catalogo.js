// What is on sale, as the reader has asked for it. An answer to an older question never replaces a newer one's.
import {request} from '../comum/api.js';
import {noteFailure, persist, whenOnline} from '../comum/conexao.js';
import {toCents} from '../comum/dinheiro.js';
import {explain} from '../comum/erros.js';
import {computed, signal} from '../comum/ui.js';

const PAGE = 24;
const TYPING_MS = 250;
const OLD_MS = 30000;

// Centavos; null is no bound.
export const PRICES = [
    {nome: 'Qualquer preço', min: null, max: null},
    {nome: 'Até R$ 10', min: null, max: 1000},
    {nome: 'De R$ 10 a R$ 40', min: 1000, max: 4000},
    {nome: 'Acima de R$ 40', min: 4000, max: null},
];

export const ORDERS = [
    {nome: 'Sugestões', valor: ''},
    {nome: 'Menor preço', valor: 'preco'},
    {nome: 'Maior preço', valor: '-preco'},
    {nome: 'Novidades', valor: 'recentes'},
    {nome: 'Nome, de A a Z', valor: 'nome'},
];

const NOTHING_ASKED = {categoria: null, busca: '', faixa: 0, ordem: '', soDisponiveis: false};

export const asked = signal(NOTHING_ASKED);
// estado: 'carregando', 'pronto' or 'erro' (then erro has the sentence); mais: the next page is on its way.
export const list = signal({produtos: [], total: 0, proximo: null, estado: 'carregando', erro: null, mais: false});
export const categories = signal([]);
// The first pictures ever seen: the hero shows some of them, and does not change with each search.
export const showcase = signal([]);

export const isFiltered = computed(() => Object.keys(NOTHING_ASKED).some((name) => asked.value[name] !== NOTHING_ASKED[name]));

function withCents(produto) {
    return {...produto, precoCentavos: toCents(produto.preco)};
}

function amount(cents) {
    return cents === null ? null : (cents / 100).toFixed(2);
}

function question() {
    const {categoria, busca, faixa, ordem, soDisponiveis} = asked.value;
    const {min, max} = PRICES[faixa];
    return {
        categoria_id: categoria, busca: busca.trim(), preco_min: amount(min), preco_max: amount(max), ordem,
        em_estoque: soDisponiveis ? 'true' : null,
    };
}

let running = null;
let readAt = 0;

async function ask(query) {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const answer = await persist(() => request('/api/produtos', {query, signal: mine.signal}), {tries: 2, offline: 'throw'});
    mine.signal.throwIfAborted();
    readAt = Date.now();
    return {produtos: answer.data.map(withCents), total: answer.total, proximo: answer.proximo};
}

function failed(error, again) {
    if (error.name === 'AbortError')
        return;
    noteFailure(error);
    const estado = again === load ? 'erro' : 'pronto';
    list.value = {...list.value, estado, mais: false, erro: explain(error).texto};
    if (error.kind === 'network')
        whenOnline().then(again);
}

function choosePictures(produtos) {
    const byCategory = new Map();
    const there = produtos.filter(({estoque}) => estoque > 0);
    for (const produto of [...there.filter(({foto_url}) => foto_url), ...there])
        if (!byCategory.has(produto.categoria_id))
            byCategory.set(produto.categoria_id, produto);
    showcase.value = [...byCategory.values()].slice(0, 3);
}

export async function load() {
    list.value = {...list.value, estado: 'carregando', erro: null, mais: false};
    if (categories.value.length === 0)
        loadCategories();
    try {
        const page = await ask({...question(), limite: PAGE});
        list.value = {...page, estado: 'pronto', erro: null, mais: false};
        if (showcase.value.length === 0)
            choosePictures(page.produtos);
    } catch (error) {
        failed(error, load);
    }
}

export async function loadMore() {
    const {proximo, mais, estado} = list.value;
    if (!proximo || mais || estado !== 'pronto')
        return;
    list.value = {...list.value, mais: true, erro: null};
    try {
        const page = await ask({...question(), limite: PAGE, cursor: proximo});
        const known = new Set(list.value.produtos.map(({id}) => id));
        const produtos = [...list.value.produtos, ...page.produtos.filter(({id}) => !known.has(id))];
        list.value = {...page, total: list.value.total, produtos, estado: 'pronto', erro: null, mais: false};
    } catch (error) {
        failed(error, loadMore);
    }
}

// Prices and stocks of what is shown, without a word: what was sold meanwhile shows.
export async function refreshProducts() {
    const {produtos, estado, mais} = list.value;
    if (estado !== 'pronto' || mais || produtos.length === 0)
        return;
    const ids = produtos.slice(0, 500).map(({id}) => id).join(',');
    try {
        const {data} = await request('/api/produtos', {query: {ids}});
        const now = new Map(data.map((produto) => [produto.id, withCents(produto)]));
        const gone = (produto) => ({...produto, ativo: false, estoque: 0});
        list.value = {...list.value, produtos: list.value.produtos.map((produto) => now.get(produto.id) ?? gone(produto))};
        readAt = Date.now();
    } catch (error) {
        noteFailure(error);
    }
}

export async function loadCategories() {
    try {
        categories.value = (await persist(() => request('/api/categorias'))).data;
    } catch (error) {
        // They are asked for again with the next question.
        noteFailure(error);
    }
}

export function choose(change) {
    asked.value = {...asked.value, ...change};
    load();
}

let typing = null;

export function search(text) {
    asked.value = {...asked.value, busca: text};
    // What is shown no longer answers what is asked.
    list.value = {...list.value, estado: 'carregando', erro: null};
    clearTimeout(typing);
    typing = setTimeout(load, TYPING_MS);
}

export function forget() {
    clearTimeout(typing);
    choose(NOTHING_ASKED);
}

// One product: what the list knows, at once, and then what is so now.
export async function readProduct(id, signal) {
    const {data} = await persist(() => request(`/api/produtos/${id}`, {signal}), {offline: 'throw'});
    const produto = withCents(data);
    list.value = {...list.value, produtos: list.value.produtos.map((one) => (one.id === id ? produto : one))};
    return produto;
}

// Resolves when the first page is there, or cannot be had.
export function startCatalogue() {
    document.addEventListener('visibilitychange', () => {
        if (!document.hidden && Date.now() - readAt > OLD_MS)
            refreshProducts();
    });
    return load();
}
