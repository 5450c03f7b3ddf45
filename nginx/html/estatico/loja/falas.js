// What the loja says about the cart, in one place.
import {dismissNamed, notify} from '../comum/avisos.js';
import {countSeconds, explain} from '../comum/erros.js';
import {signal} from '../comum/ui.js';
import {refreshProducts} from './catalogo.js';

export const drawerOpen = signal(false);

export function openDrawer() {
    dismissNamed('carrinho');
    drawerOpen.value = true;
}

export function closeDrawer() {
    drawerOpen.value = false;
}

export function sayAdded(produto, quantidade) {
    const texto = quantidade === 1 ? `${produto.nome} está no carrinho.` : `${quantidade} × ${produto.nome} no carrinho.`;
    notify(texto, {nome: 'carrinho', acao: drawerOpen.value ? null : {texto: 'Ver carrinho', ao: openDrawer}});
}

const CALM = 'Estamos sem receber mudanças por alguns instantes; seu carrinho está guardado.';

// A 503 says that nothing was changed, with one exception.
function calmly(error) {
    return error.codigo === 'sem_espaco' ? explain(error).texto : CALM;
}

function warn(texto) {
    notify(texto, {tipo: 'aviso', nome: 'carrinho', fica: true});
}

export function sayWaiting(error, seconds) {
    if (seconds === null)
        warn('Sem conexão. Assim que ela voltar, continuamos daqui.');
    else if (error.status === 429)
        warn(`Foram muitos cliques em pouco tempo. Continuamos em ${countSeconds(seconds)}.`);
    else if (error.status === 503)
        warn(`${calmly(error)} Tentamos de novo em ${countSeconds(seconds)}.`);
    else
        warn('A resposta está demorando. Tentamos de novo.');
}

export function sayFailure(error, retry) {
    const {texto, repetir} = explain(error);
    const said = error.status === 503 && error.codigo !== 'resultado_desconhecido' ? calmly(error) : texto;
    notify(said, {tipo: 'erro', nome: 'carrinho', fica: repetir, acao: repetir ? {texto: 'Tentar de novo', ao: retry} : null});
    // The page showed a stock, a price or a product that has changed since.
    if (error.status === 409 || error.status === 404)
        refreshProducts();
}

export function sayRestored({itens, faltam}) {
    if (faltam.length)
        notify(`Seu carrinho tinha expirado. Pusemos de volta o que ainda há; faltou: ${faltam.join(', ')}.`,
            {tipo: 'aviso', nome: 'volta', fica: true});
    else if (itens > 0)
        notify('Seu carrinho tinha expirado. Pusemos tudo de volta.', {tipo: 'aviso', nome: 'volta'});
}
