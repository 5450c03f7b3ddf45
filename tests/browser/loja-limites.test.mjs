// Limits that are easily reached: the page waits as long as it is told, says so, and goes on by itself.
import assert from 'node:assert/strict';
import {cake, card, cartHolds, confirm, messages, newBuyer, ordered, ordersOf, readyToOrder, STATUS} from './loja.mjs';
import {pageTest} from './browser.mjs';
import {useShop} from './shop.mjs';

const shop = useShop({limite_escritas: 2, limite_pedidos: 1});

// Others of this address ask until stop() is called.
function crowd(call) {
    let on = true;
    const runners = Array.from({length: 4}, async () => {
        while (on)
            await call();
    });
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
    await card(page, 'Pudim de Leite').waitFor();
    const others = crowd(() => fetch(`${shop.url}/api/carrinho/00000000-0000-4000-8000-000000000000`, {method: 'DELETE'}));
    try {
        await card(page, 'Pudim de Leite').getByRole('button', {name: /Adicionar/}).click();
        await messages(page).getByText(/Foram muitos cliques em pouco tempo. (Continuamos em|Espere) \d+ segundos?/).waitFor();
    } finally {
        await others.stop();
    }
    const again = messages(page).getByRole('button', {name: 'Tentar de novo'});
    await page.locator('.contador').or(again).first().waitFor();
    if (await again.count())
        await again.click();
    await cartHolds(page, 1);
});

pageTest(shop, 'too many orders: this one waits, and is made once', {}, async ({page, allow}) => {
    allow(STATUS(429));
    const buyer = await readyToOrder(page, await cake(shop), newBuyer());
    const nothing = {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'};
    const others = crowd(() => fetch(`${shop.url}/api/pedidos`, nothing));
    try {
        await confirm(page).click();
        await page.getByRole('alert').getByText(/muitos pedidos deste lugar|muitos cliques/).waitFor();
    } finally {
        await others.stop();
    }
    const again = page.getByRole('button', {name: /^Tentar de novo/});
    await page.getByRole('heading', {name: 'Pedido confirmado'}).or(again).first().waitFor();
    if (await again.count())
        await again.click();
    await ordered(page);
    assert.equal((await ordersOf(shop, buyer)).length, 1);
});
