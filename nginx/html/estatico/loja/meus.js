// The orders that were made in this browser: their ids are the keys to them, and are kept nowhere else.
import {formatInstant} from '../comum/datas.js';
import {formatCents} from '../comum/dinheiro.js';
import {local} from '../comum/guarda.js';
import {html, signal} from '../comum/ui.js';
import {follow} from './rotas.js';

const NAME = 'confeitaria.pedidos';
const KEPT = 50;

function read() {
    const kept = local.get(NAME);
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.id === 'string') : [];
}

// {id, numero, em, totalCentavos}, newest first.
export const myOrders = signal(read());

export function keepOrder(order) {
    const others = read().filter(({id}) => id !== order.id);
    myOrders.value = [order, ...others].slice(0, KEPT);
    local.set(NAME, myOrders.value);
}

addEventListener('storage', (event) => {
    if (event.key === NAME || event.key === null)
        myOrders.value = read();
});

export function MeusPedidos() {
    const orders = myOrders.value;
    return html`
        <div class="pagina pagina-estreita">
            <h1 tabindex="-1">Meus pedidos</h1>
            ${orders.length === 0 ? html`
                <p class="suave">Neste navegador ainda não há pedidos.</p>
                <p><a class="botao" href="#/" onClick=${follow}>Ver o cardápio</a></p>`
        : html`
                <p class="suave">Os pedidos feitos neste navegador. Só quem tem o endereço de um pedido pode vê-lo.</p>
                <ul class="meus">
                    ${orders.map(({id, numero, em, totalCentavos}) => html`
                        <li key=${id}><a class="cartao meu" href=${`#/pedido/${id}`} onClick=${follow}>
                            <strong>Pedido nº ${numero}</strong><span class="suave">${formatInstant(em)}</span>
                            <span class="dinheiro">${formatCents(totalCentavos)}</span></a></li>`)}
                </ul>`}
        </div>`;
}
