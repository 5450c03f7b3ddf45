// What was sold: a column a day, the sums of the period, and the products sold most. Cancelled orders do not count.
import {addDays, formatDay, shortDay, today} from '../comum/datas.js';
import {formatCents, toCents} from '../comum/dinheiro.js';
import {html} from '../comum/ui.js';
import {call} from './chamar.js';
import {Chart} from './grafico.js';
import {Failure, Heading, Loading, useLoaded} from './pecas.js';
import {address, route} from './rota.js';
import {Heads, Scroll} from './tabela.js';

const PERIODS = [7, 30, 90];
const WHOLE = new Intl.NumberFormat('pt-BR', {maximumFractionDigits: 2});

async function loadSums(days) {
    const ate = today();
    const {data} = await call('/api/pedidos/resumo', {query: {desde: addDays(ate, 1 - days), ate}});
    return data;
}

const shortDate = (day) => `${day.slice(8)}/${day.slice(5, 7)}`;
const countOrders = (count) => (count === 1 ? '1 pedido' : `${count} pedidos`);

function totals(dias) {
    const cents = dias.reduce((sum, {valor}) => sum + toCents(valor), 0);
    const pedidos = dias.reduce((sum, one) => sum + one.pedidos, 0);
    const cancelados = dias.reduce((sum, one) => sum + (one.por_status?.cancelado ?? 0), 0);
    return {cents, pedidos, cancelados, each: pedidos > 0 ? Math.round(cents / pedidos) : 0};
}

const Figure = ({name, children}) => html`<div class="cartao numero-grande"><dt>${name}</dt><dd>${children}</dd></div>`;

function Figures({dias}) {
    const {cents, pedidos, cancelados, each} = totals(dias);
    return html`<dl class="numeros">
        <${Figure} name="Vendido">${formatCents(cents)}</>
        <${Figure} name="Pedidos">${pedidos}</>
        <${Figure} name="Valor médio">${formatCents(each)}</>
        <${Figure} name="Cancelados">${cancelados}</>
    </dl>`;
}

function Days({dias}) {
    return html`<${Scroll} label="Vendas por dia, em tabela" kind="tabela-alta"><table>
        <${Heads} heads=${['Dia', '#Pedidos', '#Valor']} />
        <tbody>
            ${[...dias].reverse().map(
                ({dia, pedidos, valor}) => html`<tr key=${dia}>
                    <th scope="row">${shortDay(dia)}</th>
                    <td class="numero">${pedidos}</td>
                    <td class="numero">${formatCents(toCents(valor))}</td>
                </tr>`,
            )}
        </tbody>
    </table></>`;
}

const Products = ({produtos}) => html`<section class="cartao" aria-labelledby="mais-vendidos">
    <h2 id="mais-vendidos">Mais vendidos</h2>
    ${produtos.length === 0 && html`<p class="vazio">Nada foi vendido neste período.</p>`}
    ${produtos.length > 0 &&
    html`<${Scroll} label="Produtos mais vendidos"><table>
        <${Heads} heads=${['Produto', '#Unidades', '#Valor']} />
        <tbody>
            ${produtos.map(
                ({produto_id: id, nome, quantidade, valor}) => html`<tr key=${id}>
                    <th scope="row"><a href=${address('produtos', id)}>${nome}</a></th>
                    <td class="numero">${quantidade}</td>
                    <td class="numero">${formatCents(toCents(valor))}</td>
                </tr>`,
            )}
        </tbody>
    </table></>`}
</section>`;

function Sums({data: {desde, ate, dias, produtos}}) {
    const columns = dias.map(({dia, pedidos, valor}) => ({
        key: dia,
        value: toCents(valor) / 100,
        label: shortDate(dia),
        name: `${formatDay(dia)}: ${formatCents(toCents(valor))}, ${countOrders(pedidos)}`,
        focus: dia === today(),
    }));
    return html`<${Figures} dias=${dias} />
        <section class="cartao" aria-labelledby="por-dia">
            <h2 id="por-dia">Vendas por dia <small>em reais</small></h2>
            <div class="por-dia">
                <${Chart} title=${`Valor vendido por dia, em reais, de ${formatDay(desde)} a ${formatDay(ate)}. A tabela diz o mesmo.`}
                    columns=${columns} format=${(value) => WHOLE.format(value)} />
                <${Days} dias=${dias} />
            </div>
        </section>
        <${Products} produtos=${produtos} />`;
}

export function Vendas() {
    const asked = Number(route.value.query.get('dias'));
    const days = PERIODS.includes(asked) ? asked : 30;
    const {value: data, problem, again} = useLoaded(() => loadSums(days), [days]);
    return html`<${Heading}>Vendas</>
        <nav aria-label="Período"><ul class="fichas">
            ${PERIODS.map(
                (one) => html`<li key=${one}>
                    <a class="ficha" href=${address('vendas', null, {dias: one})}
                        aria-current=${one === days ? 'page' : undefined}>${one} dias</a>
                </li>`,
            )}
        </ul></nav>
        ${problem && html`<${Failure} problem=${problem} retry=${again} />`}
        ${!data && !problem && html`<${Loading} what="as vendas" />`}
        ${data && html`<${Sums} data=${data} />`}`;
}
