// Moves an order along: one click, the shop's answer is what is shown.
import {notify} from '../comum/avisos.js';
import {call, wordsFor} from './chamar.js';
import {estadoNome} from './estados.js';

export async function moveOrder(pedido, estado, onMoved) {
    try {
        const {data} = await call(`/api/pedidos/${pedido.id}/status`, {method: 'PUT', body: {status: estado}});
        notify(`Pedido ${data.numero}: ${estadoNome(data.status).toLowerCase()}.`);
        onMoved(data);
    } catch (problem) {
        notify(wordsOf(pedido, problem), {tipo: 'erro'});
        if (problem.codigo === 'transicao_invalida' || problem.uncertain)
            await readAgain(pedido, onMoved);
    }
}

function wordsOf(pedido, problem) {
    return problem.codigo === 'transicao_invalida'
        ? `O pedido ${pedido.numero} já foi mudado por outra pessoa; veja como está agora.`
        : wordsFor(problem);
}

async function readAgain(pedido, onMoved) {
    try {
        const {data} = await call(`/api/pedidos/${pedido.id}`);
        onMoved(data);
    } catch {
        // It was said already that the shop does not answer; the next poll brings what is.
    }
}
