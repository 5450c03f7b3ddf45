// The back office: who comes in, and what each right sees.
import assert from 'node:assert/strict';
import {focused, pageTest, screenshots} from './browser.mjs';
import {enter, messages, newToken, signIn} from './painel.mjs';
import {becomes, eventually, useShop} from './shop.mjs';

const shop = useShop();
const kept = (page) => page.evaluate(() => JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage}) + document.cookie);

pageTest(shop, 'a token opens the back office in this tab only, and signing out forgets it', {}, async ({page}) => {
    const {nome, token} = await newToken(shop);
    await page.goto('/painel');
    await screenshots(page, 'painel-entrar');
    await enter(page, token);
    await page.getByRole('heading', {name: 'Pedidos'}).waitFor();
    await page.getByText(nome, {exact: true}).waitFor();
    await page.reload();
    await page.getByText(nome, {exact: true}).waitFor();
    assert.ok(!await page.evaluate((secret) => JSON.stringify({...localStorage}).includes(secret), token));

    const other = await page.context().newPage();
    await other.goto('/painel');
    await other.getByLabel('Token').waitFor();

    await page.getByRole('button', {name: 'Sair'}).click();
    await page.getByLabel('Token').waitFor();
    assert.ok(!(await kept(page)).includes(token));
    await page.reload();
    await page.getByLabel('Token').waitFor();
});

pageTest(shop, 'a wrong token is refused in words, and nothing of it is kept', {}, async ({page, allow}) => {
    allow(/status of 401/);
    await page.goto('/painel');
    await page.getByRole('button', {name: 'Entrar'}).click();
    await page.getByText('Cole aqui o seu token.').waitFor();
    await enter(page, 'não-é-um-token');
    await page.getByText('Este token não é aceito').waitFor();
    await focused(page.getByLabel('Token'));
    assert.ok(!(await kept(page)).includes('token'), await kept(page));
});

pageTest(shop, 'an expired token is refused, and one that will expire says when', {}, async ({page, allow}) => {
    allow(/status of 401/);
    // A time that has passed before the token is made is refused, and a slow machine takes seconds to make one.
    const after = (ms) => new Date(Date.now() + ms).toISOString().replace(/\.\d+/, '');
    let life = 1000;
    const soon = await eventually(() => newToken(shop, 'admin', '--expires', after(life *= 2)));
    await eventually(async () => (await shop.ask('GET', '/api/eu', undefined, {token: soon.token})).status === 401);
    await page.goto('/painel');
    await enter(page, soon.token);
    await page.getByText('Este token não é aceito').waitFor();
    const later = await newToken(shop, 'atendente', '--expires', '2099-12-31');
    await enter(page, later.token);
    await page.getByText('atende até 31/12/2099').waitFor();
});

pageTest(shop, 'a token that is revoked in the middle of the work locks the page, and no typed text is lost', {}, async ({page, allow}) => {
    allow(/status of 401/);
    const first = await newToken(shop);
    await signIn(page, first.token, '#/produtos/novo');
    await page.getByLabel('Nome').fill('Bolo que ainda não existe');
    await shop.control('script', 'token', 'revoke', first.nome);
    await page.getByRole('heading', {name: 'Entre de novo'}).waitFor();
    const second = await newToken(shop);
    await page.getByLabel('Token').fill(second.token);
    await page.getByRole('button', {name: 'Entrar e continuar'}).click();
    await page.getByRole('heading', {name: 'Entre de novo'}).waitFor({state: 'detached'});
    assert.equal(await page.getByLabel('Nome').inputValue(), 'Bolo que ainda não existe');
    await page.getByText(second.nome, {exact: true}).waitFor();
});

pageTest(shop, 'an atendente works with orders, and only looks at products', {}, async ({page}) => {
    const {token} = await newToken(shop, 'atendente');
    const pedido = await shop.order([[1, 1]]);
    await signIn(page, token);
    const ways = page.getByRole('navigation', {name: 'Painel'});
    assert.deepEqual(await ways.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
        ['#/pedidos', '#/cozinha', '#/produtos', '#/sistema']);
    await page.getByRole('button', {name: `Começar o preparo, pedido ${pedido.numero}`}).click();
    await messages(page).getByText(`Pedido ${pedido.numero}: em preparo`).waitFor();

    await ways.getByRole('link', {name: 'Produtos'}).click();
    await page.getByRole('link', {name: 'Bolo de Chocolate'}).waitFor();
    assert.equal(await page.getByRole('link', {name: 'Novo produto'}).count(), 0);
    await page.getByRole('link', {name: 'Bolo de Chocolate'}).click();
    await page.getByRole('heading', {name: 'Bolo de Chocolate'}).waitFor();
    await page.getByText('R$ 45,90').waitFor();
    for (const name of ['Salvar', 'Gravar', 'Tirar de venda'])
        await becomes(() => page.getByRole('button', {name}).count(), 0);

    for (const view of ['#/vendas', '#/categorias']) {
        await page.goto(`/painel${view}`);
        await page.getByText('O seu token não dá direito a esta parte do painel.').waitFor();
    }
});

pageTest(shop, 'a right that was taken away is a plain sentence', {}, async ({page, allow}) => {
    allow(/status of 403/);
    const {token} = await newToken(shop);
    const less = await newToken(shop, 'atendente');
    await signIn(page, token, '#/produtos/1');
    await page.getByLabel('Nome').fill('Bolo de Outra Coisa');
    await page.route('**/api/produtos/1', async (route) => {
        const headers = route.request().headers();
        const taken = route.request().method() === 'PATCH' ? {authorization: `Bearer ${less.token}`} : {};
        await route.continue({headers: {...headers, ...taken}});
    });
    await page.getByRole('button', {name: 'Salvar'}).click();
    await page.getByText('O seu token não dá direito a isto.').waitFor();
    assert.equal(await page.getByLabel('Nome').inputValue(), 'Bolo de Outra Coisa');
});

pageTest(shop, 'the back office is used by keyboard alone, and says where it is', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const pedido = await shop.order([[2, 1]]);
    await page.goto('/painel');
    await focused(page.getByLabel('Token'));
    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: `Começar o preparo, pedido ${pedido.numero}`}).focus();
    await page.keyboard.press('Enter');
    const step = (acao) => page.getByRole('button', {name: `${acao}, pedido ${pedido.numero}`, disabled: false});
    const status = async () => (await shop.must('GET', `/api/pedidos/${pedido.id}`)).status;
    await becomes(status, 'em_preparo');
    await focused(step('Está pronto'));
    await page.keyboard.press('Enter');
    await focused(step('Cliente retirou'));
    await page.keyboard.press('Enter');
    await becomes(status, 'entregue');
    await focused(page.getByRole('group', {name: `Passos do pedido ${pedido.numero}`}));
    for (const landmark of ['banner', 'main'])
        assert.equal(await page.getByRole(landmark).count(), 1, landmark);
    await page.getByRole('link', {name: 'Vendas'}).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.title.startsWith('Vendas'));
    await focused(page.getByRole('heading', {level: 1, name: 'Vendas'}));
});
