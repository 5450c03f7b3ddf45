// The orders: by state, the newest first, found by number or customer. The list follows what others do by itself.
import {formatCents, toCents} from '../comum/dinheiro.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {call} from './chamar.js';
import {ESTADOS, estadoPlural, tipoNome} from './estados.js';
import {arrived, counts, onChanges} from './novidades.js';
import {Steps} from './passos.js';
import {Estado, Failure, Heading, Loading, More, useLoaded} from './pecas.js';
import {Pedido} from './pedido.js';
import {dueShort, newer} from './quando.js';
import {address, replace, route} from './rota.js';

const PAGE = 30;
const TYPED_MS = 300;

// A short number is an order's; anything else is part of a name or an e-mail, or digits of a telephone.
export function searchFilter(text) {
    const plain = text.trim().replace(/^n[º°.]?\s*/i, '');
    if (/^\d{1,7}$/.test(plain))
        return {numero: plain};
    return text.trim().length >= 3 ? {cliente: text.trim()} : {};
}

async function loadPage({estado, busca, cursor}) {
    const {data, total, proximo} = await call('/api/pedidos', {query: {status: estado, ...searchFilter(busca), limite: PAGE, cursor}});
    return {pedidos: data, total, next: proximo};
}

const listAddress = ({estado, busca}, id = null) => address('pedidos', id, {estado: estado || 'todos', busca});

const byNumber = (one, other) => other.numero - one.numero;

// Rows that are there are brought up to date and stay; a new one comes in where it belongs to this list.
export function merge(page, changed, {estado, busca}) {
    const news = new Map(changed.map((pedido) => [pedido.id, pedido]));
    const pedidos = page.pedidos.map((pedido) => newer(pedido, news.get(pedido.id)));
    const there = new Set(pedidos.map(({id}) => id));
    const last = page.next === null ? 0 : (page.pedidos.at(-1)?.numero ?? 0);
    const fits = ({id, status, numero}) => !there.has(id) && !busca && (!estado || status === estado) && numero > last;
    return {...page, pedidos: [...pedidos, ...[...news.values()].filter(fits)].sort(byNumber)};
}

function Tabs({estado, busca}) {
    const tab = (one, name) => html`<li key=${one}>
        <a class="ficha" href=${listAddress({estado: one, busca})} aria-current=${one === estado ? 'page' : undefined}>
            ${name}${one && counts.value[one] !== undefined && html` <span class="ficha-conta">${counts.value[one]}</span>`}
        </a>
    </li>`;
    return html`<nav aria-label="Estado dos pedidos"><ul class="fichas">
        ${tab('', 'Todos')}${ESTADOS.map((one) => tab(one, estadoPlural(one)))}
    </ul></nav>`;
}

function Search({estado, busca}) {
    const [text, setText] = useState(busca);
    useEffect(() => {
        const timer = setTimeout(() => text !== busca && replace(listAddress({estado, busca: text}, route.value.id)), TYPED_MS);
        return () => clearTimeout(timer);
    }, [text]);
    useEffect(() => setText(busca), [busca]);
    const short = text.trim() !== '' && Object.keys(searchFilter(text)).length === 0;
    return html`<form class="busca" role="search" onSubmit=${(event) => event.preventDefault()}>
        <label for="busca">Número ou cliente</label>
        <input id="busca" type="search" autocomplete="off" maxlength="120" placeholder="12, Maria ou 99999-0000" value=${text}
            onInput=${(event) => setText(event.target.value)} aria-describedby=${short ? 'busca-curta' : undefined} />
        ${short && html`<p class="ajuda" id="busca-curta">Digite ao menos três letras.</p>`}
    </form>`;
}

export const itemsInWords = (itens) => itens.map(({quantidade, nome}) => `${quantidade}× ${nome}`).join(', ');

function Row({pedido, open, filter, onMoved}) {
    return html`<li class=${`linha-pedido ${open ? 'linha-aberta' : ''}`}>
        <a class="linha-nome" href=${listAddress(filter, pedido.id)} aria-current=${open ? 'true' : undefined}>
            <span class="numero"><span class="so-leitor">Pedido </span>${pedido.numero}</span> ${pedido.cliente.nome ?? 'Dados apagados'}
        </a>
        <p class="linha-quando">${tipoNome(pedido.entrega.tipo)} · ${dueShort(pedido)}</p>
        <p class="linha-itens">${itemsInWords(pedido.itens)}</p>
        <p class="linha-valor">${formatCents(toCents(pedido.valor_total))}</p>
        <${Estado} estado=${pedido.status} />
        <${Steps} pedido=${pedido} onMoved=${onMoved} />
    </li>`;
}

function List({loaded, filter, open, onMore}) {
    const {value: page, problem, again, put} = loaded;
    if (problem && !page)
        return html`<${Failure} problem=${problem} retry=${again} />`;
    if (!page)
        return html`<${Loading} what="os pedidos" />`;
    if (page.pedidos.length === 0)
        return html`<p class="vazio">${filter.busca ? 'Nenhum pedido com este número ou cliente.' : 'Nenhum pedido aqui agora.'}</p>`;
    return html`<ul class="lista-pedidos" aria-label="Pedidos">
            ${page.pedidos.map(
                (pedido) => html`<${Row} key=${pedido.id} pedido=${pedido} open=${pedido.id === open} filter=${filter}
                    onMoved=${(moved) => put((now) => merge(now, [moved], filter))} />`,
            )}
        </ul>
        <${More} next=${page.next} onMore=${onMore} />`;
}

export function Pedidos({id}) {
    const asked = route.value.query.get('estado') ?? 'confirmado';
    const filter = {estado: ESTADOS.includes(asked) ? asked : '', busca: route.value.query.get('busca') ?? ''};
    const {estado, busca} = filter;
    const loaded = useLoaded(() => loadPage(filter), [estado, busca]);
    const more = async () => {
        const page = await loadPage({...filter, cursor: loaded.value.next});
        loaded.put((now) => ({...page, pedidos: [...now.pedidos, ...page.pedidos]}));
    };

    useEffect(() => {
        arrived.value = 0;
        return onChanges((changed) => {
            loaded.put((page) => page && merge(page, changed, filter));
            arrived.value = document.hidden ? arrived.value : 0;
        });
    }, [estado, busca]);
    return html`<${Heading}>Pedidos</>
        <div class=${`mesa ${id ? 'mesa-aberta' : ''}`}>
            <div class="mesa-lista">
                <${Search} estado=${estado} busca=${busca} />
                <${Tabs} estado=${estado} busca=${busca} />
                <${List} loaded=${loaded} filter=${filter} open=${id} onMore=${more} />
            </div>
            ${id && html`<${Pedido} key=${id} id=${id} back=${listAddress(filter)} />`}
        </div>`;
}
