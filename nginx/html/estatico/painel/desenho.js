// The system as a picture: the front door, the pools of workers, their stores, and the ways between them. What fails is told by words,
// marks and broken lines, not by colour alone.
import {html} from '../comum/ui.js';
import {poolAnswers, serviceOf, storeOf} from './observador.js';

const WORDS = {healthy: '✓ bem', degraded: '! com problemas', unhealthy: '✕ não responde', null: '? sem notícia'};
const ROW = 104;
const FIRST = 118;
const HIGH = 74;

const ROWS = [
    {nome: 'catalogo', pool: 'Catálogo', store: 'SQL primário', dependencia: 'postgres', reads: 'primario'},
    {nome: 'catalogo-replica', pool: 'Só leitura', store: 'SQL réplica', dependencia: 'postgres', reads: 'replica'},
    {nome: 'carrinho', pool: 'Carrinho', store: 'Redis', dependencia: 'redis'},
    {nome: 'pedidos', pool: 'Pedidos', store: 'SQL pedidos', dependencia: 'postgres'},
];

function Box({x, y, width, height = HIGH, name, status, detail}) {
    return html`<g class=${`caixa-desenho caixa-${status ?? 'sem'}`}>
        <rect x=${x} y=${y} width=${width} height=${height} rx="12" />
        <text class="desenho-nome" x=${x + 12} y=${y + 25}>${name}</text>
        <text class="desenho-estado" x=${x + 12} y=${y + 46}>${WORDS[status]}</text>
        ${detail && html`<text class="desenho-detalhe" x=${x + 12} y=${y + 65}>${detail}</text>`}
    </g>`;
}

// `way`: 'usada', 'livre' or 'cortada'. A cut line is broken and has a mark in its middle.
function Line({points, way}) {
    const [[x1, y1], [x2, y2]] = [points.at(-2), points.at(-1)];
    return html`<g class=${`via via-${way}`}>
        <polyline points=${points.map((point) => point.join(',')).join(' ')} />
        ${way === 'cortada' && html`<text class="via-marca" x=${(x1 + x2) / 2} y=${(y1 + y2) / 2 + 7} text-anchor="middle">✕</text>`}
    </g>`;
}

const workers = (service) =>
    service?.trabalhadores ? `${service.trabalhadores.ocupados} de ${service.trabalhadores.total} ocupados` : null;

function storeDetail(store) {
    if (!store)
        return null;
    if (store.chaves != null)
        return store.chaves === 1 ? '1 chave' : `${store.chaves} chaves`;
    if (store.atraso_segundos != null)
        return `atraso: ${store.atraso_segundos} s`;
    return store.servidor ?? null;
}

const poolStatus = (service) => service && (poolAnswers(service) ? 'healthy' : 'unhealthy');

function Row({row, observed, source}) {
    const y = FIRST + ROWS.indexOf(row) * ROW;
    const middle = y + HIGH / 2;
    const service = serviceOf(observed.sistema, row.nome);
    const store = storeOf(service, row.dependencia);
    const pool = poolStatus(service);
    const cut = (status) => (status === 'unhealthy' ? 'cortada' : 'livre');
    const used = row.reads !== undefined && row.reads === source;
    return html`<g>
        <${Line} points=${[[20, 84], [20, middle], [40, middle]]} way=${used ? 'usada' : cut(pool)} />
        <${Line} points=${[[194, middle], [224, middle]]} way=${store?.status === 'unhealthy' ? 'cortada' : used ? 'usada' : 'livre'} />
        <${Box} x=${40} y=${y} width=${154} name=${row.pool} status=${pool} detail=${workers(service)} />
        <${Box} x=${224} y=${y} width=${168} name=${row.store} status=${store?.status ?? null} detail=${storeDetail(store)} />
    </g>`;
}

// Who answered the last read that was not kept.
export function sourceOf({lista, estoque}) {
    const fresh = [estoque, lista].find((one) => one?.answered);
    return fresh ? (fresh.replica ? 'replica' : 'primario') : null;
}

export const SOURCES = {primario: 'primário', replica: 'réplica'};

function words(observed, source) {
    const parts = ROWS.map(({nome, pool, store, dependencia}) => {
        const service = serviceOf(observed.sistema, nome);
        return `${pool}: ${WORDS[poolStatus(service)]}; ${store}: ${WORDS[storeOf(service, dependencia)?.status ?? null]}`;
    });
    return `Desenho do sistema. Leituras: ${SOURCES[source] ?? 'sem resposta'}. ${parts.join('. ')}.`;
}

// The way in use lies above the others.
const inPaintingOrder = (source) => [...ROWS].sort((one, other) => (one.reads === source) - (other.reads === source));

export function Drawing({observed}) {
    const source = sourceOf(observed);
    const {lista} = observed;
    const replication = storeOf(serviceOf(observed.sistema, 'catalogo-replica'), 'postgres');
    const copies = replication?.status === 'healthy' && storeOf(serviceOf(observed.sistema, 'catalogo'), 'postgres')?.status === 'healthy';
    return html`<svg class="desenho" viewBox="0 0 400 516" role="img" aria-labelledby="desenho-titulo">
        <title id="desenho-titulo">${words(observed, source)}</title>
        ${inPaintingOrder(source).map((row) => html`<${Row} key=${row.nome} row=${row} observed=${observed} source=${source} />`)}
        <${Line} points=${[[308, FIRST + HIGH], [308, FIRST + ROW]]} way=${observed.sistema && !copies ? 'cortada' : 'livre'} />
        <text class="desenho-detalhe" x="298" y=${FIRST + HIGH + 20} text-anchor="end">cópia</text>
        <${Box} x=${8} y=${8} width=${384} height=${78} name="Porta de entrada (nginx)" status=${lista.status > 0 ? 'healthy' : 'unhealthy'}
            detail=${source ? `leituras: ${SOURCES[source]}, ${lista.ms} ms` : 'as consultas não são respondidas'} />
    </svg>`;
}
