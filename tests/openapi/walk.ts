// A customer's and an administrator's walk through the API, by a client that openapi-typescript generated.
// node out/walk.js URL TOKEN: ends with a line `N passed, N failed`; each call that it makes is a test.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";
import { watched } from "./watched.js";

type Problem = components["schemas"]["Problema"];

const [baseUrl = "", token = ""] = process.argv.slice(2);
const customer = createClient<paths>({ baseUrl, fetch: watched });
const administrator = createClient<paths>({ baseUrl, fetch: watched, headers: { Authorization: `Bearer ${token}` } });

const WAIT_MS = 120_000;
const PAUSE_MS = 100;

let passed = 0;

/** What a call gave; fails when it was refused. */
function given<T>(answer: { data?: T; error?: unknown; response: Response }): T {
    assert.ok(answer.data !== undefined, `${answer.response.status} ${JSON.stringify(answer.error)}`);
    passed++;
    return answer.data;
}

/** The problem with which a call was refused. */
function refused(answer: { error?: Problem; response: Response }, status: number, codigo: Problem["codigo"]): Problem {
    assert.equal(answer.response.status, status);
    assert.equal(answer.error?.codigo, codigo);
    passed++;
    return answer.error!;
}

function tag(answer: { response: Response }): string {
    return answer.response.headers.get("ETag") ?? assert.fail("no ETag");
}

/** What /health says once all is well: a part that is late makes it a 503. */
async function health() {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await setTimeout(PAUSE_MS)) {
        const answer = await customer.GET("/health");
        if (answer.response.status === 200) return answer;
    }
    return assert.fail("it is not well");
}

async function administratorOpens(): Promise<{ categoria: number; produto: number }> {
    refused(await customer.POST("/api/categorias", { body: { nome: "Minha" } }), 401, "nao_autenticado");
    const categoria = given(await administrator.POST("/api/categorias", { body: { nome: `Tortas ${randomUUID()}` } })).data;
    given(await administrator.PUT("/api/categorias/{id}", {
        params: { path: { id: categoria.id } }, body: { nome: `${categoria.nome} e mais`, descricao: "Doces e salgadas" } }));
    const made = given(await administrator.POST("/api/produtos", {
        body: { nome: "Torta de Maracujá", preco: 38.55, estoque: 5, categoria_id: categoria.id } })).data;
    const path = { id: made.id };
    const read = await administrator.GET("/api/produtos/{id}", { params: { path } });
    assert.equal(given(read).data.nome, "Torta de Maracujá");
    // What GET gives may be sent back, and changes nothing.
    const back = await administrator.PUT("/api/produtos/{id}", { params: { path }, body: given(read).data });
    assert.equal(given(back).data.atualizado_em, given(read).data.atualizado_em);
    assert.equal(tag(back), tag(read));
    given(await administrator.PATCH("/api/produtos/{id}", {
        params: { path, header: { "If-Match": tag(read) } }, body: { descricao: "Azedinha." } }));
    refused(await administrator.PATCH("/api/produtos/{id}", {
        params: { path, header: { "If-Match": tag(read) } }, body: { preco: 1 } }), 412, "versao_diferente");
    given(await administrator.PUT("/api/produtos/{id}", {
        params: { path }, body: { nome: "Torta de Maracujá", preco: 40, categoria_id: categoria.id } }));
    const stocked = given(await administrator.PUT("/api/produtos/{id}/estoque", {
        params: { path }, body: { quantidade: 10, operacao: "adicionar" } })).data;
    assert.equal(stocked.estoque, 15);
    return { categoria: categoria.id, produto: made.id };
}

async function customerLooks(categoria: number, produto: number): Promise<void> {
    const list = given(await customer.GET("/api/produtos", { params: { query: { categoria_id: categoria, limite: 1 } } }));
    assert.equal(list.data[0]?.id, produto);
    assert.equal(list.total, 1);
    assert.equal(given(await customer.GET("/api/produtos", { params: { query: { busca: "maracuja", ids: [produto] } } })).total, 1);
    const shelf = given(await customer.GET("/api/produtos/categoria/{categoria_id}", {
        params: { path: { categoria_id: categoria } } })).data;
    assert.equal(shelf.categoria.id, categoria);
    given(await customer.GET("/api/categorias"));
    given(await customer.GET("/api/categorias/{id}", { params: { path: { id: categoria } } }));
    const stock = given(await customer.GET("/api/produtos/{id}/estoque", {
        params: { path: { id: produto }, query: { quantidade: 3 } } })).data;
    assert.ok(stock.disponivel);
    const problem = refused(await customer.GET("/api/produtos", { params: { query: { limite: 0 } } }), 400, "parametro_invalido");
    assert.equal(problem.detalhes?.[0]?.campo, "limite");
    refused(await customer.GET("/api/produtos/{id}", { params: { path: { id: 2147483647 } } }), 404, "produto_nao_encontrado");
}

async function customerBuys(produto: number): Promise<string> {
    const { session_id } = given(await customer.POST("/api/carrinho/sessao")).data;
    const path = { session_id };
    given(await customer.POST("/api/carrinho/{session_id}/adicionar", {
        params: { path }, body: { produto_id: produto, quantidade: 2 } }));
    refused(await customer.POST("/api/carrinho/{session_id}/adicionar", {
        params: { path }, body: { produto_id: produto, quantidade: 100 } }), 409, "estoque_insuficiente");
    given(await customer.PUT("/api/carrinho/{session_id}/atualizar/{produto_id}", {
        params: { path: { session_id, produto_id: produto } }, body: { quantidade: 3 } }));
    given(await customer.DELETE("/api/carrinho/{session_id}/remover/{produto_id}", {
        params: { path: { session_id, produto_id: 1 } } }));
    const cart = given(await customer.GET("/api/carrinho/{session_id}", { params: { path } })).data;
    assert.equal(cart.valor_total, 120);
    assert.equal(cart.itens[0]?.produto?.nome, "Torta de Maracujá");
    const body = {
        session_id,
        cliente: { nome: "Maria", email: "maria@exemplo.com.br", telefone: "11 99999-0000" },
        entrega: { tipo: "entrega", endereco: "Rua das Flores, 12" },
    } as const;
    const header = { "Idempotency-Key": randomUUID() };
    const order = given(await customer.POST("/api/pedidos", { params: { header }, body })).data;
    assert.equal(given(await customer.POST("/api/pedidos", { params: { header }, body })).data.id, order.id);
    assert.equal(order.status, "confirmado");
    assert.equal(order.valor_total, 120);
    assert.equal(given(await customer.GET("/api/pedidos/{id}", { params: { path: { id: order.id } } })).data.numero, order.numero);
    given(await customer.DELETE("/api/carrinho/{session_id}", { params: { path } }));
    return order.id;
}

async function administratorDelivers(id: string): Promise<void> {
    const open = given(await administrator.GET("/api/pedidos", { params: { query: { status: "confirmado", limite: 500 } } }));
    assert.ok(open.data.some((order) => order.id === id));
    for (const status of ["em_preparo", "pronto", "em_rota", "entregue"] as const) {
        given(await administrator.PUT("/api/pedidos/{id}/status", { params: { path: { id } }, body: { status } }));
    }
    refused(await customer.POST("/api/pedidos/{id}/cancelar", { params: { path: { id } } }), 409, "transicao_invalida");
}

async function administratorCloses(categoria: number, produto: number): Promise<void> {
    given(await administrator.DELETE("/api/produtos/{id}", { params: { path: { id: produto } } }));
    refused(await administrator.DELETE("/api/categorias/{id}", { params: { path: { id: categoria } } }), 409, "categoria_em_uso");
    given(await health());
}

try {
    const { categoria, produto } = await administratorOpens();
    await customerLooks(categoria, produto);
    const cancelled = await customerBuys(produto);
    given(await customer.POST("/api/pedidos/{id}/cancelar", { params: { path: { id: cancelled } } }));
    await administratorDelivers(await customerBuys(produto));
    await administratorCloses(categoria, produto);
    console.log(`${passed} passed, 0 failed`);
} catch (error) {
    console.error(error);
    console.log(`${passed} passed, 1 failed`);
    process.exitCode = 1;
}
