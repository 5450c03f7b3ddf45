// A private shop for the tests of a file: const shop = useShop(); its parts are killed, frozen and stopped by shop.control(…).
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {randomUUID} from 'node:crypto';
import {after, before} from 'node:test';
import assert from 'node:assert/strict';

export const WAIT_MS = 120_000;
const TOP = process.env.CONFEITARIA_TOP;

// Waits until condition() gives something true, and gives that. A condition that throws is not true yet.
export async function eventually(condition, what = String(condition)) {
    const end = Date.now() + WAIT_MS;
    let last;
    for (;;) {
        try {
            const value = await condition();
            if (value)
                return value;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end)
            throw new Error(`waited for ${WAIT_MS} ms: ${what}`, {cause: last});
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

// Waits until read() gives what is wanted.
export const becomes = (read, wanted) =>
    eventually(async () => {
        assert.deepEqual(await read(), wanted);
        return true;
    }, `it becomes ${JSON.stringify(wanted)}`);

class Shop {
    #process;
    #answers;
    #queue = Promise.resolve();

    async start(settings) {
        const words = Object.entries(settings).map(([name, value]) => name.startsWith('--') ? value : `${name}=${value}`);
        this.#process = spawn('/usr/bin/python3', [`${TOP}/tests/browser/shop_server.py`, ...words], {stdio: ['pipe', 'pipe', 'inherit']});
        this.#answers = createInterface({input: this.#process.stdout})[Symbol.asyncIterator]();
        Object.assign(this, await this.#answer());
    }

    async #answer() {
        const {value, done} = await this.#answers.next();
        assert.ok(!done, 'the shop has ended');
        const answer = JSON.parse(value);
        if ('error' in answer)
            throw new Error(answer.error);
        return answer.ok;
    }

    // What shop_server.py's Control has: control('kill', 'pg-catalogo'), control('freeze', 'redis'), …
    control(name, ...words) {
        const asked = this.#queue.then(() => {
            this.#process.stdin.write(`${JSON.stringify({do: name, with: words})}\n`);
            return this.#answer();
        });
        this.#queue = asked.catch(() => {});
        return asked;
    }

    async stop() {
        if (this.#process.exitCode !== null)
            return;
        const ended = new Promise((resolve) => this.#process.once('exit', resolve));
        this.#process.stdin.end();
        await ended;
    }

    // A call of the API: {status, headers, data, json}. `token`: null for none.
    async ask(method, path, body, {token = this.token, headers = {}} = {}) {
        const answer = await fetch(this.url + path, {
            method,
            headers: {
                ...(body === undefined ? {} : {'Content-Type': 'application/json'}),
                ...(token ? {Authorization: `Bearer ${token}`} : {}),
                ...headers,
            },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        const json = /json/.test(answer.headers.get('Content-Type') ?? '') ? JSON.parse(text) : undefined;
        return {status: answer.status, headers: answer.headers, text, json, data: json?.data};
    }

    // As ask(), and it must succeed; gives the data.
    async must(method, path, body, options) {
        const answer = await this.ask(method, path, body, options);
        assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
        return answer.data;
    }

    async category(nome = `Categoria ${randomUUID()}`) {
        return (await this.must('POST', '/api/categorias', {nome})).id;
    }

    // A product on sale, in a category of its own unless one is given.
    async product(fields = {}) {
        const categoria_id = fields.categoria_id ?? await this.category();
        return this.must('POST', '/api/produtos', {nome: `Produto ${randomUUID()}`, preco: 10, estoque: 100, ...fields, categoria_id});
    }

    // A cart with what is asked for, as [[product id, quantity], …]; its session.
    async cart(items) {
        const {session_id} = await this.must('POST', '/api/carrinho/sessao', undefined, {token: null});
        for (const [produto_id, quantidade] of items)
            await this.must('POST', `/api/carrinho/${session_id}/adicionar`, {produto_id, quantidade}, {token: null});
        return session_id;
    }

    // An order of these items, by another customer than the browser's.
    async order(items, fields = {}) {
        return this.must('POST', '/api/pedidos', {
            session_id: await this.cart(items),
            cliente: {nome: 'Maria da Silva', email: 'maria@exemplo.com.br', telefone: '+55 11 91234-5678'},
            entrega: {tipo: 'retirada'},
            ...fields,
        }, {token: null});
    }
}

// The shop of a test file: up before its tests, gone after them. `settings` as scripts/up --set has them.
export function useShop(settings = {}) {
    const shop = new Shop();
    before(() => shop.start(settings), {timeout: 4 * WAIT_MS});
    after(() => shop.stop(), {timeout: 4 * WAIT_MS});
    return shop;
}
