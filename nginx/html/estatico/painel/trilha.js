// What became of a product: every movement of its stock, every change of its price and of its sale state, and whose it was.
import {formatInstant} from '../comum/datas.js';
import {formatCents, toCents} from '../comum/dinheiro.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {call} from './chamar.js';
import {onChanges} from './novidades.js';
import {Failure, Loading, More, useLoaded} from './pecas.js';
import {Heads, Scroll} from './tabela.js';

const PAGE = 20;

// The kinds of movements as the ledger names them.
const TIPOS = {
    inicial: () => 'Estoque inicial',
    ajuste: () => 'Ajuste',
    reserva: (pedido) => `Separado para ${pedido}`,
    venda: (pedido) => `Vendido em ${pedido}, já separado`,
    liberacao: (pedido) => `Devolvido de ${pedido}, que não foi concluído`,
    devolucao: (pedido) => `Devolvido de ${pedido}, cancelado`,
};

const OF_CUSTOMERS = ['reserva', 'venda'];

const orderName = (numero) => (numero === null ? 'um pedido' : `pedido ${numero}`);
const inWords = ({tipo, pedido_numero: numero}) => TIPOS[tipo]?.(orderName(numero)) ?? tipo;
const signed = (count) => (count > 0 ? `+${count}` : String(count).replace('-', '−'));
// A sale takes nothing more: its goods were set aside before.
const howMany = ({tipo, quantidade}) => (tipo === 'venda' ? quantidade : signed(quantidade));
const ofWhom = ({autor, tipo}) => autor ?? (OF_CUSTOMERS.includes(tipo) ? 'cliente' : null);

// When and by whom stands below what, so that a row fits a telephone.
function What({one, children}) {
    const who = ofWhom(one);
    return html`<th scope="row">${children}<small>${formatInstant(one.em)}${who && ` · ${who}`}</small></th>`;
}

const Movement = ({one}) => html`<tr>
    <${What} one=${one}>${inWords(one)}</>
    <td class="numero">${howMany(one)}</td>
    <td class="numero">${one.saldo}</td>
</tr>`;

function valueOf(campo, value) {
    if (value === null)
        return '—';
    return campo === 'preco' ? formatCents(toCents(value)) : value ? 'à venda' : 'fora de venda';
}

const Change = ({one}) => html`<tr>
    <${What} one=${one}>${one.campo === 'preco' ? 'Preço' : 'Venda'}</>
    <td>${valueOf(one.campo, one.antes)}</td>
    <td>${valueOf(one.campo, one.depois)}</td>
</tr>`;

const SHEETS = {
    movimentos: {
        name: 'Estoque',
        heads: ['O quê, quando e quem', '#Quantidade', '#Saldo'],
        row: Movement,
        none: 'O estoque ainda não mudou.',
    },
    mudancas: {
        name: 'Preço e venda',
        heads: ['O quê, quando e quem', 'Antes', 'Depois'],
        row: Change,
        none: 'O preço e a venda ainda não mudaram.',
    },
};

function Sheet({id, sheet, round}) {
    const {heads, row: Row, none, name} = SHEETS[sheet];
    const load = async (cursor) => {
        const {data, proximo} = await call(`/api/produtos/${id}/${sheet}`, {query: {limite: PAGE, cursor}});
        return {rows: data, next: proximo};
    };
    const {value: page, problem, again, put} = useLoaded(() => load(null), [id, sheet, round]);
    useEffect(() => onChanges(again), [id, sheet]);
    const more = async () => {
        const {rows, next} = await load(page.next);
        put((now) => ({rows: [...now.rows, ...rows], next}));
    };
    if (problem && !page)
        return html`<${Failure} problem=${problem} retry=${again} />`;
    if (!page)
        return html`<${Loading} what="o histórico" />`;
    if (page.rows.length === 0)
        return html`<p class="vazio">${none}</p>`;
    return html`<${Scroll} label=${name}><table class="trilha">
            <${Heads} heads=${heads} />
            <tbody>${page.rows.map((one) => html`<${Row} key=${one.id} one=${one} />`)}</tbody>
        </table></>
        <${More} next=${page.next} onMore=${more} />`;
}

// `round` grows with every change made on this page, so that the trail shows it.
export function Trilha({id, round}) {
    const [sheet, setSheet] = useState('movimentos');
    return html`<section class="cartao" aria-labelledby="trilha-titulo">
        <h2 id="trilha-titulo">O que mudou, e quem mudou</h2>
        <div class="fichas" role="group" aria-label="Qual histórico">
            ${Object.entries(SHEETS).map(
                ([key, {name}]) => html`<button key=${key} type="button" class="ficha" aria-pressed=${key === sheet ? 'true' : 'false'}
                    onClick=${() => setSheet(key)}>${name}</button>`,
            )}
        </div>
        <${Sheet} id=${id} sheet=${sheet} round=${round} />
    </section>`;
}
