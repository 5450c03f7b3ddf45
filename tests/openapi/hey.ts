// Some steps with the client that @hey-api/openapi-ts generated, which sends the token only where openapi.yaml wants one.
// What is in `refused` must not compile, since it has to know which fields are required: tsc fails when a call there has no error.
// node out/hey.js URL TOKEN: ends with a line `N passed, N failed`; each call that it makes is a test.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { client } from "./hey/client.gen.js";
import * as shop from "./hey/sdk.gen.js";
import { watched } from "./watched.js";

const [baseUrl = "", token = ""] = process.argv.slice(2);
client.setConfig({ baseUrl, auth: token, fetch: (input, init) => watched(new Request(input, init)) });

let passed = 0;

/** What a call gave; fails when it was refused. */
function given<T>(answer: { data?: T; error?: unknown }): T {
    assert.ok(answer.data !== undefined, JSON.stringify(answer.error));
    passed++;
    return answer.data;
}

async function offSale(): Promise<void> {
    const categoria = given(await shop.criarCategoria({ body: { nome: `Caldas ${randomUUID()}` } })).data;
    const body = { nome: "Calda de Caramelo", preco: 4.35, categoria_id: categoria.id };
    const { id } = given(await shop.criarProduto({ body })).data;
    const read = given(await shop.lerProduto({ path: { id } })).data;
    assert.equal(read.preco, 4.35);
    assert.deepEqual(given(await shop.trocarProduto({ path: { id }, body: read })).data, read);
    given(await shop.desativarProduto({ path: { id } }));
    assert.equal(given(await shop.lerProduto({ path: { id } })).data.ativo, false);
    assert.equal((await shop.lerProduto({ path: { id }, auth: () => undefined })).error?.codigo, "produto_nao_encontrado");
    passed++;
}

async function order(): Promise<void> {
    const { session_id } = given(await shop.abrirSessao()).data;
    given(await shop.adicionarItem({ path: { session_id }, body: { produto_id: 4 } }));
    const body = {
        session_id,
        cliente: { nome: "João", email: "joao@exemplo.com.br", telefone: "11 99999-0000" },
        entrega: { tipo: "retirada" },
    } as const;
    const headers = { "Idempotency-Key": randomUUID() };
    const { id } = given(await shop.fazerPedido({ body, headers })).data;
    assert.equal(given(await shop.fazerPedido({ body, headers })).data.id, id);
    given(await shop.mudarStatus({ path: { id }, body: { status: "em_preparo" } }));
    assert.ok(given(await shop.listarPedidos({ query: { status: "em_preparo" } })).data.some((one) => one.id === id));
}

const path = { session_id: "", id: 1 };
const cliente = { nome: "", email: "", telefone: "" };

export const refused = [
    // @ts-expect-error nome, preco and categoria_id are missing
    () => shop.criarProduto({ body: {} }),
    // @ts-expect-error nome is missing
    () => shop.criarCategoria({ body: {} }),
    // @ts-expect-error operacao is missing
    () => shop.mudarEstoque({ path, body: { quantidade: 1 } }),
    // @ts-expect-error produto_id is missing
    () => shop.adicionarItem({ path, body: {} }),
    // @ts-expect-error cliente.email and cliente.telefone are missing
    () => shop.fazerPedido({ body: { session_id: "", cliente: { nome: "" }, entrega: { tipo: "retirada" } } }),
    // @ts-expect-error a delivery without an address
    () => shop.fazerPedido({ body: { session_id: "", cliente, entrega: { tipo: "entrega" } } }),
];

try {
    await offSale();
    await order();
    console.log(`${passed} passed, 0 failed`);
} catch (error) {
    console.error(error);
    console.log(`${passed} passed, 1 failed`);
    process.exitCode = 1;
}
