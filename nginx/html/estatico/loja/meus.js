// The orders that were made in this browser: their ids are the keys to them, and are kept nowhere else.
import {local} from '../comum/guarda.js';
import {signal} from '../comum/ui.js';

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
