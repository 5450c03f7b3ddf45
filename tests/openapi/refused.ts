// What must not compile, since the client has to know which fields are required: tsc fails when a call below has no error.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const client = createClient<paths>();
const path = { session_id: "", id: 1 };
const cliente = { nome: "", email: "", telefone: "" };

export const calls = [
    // @ts-expect-error nome, preco and categoria_id are missing
    () => client.POST("/api/produtos", { body: {} }),
    // @ts-expect-error nome is missing
    () => client.POST("/api/categorias", { body: {} }),
    // @ts-expect-error operacao is missing
    () => client.PUT("/api/produtos/{id}/estoque", { params: { path }, body: { quantidade: 1 } }),
    // @ts-expect-error produto_id is missing
    () => client.POST("/api/carrinho/{session_id}/adicionar", { params: { path }, body: {} }),
    // @ts-expect-error cliente.email and cliente.telefone are missing
    () => client.POST("/api/pedidos", { body: { session_id: "", cliente: { nome: "" }, entrega: { tipo: "retirada" } } }),
    // @ts-expect-error a delivery without an address
    () => client.POST("/api/pedidos", { body: { session_id: "", cliente, entrega: { tipo: "entrega" } } }),
];
