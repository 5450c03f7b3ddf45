// The first view: what the house is, and what is on sale.
import {loja} from '../comum/ajustes.js';
import {openNow, openingHours} from '../comum/datas.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {asked, categories, choose, forget, isFiltered, list, load, loadMore, ORDERS, PRICES, search, showcase} from './catalogo.js';
import {Icone} from './icones.js';
import {Cartao} from './produto.js';
import {follow, jump} from './rotas.js';

const MINUTE_MS = 60000;
// What is on the screen before it is scrolled.
const FIRST = 4;

function Aberta() {
    const [now, setNow] = useState(openNow());
    useEffect(() => {
        const timer = setInterval(() => setNow(openNow()), MINUTE_MS);
        return () => clearInterval(timer);
    }, []);
    return now.texto && html`<p class=${`aberta ${now.aberta ? 'aberta-sim' : ''}`}>${now.texto}</p>`;
}

function Abertura() {
    const frames = [0, 1, 2].map((index) => showcase.value[index] ?? null);
    return html`
        <section class="abertura" aria-labelledby="abertura-titulo">
            <div class="abertura-texto">
                <${Aberta}/>
                <h1 id="abertura-titulo" tabindex="-1">Do nosso forno para a sua mesa</h1>
                <p class="abertura-frase">Bolos, tortas, doces e salgados feitos no dia, à mão e sem pressa. Peça por aqui e retire na loja
                    ou receba em casa.</p>
                <div class="acoes">
                    <a class="botao" href="#cardapio" onClick=${jump}>Ver o cardápio</a>
                </div>
                <ul class="abertura-dados">
                    <li><${Icone} nome="relogio"/><span>${openingHours()}</span></li>
                    ${loja.endereco && html`<li><${Icone} nome="lugar"/><span>${loja.endereco}</span></li>`}
                </ul>
            </div>
            <div class="abertura-fotos">
                ${frames.map((produto, index) => html`
                    <a key=${index} class=${`quadro quadro-${index + 1}`} href=${produto ? `#/produto/${produto.id}` : '#/'}
                        tabindex=${produto ? null : -1} aria-hidden=${produto ? null : 'true'} onClick=${follow}>
                        ${produto ? html`<${Foto} produto=${produto} adiada=${false}/>`
        : html`<div class=${`foto foto-tom-${index}`}></div>`}
                    </a>`)}
            </div>
        </section>`;
}

function Filtros() {
    const {categoria, busca, faixa, ordem, soDisponiveis} = asked.value;
    const chip = (id, nome) => html`
        <button key=${id ?? 'tudo'} type="button" class="ficha" aria-pressed=${categoria === id ? 'true' : 'false'}
            onClick=${() => choose({categoria: id})}>${nome}</button>`;
    return html`
        <search class="filtros">
            <form class="filtros-busca" onSubmit=${(event) => { event.preventDefault(); load(); }}>
                <label class="so-leitor" for="busca">Buscar no cardápio</label>
                <${Icone} nome="busca"/>
                <input id="busca" type="search" value=${busca} placeholder="Buscar: limão, brigadeiro…" maxlength="100" autocomplete="off"
                    enterkeyhint="search" onInput=${(event) => search(event.currentTarget.value)}/>
            </form>
            <div class="fichas" role="group" aria-label="Categorias">
                ${chip(null, 'Tudo')}
                ${categories.value.map(({id, nome}) => chip(id, nome))}
            </div>
            <div class="filtros-mais">
                <select aria-label="Preço" onChange=${(event) => choose({faixa: Number(event.currentTarget.value)})}>
                    ${PRICES.map(({nome}, index) => html`<option key=${nome} value=${index} selected=${index === faixa}>${nome}</option>`)}
                </select>
                <select aria-label="Ordem" onChange=${(event) => choose({ordem: event.currentTarget.value})}>
                    ${ORDERS.map(({nome, valor}) => html`<option key=${valor} value=${valor} selected=${valor === ordem}>${nome}</option>`)}
                </select>
                <label class="marcar"><input type="checkbox" checked=${soDisponiveis}
                    onChange=${(event) => choose({soDisponiveis: event.currentTarget.checked})}/> Só o que há agora</label>
            </div>
        </search>`;
}

function counted(total, busca) {
    const many = total === 1 ? '1 produto' : `${total.toLocaleString('pt-BR')} produtos`;
    return busca ? `${many} para “${busca}”` : many;
}

function Nada() {
    return html`
        <div class="nada">
            <h3>Nada por aqui com esse pedido</h3>
            <p class="suave">Tente outra palavra, ou veja tudo o que há na vitrine.</p>
            <button type="button" class="botao-claro" onClick=${forget}>Ver tudo</button>
        </div>`;
}

function Espera() {
    return html`
        <ul class="grade" aria-hidden="true">
            ${[1, 2, 3, 4, 5, 6].map((one) => html`
                <li key=${one} class="produto"><div class="foto esperando"></div><div class="produto-texto">
                <div class="esperando linha-longa"></div><div class="esperando linha-curta"></div></div></li>`)}
        </ul>`;
}

function Produtos() {
    const {produtos, total, proximo, estado, erro, mais} = list.value;
    const loading = estado === 'carregando';
    const {categoria, busca} = asked.value;
    const chosen = categories.value.find(({id}) => id === categoria);
    return html`
        <section class="cardapio" aria-labelledby="cardapio-titulo" aria-busy=${loading ? 'true' : 'false'}>
            <header class="cardapio-topo">
                <div>
                    <h2 id="cardapio-titulo">${chosen?.nome ?? 'Nosso cardápio'}</h2>
                    ${chosen?.descricao && html`<p class="suave">${chosen.descricao}</p>`}
                </div>
                <p class="suave pequeno" role="status">
                    ${estado === 'pronto' ? counted(total, busca.trim()) : loading ? 'Procurando…' : ''}</p>
            </header>
            ${estado === 'erro' && html`
                <div class="recado recado-erro" role="alert"><p>${erro}</p>
                    <button type="button" class="botao-leve" onClick=${load}>Tentar de novo</button></div>`}
            ${loading && produtos.length === 0 && html`<${Espera}/>`}
            ${estado === 'pronto' && produtos.length === 0 && html`<${Nada}/>`}
            <ul class=${`grade ${estado === 'pronto' ? '' : 'grade-antiga'}`}>
                ${produtos.map((produto, index) => html`<${Cartao} key=${produto.id} produto=${produto} cedo=${index < FIRST}/>`)}
            </ul>
            ${estado === 'pronto' && erro && html`<div class="recado recado-erro" role="alert"><p>${erro}</p></div>`}
            ${proximo && estado === 'pronto' && html`
                <p class="cardapio-mais">
                    <button type="button" class="botao-claro" aria-disabled=${mais ? 'true' : null} onClick=${loadMore}>
                        ${mais ? 'Carregando…' : 'Carregar mais'}</button></p>`}
            ${isFiltered.value && produtos.length > 0 && estado === 'pronto' && html`
                <p class="cardapio-mais">
                    <button type="button" class="botao-leve" onClick=${forget}>Tirar os filtros e ver tudo</button></p>`}
        </section>`;
}

export function Vitrine() {
    return html`
        <${Abertura}/>
        <div class="cardapio-inteiro" id="cardapio" tabindex="-1">
            <${Filtros}/>
            <${Produtos}/>
        </div>`;
}
