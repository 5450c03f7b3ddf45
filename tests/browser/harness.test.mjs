// That tests of pages notice what they are there to notice.
import assert from 'node:assert/strict';
import {axe, fits, pageTest} from './browser.mjs';
import {eventually, useShop} from './shop.mjs';

const shop = useShop();

pageTest(shop, 'a test is told of all that is wrong in its page', {}, async ({page, allow, faults}) => {
    allow(/./);
    await page.goto('/erros/');
    await page.evaluate(() => {
        console.error('a complaint');
        setTimeout(() => { throw new Error('a mistake'); });
        document.body.setAttribute('style', 'color: red');
        fetch('http://other.invalid/').catch(() => {});
    });
    const seen = (...patterns) => patterns.every((pattern) => faults.some((fault) => pattern.test(fault)));
    await eventually(() => seen(/^console error: a complaint/, /^script: .*a mistake/, /^policy: style-src/, /^policy: connect-src/), 'its faults');
    await page.goto('http://other.invalid/').catch(() => {});
    await eventually(() => seen(/^request to another host/), 'a request to another host');
});

pageTest(shop, 'axe and the width of a page are judged', {width: 360}, async ({page}) => {
    await page.goto('/erros/');
    await axe(page);
    await fits(page);
    await page.evaluate(() => {
        const wide = document.createElement('div');
        wide.style.width = '2000px';
        wide.append(document.createElement('button'), 'wide');
        document.querySelector('main').append(wide);
    });
    await assert.rejects(axe(page), /button-name/);
    await axe(page, {except: ['button-name', 'region']});
    await assert.rejects(fits(page), /the window 360 px|is \d+ px wide/);
});

pageTest(shop, 'parts of the shop are killed, frozen and stopped', {}, async () => {
    const [before, health] = [await shop.control('processes'), async () => (await shop.ask('GET', '/health')).json.status];
    assert.ok(await shop.control('kill', 'redis'));
    await eventually(async () => (await shop.control('processes')).redis !== before.redis, 'another Redis');
    assert.ok(await shop.control('recovered'));
    await shop.control('freeze', 'redis');
    await eventually(async () => await health() === 'unhealthy', 'a frozen Redis is noticed');
    await shop.control('thaw', 'redis');
    assert.ok(await shop.control('recovered'));
    const names = await shop.control('stop_pool', 'carrinho');
    assert.equal(names.length, 2);
    await eventually(async () => (await shop.ask('POST', '/api/carrinho/sessao')).status >= 502, 'no carts');
    await shop.control('start', ...names);
    assert.ok(await shop.control('recovered'));
    await assert.rejects(shop.control('kill', 'nothing'), /KeyError/);
});
