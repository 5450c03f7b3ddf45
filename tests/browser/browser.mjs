// Pages in Chromium that fail their test for what a customer would not see: an error on the console, a script that threw, a report of the
// Content-Security-Policy, a request to another host. What a test provokes it announces: allow(/status of 409/).
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename} from 'node:path';
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';
import {eventually, WAIT_MS} from './shop.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = `${process.env.CONFEITARIA_TOP}/build/test/telas`;
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const SIZES = [{width: 360, height: 800}, {width: 1280, height: 800}];
let browser;

before(async () => {
    browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ARGUMENTS, timeout: WAIT_MS});
});
after(() => browser?.close());

// A customer's browser: storage of its own. Everything wrong that happens in it goes into `faults`.
async function newContext(shop, faults, {javaScript = true, width = 1280, height = 800, scheme = 'light', ...options}) {
    const context = await browser.newContext({
        baseURL: shop.url,
        locale: 'pt-BR',
        timezoneId: 'America/Sao_Paulo',
        viewport: {width, height},
        colorScheme: scheme,
        reducedMotion: 'reduce',
        javaScriptEnabled: javaScript,
        ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    context.on('request', (request) => {
        const {protocol, origin} = new URL(request.url());
        if (!['data:', 'blob:'].includes(protocol) && origin !== shop.url)
            faults.push(`request to another host: ${request.url()}`);
    });
    context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()))
            faults.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => faults.push(`script: ${error.error().stack}`));
    await context.exposeBinding('reportPolicy', (_, report) => faults.push(`policy: ${report}`));
    await context.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) =>
        globalThis.reportPolicy(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
    return context;
}

// A test with a browser: body({page, shop, allow, open, faults, t}). open(options) gives another customer's page; a second tab is
// page.context().newPage(). Options are newContext's.
export function pageTest(shop, name, options, body) {
    test(`${basename(process.argv[1])}: ${name}`, {timeout: 5 * WAIT_MS}, async (t) => {
        const faults = [], allowed = [], contexts = [];
        const open = async (more = {}) => {
            contexts.push(await newContext(shop, faults, {...options, ...more}));
            return contexts.at(-1).newPage();
        };
        const allow = (...patterns) => allowed.push(...patterns);
        try {
            await body({page: await open(), shop, allow, open, faults, t});
        } catch (error) {
            const seen = faults.filter((fault) => !allowed.some((pattern) => pattern.test(fault)));
            const place = await keepWhatIsSeen(shop, name, contexts);
            error.stack += `\n${seen.join('\n')}\nlogs and pictures: ${place}`;
            throw error;
        } finally {
            await Promise.all(contexts.map((context) => context.close()));
        }
        assert.deepEqual(faults.filter((fault) => !allowed.some((pattern) => pattern.test(fault))), []);
    });
}

async function keepWhatIsSeen(shop, name, contexts) {
    const place = await shop.control('keep_logs', `browser-${name.replace(/[^\p{L}\d]+/gu, '-')}`);
    let number = 0;
    for (const page of contexts.flatMap((context) => context.pages()))
        await page.screenshot({path: `${place}/page-${++number}.png`, timeout: 10_000}).catch(() => {});
    return place;
}

// Pictures have come, and what moves has arrived; what turns for ever is not waited for.
export async function settle(page) {
    await page.evaluate(async () => {
        await document.fonts.ready;
        await Promise.all([...document.images].filter((image) => image.loading !== 'lazy' && !image.complete)
            .map((image) => new Promise((resolve) => { image.onload = image.onerror = resolve; })));
        await Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
            .map((one) => one.finished.catch(() => {})));
    });
}

// Waits until the focus is there: pages move it after they have drawn.
export const focused = (place) =>
    eventually(() => place.evaluate((element) => element === document.activeElement), `the focus is on ${place}`);

// From when this resolves, a page that polls an address hears nothing new from it. A page polls again only when its poll before has
// ended, so that no answer that was on its way can still come.
export const hearsNothing = (page, address, answer) => new Promise((resolve, reject) => {
    page.route(address, (route) => {
        resolve();
        return answer(route);
    }).catch(reject);
});

// axe finds nothing, but for rules named in `except`.
export async function axe(page, {except = [], within} = {}) {
    await settle(page);
    await page.evaluate(AXE);
    const violations = await page.evaluate(async ([rules, context]) => {
        const found = await globalThis.axe.run(context ?? document, {rules});
        return found.violations.map(({id, help, nodes}) => `${id}: ${help}\n${nodes.map((node) =>
            `    ${node.target.join(' ')}: ${node.failureSummary.replace(/\s+/g, ' ')}`).join('\n')}`);
    }, [Object.fromEntries(except.map((rule) => [rule, {enabled: false}])), within]);
    assert.equal(violations.join('\n'), '');
}

// Nothing makes the page scroll sideways.
export async function fits(page) {
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= room, `the page is ${wide} px wide, the window ${room} px`);
}

// No element has a transition, as users who prefer reduced motion expect.
export async function still(page) {
    const moving = await page.evaluate(() => [...document.querySelectorAll('body *')]
        .filter((element) => ['', '::before', '::after'].some((part) =>
            getComputedStyle(element, part).transitionDuration.split(', ').some((duration) => duration !== '0s')))
        .map((element) => element.outerHTML.slice(0, 80)));
    assert.deepEqual(moving, []);
}

// Pictures of a page as it stands, 360 and 1280 px wide, light and dark; each must fit, keep still and please axe. Afterwards it is as
// it was.
export async function screenshots(page, name, {except, fullPage = false} = {}) {
    const before = page.viewportSize();
    const scheme = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    for (const size of SIZES) {
        await page.setViewportSize(size);
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
            await settle(page);
            await page.screenshot({path: `${PICTURES}/${name}-${size.width}-${colorScheme}.png`, fullPage, animations: 'disabled'});
            await fits(page);
            await still(page);
            await axe(page, {except});
        }
    }
    await page.emulateMedia({colorScheme: scheme, reducedMotion: 'reduce'});
    await page.setViewportSize(before);
}

// What a page shows without JavaScript: Playwright looks for no text in <noscript>.
export async function noScriptText(page) {
    const parts = page.locator('noscript');
    await parts.first().waitFor();
    return (await parts.allInnerTexts()).join('\n');
}
