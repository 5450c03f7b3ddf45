// The reference of the API at /api/: it can be read, and it works.
import assert from 'node:assert/strict';
import {fits, noScriptText, pageTest, screenshots} from './browser.mjs';
import {useShop} from './shop.mjs';

const shop = useShop();
// The viewer's own: the row of a call is a button that holds others.
const VIEWERS_OWN = ['nested-interactive'];

const call = (page, id) => page.locator(`[id$="-${id}"].opblock`);

async function tryOut(page, id) {
    await call(page, id).locator('.opblock-summary-control').click();
    await call(page, id).getByRole('button', {name: 'Try it out'}).click();
}

// The answer that the viewer shows: its status and its body.
async function executed(page, id) {
    await call(page, id).getByRole('button', {name: 'Execute'}).click();
    const row = call(page, id).locator('.live-responses-table .response');
    await row.waitFor();
    return {status: (await row.locator('.response-col_status').innerText()).trim(), body: await row.locator('.microlight').first().innerText()};
}

pageTest(shop, 'shows every call, loads from the shop alone, and fits', {}, async ({page}) => {
    await page.goto('/api/');
    await page.locator('.opblock').first().waitFor();
    assert.equal(await page.getByRole('heading', {level: 1}).first().innerText(), 'Referência da API');
    const document = await (await fetch(`${shop.url}/api/openapi.yaml`)).text();
    const calls = document.match(/^ {4}(get|put|post|patch|delete):$/gm).length;
    assert.equal(await page.locator('.opblock').count(), calls);
    for (const [name, path] of [['Loja', '/'], ['Erros', '/erros/'], ['openapi.yaml', '/api/openapi.yaml']])
        assert.equal(await page.getByRole('navigation').getByRole('link', {name}).getAttribute('href'), path);
    await screenshots(page, 'api', {except: VIEWERS_OWN});
});

pageTest(shop, 'is at /api too, and a call has an address of its own', {}, async ({page}) => {
    await page.goto('/api');
    await call(page, 'lerProduto').locator('.opblock-summary-control').click();
    const address = page.url();
    assert.match(address, /#.*lerProduto$/);
    await page.goto('about:blank');
    await page.goto(address);
    await call(page, 'lerProduto').getByRole('button', {name: 'Try it out'}).waitFor();
});

pageTest(shop, 'a call is tried, on a telephone too', {width: 360}, async ({page}) => {
    await page.goto('/api/');
    await tryOut(page, 'listarProdutos');
    const {status, body} = await executed(page, 'listarProdutos');
    assert.equal(status, '200');
    assert.match(body, /"success": true/);
    await fits(page);
});

pageTest(shop, 'a token is typed, used, and forgotten with the page', {}, async ({page, allow}) => {
    allow(/status of 401/);
    await page.goto('/api/');
    await tryOut(page, 'listarPedidos');
    assert.match((await executed(page, 'listarPedidos')).status, /^401/);
    await page.locator('.auth-wrapper .authorize').first().click();
    await page.locator('.modal-ux input').first().fill(shop.token);
    await page.locator('.modal-ux').getByRole('button', {name: 'Apply credentials'}).first().click();
    await page.locator('.modal-ux').getByRole('button', {name: 'Close'}).last().click();
    await call(page, 'listarPedidos').getByRole('button', {name: 'Execute'}).click();
    await call(page, 'listarPedidos').locator('.live-responses-table').getByText('"success": true').waitFor();
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
    await page.goto('about:blank');
    await page.goto('/api/');
    await tryOut(page, 'listarPedidos');
    assert.match((await executed(page, 'listarPedidos')).status, /^401/);
});

pageTest(shop, 'without JavaScript it says where the document is', {javaScript: false}, async ({page}) => {
    await page.goto('/api/');
    assert.match(await noScriptText(page), /é preciso JavaScript/);
    assert.equal(await page.locator('noscript a').getAttribute('href'), '/api/openapi.yaml');
});
