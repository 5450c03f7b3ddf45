// What tests of the loja share: a buyer's ways through it.
import {randomUUID} from 'node:crypto';
import assert from 'node:assert/strict';
import {eventually} from './shop.mjs';

// What tests of a lost connection and of refusals provoke on the console.
export const STATUS = (status) => new RegExp(`status of ${status}`);
export const NO_CONNECTION = /net::ERR_/;

export const newBuyer = () => ({nome: 'Antônia Ribeiro', email: `antonia.${randomUUID()}@exemplo.com.br`, telefone: '(11) 91234-5678'});

// A product's card; the list holds it after it was searched for.
export const card = (page, nome) =>
    page.getByRole('main').getByRole('listitem').filter({has: page.getByRole('link', {name: nome, exact: true})});

export async function search(page, text) {
    await page.getByRole('searchbox', {name: 'Buscar no cardápio'}).fill(text);
    await page.getByText(`para “${text}”`).waitFor();
}

export const drawer = (page) => page.getByRole('dialog', {name: 'Carrinho'});
export const openCart = (page) => page.getByRole('button', {name: 'Carrinho', exact: false}).first().click();
export const messages = (page) => page.locator('.avisos');

// What the header says is in the cart; 0 when it says nothing.
export async function counted(page) {
    const badge = page.locator('.contador');
    return await badge.count() ? Number.parseInt(await badge.innerText(), 10) : 0;
}

export async function cartHolds(page, count) {
    await eventually(async () => await counted(page) === count, `the cart holds ${count}`);
}

// By the product's own address.
export async function put(page, produto, quantity = 1) {
    await page.goto(`/#/produto/${produto.id}`);
    const dialog = page.getByRole('dialog', {name: produto.nome});
    await dialog.getByRole('button', {name: `Adicionar ${produto.nome} ao carrinho`}).click();
    await dialog.getByRole('group', {name: `Quantidade de ${produto.nome}`}).waitFor();
    for (let more = 1; more < quantity; more++)
        await dialog.getByRole('button', {name: `Um a mais de ${produto.nome}`}).click();
    await dialog.getByRole('button', {name: 'Fechar', exact: true}).click();
    await dialog.waitFor({state: 'hidden'});
}

export async function toCheckout(page) {
    await openCart(page);
    await drawer(page).getByRole('button', {name: 'Fechar pedido'}).click();
    await page.getByRole('heading', {level: 1, name: 'Finalizar pedido'}).waitFor();
}

export async function fillIn(page, {nome, email, telefone}) {
    await page.getByLabel('Nome').fill(nome);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Telefone').fill(telefone);
}

export const confirm = (page) => page.getByRole('button', {name: /^Confirmar|^Tentar de novo/});

// The checkout with something in the cart and the form filled in.
export async function readyToOrder(page, produto, buyer = newBuyer()) {
    await put(page, produto);
    await toCheckout(page);
    await fillIn(page, buyer);
    return buyer;
}

export async function ordered(page) {
    await page.getByRole('heading', {level: 1, name: 'Pedido confirmado'}).waitFor();
    const [, id] = /#\/pedido\/([0-9a-f-]{36})$/.exec(page.url());
    return id;
}

// What the shop has of this buyer.
export async function ordersOf(shop, {email}) {
    const {data, total} = (await shop.ask('GET', `/api/pedidos?cliente=${encodeURIComponent(email)}`)).json;
    assert.equal(data.length, total);
    return data;
}

export const session = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('confeitaria.carrinho')).sessao);

// A product with a picture and a name that a customer would read.
export const cake = (shop, fields = {}) =>
    shop.product({nome: `Bolo ${randomUUID().slice(0, 8)}`, descricao: 'Massa fofa.', preco: 45.9, ...fields});
