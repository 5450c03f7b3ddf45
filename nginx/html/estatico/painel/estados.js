// The states of an order, and the steps that a shopkeeper may take from each: the same table as in fcgi/pedidos/status.c.

export const ESTADOS = ['confirmado', 'em_preparo', 'pronto', 'em_rota', 'entregue', 'cancelado'];
export const ABERTOS = ['confirmado', 'em_preparo', 'pronto', 'em_rota'];

const NOMES = {
    confirmado: 'Confirmado',
    em_preparo: 'Em preparo',
    pronto: 'Pronto',
    em_rota: 'Saiu para entrega',
    entregue: 'Entregue',
    cancelado: 'Cancelado',
};

const PLURAIS = {
    confirmado: 'Confirmados',
    em_preparo: 'Em preparo',
    pronto: 'Prontos',
    em_rota: 'Em entrega',
    entregue: 'Entregues',
    cancelado: 'Cancelados',
};

const PASSOS = [
    {de: 'confirmado', para: 'em_preparo', acao: 'Começar o preparo'},
    {de: 'em_preparo', para: 'pronto', acao: 'Está pronto'},
    {de: 'pronto', para: 'em_rota', tipo: 'entrega', acao: 'Saiu para entrega'},
    {de: 'pronto', para: 'entregue', tipo: 'retirada', acao: 'Cliente retirou'},
    {de: 'em_rota', para: 'entregue', acao: 'Foi entregue'},
    {de: 'em_rota', para: 'pronto', acao: 'Voltou para a loja', volta: true},
];

const CANCELAVEIS = ['confirmado', 'em_preparo', 'pronto'];

export const estadoNome = (estado) => NOMES[estado] ?? estado;
export const estadoPlural = (estado) => PLURAIS[estado] ?? estado;
export const passosDe = (pedido) =>
    PASSOS.filter((passo) => passo.de === pedido.status && (!passo.tipo || passo.tipo === pedido.entrega.tipo));
export const podeCancelar = (pedido) => CANCELAVEIS.includes(pedido.status);
export const tipoNome = (tipo) => (tipo === 'entrega' ? 'Entrega' : 'Retirada');
