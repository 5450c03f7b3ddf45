// The products, on sale and off, with what is left of each.
import {formatCents, toCents} from '../comum/dinheiro.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {call} from './chamar.js';
import {onChanges} from './novidades.js';
import {Failure, Heading, Loading, More, useLoaded} from './pecas.js';
import {address, replace, route} from './rota.js';
import {isAdmin} from './sessao.js';

const PAGE = 60;
const TYPED_MS = 300;
export const LOW_STOCK = 3;

const FILTERS = [
    {mostrar: '', name: 'Todos', query: {ativo: 'todos'}},
    {mostrar: 'venda', name: 'À venda', query: {ativo: 'true'}},
    {mostrar: 'esgotados', name: 'Esgotados', query: {ativo: 'true', em_estoque: 'false'}},
    {mostrar: 'fora', name: 'Fora de venda', query: {ativo: 'false'}},
];

async function loadPage({mostrar, busca, cursor}) {
    const {query} = FILTERS.find((one) => one.mostrar === mostrar) ?? FILTERS[0];
    const ordem = busca ? null : 'nome';
    const {data, total, proximo} = await call('/api/produtos', {query: {...query, busca, ordem, limite: PAGE, cursor}});
    return {produtos: data, total, next: proximo};
}

function Search({mostrar, busca}) {
    const [text, setText] = useState(busca);
    useEffect(() => {
        const timer = setTimeout(() => text !== busca && replace(address('produtos', null, {mostrar, busca: text})), TYPED_MS);
        return () => clearTimeout(timer);
    }, [text]);
    useEffect(() => setText(busca), [busca]);
    return html`<form class="busca" role="search" onSubmit=${(event) => event.preventDefault()}>
        <label for="busca">Procurar</label>
        <input id="busca" type="search" autocomplete="off" maxlength="120" placeholder="nome, descrição ou categoria" value=${text}
            onInput=${(event) => setText(event.target.value)} />
    </form>`;
}

const Filters = ({mostrar, busca}) => html`<nav aria-label="Quais produtos"><ul class="fichas">
    ${FILTERS.map(
        (one) => html`<li key=${one.mostrar}>
            <a class="ficha" href=${address('produtos', null, {mostrar: one.mostrar, busca})}
                aria-current=${one.mostrar === mostrar ? 'page' : undefined}>${one.name}</a>
        </li>`,
    )}
</ul></nav>`;

export function StockBadge({produto: {estoque, ativo}}) {
    if (!ativo)
        return html`<span class="selo">Fora de venda</span>`;
    if (estoque === 0)
        return html`<span class="selo selo-erro">Esgotado</span>`;
    return estoque <= LOW_STOCK && html`<span class="selo selo-aviso">Acabando</span>`;
}

const Row = ({produto}) => html`<li class=${`linha-produto ${produto.ativo ? '' : 'linha-fora'}`}>
    <${Foto} produto=${produto} decorativa classe="miniatura" />
    <div class="linha-produto-nome">
        <a href=${address('produtos', produto.id)}>${produto.nome}</a>
        <p class="suave pequeno">${produto.categoria_nome} <${StockBadge} produto=${produto} /></p>
    </div>
    <p class="linha-produto-estoque"><strong>${produto.estoque}</strong> <span class="suave pequeno">em estoque</span></p>
    <p class="dinheiro linha-produto-preco">${formatCents(toCents(produto.preco))}</p>
</li>`;

function List({loaded, busca, onMore}) {
    const {value: page, problem, again} = loaded;
    if (problem && !page)
        return html`<${Failure} problem=${problem} retry=${again} />`;
    if (!page)
        return html`<${Loading} what="os produtos" />`;
    if (page.produtos.length === 0)
        return html`<p class="vazio">${busca ? 'Nenhum produto encontrado.' : 'Nenhum produto aqui.'}</p>`;
    return html`<p class="so-leitor" role="status">${page.total === 1 ? '1 produto' : `${page.total} produtos`}</p>
        <ul class="lista-produtos" aria-label="Produtos">
            ${page.produtos.map((produto) => html`<${Row} key=${produto.id} produto=${produto} />`)}
        </ul>
        <${More} next=${page.next} onMore=${onMore} />`;
}

const Actions = () => html`<a class="botao-claro" href="#/categorias">Categorias</a>
    <a class="botao" href=${address('produtos', 'novo')}>Novo produto</a>`;

export function Produtos() {
    const filter = {mostrar: route.value.query.get('mostrar') ?? '', busca: route.value.query.get('busca') ?? ''};
    const {mostrar, busca} = filter;
    const loaded = useLoaded(() => loadPage(filter), [mostrar, busca]);
    const more = async () => {
        const page = await loadPage({...filter, cursor: loaded.value.next});
        loaded.put((now) => ({...page, produtos: [...now.produtos, ...page.produtos]}));
    };
    // An order takes stock: the first page is read again, unless more of the list is open.
    useEffect(() => onChanges(() => loaded.value?.produtos.length <= PAGE && loaded.again()), [loaded.value]);
    return html`<${Heading} actions=${isAdmin.value && html`<${Actions} />`}>Produtos</>
        <${Search} ...${filter} />
        <${Filters} ...${filter} />
        <${List} loaded=${loaded} busca=${busca} onMore=${more} />`;
}
