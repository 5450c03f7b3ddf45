// How the loja looks, in all sizes and both schemes; what it weighs; what it is without JavaScript.
import assert from 'node:assert/strict';
import {card, cartHolds, confirm, drawer, fillIn, openCart, ordered, put, toCheckout} from './loja.mjs';
import {fits, pageTest, screenshots, settle} from './browser.mjs';
import {eventually, useShop} from './shop.mjs';

const shop = useShop();

const BUYER = {nome: 'Antônia Ribeiro', email: 'antonia@exemplo.com.br', telefone: '(11) 91234-5678'};

const seed = async (id) => shop.must('GET', `/api/produtos/${id}`);

// Pictures further down have come, too.
async function scrollThrough(page) {
    await page.evaluate(async () => {
        for (let y = 0; y < document.body.scrollHeight; y += 400) {
            scrollTo(0, y);
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        scrollTo(0, 0);
        await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    });
}

pageTest(shop, 'the shop window and the catalogue', {}, async ({page}) => {
    await page.goto('/');
    await card(page, 'Mousse de Maracujá').waitFor();
    await page.setViewportSize({width: 360, height: 800});
    await scrollThrough(page);
    await page.setViewportSize({width: 1280, height: 800});
    await scrollThrough(page);
    await screenshots(page, 'loja-vitrine', {fullPage: true});
    for (const width of [360, 768, 1600]) {
        await page.setViewportSize({width, height: 900});
        await fits(page);
    }
    await page.screenshot({path: `${process.env.CONFEITARIA_TOP}/build/test/telas/loja-vitrine-1600-light.png`});
});

pageTest(shop, 'a product', {}, async ({page}) => {
    await page.goto('/#/produto/7');
    await page.getByRole('dialog').getByText('Serve 8 fatias').waitFor();
    await screenshots(page, 'loja-produto');
});

pageTest(shop, 'products without a picture, few, and sold out', {}, async ({page}) => {
    const categoria_id = await shop.category('Pães');
    for (const [nome, estoque] of [['Broa de Fubá', 4], ['Pão de Mel', 40], ['Rosca de Coco', 0], ['Sonho de Creme', 1]])
        await shop.product({nome, estoque, categoria_id, preco: 12.5, descricao: 'Macio, do forno para o balcão.'});
    await page.goto('/');
    await page.getByRole('button', {name: 'Pães'}).click();
    await page.getByText('4 produtos').waitFor();
    await page.locator('#cardapio').evaluate((place) => place.scrollIntoView());
    await screenshots(page, 'loja-sem-foto');
});

pageTest(shop, 'a search without a result', {}, async ({page}) => {
    await page.goto('/');
    await page.getByRole('searchbox').fill('feijoada');
    await page.getByRole('button', {name: 'Ver tudo'}).waitFor();
    await page.locator('#cardapio').evaluate((place) => place.scrollIntoView());
    await screenshots(page, 'loja-nada');
});

pageTest(shop, 'cart, checkout and order', {}, async ({page}) => {
    await page.goto('/');
    await card(page, 'Bolo de Cenoura').waitFor();
    await openCart(page);
    await drawer(page).getByText('Ainda não há nada aqui').waitFor();
    await screenshots(page, 'loja-carrinho-vazio');
    await drawer(page).getByRole('button', {name: 'Ver o cardápio'}).click();
    for (const [id, quantity] of [[1, 1], [4, 12], [7, 1]])
        await put(page, await seed(id), quantity);
    await cartHolds(page, 14);
    await openCart(page);
    await eventually(async () => await drawer(page).getByText('R$ 125,90').count() === 1);
    await screenshots(page, 'loja-carrinho');
    await drawer(page).getByRole('button', {name: 'Fechar', exact: true}).click();
    await toCheckout(page);
    await page.getByLabel('Receber em casa').check();
    await page.getByLabel('Endereço de entrega').fill('Rua das Laranjeiras, 45, apto 12\nPerdizes');
    await fillIn(page, BUYER);
    await page.evaluate(() => scrollTo(0, 0));
    await screenshots(page, 'loja-finalizar', {fullPage: true});
    await page.getByLabel('Nome').fill('');
    await confirm(page).click();
    await page.getByText('Escreva seu nome.').waitFor();
    await screenshots(page, 'loja-finalizar-erro', {fullPage: true});
    await page.getByLabel('Nome').fill(BUYER.nome);
    await confirm(page).click();
    const id = await ordered(page);
    await shop.must('PUT', `/api/pedidos/${id}/status`, {status: 'em_preparo'});
    await page.getByRole('heading', {level: 1, name: 'Em preparo'}).waitFor();
    await screenshots(page, 'loja-pedido', {fullPage: true});
    await page.getByRole('link', {name: 'Pedidos', exact: true}).click();
    await page.getByRole('heading', {level: 1, name: 'Meus pedidos'}).waitFor();
    await screenshots(page, 'loja-pedidos');
});

pageTest(shop, 'nothing jumps while the first view comes', {}, async ({page}) => {
    await page.addInitScript(() => {
        globalThis.shift = 0;
        new PerformanceObserver((list) => list.getEntries().forEach(({value}) => { globalThis.shift += value; }))
            .observe({type: 'layout-shift', buffered: true});
    });
    await page.goto('/');
    await card(page, 'Mousse de Maracujá').waitFor();
    await settle(page);
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.1, `layout shift ${shift}`);
});

pageTest(shop, 'without JavaScript: how to order by telephone', {javaScript: false}, async ({page}) => {
    await page.goto('/');
    const link = page.getByRole('link', {name: '(11) 5555-0123'});
    assert.equal(await link.getAttribute('href'), 'tel:(11) 5555-0123');
    assert.match(await page.locator('noscript').innerText(), /Rua das Amoras, 100/);
    for (const [width, scheme] of [[360, 'light'], [1280, 'dark']]) {
        await page.setViewportSize({width, height: 800});
        await page.emulateMedia({colorScheme: scheme});
        await page.screenshot({path: `${process.env.CONFEITARIA_TOP}/build/test/telas/loja-sem-javascript-${width}-${scheme}.png`});
    }
});
