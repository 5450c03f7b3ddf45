// What all pages have in common: what browsers are told, the shop's settings, and what is shown to a person who is lost.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {noScriptText, pageTest, screenshots} from './browser.mjs';
import {eventually, useShop} from './shop.mjs';

const NAME = 'Doces & Cia <b>"Já"</b>';
const shop = useShop({loja_nome: NAME, loja_telefone: '(21) 5555-0199', loja_endereco: "Praça d'Ávila, 3 <script>", proxies: '127.0.0.1'});
const PAGES = ['/', '/painel', '/painel/', '/api/', '/erros/', '/erros/estoque-insuficiente'];
const wanted = (path, headers = {Accept: 'text/html'}) => fetch(shop.url + path, {headers});

test('every page tells the browser what it may do', async () => {
    for (const path of [...PAGES, '/nada']) {
        const {headers} = await wanted(path);
        const policy = headers.get('Content-Security-Policy');
        for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
            assert.ok(policy.split('; ').includes(part), `${path}: ${policy}`);
        assert.ok(!/unsafe|http|\*/.test(policy), policy);
        assert.equal(headers.get('Referrer-Policy'), 'no-referrer');
        assert.match(headers.get('Permissions-Policy'), /camera=\(\).*geolocation=\(\).*microphone=\(\)/);
        assert.equal(headers.get('Cross-Origin-Opener-Policy'), 'same-origin');
        assert.equal(headers.get('Strict-Transport-Security'), null);
        assert.equal(headers.get('Cache-Control'), path === '/nada' ? 'no-store' : 'no-cache');
    }
    for (const path of ['/api/produtos', '/api/nada', '/livez', '/robots.txt'])
        assert.equal((await wanted(path)).headers.get('Content-Security-Policy'), null, path);
});

test('what pages load is kept for good, and there is nothing of others', async () => {
    for (const path of PAGES) {
        const text = await (await wanted(path)).text();
        const loaded = [...text.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg|png|ico|webmanifest))"/g)].map(([, address]) => address);
        assert.ok(loaded.length > 0, path);
        for (const address of new Set(loaded)) {
            const answer = await wanted(address);
            assert.equal(answer.status, 200, address);
            if (address.startsWith('/estatico/'))
                assert.equal(answer.headers.get('Cache-Control'), 'public, max-age=31536000, immutable', address);
        }
        assert.ok(!/(?:src|href)="(https?:)?\/\//.test(text), path);
        assert.ok(!/@[A-Z]+@/.test(text), `${path} has a mark that nothing replaced: ${text.match(/@[A-Z]+@/)}`);
    }
});

test('the manifest has the name as it was written', async () => {
    const answer = await wanted('/site.webmanifest');
    assert.equal(answer.headers.get('Content-Type'), 'application/manifest+json');
    assert.equal((await answer.json()).name, NAME);
});

test('HSTS when a proxy of ours says that TLS was used', async () => {
    const secure = {Accept: 'text/html', 'X-Forwarded-Proto': 'https'};
    assert.match((await wanted('/', secure)).headers.get('Strict-Transport-Security'), /^max-age=\d{7,}/);
    assert.match((await wanted('/api/produtos', secure)).headers.get('Strict-Transport-Security'), /^max-age=\d{7,}/);
    assert.equal((await wanted('/', {'X-Forwarded-Proto': 'http'})).headers.get('Strict-Transport-Security'), null);
});

test('robots are told where the shop is', async () => {
    const text = await (await wanted('/robots.txt')).text();
    for (const path of ['/painel', '/api/', '/erros/'])
        assert.ok(text.includes(`Disallow: ${path}\n`), text);
    assert.ok(!/Disallow: \/\n/.test(text), text);
});

pageTest(shop, 'settings with < and " stand in the pages as they were written', {javaScript: false}, async ({page, allow}) => {
    allow(/status of 404/);
    for (const path of ['/', '/painel', '/nada']) {
        const answer = await page.goto(path);
        assert.equal(answer.status(), path === '/nada' ? 404 : 200);
        assert.equal(await page.locator('b:text-is("\\"Já\\"")').count(), 0, path);
        assert.ok((await page.title()).includes(NAME), await page.title());
        assert.equal(await page.locator('script:not([src])').count(), 0, path);
    }
    await page.goto('/');
    const root = page.locator('html');
    assert.equal(await root.getAttribute('data-loja'), NAME);
    assert.equal(await root.getAttribute('data-telefone'), '(21) 5555-0199');
    assert.equal(await root.getAttribute('data-endereco'), "Praça d'Ávila, 3 <script>");
});

pageTest(shop, 'without JavaScript the shop says how to order, and the back office what it needs', {javaScript: false}, async ({page}) => {
    await page.goto('/');
    assert.match(await noScriptText(page), /JavaScript[^]*\(21\) 5555-0199/);
    await page.goto('/painel');
    assert.match(await noScriptText(page), /JavaScript/);
});

pageTest(shop, 'a person who is lost finds the way to the shop', {}, async ({page, allow}) => {
    allow(/status of 404/);
    const answer = await page.goto('/bolos/de-rolo');
    assert.equal(answer.status(), 404);
    await page.getByRole('heading', {name: 'Esta página não existe'}).waitFor();
    await screenshots(page, 'nao-encontrada');
    await page.getByRole('main').getByRole('link', {name: 'Ir para a loja'}).click();
    await page.waitForURL('**/');
});

test('a program that is lost gets a problem, and so does everybody below /api/', async () => {
    for (const [path, accept] of [['/nada', 'application/json'], ['/nada', '*/*'], ['/api/nada', 'text/html'], ['/interno/x', 'text/html'], ['/estatico/x', 'text/html']]) {
        const answer = await wanted(path, {Accept: accept});
        assert.equal(answer.status, 404);
        assert.equal(answer.headers.get('Content-Type'), 'application/problem+json', path);
        assert.equal((await answer.json()).codigo, 'rota_nao_encontrada');
    }
    const posted = await fetch(`${shop.url}/nada`, {method: 'POST', headers: {Accept: 'text/html'}});
    assert.equal(posted.headers.get('Content-Type'), 'application/problem+json');
    assert.equal((await wanted('/pagina/fora-do-ar.html', {Accept: '*/*'})).status, 404);
});

pageTest(shop, 'the errors of the API are explained', {}, async ({page}) => {
    await page.goto('/erros/');
    await screenshots(page, 'erros');
    await page.getByRole('link', {name: 'Estoque insuficiente'}).click();
    await page.getByRole('heading', {name: 'Estoque insuficiente'}).waitFor();
    await screenshots(page, 'erro');
});

pageTest(shop, 'a picture that cannot be had is said in words to a person', {}, async ({page, allow}) => {
    allow(/status of 503/);
    const names = [...await shop.control('stop_pool', 'catalogo'), ...await shop.control('stop_pool', 'catalogo-replica')];
    const picture = `/fotos/${'0'.repeat(64)}.png`;
    await eventually(async () => (await wanted(picture)).status === 503);
    await page.goto(picture);
    await page.getByRole('heading', {name: 'Voltamos já'}).waitFor();
    await page.getByText('(21) 5555-0199').waitFor();
    await screenshots(page, 'fora-do-ar');
    await shop.control('start', ...names);
    assert.ok(await shop.control('recovered'));
});

pageTest(shop, 'a shop in maintenance says so, and opens again', {}, async ({page, allow}) => {
    allow(/status of 503/);
    const closed = async () => (await wanted('/')).status === 503;
    await shop.control('script', 'maintenance', 'on');
    try {
        await eventually(closed);
        await page.goto('/');
        await page.getByRole('heading', {name: 'Estamos em manutenção'}).waitFor();
        await page.getByText('(21) 5555-0199').waitFor();
        await screenshots(page, 'manutencao');
    } finally {
        await shop.control('script', 'maintenance', 'off');
    }
    await eventually(async () => !await closed());
    const answer = page.waitForResponse((response) => new URL(response.url()).pathname === '/');
    await page.getByRole('main').getByRole('link', {name: 'Tentar de novo'}).click();
    assert.equal((await answer).status(), 200);
});

// What a first visit loads: [{path, type, bytes}], as it came over the line.
async function loads(page, path) {
    const seen = [];
    const count = async (request) => {
        const {responseBodySize, responseHeadersSize} = await request.sizes();
        return {path: new URL(request.url()).pathname, type: request.resourceType(), bytes: responseBodySize + responseHeadersSize};
    };
    const finished = (request) => seen.push(count(request));
    page.on('requestfinished', finished);
    await page.goto(path, {waitUntil: 'networkidle'});
    page.off('requestfinished', finished); // what the page asks for later ends with it, uncounted
    return Promise.all(seen);
}

pageTest(shop, 'a first visit to the shop loads at most 150 kB beside pictures', {}, async ({page}) => {
    const all = (await loads(page, '/')).filter(({type}) => type !== 'image');
    const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
    assert.ok(all.some(({path}) => path === '/api/produtos'), 'the catalogue was not asked for');
    assert.ok(bytes > 10_000 && bytes <= 150_000, `${bytes} bytes:\n${all.map((one) => `${one.bytes} ${one.path}`).join('\n')}`);
});

// A module that only another module names would cost a slow line a round trip more, and so would many small ones.
for (const path of ['/', '/painel'])
    pageTest(shop, `the modules of ${path} are all named in the page`, {}, async ({page}) => {
        const text = await (await wanted(path)).text();
        const modules = (await loads(page, path)).filter((one) => one.path.endsWith('.js'));
        assert.ok(modules.length >= 1 && modules.length <= 3, modules.map((one) => one.path).join(' '));
        assert.deepEqual(modules.map((one) => one.path).filter((name) => !text.includes(`"${name}"`)), []);
    });
