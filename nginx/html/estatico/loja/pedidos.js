// The list of the orders that were made in this browser.
import {formatInstant} from '../comum/datas.js';
import {formatCents} from '../comum/dinheiro.js';
import {html} from '../comum/ui.js';
import {myOrders} from './meus.js';
import {follow} from './rotas.js';

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
