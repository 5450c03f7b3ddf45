// One product: its data, its picture, its stock, and what became of it. Seen by all, changed by administrators.
import {formatCents, toCents} from '../comum/dinheiro.js';
import {Foto} from '../comum/foto.js';
import {notify} from '../comum/avisos.js';
import {html, useState} from '../comum/ui.js';
import {call, wordsFor} from './chamar.js';
import {Confirm, Failure, Heading, Loading, useLoaded} from './pecas.js';
import {ProdutoEstoque} from './produto-estoque.js';
import {ProdutoDados} from './produto-dados.js';
import {ProdutoFoto} from './produto-foto.js';
import {StockBadge} from './produtos.js';
import {isAdmin} from './sessao.js';
import {Trilha} from './trilha.js';

export async function loadProduto(id) {
    const {data, etag} = await call(`/api/produtos/${encodeURIComponent(id)}`);
    return {produto: data, etag};
}

async function loadBoth(id) {
    const [categorias, read] = await Promise.all([call('/api/categorias'), id === 'novo' ? {produto: null, etag: null} : loadProduto(id)]);
    return {categorias: categorias.data, ...read};
}

// Off sale and back. Orders keep what they have; the shop just does not offer it.
function OnSale({produto, onChanged}) {
    const [asking, setAsking] = useState(false);
    const change = async (ativo) => {
        setAsking(false);
        try {
            const {data, etag: tag} = await call(`/api/produtos/${produto.id}`, {method: 'PATCH', body: {ativo}});
            notify(ativo ? `${data.nome} voltou à venda.` : `${data.nome} saiu de venda.`);
            onChanged(data, tag);
        } catch (error) {
            notify(wordsFor(error), {tipo: 'erro'});
        }
    };
    if (!produto.ativo)
        return html`<button type="button" class="botao" onClick=${() => change(true)}>Voltar à venda</button>`;
    return html`<button type="button" class="botao-claro" onClick=${() => setAsking(true)}>Tirar de venda</button>
        ${asking &&
        html`<${Confirm} title=${`Tirar ${produto.nome} de venda?`} action="Tirar de venda"
            onNo=${() => setAsking(false)} onYes=${() => change(false)}>
            <p>Os clientes deixam de ver o produto. Os pedidos já feitos ficam como estão, e ele pode voltar quando você quiser.</p>
        </>`}`;
}

// For a right that only reads.
const ReadOnly = ({produto}) => html`<section class="cartao ficha-produto">
    <${Foto} produto=${produto} classe="foto-grande" />
    <dl class="dados">
        <dt>Preço</dt><dd class="dinheiro">${formatCents(toCents(produto.preco))}</dd>
        <dt>Em estoque</dt><dd>${produto.estoque}</dd>
        <dt>Categoria</dt><dd>${produto.categoria_nome}</dd>
        ${produto.descricao && html`<dt>Descrição</dt><dd class="com-linhas">${produto.descricao}</dd>`}
    </dl>
</section>`;

function Editor({state, changed}) {
    const {produto, etag, categorias} = state;
    if (!produto)
        return html`<${ProdutoDados} produto=${null} categorias=${categorias} />`;
    return html`<div class="produto-mesa">
        <${ProdutoDados} produto=${produto} etag=${etag} categorias=${categorias} onChanged=${changed} />
        <div class="produto-lado">
            <${ProdutoFoto} produto=${produto} onChanged=${changed} />
            <${ProdutoEstoque} produto=${produto} onChanged=${changed} />
        </div>
    </div>`;
}

export function Produto({id}) {
    const {value: state, problem, again, put} = useLoaded(() => loadBoth(id), [id]);
    if (problem)
        return html`<${Heading}>Produto</><${Failure} problem=${problem} retry=${again} />`;
    if (!state)
        return html`<${Heading}>Produto</><${Loading} what="o produto" />`;
    const {produto} = state;
    const changed = (data, tag) => put((now) => ({...now, produto: data, etag: tag ?? now.etag, round: (now.round ?? 0) + 1}));
    return html`<p class="voltar"><a href="#/produtos">Todos os produtos</a></p>
        <${Heading} actions=${produto && isAdmin.value && html`<${OnSale} produto=${produto} onChanged=${changed} />`}>
            ${produto ? produto.nome : 'Novo produto'} ${produto && html`<${StockBadge} produto=${produto} />`}
        </>
        ${isAdmin.value ? html`<${Editor} state=${state} changed=${changed} />` : produto && html`<${ReadOnly} produto=${produto} />`}
        ${produto && html`<${Trilha} id=${produto.id} round=${state.round ?? 0} />`}`;
}
