// The cart, in a drawer.
import {Dialogo} from '../comum/dialogo.js';
import {formatCents} from '../comum/dinheiro.js';
import {Foto} from '../comum/foto.js';
import {html} from '../comum/ui.js';
import {cart, lines, removeFromCart, setQuantity, totalCents, troubled, units} from './carrinho.js';
import {closeDrawer} from './falas.js';
import {Icone} from './icones.js';
import {Quantidade} from './quantidade.js';
import {go} from './rotas.js';

function Problema({linha}) {
    const {produto, nome, produto_id} = linha;
    const left = produto?.estoque ?? 0;
    if (left > 0)
        return html`
            <p class="linha-problema">Só ${left === 1 ? 'resta 1 unidade' : `restam ${left} unidades`}.
                <button type="button" class="botao-leve" onClick=${() => setQuantity(produto_id, left)}>Ficar com ${left}</button></p>`;
    return html`
        <p class="linha-problema">${produto ? 'Esgotou enquanto você comprava.' : 'Saiu de venda.'}
            <button type="button" class="botao-leve" onClick=${(event) => takeOut(event, produto_id)}>
                Tirar<span class="so-leitor"> ${nome}</span></button></p>`;
}

// The line goes, and the focus with it: it moves to the next line, the one before, or the heading.
function takeOut(event, produtoId) {
    const line = event.currentTarget.closest('li');
    const next = (line.nextElementSibling ?? line.previousElementSibling)?.querySelector('.linha-tirar');
    (next ?? document.querySelector('dialog[open] h2, .pagina h1'))?.focus();
    removeFromCart(produtoId);
}

export function Linha({linha}) {
    const {produto, produto_id, nome, quantidade, precoCentavos, subtotalCentavos, disponivel} = linha;
    return html`
        <li class=${`linha ${disponivel ? '' : 'linha-falta'}`}>
            <${Foto} produto=${produto ?? {nome, foto_url: null, categoria_id: 0}} decorativa classe="linha-foto"/>
            <div class="linha-texto">
                <p class="linha-nome">${nome}</p>
                ${produto && html`<p class="suave pequeno dinheiro">${formatCents(precoCentavos)} cada</p>`}
                ${!disponivel && html`<${Problema} linha=${linha}/>`}
                <div class="linha-pe">
                    ${produto && (disponivel || produto.estoque > 0) && html`
                        <${Quantidade} nome=${nome} valor=${quantidade} maximo=${produto.estoque}
                            aoMudar=${(value) => setQuantity(produto_id, value)}/>`}
                    ${disponivel && html`<strong class="dinheiro">${formatCents(subtotalCentavos)}</strong>`}
                </div>
            </div>
            <button type="button" class="botao-icone linha-tirar" aria-label=${`Tirar ${nome} do carrinho`}
                onClick=${(event) => takeOut(event, produto_id)}>
                <${Icone} nome="lixo"/></button>
        </li>`;
}

function Vazio() {
    return html`
        <div class="gaveta-vazia">
            <${Icone} nome="carrinho"/>
            <h3>Ainda não há nada aqui</h3>
            <p class="suave">Que tal começar por um brigadeiro?</p>
            <button type="button" class="botao" onClick=${closeDrawer}>Ver o cardápio</button>
        </div>`;
}

function counted(count) {
    if (count === 0)
        return '';
    return count === 1 ? '1 item' : `${count} itens`;
}

function checkOut() {
    closeDrawer();
    go('#/finalizar');
}

export function Gaveta() {
    const all = lines.value;
    const ready = cart.value !== null;
    const trouble = troubled.value.length > 0;
    return html`
        <${Dialogo} rotulo="Carrinho" classe="gaveta" aoFechar=${closeDrawer}>
            <div class="gaveta-dentro">
                <header class="gaveta-topo">
                    <h2 tabindex="-1">Seu carrinho</h2>
                    <p class="suave pequeno" role="status">${ready ? counted(units.value) : ''}</p>
                </header>
                ${!ready && html`<p class="suave gaveta-espera" aria-busy="true">Um instante…</p>`}
                ${ready && all.length === 0 && html`<${Vazio}/>`}
                ${all.length > 0 && html`
                    <ul class="linhas-lista">${all.map((linha) => html`<${Linha} key=${linha.produto_id} linha=${linha}/>`)}</ul>
                    <footer class="gaveta-pe">
                        <p class="total">
                            <span>Total</span><strong class="dinheiro" aria-live="polite">${formatCents(totalCents.value)}</strong></p>
                        ${trouble && html`<p class="recado">Acerte o que falta para continuar.</p>`}
                        <button type="button" class="botao botao-largo" disabled=${trouble} onClick=${checkOut}>Fechar pedido</button>
                        <button type="button" class="botao-leve botao-largo" onClick=${closeDrawer}>Continuar comprando</button>
                    </footer>`}
            </div>
        <//>`;
}
