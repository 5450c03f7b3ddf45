// The state of the system in the back office: who kills the primary sees the failover.
import assert from 'node:assert/strict';
import {pageTest, screenshots} from './browser.mjs';
import {newToken, signIn} from './painel.mjs';
import {eventually, useShop} from './shop.mjs';

const shop = useShop();
const log = (page) => page.getByRole('log');
const parts = (page) => page.getByRole('list', {name: 'Partes do sistema'});
const headed = (page, name) => page.getByRole('heading', {name: new RegExp(`^${name} (bem|com|fora)`)});
const part = (page, name) => parts(page).locator('> li').filter({has: headed(page, name)});

pageTest(shop, 'all parts are shown, with their workers and roles', {}, async ({page}) => {
    const {token} = await newToken(shop, 'atendente');
    await signIn(page, token, '#/sistema');
    for (const name of ['catálogo', 'réplica do catálogo', 'carrinho', 'pedidos'])
        await part(page, name).getByText(/\d+ de \d+ trabalhadores ocupados/).waitFor();
    await part(page, 'catálogo').getByText(/primário · /).waitFor();
    await part(page, 'réplica do catálogo').getByText(/réplica · .*atraso de \d+ s/).waitFor();
    await part(page, 'carrinho').getByText(/\d+ chaves?.*[KM]B/).waitFor();
    await page.getByRole('img', {name: /^Desenho do sistema\. Leituras: primário\./}).waitFor();
    await screenshots(page, 'painel-sistema', {fullPage: true});
    await page.getByRole('button', {name: 'Pausar'}).click();
    await page.getByText('Pausado.').waitFor();
    await page.getByRole('button', {name: 'Continuar'}).click();
    await page.getByText('Ao vivo.').waitFor();
});

pageTest(shop, 'the page shows that the primary is gone and the replica answers, and that it is back', {}, async ({page, allow}) => {
    allow(/status of 50\d/);
    const {token} = await newToken(shop);
    await signIn(page, token, '#/sistema');
    await page.getByRole('img', {name: /Leituras: primário\..*SQL primário: ✓ bem/}).waitFor();

    await shop.control('stop', 'pg-catalogo');
    await log(page).getByText('o primário do catálogo não responde').waitFor();
    await log(page).getByText('leituras do catálogo pela réplica').waitFor();
    await page.getByRole('img', {name: /Leituras: réplica\..*SQL primário: ✕ não responde/}).waitFor();
    assert.match(await log(page).getByRole('listitem').first().textContent(), /^\d\d:\d\d:\d\d /);
    await screenshots(page, 'painel-falha', {fullPage: true});

    await shop.control('start', 'pg-catalogo');
    await log(page).getByText('o primário do catálogo responde bem').waitFor();
    await log(page).getByText('leituras do catálogo pelo primário de novo').waitFor();
    assert.ok(await shop.control('recovered'));
});

pageTest(shop, 'kill -9 of the primary is seen', {}, async ({page, allow}) => {
    allow(/status of 50\d/);
    const {token} = await newToken(shop);
    await signIn(page, token, '#/sistema');
    await page.getByRole('img', {name: /SQL primário: ✓ bem/}).waitFor();
    // It is started again at once, so it is killed until a look of the page falls into a time without it.
    await eventually(async () => {
        await shop.control('kill', 'pg-catalogo');
        await page.waitForTimeout(100);
        return log(page).getByText('o primário do catálogo não responde').first().isVisible();
    });
    await log(page).getByText('o primário do catálogo responde bem').first().waitFor();
    assert.ok(await shop.control('recovered'));
});

pageTest(shop, 'when the state itself is not told, the page says so and its own reads go on', {}, async ({page, allow}) => {
    allow(/status of 50\d/);
    const {token} = await newToken(shop);
    await signIn(page, token, '#/sistema');
    await page.getByRole('img', {name: /Leituras: primário/}).waitFor();
    const names = await shop.control('stop_pool', 'pedidos');
    await page.getByText('O estado das partes não é informado agora').waitFor();
    await log(page).getByText('o estado do sistema não é informado').waitFor();
    await page.getByRole('definition').getByText(/\d+ ms/).first().waitFor();
    await shop.control('start', ...names);
    await log(page).getByText('o estado do sistema volta a ser informado').waitFor();
    assert.ok(await shop.control('recovered'));
});
