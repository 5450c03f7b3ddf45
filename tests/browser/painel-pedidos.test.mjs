// Orders and the kitchen in the back office.
import assert from 'node:assert/strict';
import {hearsNothing, pageTest, screenshots, settle} from './browser.mjs';
import {busyDay, messages, newToken, rowOf, signIn, unlikely} from './painel.mjs';
import {becomes, eventually, useShop} from './shop.mjs';

const shop = useShop();
const statusOf = async ({id}) => (await shop.must('GET', `/api/pedidos/${id}`)).status;
const step = (page, acao, {numero}) => page.getByRole('button', {name: `${acao}, pedido ${numero}`}).first();

// First, while the shop has only its own products.
pageTest(shop, 'orders, an order and the kitchen look well', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const orders = await busyDay(shop);
    await signIn(page, token, '#/pedidos?estado=todos');
    await rowOf(page, orders.at(-1).numero).waitFor();
    await screenshots(page, 'painel-pedidos');
    await page.goto(`/painel#/pedidos/${orders[1].id}?estado=todos`);
    await page.getByRole('heading', {name: `Pedido ${orders[1].numero}`}).waitFor();
    await screenshots(page, 'painel-pedido');
    await page.goto('/painel#/cozinha');
    await page.getByRole('heading', {name: 'Quantidades do dia'}).waitFor();
    await screenshots(page, 'painel-cozinha');
    await page.setViewportSize({width: 720, height: 1018});
    await page.emulateMedia({media: 'print'});
    await settle(page);
    await page.screenshot({path: `${process.env.CONFEITARIA_TOP}/build/test/telas/painel-cozinha-impressa.png`, fullPage: true});
});

pageTest(shop, 'an order goes from confirmed to handed over by a click each, and its history says who moved it', {}, async ({page}) => {
    const {nome, token} = await newToken(shop);
    const pedido = await shop.order([[1, 2]]);
    await signIn(page, token);
    await rowOf(page, pedido.numero).getByRole('link').click();
    await page.getByRole('heading', {name: `Pedido ${pedido.numero}`}).waitFor();
    const detail = page.getByRole('region', {name: 'O pedido'});
    for (const [acao, status] of [['Começar o preparo', 'em_preparo'], ['Está pronto', 'pronto'], ['Cliente retirou', 'entregue']]) {
        await detail.getByRole('button', {name: acao}).click();
        await becomes(() => statusOf(pedido), status);
    }
    await detail.getByText('Entregue', {exact: true}).first().waitFor();
    await becomes(() => detail.getByRole('button').count(), 0);
    await becomes(() => detail.getByText(`por ${nome}`).count(), 3);
});

pageTest(shop, 'a double click takes one step', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const pedido = await shop.order([[1, 1]]);
    await signIn(page, token);
    const {x, y, width} = await step(page, 'Começar o preparo', pedido).boundingBox();
    await page.mouse.click(x + width - 30, y + 10);
    // The shop was quicker than the second click, which falls on the next step's button.
    await step(page, 'Está pronto', pedido).waitFor();
    await page.mouse.down({clickCount: 2});
    await page.mouse.up({clickCount: 2});
    await messages(page).getByText(`Pedido ${pedido.numero}: em preparo`).waitFor();
    await page.reload();
    await page.getByRole('heading', {name: 'Pedidos'}).waitFor();
    assert.equal(await statusOf(pedido), 'em_preparo');
});

pageTest(shop, 'a delivery that met no one comes back to the shop, and cancelling asks first', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const pedido = await shop.order([[1, 1]], {entrega: {tipo: 'entrega', endereco: 'Rua das Laranjeiras, 45'}});
    for (const status of ['em_preparo', 'pronto'])
        await shop.must('PUT', `/api/pedidos/${pedido.id}/status`, {status});
    await signIn(page, token, `#/pedidos/${pedido.id}?estado=todos`);
    const detail = page.getByRole('region', {name: 'O pedido'});
    await detail.getByRole('button', {name: 'Saiu para entrega'}).click();
    await detail.getByRole('button', {name: 'Voltou para a loja'}).click();
    await detail.getByRole('button', {name: 'Cancelar'}).click();
    const question = page.getByRole('dialog');
    await question.getByRole('button', {name: 'Voltar'}).click();
    await becomes(() => statusOf(pedido), 'pronto');
    await detail.getByRole('button', {name: 'Cancelar'}).click();
    await question.getByRole('button', {name: 'Cancelar o pedido'}).click();
    await detail.getByText('Cancelado', {exact: true}).first().waitFor();
    await becomes(() => statusOf(pedido), 'cancelado');
});

pageTest(shop, 'an order that somebody else moved is shown as it is', {}, async ({page, allow}) => {
    allow(/status of 409/);
    const {token} = await newToken(shop);
    const pedido = await shop.order([[1, 1]]);
    await signIn(page, token);
    await step(page, 'Começar o preparo', pedido).waitFor();
    allow(/net::ERR_FAILED/);
    await hearsNothing(page, '**/api/pedidos?ordem=atualizado*', (route) => route.abort());
    for (const status of ['em_preparo', 'pronto'])
        await shop.must('PUT', `/api/pedidos/${pedido.id}/status`, {status});
    await step(page, 'Começar o preparo', pedido).click();
    await messages(page).getByText('já foi mudado por outra pessoa').waitFor();
    await step(page, 'Cliente retirou', pedido).waitFor();
});

pageTest(shop, 'new orders come by themselves and are announced; those that others move change their state', {}, async ({page}) => {
    const {token} = await newToken(shop);
    await signIn(page, token, '#/pedidos?estado=todos');
    const nome = `Cliente ${unlikely()}`;
    const first = await shop.order([[1, 1]]);
    await rowOf(page, first.numero).waitFor();
    const pedido = await shop.order([[1, 1]], {cliente: {nome, email: 'novo@exemplo.com.br', telefone: '(11) 98888-7777'}});
    await rowOf(page, pedido.numero).waitFor();
    await page.getByText(`Novo pedido: número ${pedido.numero}, de ${nome}.`).waitFor({state: 'attached'});
    await shop.must('PUT', `/api/pedidos/${pedido.id}/status`, {status: 'em_preparo'});
    await rowOf(page, pedido.numero).getByText('Em preparo', {exact: true}).waitFor();
});

pageTest(shop, 'orders are found by number, by name, by telephone, and page by page', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const name = `Zuleica ${unlikely()}`;
    const pedido = await shop.order([[1, 1]], {cliente: {nome: name, email: 'z@exemplo.com.br', telefone: '(21) 97654-3210'}});
    const {id} = await shop.product();
    for (let i = 0; i < 32; i++)
        await shop.order([[id, 1]]);
    await signIn(page, token);
    const rows = page.getByRole('list', {name: 'Pedidos'}).getByRole('listitem');
    await becomes(() => rows.count(), 30);
    await page.getByRole('button', {name: 'Carregar mais'}).click();
    await eventually(async () => await rows.count() > 32);
    for (const question of [String(pedido.numero), name.toLowerCase(), '97654-3210']) {
        await page.getByLabel('Número ou cliente').fill(question);
        await becomes(() => rows.count(), 1);
        await rowOf(page, pedido.numero).waitFor();
    }
    await page.getByLabel('Número ou cliente').fill('zu');
    await page.getByText('Digite ao menos três letras.').waitFor();
    await page.getByLabel('Número ou cliente').fill('nenhum assim');
    await page.getByText('Nenhum pedido com este número ou cliente.').waitFor();
});

pageTest(shop, 'the kitchen sees the day in the order of its time, and prints it in black on white', {scheme: 'dark'}, async ({page}) => {
    const {token} = await newToken(shop);
    const produto = await shop.product({nome: 'Bolo da Cozinha', estoque: 50});
    const tomorrow = new Date(Date.now() + 86_400_000).toLocaleDateString('sv-SE', {timeZone: 'America/Sao_Paulo'});
    const at = (time) => ({tipo: 'retirada', data: `${tomorrow}T${time}:00-03:00`});
    const late = await shop.order([[produto.id, 3]], {entrega: at('16:30')});
    const early = await shop.order([[produto.id, 2]], {entrega: at('09:15')});
    const whenever = await shop.order([[produto.id, 1]], {entrega: {tipo: 'retirada', data: tomorrow}});
    await shop.must('PUT', `/api/pedidos/${early.id}/status`, {status: 'em_preparo'});
    await shop.must('PUT', `/api/pedidos/${early.id}/status`, {status: 'pronto'});

    await signIn(page, token, `#/cozinha?dia=${tomorrow}`);
    await page.getByRole('heading', {name: '9h'}).waitFor();
    const seen = (await page.locator('.comanda-cabeca p').allTextContents()).map((text) => /nº (\d+)/.exec(text)[1]);
    const ours = [early, late, whenever].map(({numero}) => String(numero));
    assert.deepEqual(seen.filter((numero) => ours.includes(numero)), ours);
    const sums = page.getByRole('row').filter({has: page.getByRole('rowheader', {name: 'Bolo da Cozinha'})});
    await becomes(() => sums.getByRole('cell').allTextContents(), ['4', '6']);
    await step(page, 'Começar o preparo', late).click();
    await step(page, 'Está pronto', late).waitFor();

    await page.emulateMedia({media: 'print', colorScheme: 'dark'});
    for (const hidden of ['.vistas', '.dias', '.passos'])
        await becomes(() => page.locator(hidden).first().isVisible(), false);
    await page.getByText('impresso em').waitFor();
    const look = await page.locator('.comanda').first().evaluate((ticket) => getComputedStyle(ticket));
    assert.deepEqual([look.color, look.backgroundColor], ['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
    await page.emulateMedia({media: 'screen', colorScheme: 'dark'});
    await page.getByRole('link', {name: 'Dia anterior'}).click();
    await page.getByRole('heading', {name: 'Cozinha hoje'}).waitFor();
});

pageTest(shop, 'without the shop the page says so, and goes on when it is back', {}, async ({page, allow}) => {
    allow(/ERR_INTERNET_DISCONNECTED/, /status of 50\d/);
    const {token} = await newToken(shop);
    await signIn(page, token, '#/pedidos?estado=todos');
    await page.getByRole('list', {name: 'Pedidos'}).waitFor();
    await page.context().setOffline(true);
    await page.getByText('Sem notícias dos pedidos').waitFor();
    await page.getByRole('link', {name: 'Entregues'}).click();
    await page.getByText('A loja não respondeu.').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('button', {name: 'Tentar de novo'}).click();
    await page.getByText('A loja não respondeu.').waitFor({state: 'detached'});
    await page.getByText('Sem notícias dos pedidos').waitFor({state: 'detached'});
});

pageTest(shop, 'an order whose personal data were taken out says so', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const email = `apagar-${unlikely()}@exemplo.com.br`;
    const pedido = await shop.order([[1, 1]], {cliente: {nome: 'Dona Lia', email, telefone: '(11) 91234-0000'}});
    await shop.must('PUT', `/api/pedidos/${pedido.id}/status`, {status: 'cancelado'});
    await shop.control('script', 'customer', 'anonymise', email, '--yes');
    await signIn(page, token, '#/pedidos?estado=cancelado');
    await rowOf(page, pedido.numero).getByText('Dados apagados').waitFor();
    await rowOf(page, pedido.numero).getByRole('link').click();
    await page.getByRole('region', {name: 'O pedido'}).getByText('Dados apagados').waitFor();
    assert.equal(await page.getByText('Dona Lia').count(), 0);
});
