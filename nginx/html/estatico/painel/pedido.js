// One order: what, for whom, when and where, and who moved it.
import {formatInstant, nameMoment} from '../comum/datas.js';
import {formatCents, toCents} from '../comum/dinheiro.js';
import {html, useEffect, useRef} from '../comum/ui.js';
import {call} from './chamar.js';
import {estadoNome, tipoNome} from './estados.js';
import {onChanges} from './novidades.js';
import {Steps} from './passos.js';
import {Estado, Failure, Loading, useLoaded} from './pecas.js';
import {newer} from './quando.js';
import {Heads} from './tabela.js';

const Items = ({pedido}) => html`<table class="tabela">
    <caption class="so-leitor">Itens do pedido</caption>
    <${Heads} heads=${['Produto', '#Qtd.', '#Subtotal']} />
    <tbody>
        ${pedido.itens.map(
            (item) => html`<tr key=${item.produto_id}>
                <th scope="row">${item.nome}</th>
                <td class="numero">${item.quantidade}</td>
                <td class="numero">${formatCents(toCents(item.subtotal))}</td>
            </tr>`,
        )}
    </tbody>
    <tfoot><tr><th scope="row" colspan="2">Total</th><td class="numero">${formatCents(toCents(pedido.valor_total))}</td></tr></tfoot>
</table>`;

const telephoneHref = (text) => `tel:${text.replace(/[^\d+]/g, '')}`;

function People({pedido: {cliente, entrega, observacoes}}) {
    return html`<dl class="dados">
        <dt>${tipoNome(entrega.tipo)}</dt>
        <dd>${entrega.data ? nameMoment(entrega.data) : 'sem data marcada'}</dd>
        ${entrega.endereco && html`<dt>Endereço</dt><dd class="com-linhas">${entrega.endereco}</dd>`}
        <dt>Cliente</dt>
        <dd>${cliente.nome ?? 'Dados apagados'}</dd>
        ${cliente.telefone && html`<dt>Telefone</dt><dd><a href=${telephoneHref(cliente.telefone)}>${cliente.telefone}</a></dd>`}
        ${cliente.email && html`<dt>E-mail</dt><dd><a href=${`mailto:${cliente.email}`}>${cliente.email}</a></dd>`}
        ${observacoes && html`<dt>Observações</dt><dd class="com-linhas destaque">${observacoes}</dd>`}
    </dl>`;
}

const History = ({historico}) => html`<h3>Histórico</h3>
    <ol class="historico">
        ${historico.map(
            ({status, em, autor}) => html`<li key=${em}>
                <span>${estadoNome(status)}</span>
                <small>${formatInstant(em)}${autor ? ` · por ${autor}` : ''}</small>
            </li>`,
        )}
    </ol>`;

export function Pedido({id, back}) {
    const {value: pedido, problem, again, put} = useLoaded(async () => (await call(`/api/pedidos/${encodeURIComponent(id)}`)).data, [id]);
    const title = useRef(null);

    useEffect(() => onChanges((changed) => {
        const news = changed.findLast((one) => one.id === id);
        put((now) => now && newer(now, news));
    }), [id]);
    useEffect(() => title.current?.focus({preventScroll: true}), [pedido === null]);
    return html`<section class="mesa-pedido" aria-label="O pedido">
        <p class="voltar"><a href=${back}>Voltar à lista</a></p>
        ${problem && html`<${Failure} problem=${problem} retry=${again} />`}
        ${!pedido && !problem && html`<${Loading} what="o pedido" />`}
        ${pedido &&
        html`<div class="pedido-cabeca">
                <h2 tabindex="-1" ref=${title}>Pedido ${pedido.numero}</h2>
                <${Estado} estado=${pedido.status} />
            </div>
            <${Steps} pedido=${pedido} onMoved=${(moved) => put(() => moved)} cancel />
            <${People} pedido=${pedido} />
            <${Items} pedido=${pedido} />
            <${History} historico=${pedido.historico} />`}
    </section>`;
}
