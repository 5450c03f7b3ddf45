// What tests of the back office share: signing in, and orders as a shop has them.
import {randomUUID} from 'node:crypto';

let names = 0;

// A token of its own, for tests that look for its name.
export async function newToken(shop, right = 'admin', ...options) {
    const nome = `${right === 'admin' ? 'ana' : 'bia'}-${++names}`;
    const token = await shop.control('token', nome, '--right', right, ...options);
    return {nome, token};
}

export async function enter(page, token) {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', {name: 'Entrar'}).click();
}

// Opens a view as somebody who is signed in.
export async function signIn(page, token, view = '') {
    await page.goto(`/painel${view}`);
    await enter(page, token);
    await page.getByRole('button', {name: 'Sair'}).waitFor();
}

// The row of an order in the list.
export function rowOf(page, numero) {
    const link = page.getByRole('link', {name: new RegExp(`^Pedido ${numero} `)});
    return page.getByRole('list', {name: 'Pedidos'}).getByRole('listitem').filter({has: link});
}

export const messages = (page) => page.locator('.avisos');

const PEOPLE = ['Maria Aparecida de Souza', 'João Pedro Almeida', 'Antônia Ribeiro', 'Beatriz Nakamura', 'Conceição dos Anjos',
    'Thiago Bittencourt'];
const NOTES = ['Sem nozes, por favor: alergia.', 'Escrever no bolo: “Parabéns, Vó Lourdes!”'];
const ADDRESS = 'Rua das Laranjeiras, 45, apto 12\nPerdizes';

const hour = 3_600_000;

// A round time in `hours` from now, so that a board looks like one.
function dueIn(hours) {
    const when = new Date(Math.ceil(Date.now() / (hour / 4)) * (hour / 4) + hours * hour);
    return when.toISOString();
}

// Some orders of the seed's products, in all states.
export async function busyDay(shop) {
    const {data: produtos} = (await shop.ask('GET', '/api/produtos')).json;
    for (const {id} of produtos)
        await shop.must('PUT', `/api/produtos/${id}/estoque`, {quantidade: 80, operacao: 'adicionar'});
    const orders = [];
    for (let i = 0; i < 14; i++) {
        const entrega = i % 3 === 2 ? {tipo: 'entrega', endereco: ADDRESS} : {tipo: 'retirada'};
        if (i % 4 !== 3)
            entrega.data = dueIn(i % 5);
        const nome = PEOPLE[i % PEOPLE.length];
        const email = `${nome.normalize('NFD').replace(/[^a-zA-Z ]/g, '').toLowerCase().replaceAll(' ', '.')}@exemplo.com.br`;
        const itens = [[produtos[i % produtos.length].id, 1 + (i % 3)], [produtos[(i * 5 + 2) % produtos.length].id, 1 + (i % 6)]];
        const extra = i % 4 === 1 ? {observacoes: NOTES[i % NOTES.length]} : {};
        orders.push(await shop.order(itens, {cliente: {nome, email, telefone: `(11) 9876${i % 10}-12${10 + i}`}, entrega, ...extra}));
    }
    const move = async (i, ...states) => {
        for (const status of states)
            orders[i] = await shop.must('PUT', `/api/pedidos/${orders[i].id}/status`, {status});
    };
    await move(1, 'em_preparo');
    await move(4, 'em_preparo');
    await move(2, 'em_preparo', 'pronto', 'em_rota');
    await move(3, 'em_preparo', 'pronto');
    await move(6, 'em_preparo', 'pronto', 'entregue');
    await move(7, 'em_preparo', 'pronto', 'entregue');
    await move(9, 'cancelado');
    return orders;
}

export const unlikely = () => randomUUID().slice(0, 8);

// The days before today, as the sums that the shop keeps of them.
const HISTORY = `INSERT INTO pedidos_resumo (quarto, status, pedidos, valor)
    SELECT quarto_de_hora(now() - n * interval '1 day'), 'entregue', quantos, quantos * 261.35 + n
    FROM (SELECT n, (8 + 4 * sin(n * 0.9) + (n * 7) % 5 - CASE WHEN n % 7 = 3 THEN 20 ELSE 0 END)::integer AS quantos
          FROM generate_series(1, 89) AS n) AS dias
    WHERE quantos > 0 ON CONFLICT DO NOTHING`;

export const pastDays = (shop) => shop.control('sql', HISTORY, 'pedidos');
