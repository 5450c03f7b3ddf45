/*
 * One order for one press of the button. The Idempotency-Key is made for the attempt and kept until its outcome is known, in all
 * tabs and over a reload: however often it is sent again, it is one order. valor_esperado says what the buyer saw.
 */
import {newKey, request} from '../comum/api.js';
import {persist} from '../comum/conexao.js';
import {fromCents, toCents} from '../comum/dinheiro.js';
import {countSeconds, explain} from '../comum/erros.js';
import {local} from '../comum/guarda.js';
import {signal} from '../comum/ui.js';
import {cartWasOrdered, refreshCart, restoreCart, settled, totalCents, troubled} from './carrinho.js';
import {refreshProducts} from './catalogo.js';
import {orderSent, showRefused, toBody} from './formulario.js';
import {keepOrder} from './meus.js';
import {go} from './rotas.js';
import {currentSession} from './sessao.js';

const NAME = 'confeitaria.envio';
const TIMEOUT_MS = 20000;

export const sending = signal(false);
// {texto, tipo: 'aviso' or 'erro', botao}: what the buyer is told above the button; botao is its name when it means something else now.
// {antes, agora} instead of texto: another total, in centavos.
export const notice = signal(null);
// What the order page says once about how the order came to be.
export const arrival = signal(null);

const CLOSED = 'Estamos sem receber pedidos por alguns instantes; seu carrinho está guardado.';
const AGAIN = 'Tentar de novo';

function attemptKey(sessao) {
    const kept = local.get(NAME);
    if (kept?.sessao === sessao && typeof kept.chave === 'string')
        return kept.chave;
    const chave = newKey();
    local.set(NAME, {sessao, chave});
    return chave;
}

function attemptOver() {
    local.set(NAME, null);
}

function tell(texto, tipo = 'erro', botao = null) {
    notice.value = {texto, tipo, botao};
}

function tellWaiting(error, seconds) {
    if (seconds === null)
        tell('Sem conexão. Assim que ela voltar, enviamos seu pedido, uma vez só.', 'aviso');
    else if (error.status === 429)
        tell(`São muitos pedidos deste lugar em pouco tempo. Enviamos o seu em ${countSeconds(seconds)}.`, 'aviso');
    else if (error.uncertain)
        tell('A resposta não chegou. Estamos conferindo se o pedido entrou; ele não é feito duas vezes.', 'aviso');
    else
        tell(`${CLOSED} Tentamos de novo em ${countSeconds(seconds)}.`, 'aviso');
}

async function arrived(pedido, message = null) {
    attemptOver();
    keepOrder({id: pedido.id, numero: pedido.numero, em: pedido.criado_em, totalCentavos: toCents(pedido.valor_total)});
    notice.value = null;
    arrival.value = message ?? {id: pedido.id, novo: true, texto: `Pedido feito! Obrigado${pedido.cliente.nome ? `, ${pedido.cliente.nome.split(' ')[0]}` : ''}.`};
    orderSent();
    go(`#/pedido/${pedido.id}`);
    await cartWasOrdered();
    refreshProducts();
}

// An order of this cart is there already: it was made in another tab, or its answer was lost.
async function alreadyOrdered(id) {
    const {data} = await persist(() => request(`/api/pedidos/${id}`));
    await arrived(data, {id, novo: false, texto: 'Este carrinho já virou pedido. Confira se está tudo certo.'});
}

function priceChanged(error, before) {
    const now = toCents(error.problem.valor_total);
    notice.value = {tipo: 'aviso', antes: before, agora: now, botao: 'Confirmar com o novo total'};
}

async function sessionExpired(sessao) {
    const {faltam} = await restoreCart(sessao);
    tell(faltam.length ? `Seu carrinho tinha expirado e foi montado de novo, mas faltou: ${faltam.join(', ')}. Confira antes de confirmar.`
        : 'Seu carrinho tinha expirado, e montamos tudo de novo. Confira e confirme.', 'aviso');
}

async function refused(error, {sessao, before}) {
    if (error.problem.pedido_id)
        return alreadyOrdered(error.problem.pedido_id);
    if (error.codigo === 'valor_mudou') {
        priceChanged(error, before);
        return refreshCart();
    }
    if (error.codigo === 'sessao_nao_encontrada')
        return sessionExpired(sessao);
    if (error.codigo === 'campos_invalidos' && showRefused(error))
        return tell('Alguns campos precisam de um acerto.');
    tell(explain(error).texto);
    if (error.status === 409) {
        refreshProducts();
        return refreshCart();
    }
    return undefined;
}

function unreached(error) {
    if (error.status === 503 && !error.uncertain)
        tell(CLOSED, 'aviso', AGAIN);
    else if (error.status === 429)
        tell(explain(error).texto, 'aviso', AGAIN);
    else
        tell('Não conseguimos saber se o pedido chegou. Pode tentar de novo sem medo: ele não será feito duas vezes.', 'aviso', AGAIN);
}

async function send() {
    await settled();
    const sessao = currentSession();
    const before = totalCents.value;
    if (sessao === null || troubled.value.length > 0)
        return tell('Confira o carrinho: algo nele mudou.');
    const key = attemptKey(sessao);
    const body = toBody(sessao, fromCents(before));
    const call = () => request('/api/pedidos', {method: 'POST', body, key, timeout: TIMEOUT_MS});
    try {
        const {data} = await persist(call, {waiting: tellWaiting});
        return arrived(data);
    } catch (error) {
        if (error.passing)
            return unreached(error);
        attemptOver();
        return refused(error, {sessao, before});
    }
}

export async function placeOrder() {
    if (sending.value)
        return;
    sending.value = true;
    notice.value = null;
    try {
        await send();
    } catch (error) {
        tell(explain(error).texto, 'erro', AGAIN);
    } finally {
        sending.value = false;
    }
}
