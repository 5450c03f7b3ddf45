// The loja when something is in the way: a plain sentence, a way on, nothing twice, nothing lost.
import assert from 'node:assert/strict';
import {cake, card, cartHolds, confirm, drawer, fillIn, messages, newBuyer, NO_CONNECTION, openCart, ordered, ordersOf, put, readyToOrder,
    search, session, STATUS, toCheckout} from './loja.mjs';
import {pageTest} from './browser.mjs';
import {becomes, eventually, useShop} from './shop.mjs';

const shop = useShop({loja_dias: 'seg ter qua qui sex sab dom', prazo_segundos: 4});

const alert = (page) => page.getByRole('alert');
const newPrice = (produto, preco) => shop.must('PATCH', `/api/produtos/${produto.id}`, {preco});

// The first answer to such a call is lost on its way back: the shop has done it, the page does not know.
async function loseAnswer(page, pattern, method) {
    const lost = {calls: 0};
    await page.route(pattern, async (route) => {
        if (route.request().method() !== method)
            return route.fallback();
        lost.calls++;
        if (lost.calls > 1)
            return route.continue();
        await route.fetch();
        return route.abort('connectionreset');
    });
    return lost;
}

pageTest(shop, 'sold out under the buyer\'s hands: what is left is said, and the order goes on', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const few = await cake(shop, {estoque: 3}), other = await cake(shop);
    const buyer = newBuyer();
    await put(page, few, 3);
    await put(page, other);
    await toCheckout(page);
    await fillIn(page, buyer);
    await shop.order([[few.id, 2]]);
    await confirm(page).click();
    await alert(page).getByText('resta 1 unidade').waitFor();
    await page.getByText('Só resta 1 unidade.').waitFor();
    await page.getByRole('button', {name: 'Ficar com 1'}).click();
    await page.locator('.resumo .total').getByText('R$ 91,80').waitFor();
    assert.equal((await ordersOf(shop, buyer)).length, 0);
    await shop.order([[few.id, 1]]);
    await confirm(page).click();
    await page.getByText('Esgotou enquanto você comprava.').waitFor();
    await page.getByRole('button', {name: `Tirar ${few.nome}`, exact: true}).click();
    assert.equal(await page.getByLabel('Nome').inputValue(), buyer.nome);
    await page.locator('.resumo .total').getByText('R$ 45,90').waitFor();
    await confirm(page).click();
    await ordered(page);
    const [{itens}] = await ordersOf(shop, buyer);
    assert.deepEqual(itens.map(({produto_id, quantidade}) => [produto_id, quantidade]), [[other.id, 1]]);
});

pageTest(shop, 'no room for another line: that is said, what is in the cart stays, and the add arrives when there is room', {}, async ({page, allow}) => {
    allow(STATUS(503));
    const first = await cake(shop), second = await cake(shop);
    await put(page, first);
    await shop.control('redis', 'CONFIG', 'SET', 'maxmemory', '1');
    try {
        await page.goto('/');
        await search(page, second.nome);
        await card(page, second.nome).getByRole('button', {name: /Adicionar/}).click();
        await messages(page).getByText(/^A loja está cheia agora .* Tentamos de novo em \d+ segundos/).waitFor();
        await cartHolds(page, 1);
    } finally {
        await shop.control('redis', 'CONFIG', 'SET', 'maxmemory', '256mb');
    }
    await cartHolds(page, 2);
});

pageTest(shop, 'what another customer has just bought cannot be put into the cart, and its card says so', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const last = await cake(shop, {estoque: 1});
    await page.goto('/');
    await search(page, last.nome);
    await card(page, last.nome).getByText('Última unidade').waitFor();
    await shop.order([[last.id, 1]]);
    await card(page, last.nome).getByRole('button', {name: /Adicionar/}).click();
    await messages(page).getByText('não resta nenhuma unidade').waitFor();
    await card(page, last.nome).getByText('Esgotado').waitFor();
});

pageTest(shop, 'off sale under the buyer\'s hands: the line says so and goes', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const produto = await cake(shop), other = await cake(shop);
    await put(page, other);
    const buyer = await readyToOrder(page, produto);
    await shop.must('DELETE', `/api/produtos/${produto.id}`);
    await confirm(page).click();
    await page.getByText('Saiu de venda.', {exact: false}).and(page.locator('.linha-problema')).waitFor();
    await page.getByRole('button', {name: `Tirar ${produto.nome}`, exact: true}).click();
    await page.locator('.resumo .total').getByText('R$ 45,90').waitFor();
    await confirm(page).click();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer))[0].itens.length, 1);
});

pageTest(shop, 'a price that changed under the buyer\'s hands is shown, and asked about again', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const produto = await cake(shop);
    const buyer = await readyToOrder(page, produto);
    await newPrice(produto, 52.5);
    await confirm(page).click();
    await alert(page).getByText('R$ 45,90').waitFor();
    await alert(page).getByText('R$ 52,50').waitFor();
    assert.equal((await ordersOf(shop, buyer)).length, 0);
    await page.getByRole('button', {name: 'Confirmar com o novo total · R$ 52,50'}).click();
    await ordered(page);
    assert.deepEqual((await ordersOf(shop, buyer)).map(({valor_total}) => valor_total), [52.5]);
});

pageTest(shop, 'a double click orders once', {}, async ({page}) => {
    const buyer = await readyToOrder(page, await cake(shop));
    await confirm(page).dblclick();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'two tabs that confirm the same cart make one order', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const produto = await cake(shop);
    const buyer = await readyToOrder(page, produto);
    const other = await page.context().newPage();
    await other.goto('/#/finalizar');
    await fillIn(other, buyer);
    await confirm(other).waitFor();
    const press = (tab) => tab.evaluate(() => document.querySelector('button[type="submit"].botao')?.click());
    await Promise.all([press(page), press(other)]);
    // Each tab shows the order, or, where it heard of it before it had asked, that the cart is empty.
    for (const tab of [page, other])
        await tab.getByRole('heading', {name: 'Pedido confirmado'}).or(tab.getByText('Seu carrinho está vazio')).waitFor();
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'an order whose answer was lost is made once, and found', {}, async ({page, allow}) => {
    allow(NO_CONNECTION);
    const buyer = await readyToOrder(page, await cake(shop));
    const lost = await loseAnswer(page, '**/api/pedidos', 'POST');
    await confirm(page).click();
    await ordered(page);
    assert.equal(lost.calls, 2);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'an order whose answer was lost with the page is found when it is confirmed again', {}, async ({page, allow}) => {
    allow(NO_CONNECTION, STATUS(409));
    const produto = await cake(shop);
    const buyer = await readyToOrder(page, produto);
    let received;
    const done = new Promise((resolve) => { received = resolve; });
    await page.route('**/api/pedidos', async (route) => {
        await route.fetch();
        received();
        await route.abort('connectionreset').catch(() => {});
    });
    // The other tab still shows the cart as it was.
    const other = await page.context().newPage();
    await other.goto('/#/finalizar');
    await other.locator('.resumo .total').getByText('R$ 45,90').waitFor();
    await fillIn(other, {...buyer, nome: 'Antônia R. Ribeiro'});
    await confirm(page).click();
    await done;
    await page.close();
    await confirm(other).click();
    await ordered(other);
    await other.getByText('Este carrinho já virou pedido.').waitFor();
    assert.equal((await ordersOf(shop, buyer)).length, 1);
    await cartHolds(other, 0);
});

pageTest(shop, 'an add whose answer was lost counts once', {}, async ({page, allow}) => {
    allow(NO_CONNECTION);
    const produto = await cake(shop);
    const lost = await loseAnswer(page, '**/adicionar', 'POST');
    await put(page, produto);
    assert.equal(lost.calls, 2);
    await cartHolds(page, 1);
});

pageTest(shop, 'without a connection the page says so, keeps what there is, and goes on when it is back', {}, async ({page, allow}) => {
    allow(NO_CONNECTION);
    const nome = 'Pudim de Leite';
    await page.goto('/');
    await card(page, nome).waitFor();
    await page.context().setOffline(true);
    await page.getByText('Você está sem conexão.').waitFor();
    await card(page, nome).getByRole('button', {name: /Adicionar/}).click();
    await messages(page).getByText('Sem conexão. Assim que ela voltar').waitFor();
    await page.getByRole('searchbox').fill('limao');
    await page.getByText('Parece que você está sem conexão.').waitFor();
    assert.equal(await page.getByRole('searchbox').inputValue(), 'limao');
    await page.context().setOffline(false);
    await page.getByText('1 produto para “limao”').waitFor();
    await cartHolds(page, 1);
    await becomes(() => page.getByText('Você está sem conexão.').count(), 0);
});

pageTest(shop, 'an order begun without a connection is made once it is back', {}, async ({page, allow}) => {
    allow(NO_CONNECTION);
    const buyer = await readyToOrder(page, await cake(shop));
    await page.context().setOffline(true);
    await confirm(page).click();
    await alert(page).getByText('Sem conexão. Assim que ela voltar, enviamos seu pedido').waitFor();
    assert.equal(await page.getByLabel('Nome').inputValue(), buyer.nome);
    await page.context().setOffline(false);
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'an expired session is opened again with what was in it', {}, async ({page, allow}) => {
    allow(STATUS(404));
    const produto = await cake(shop), gone = await cake(shop);
    await put(page, produto, 2);
    await put(page, gone);
    const expired = await session(page);
    await shop.control('redis', 'DEL', `carrinho:${expired}`);
    await shop.must('DELETE', `/api/produtos/${gone.id}`);
    await page.reload();
    await messages(page).getByText('Seu carrinho tinha expirado.').waitFor();
    await messages(page).getByText(gone.nome).waitFor();
    await cartHolds(page, 2);
    assert.notEqual(await session(page), expired);
});

pageTest(shop, 'a session that expires at the checkout costs nothing but a look', {}, async ({page, allow}) => {
    allow(STATUS(404));
    const buyer = await readyToOrder(page, await cake(shop));
    await shop.control('redis', 'DEL', `carrinho:${await session(page)}`);
    await confirm(page).click();
    await alert(page).getByText('Seu carrinho tinha expirado').waitFor();
    assert.equal(await page.getByLabel('E-mail').inputValue(), buyer.email);
    await confirm(page).click();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'while the replica serves, browsing goes on and ordering says to try again', {}, async ({page, allow}) => {
    allow(STATUS(503), STATUS(502), STATUS(504));
    const produto = await cake(shop);
    const buyer = await readyToOrder(page, produto);
    await shop.control('stop', 'pg-catalogo');
    try {
        await eventually(async () => (await fetch(`${shop.url}/api/produtos`)).headers.get('X-Fonte') === 'replica');
        await confirm(page).click();
        await page.getByRole('button', {name: /^Tentar de novo/}).waitFor();
        await alert(page).getByText('Estamos sem receber pedidos por alguns instantes; seu carrinho está guardado.').waitFor();
        const tab = await page.context().newPage();
        await tab.goto('/');
        await search(tab, 'limao');
        await card(tab, 'Torta de Limão').getByRole('link').click();
        await tab.getByRole('dialog', {name: 'Torta de Limão'}).getByText('merengue').waitFor();
        await cartHolds(tab, 1);
        assert.equal(await tab.getByRole('alert').count(), 0);
        await tab.close();
    } finally {
        await shop.control('start', 'pg-catalogo');
        await shop.control('recovered');
    }
    assert.equal((await ordersOf(shop, buyer)).length, 0);
    await confirm(page).click();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});

pageTest(shop, 'while carts cannot be had, the catalogue is there and the cart comes back by a button', {}, async ({page, allow}) => {
    allow(STATUS(503), STATUS(502), STATUS(504));
    await page.goto('/');
    await card(page, 'Pudim de Leite').waitFor();
    await shop.control('stop', 'redis');
    try {
        await card(page, 'Pudim de Leite').getByRole('button', {name: /Adicionar/}).click();
        await messages(page).getByRole('button', {name: 'Tentar de novo'}).waitFor();
        await search(page, 'brigadeiro');
        await card(page, 'Brigadeiro Gourmet').waitFor();
    } finally {
        await shop.control('start', 'redis');
        await shop.control('recovered');
    }
    await messages(page).getByRole('button', {name: 'Tentar de novo'}).click();
    await cartHolds(page, 1);
    await openCart(page);
    await drawer(page).getByText('Pudim de Leite').first().waitFor();
});
