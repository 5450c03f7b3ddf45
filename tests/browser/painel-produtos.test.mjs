// Products, categories and sales in the back office.
import assert from 'node:assert/strict';
import {pageTest, screenshots} from './browser.mjs';
import {busyDay, messages, newToken, pastDays, signIn, unlikely} from './painel.mjs';
import {becomes, useShop} from './shop.mjs';

const shop = useShop();
const productOf = (id) => shop.must('GET', `/api/produtos/${id}`);
const cells = (page, text) => page.getByRole('row').filter({hasText: text}).first().getByRole('cell').allTextContents();

// A photograph as a telephone makes it: wide in the file, upright by its EXIF orientation, with a place in it.
async function photograph(page) {
    const base64 = await page.evaluate(async () => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [2400, 1200];
        const context = canvas.getContext('2d');
        context.fillStyle = '#c08040';
        context.fillRect(0, 0, 2400, 1200);
        context.fillStyle = '#ffffff';
        context.fillRect(0, 0, 1200, 1200);
        const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
        return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(''));
    });
    const plain = Buffer.from(base64, 'base64');
    // Exif, big endian, one tag: orientation 6, a quarter turn.
    const tiff = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex');
    const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
    const head = Buffer.from([0xff, 0xe1, 0, body.length + 2]);
    return Buffer.concat([plain.subarray(0, 2), head, body, plain.subarray(2)]);
}

// First, while the shop has only its own products.
pageTest(shop, 'products, one of them, and sales look well', {}, async ({page}) => {
    const {token} = await newToken(shop);
    await busyDay(shop);
    await pastDays(shop);
    await signIn(page, token, '#/produtos');
    await page.getByRole('link', {name: 'Bolo de Chocolate'}).waitFor();
    await screenshots(page, 'painel-produtos');
    await page.goto('/painel#/produtos/1');
    await page.getByRole('heading', {name: 'O que mudou, e quem mudou'}).waitFor();
    await screenshots(page, 'painel-produto', {fullPage: true});
    await page.goto('/painel#/vendas');
    await page.getByRole('img', {name: /^Valor vendido por dia/}).waitFor();
    await screenshots(page, 'painel-vendas', {fullPage: true});
});

pageTest(shop, 'a product is made, priced exactly, and gets an upright picture without the camera’s notes', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const nome = `Bolo de Rolo ${unlikely()}`;
    await signIn(page, token, '#/produtos');
    await page.getByRole('link', {name: 'Novo produto'}).click();
    await page.getByRole('button', {name: 'Criar o produto'}).click();
    await page.getByText('Dê um nome ao produto.').waitFor();
    await page.getByLabel('Nome').fill(nome);
    await page.getByLabel('Preço').fill('45,9o');
    await page.getByRole('button', {name: 'Criar o produto'}).click();
    await page.getByText('Escreva um valor como 45,90.').waitFor();
    await page.getByLabel('Preço').fill('R$ 1.045,90');
    await page.getByLabel('Estoque inicial').fill('12');
    await page.getByLabel('Descrição').fill('Massa fina,\ngoiabada derretida.');
    await screenshots(page, 'painel-produto-novo');
    await page.getByRole('button', {name: 'Criar o produto'}).click();
    await page.getByRole('heading', {name: nome}).waitFor();
    const id = Number(new URL(page.url()).hash.split('/').at(-1));
    const made = await productOf(id);
    assert.deepEqual([made.nome, made.preco, made.estoque, made.descricao], [nome, 1045.9, 12, 'Massa fina,\ngoiabada derretida.']);

    await page.locator('#foto').setInputFiles({name: 'foto.jpg', mimeType: 'image/jpeg', buffer: await photograph(page)});
    await page.getByAltText('A foto escolhida, ainda não enviada').waitFor();
    await page.getByRole('button', {name: 'Usar esta foto'}).click();
    await messages(page).getByText('A foto foi trocada.').waitFor();
    const {foto_url: url} = await productOf(id);
    assert.match(url, /^\/fotos\/[0-9a-f]{64}\.(webp|jpg)$/);
    const answer = await fetch(shop.url + url);
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.ok(!bytes.includes('Exif'), 'the picture still has EXIF');
    const size = await page.evaluate(async (address) => {
        const image = new Image();
        image.src = address;
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
    }, url);
    assert.deepEqual(size, [800, 1600]);

    await page.getByRole('button', {name: 'Remover a foto'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Remover'}).click();
    await messages(page).getByText('A foto foi removida.').waitFor();
    assert.equal((await productOf(id)).foto_url, null);
});

pageTest(shop, 'what is no picture is refused in words', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const {id} = await shop.product();
    await signIn(page, token, `#/produtos/${id}`);
    await page.locator('#foto').setInputFiles({name: 'foto.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('isto não é uma foto')});
    await page.getByText('não é uma foto que o navegador saiba abrir').waitFor();
});

pageTest(shop, 'price and sale state change, and the trail says who changed them', {}, async ({page}) => {
    const {nome, token} = await newToken(shop);
    const {id} = await shop.product({preco: 36.5});
    await signIn(page, token, `#/produtos/${id}`);
    await page.getByLabel('Preço').fill('39,00');
    await page.getByRole('button', {name: 'Salvar'}).click();
    await messages(page).getByText('foi salvo').waitFor();
    assert.equal((await productOf(id)).preco, 39);
    await page.getByRole('button', {name: 'Tirar de venda'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Tirar de venda'}).click();
    await page.getByRole('button', {name: 'Voltar à venda'}).waitFor();
    assert.equal((await shop.ask('GET', `/api/produtos/${id}`, undefined, {token: null})).status, 404);
    await page.getByRole('button', {name: 'Voltar à venda'}).click();
    await page.getByRole('button', {name: 'Tirar de venda'}).waitFor();
    assert.equal((await productOf(id)).ativo, true);

    await page.getByRole('button', {name: 'Preço e venda'}).click();
    await becomes(() => page.getByRole('row').filter({hasText: nome}).count(), 3);
    await becomes(() => cells(page, 'Preço'), ['R$\u00a036,50', 'R$\u00a039,00']);
    await becomes(() => cells(page, 'fora de venda'), ['fora de venda', 'à venda']);
});

pageTest(shop, 'stock goes up, down and to what was counted; the ledger says by whom and for which order', {}, async ({page, allow}) => {
    const {nome, token} = await newToken(shop);
    const {id} = await shop.product({estoque: 10});
    await signIn(page, token, `#/produtos/${id}`);
    const adjust = async (name, count) => {
        await page.getByRole('radio', {name}).check();
        await page.getByLabel('Quantas unidades').fill(String(count));
        await page.getByRole('button', {name: 'Gravar'}).click();
    };
    for (const [name, count, left] of [['Entrou', 5, 15], ['Saiu', 3, 12], ['Contei', 20, 20]]) {
        await adjust(name, count);
        await messages(page).getByText(`agora há ${left} em estoque`).waitFor();
        assert.equal((await productOf(id)).estoque, left);
    }
    allow(/status of 409/);
    await adjust('Saiu', 21);
    await page.getByText('Estoque insuficiente').waitFor();
    assert.equal(await page.getByLabel('Quantas unidades').inputValue(), '21');

    const {numero} = await shop.order([[id, 2]]);
    await page.getByRole('row').filter({hasText: `pedido ${numero}`}).first().waitFor();
    await becomes(() => page.getByRole('row').filter({hasText: nome}).count(), 3);
    await becomes(() => cells(page, nome), ['+8', '20']);
});

pageTest(shop, 'an adjustment whose answer is lost counts once when it is repeated', {}, async ({page, allow}) => {
    allow(/net::ERR_/);
    const {token} = await newToken(shop);
    const {id} = await shop.product({estoque: 10});
    await signIn(page, token, `#/produtos/${id}`);
    let lost = false;
    await page.route('**/estoque', async (route) => {
        if (lost)
            return route.continue();
        lost = true;
        await route.fetch();
        return route.abort();
    });
    await page.getByLabel('Quantas unidades').fill('4');
    await page.getByRole('button', {name: 'Gravar'}).click();
    await page.getByText('A loja não respondeu.').waitFor();
    await page.getByRole('button', {name: 'Gravar'}).click();
    await messages(page).getByText('agora há 14 em estoque').waitFor();
    assert.equal((await productOf(id)).estoque, 14);
});

pageTest(shop, 'a change by somebody else is shown, and neither is lost', {}, async ({page, allow}) => {
    allow(/status of 412/);
    const {token} = await newToken(shop);
    const {id} = await shop.product({nome: 'Bolo Disputado', preco: 20, descricao: 'Como era.'});
    await signIn(page, token, `#/produtos/${id}`);
    await page.getByLabel('Descrição').fill('Como eu quero.');
    await page.getByLabel('Preço').fill('21,00');
    await shop.must('PATCH', `/api/produtos/${id}`, {preco: 25, nome: 'Bolo Muito Disputado'});
    await page.getByRole('button', {name: 'Salvar'}).click();
    await page.getByText('Outra pessoa mudou este produto enquanto você editava.').waitFor();
    const rows = page.getByRole('alert').getByRole('row');
    const row = (name) => rows.filter({has: page.getByRole('rowheader', {name})}).getByRole('cell').allTextContents();
    await becomes(() => row('Preço'), ['R$\u00a020,00', 'R$\u00a025,00', 'R$\u00a021,00']);
    await becomes(() => row('Nome'), ['Bolo Disputado', 'Bolo Muito Disputado', 'não mudou']);
    await screenshots(page, 'painel-conflito');
    await page.getByRole('button', {name: 'Salvar o que escrevi'}).click();
    await messages(page).getByText('foi salvo').waitFor();
    const now = await productOf(id);
    assert.deepEqual([now.nome, now.preco, now.descricao], ['Bolo Muito Disputado', 21, 'Como eu quero.']);
});

pageTest(shop, 'categories are made, renamed and deleted; one in use is not', {}, async ({page, allow}) => {
    allow(/status of 409/);
    const {token} = await newToken(shop);
    const nome = `Panetones ${unlikely()}`;
    await signIn(page, token, '#/categorias');
    await page.getByLabel('Nova categoria').fill(nome);
    await page.getByRole('button', {name: 'Criar'}).click();
    await page.getByRole('button', {name: `Renomear ${nome}`}).click();
    await page.getByLabel('Nome', {exact: true}).fill(`${nome} e Colombas`);
    await page.getByRole('button', {name: 'Salvar'}).click();
    await page.getByRole('button', {name: `Apagar ${nome} e Colombas`}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Apagar'}).click();
    await messages(page).getByText('foi apagada').waitFor();
    await page.getByRole('button', {name: 'Apagar Bolos'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Apagar'}).click();
    await messages(page).getByText('Há produtos nesta categoria').waitFor();
    await screenshots(page, 'painel-categorias');
});

pageTest(shop, 'products are found, also those off sale', {}, async ({page}) => {
    const {token} = await newToken(shop);
    const nome = `Quindim ${unlikely()}`;
    const {id} = await shop.product({nome, estoque: 0});
    await shop.must('DELETE', `/api/produtos/${id}`);
    await signIn(page, token, '#/produtos');
    await page.getByRole('link', {name: 'Fora de venda'}).click();
    await page.getByRole('link', {name: nome}).waitFor();
    await page.getByRole('link', {name: 'À venda'}).click();
    await page.getByRole('link', {name: nome}).waitFor({state: 'detached'});
    await page.getByRole('link', {name: 'Todos', exact: true}).click();
    await page.getByLabel('Procurar').fill(nome);
    await becomes(() => page.getByRole('list', {name: 'Produtos'}).getByRole('listitem').count(), 1);
    await page.getByRole('link', {name: nome}).click();
    await page.getByRole('heading', {name: nome}).getByText('Fora de venda').waitFor();
});

pageTest(shop, 'sales are a chart and a table that say the same, without what was cancelled', {}, async ({page}) => {
    const {token} = await newToken(shop);
    await signIn(page, token, '#/vendas?dias=7');
    await page.getByRole('img', {name: /^Valor vendido por dia/}).waitFor();
    const sold = async () => {
        await page.reload();
        const text = await page.locator('.numero-grande').first().getByRole('definition').textContent();
        return Number(text.replace(/[^\d,]/g, '').replace(',', '.'));
    };
    const before = await sold();
    const {id} = await shop.product({preco: 120.5});
    await shop.order([[id, 2]]);
    const gone = await shop.order([[id, 1]]);
    await shop.must('PUT', `/api/pedidos/${gone.id}/status`, {status: 'cancelado'});
    await becomes(sold, before + 241);
    const days = () => page.getByRole('region', {name: 'Vendas por dia, em tabela'}).getByRole('rowheader').count();
    await becomes(days, 7);
    await page.getByRole('link', {name: '90 dias'}).click();
    await becomes(days, 90);
});
