// The loja when all goes well: finding, filling the cart, ordering, following the order.
import assert from 'node:assert/strict';
import {cake, card, cartHolds, confirm, drawer, fillIn, messages, newBuyer, openCart, ordered, ordersOf, put, readyToOrder, search,
    STATUS, toCheckout} from './loja.mjs';
import {focused, hearsNothing, pageTest} from './browser.mjs';
import {becomes, useShop} from './shop.mjs';

const shop = useShop({loja_dias: 'seg ter qua qui sex sab dom', loja_horario: '8-20'});

pageTest(shop, 'a cake is found, put into the cart, ordered and picked up', {}, async ({page}) => {
    const buyer = newBuyer();
    await page.goto('/');
    await search(page, 'limao');
    await page.getByText('1 produto para “limao”').waitFor();
    await card(page, 'Torta de Limão').getByRole('button', {name: 'Adicionar Torta de Limão ao carrinho'}).click();
    await messages(page).getByText('Torta de Limão está no carrinho.').waitFor();
    await openCart(page);
    await drawer(page).getByRole('button', {name: 'Um a mais de Torta de Limão'}).click();
    await drawer(page).locator('.total').getByText('R$ 76,00').waitFor();
    await drawer(page).getByRole('button', {name: 'Fechar pedido'}).click();
    await fillIn(page, buyer);
    await confirm(page).click();
    const id = await ordered(page);
    await page.getByText('Pedido feito! Obrigado, Antônia.').waitFor();
    const [pedido] = await ordersOf(shop, buyer);
    assert.equal(pedido.id, id);
    assert.equal(pedido.valor_total, 76);
    assert.deepEqual(pedido.itens.map(({nome, quantidade}) => [nome, quantidade]), [['Torta de Limão', 2]]);
    assert.equal(pedido.entrega.tipo, 'retirada');
    assert.match(pedido.entrega.data, /^\d{4}-\d{2}-\d{2}$/);
    await cartHolds(page, 0);
    await page.getByRole('link', {name: 'Pedidos', exact: true}).click();
    await page.getByRole('link', {name: `Pedido nº ${pedido.numero}`}).click();
    await page.getByRole('heading', {level: 1, name: 'Pedido confirmado'}).waitFor();
});

pageTest(shop, 'a delivery has an address, a day and a time of the shop', {timezoneId: 'Asia/Tokyo'}, async ({page}) => {
    const buyer = await readyToOrder(page, await cake(shop));
    await page.getByLabel('Receber em casa').check();
    await confirm(page).click();
    await page.getByText('Escreva para onde levamos.').waitFor();
    await page.getByLabel('Endereço de entrega').fill('Rua das Laranjeiras, 45\nPerdizes');
    await page.getByRole('group', {name: 'Dia'}).getByRole('button').nth(2).click();
    await page.getByLabel('Horário').selectOption({label: 'por volta das 15h'});
    await page.getByLabel('Algum recado para a cozinha?').fill('Sem nozes, por favor.');
    await confirm(page).click();
    await ordered(page);
    await page.getByText('às 15:00').waitFor();
    const [{entrega, observacoes}] = await ordersOf(shop, buyer);
    assert.equal(entrega.tipo, 'entrega');
    assert.equal(entrega.endereco, 'Rua das Laranjeiras, 45\nPerdizes');
    assert.match(entrega.data, /T18:00:00\.000000Z$/);
    assert.equal(observacoes, 'Sem nozes, por favor.');
});

pageTest(shop, 'what is missing in the form is said beside it, and nothing typed is lost', {}, async ({page}) => {
    const buyer = newBuyer();
    await put(page, await cake(shop));
    await toCheckout(page);
    await page.getByLabel('E-mail').fill('antonia@');
    await page.getByLabel('Algum recado para a cozinha?').fill('Parabéns, Vó Lourdes!');
    await confirm(page).click();
    await page.getByText('Escreva seu nome.').waitFor();
    await page.getByText('Escreva um e-mail como').waitFor();
    await page.getByText('Escreva o telefone com DDD').waitFor();
    await focused(page.getByLabel('Nome'));
    await fillIn(page, buyer);
    await page.reload();
    await becomes(() => page.getByLabel('Nome').inputValue(), buyer.nome);
    await becomes(() => page.getByLabel('Algum recado para a cozinha?').inputValue(), 'Parabéns, Vó Lourdes!');
    await confirm(page).click();
    await ordered(page);
    const [{observacoes}] = await ordersOf(shop, buyer);
    assert.equal(observacoes, 'Parabéns, Vó Lourdes!');
});

pageTest(shop, 'the catalogue is filtered, ordered and read page by page', {}, async ({page}) => {
    const categoria_id = await shop.category('Festa junina');
    const names = Array.from({length: 30}, (_, i) => `Paçoca ${String(i + 1).padStart(2, '0')}`);
    for (const [i, nome] of names.entries())
        await shop.product({nome, categoria_id, preco: 5 + i, estoque: i === 3 ? 0 : 3});
    await page.goto('/');
    await page.getByRole('button', {name: 'Festa junina'}).click();
    await page.getByText('30 produtos').waitFor();
    const cards = page.getByRole('main').getByRole('listitem').filter({hasText: 'Paçoca'});
    await becomes(() => cards.count(), 24);
    await page.getByRole('button', {name: 'Carregar mais'}).click();
    await cards.nth(29).waitFor();
    await becomes(() => page.getByRole('button', {name: 'Carregar mais'}).count(), 0);
    assert.equal(new Set(await cards.getByRole('link').allInnerTexts()).size, 30);
    await page.getByLabel('Ordem').selectOption({label: 'Maior preço'});
    await becomes(() => cards.first().getByRole('link').innerText(), 'Paçoca 30');
    await page.getByLabel('Preço').selectOption({label: 'Até R$ 10'});
    await page.getByText('6 produtos').waitFor();
    await cards.filter({hasText: 'Paçoca 01'}).getByText('Últimas 3').waitFor();
    await cards.filter({hasText: 'Paçoca 04'}).getByText('Esgotado').waitFor();
    await becomes(() => cards.filter({hasText: 'Paçoca 04'}).getByRole('button').count(), 0);
    await page.getByLabel('Só o que há agora').check();
    await page.getByText('5 produtos').waitFor();
    await search(page, 'nada disso');
    await page.getByRole('button', {name: 'Ver tudo'}).click();
    await card(page, 'Bolo de Cenoura').waitFor();
});

pageTest(shop, 'an answer that was overtaken by a newer question is not shown', {}, async ({page}) => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route(/busca=brigadeiro/, async (route) => {
        await held;
        await route.continue().catch(() => {});
    });
    await page.goto('/');
    const asked = page.waitForRequest(/busca=brigadeiro/);
    await page.getByRole('searchbox').fill('brigadeiro');
    await asked;
    await search(page, 'pudim');
    release();
    await card(page, 'Pudim de Leite').waitFor();
    await page.getByText('1 produto para “pudim”').waitFor();
    assert.equal(await card(page, 'Brigadeiro Gourmet').count(), 0);
});

pageTest(shop, 'the cart survives a reload, and two tabs agree', {}, async ({page}) => {
    const produto = await cake(shop);
    await put(page, produto, 2);
    await cartHolds(page, 2);
    const other = await page.context().newPage();
    await other.goto('/');
    await cartHolds(other, 2);
    await openCart(other);
    await drawer(other).getByRole('button', {name: `Um a mais de ${produto.nome}`}).click();
    await cartHolds(page, 3);
    await put(page, await cake(shop));
    await cartHolds(other, 4);
    await page.reload();
    await cartHolds(page, 4);
    await openCart(page);
    await drawer(page).getByRole('button', {name: `Tirar ${produto.nome} do carrinho`}).click();
    await cartHolds(page, 1);
    await cartHolds(other, 1);
});

pageTest(shop, 'the page of an order follows it by itself, and can cancel it until the kitchen begins', {}, async ({page}) => {
    const produto = await cake(shop, {estoque: 5});
    const first = await shop.order([[produto.id, 2]]);
    await page.goto(`/#/pedido/${first.id}`);
    await page.getByRole('button', {name: 'Cancelar pedido'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Manter o pedido'}).click();
    await page.getByRole('button', {name: 'Cancelar pedido'}).click();
    await page.getByRole('button', {name: 'Sim, cancelar'}).click();
    await page.getByRole('heading', {level: 1, name: 'Cancelado'}).waitFor();
    await becomes(async () => (await shop.must('GET', `/api/produtos/${produto.id}`)).estoque, 5);

    const second = await shop.order([[produto.id, 1]]);
    await page.goto(`/#/pedido/${second.id}`);
    await page.getByRole('heading', {level: 1, name: 'Pedido confirmado'}).waitFor();
    for (const [status, title] of [['em_preparo', 'Em preparo'], ['pronto', 'Pronto'], ['entregue', 'Retirado']]) {
        await shop.must('PUT', `/api/pedidos/${second.id}/status`, {status});
        await page.getByRole('heading', {level: 1, name: title}).waitFor();
        await becomes(() => page.getByRole('button', {name: 'Cancelar pedido'}).count(), 0);
    }
});

pageTest(shop, 'an order that the kitchen has begun meanwhile is not cancelled, and the page says so', {}, async ({page, allow}) => {
    allow(STATUS(409));
    const {id} = await shop.order([[(await cake(shop)).id, 1]]);
    await page.goto(`/#/pedido/${id}`);
    await page.getByRole('button', {name: 'Cancelar pedido'}).click();
    await hearsNothing(page, `**/api/pedidos/${id}`, (route) => route.fulfill({status: 304}));
    await shop.must('PUT', `/api/pedidos/${id}/status`, {status: 'em_preparo'});
    await page.getByRole('button', {name: 'Sim, cancelar'}).click();
    await messages(page).getByText('A cozinha já começou seu pedido').first().waitFor();
    await page.unroute(`**/api/pedidos/${id}`);
    await page.getByRole('heading', {level: 1, name: 'Em preparo'}).waitFor();
});

pageTest(shop, 'an address that leads nowhere says so', {}, async ({page, allow}) => {
    allow(STATUS(404));
    await page.goto('/#/pedido/00000000-0000-4000-8000-000000000000');
    await page.getByRole('heading', {level: 1, name: 'Pedido não encontrado'}).waitFor();
    await page.goto('/#/produto/999999');
    await page.getByRole('dialog').getByText('Este produto não está mais à venda.').waitFor();
    await page.getByRole('button', {name: 'Ver o cardápio'}).click();
    await page.goto('/#/nada');
    await page.getByRole('heading', {level: 1, name: 'Aqui não há nada'}).waitFor();
});

// Presses a key until the focus is at a place that the page shows already: a number of steps is no measure of time.
async function walk(page, place, key = 'Tab') {
    await place.waitFor();
    for (let steps = 0; steps < 120; steps++) {
        if (await place.evaluate((element) => element === document.activeElement))
            return;
        await page.keyboard.press(key);
    }
    throw new Error(`the keyboard does not reach ${place}`);
}

pageTest(shop, 'a purchase by keyboard alone', {}, async ({page}) => {
    const buyer = newBuyer();
    const nome = 'Bolo de Cenoura';
    await page.goto('/');
    await card(page, nome).waitFor();
    await page.keyboard.press('Tab');
    await focused(page.getByRole('link', {name: 'Pular para o conteúdo'}));
    await page.keyboard.press('Enter');
    await walk(page, page.getByRole('link', {name: nome, exact: true}));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', {name: nome});
    await walk(page, dialog.getByRole('button', {name: `Adicionar ${nome} ao carrinho`}));
    await page.keyboard.press('Enter');
    // The button gives way to the quantity, and the focus stays there.
    await focused(dialog.getByRole('button', {name: `Um a mais de ${nome}`}));
    await page.keyboard.press('Enter');
    await cartHolds(page, 2);
    await page.keyboard.press('Escape');
    await dialog.waitFor({state: 'hidden'});
    await focused(page.getByRole('link', {name: nome, exact: true}));
    await walk(page, page.getByRole('button', {name: /^Carrinho/}), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await walk(page, drawer(page).getByRole('button', {name: 'Fechar pedido'}));
    await page.keyboard.press('Enter');
    await focused(page.getByRole('heading', {level: 1, name: 'Finalizar pedido'}));
    for (const [label, text] of [['Nome', buyer.nome], ['E-mail', buyer.email], ['Telefone', buyer.telefone]]) {
        await walk(page, page.getByLabel(label));
        await page.keyboard.type(text);
    }
    await walk(page, confirm(page));
    await page.keyboard.press('Enter');
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
    await cartHolds(page, 0);
});
