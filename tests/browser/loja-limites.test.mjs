// Limits that are easily reached: the page waits as long as it is told, says so, and goes on by itself.
import assert from 'node:assert/strict';
import {cake, card, confirm, counted, messages, newBuyer, ordered, ordersOf, readyToOrder, STATUS} from './loja.mjs';
import {pageTest} from './browser.mjs';
import {eventually, useShop} from './shop.mjs';

const shop = useShop({limite_escritas: 2, limite_pedidos: 1});
const CAKES = ['Pudim de Leite', 'Torta de Limão', 'Bolo de Cenoura', 'Brigadeiro Gourmet', 'Mousse de Maracujá'];

// Others of this address ask until stop() is called; the first of them has been refused. Now and then a call is let through, and it may
// be the page's: what is done among them is tried until it was refused, too.
async function crowd(call) {
    let on = true, refused;
    const begun = new Promise((resolve) => { refused = resolve; });
    const runners = Array.from({length: 4}, async () => {
        while (on) {
            if ((await call()).status === 429)
                refused();
        }
    });
    await begun;
    return {
        async stop() {
            on = false;
            await Promise.all(runners);
        },
    };
}

pageTest(shop, 'too many changes: the add waits, and arrives once', {}, async ({page, allow}) => {
    allow(STATUS(429));
    await page.goto('/');
    await card(page, CAKES[0]).waitFor();
    const waits = messages(page).getByText(/Foram muitos cliques em pouco tempo. (Continuamos em|Espere) \d+ segundos?/);
    const added = (nome) => messages(page).getByText(`${nome} está no carrinho.`);
    const others = await crowd(() => fetch(`${shop.url}/api/carrinho/00000000-0000-4000-8000-000000000000`, {method: 'DELETE'}));
    let tried = 0;
    try {
        do {
            const nome = CAKES[tried++];
            await card(page, nome).getByRole('button', {name: /Adicionar/}).click();
            await waits.or(added(nome)).first().waitFor();
        } while (!await waits.count());
    } finally {
        await others.stop();
    }
    const again = messages(page).getByRole('button', {name: 'Tentar de novo'});
    await eventually(async () => {
        if (await again.count())
            await again.click({timeout: 1000});
        return await counted(page) === tried;
    });
});

pageTest(shop, 'too many orders: this one waits, and is made once', {}, async ({page, allow}) => {
    allow(STATUS(429));
    const produto = await cake(shop);
    const waits = page.getByRole('alert').getByText(/muitos pedidos deste lugar|muitos cliques/);
    const confirmed = page.getByRole('heading', {name: 'Pedido confirmado'});
    const nothing = {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'};
    let buyer, refused = false;
    while (!refused) {
        buyer = await readyToOrder(page, produto, newBuyer());
        const others = await crowd(() => fetch(`${shop.url}/api/pedidos`, nothing));
        try {
            await confirm(page).click();
            await waits.or(confirmed).first().waitFor();
            refused = await waits.count() > 0;
        } finally {
            await others.stop();
        }
    }
    const again = page.getByRole('button', {name: /^Tentar de novo/});
    await confirmed.or(again).first().waitFor();
    if (await again.count())
        await again.click();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});
