/* What the catalogue says of products: asked through the internal listener, read, and written again in the cart. */
#include <inttypes.h>

#include "carrinho/carrinho.h"
#include "core/call.h"
#include "core/log.h"

const struct field produto_fields[PRODUTO_FIELDS] = {
    {"id", FIELD_INT, offsetof(struct produto, id)},
    {"nome", FIELD_TEXT, offsetof(struct produto, nome)},
    {"descricao", FIELD_TEXT, offsetof(struct produto, descricao)},
    {"preco", FIELD_MONEY, offsetof(struct produto, preco)},
    {"estoque", FIELD_INT, offsetof(struct produto, estoque)},
    {"categoria_id", FIELD_INT, offsetof(struct produto, categoria_id)},
    {"categoria_nome", FIELD_TEXT, offsetof(struct produto, categoria_nome)},
    {"foto_url", FIELD_TEXT, offsetof(struct produto, foto_url)},
    {"ativo", FIELD_BOOL, offsetof(struct produto, ativo)},
    {"criado_em", FIELD_TIME, offsetof(struct produto, criado_em)},
    {"atualizado_em", FIELD_TIME, offsetof(struct produto, atualizado_em)},
};

/* What the cart counts with must be there; the rest only passes through. */
static const struct rule produto_rules[] = {
    {"id", FIELD_INT, offsetof(struct produto, id), true, .min = 1, .max = INT32_MAX},
    {"nome", FIELD_TEXT, offsetof(struct produto, nome), true, .max = INT32_MAX},
    {"descricao", FIELD_TEXT, offsetof(struct produto, descricao), .max = INT32_MAX},
    {"preco", FIELD_MONEY, offsetof(struct produto, preco), true, .max = 9999999999},
    {"estoque", FIELD_INT, offsetof(struct produto, estoque), true, .max = INT64_MAX},
    {"categoria_id", FIELD_INT, offsetof(struct produto, categoria_id), .max = INT32_MAX},
    {"categoria_nome", FIELD_TEXT, offsetof(struct produto, categoria_nome), .max = INT32_MAX},
    {"foto_url", FIELD_TEXT, offsetof(struct produto, foto_url), .nullable = true, .max = INT32_MAX},
    {"ativo", FIELD_BOOL, offsetof(struct produto, ativo), true},
    {"criado_em", FIELD_TIME, offsetof(struct produto, criado_em)},
    {"atualizado_em", FIELD_TIME, offsetof(struct produto, atualizado_em)},
};

static const struct json_schema produto_schema = {produto_rules, FIELD_COUNT(produto_rules), true};

struct lista {
	struct field_array produtos;
};

static const struct rule lista_rules[] = {
    {"data", FIELD_ARRAY, offsetof(struct lista, produtos), true, .max = LINHAS_MAX, .rules = produto_rules,
     .rule_count = FIELD_COUNT(produto_rules), .size = sizeof(struct produto)},
};

static const struct json_schema lista_schema = {lista_rules, FIELD_COUNT(lista_rules), true};

/* Asks the catalogue; its 404 is passed on, any other refusal is our own mistake and no customer's business. */
static enum problem ask(struct request *rq, struct response *rs, const char *path, struct call_answer *answer)
{
	const struct call call = {.method = "GET", .path = path, .request_id = rq->id};
	enum problem problem = caller_call(rq->stores->caller, &call, rq->arena, answer);

	if (problem != PROBLEM_NONE || answer->status == 200)
		return problem;
	if (answer->status == 404)
		return call_problem(answer, rs);
	log_event(LOG_LEVEL_ERRO, "servico_recusou", "servico=catalogo status=%d", answer->status);
	return PROBLEM_SERVICO_INDISPONIVEL;
}

enum problem produto_find(struct request *rq, struct response *rs, int64_t id, struct produto *produto)
{
	struct call_answer answer;
	const char *path = arena_printf(rq->arena, "/api/produtos/%" PRId64, id);
	enum problem problem = ask(rq, rs, path, &answer);

	*produto = (struct produto){0};
	return problem == PROBLEM_NONE ? call_data(&answer, &produto_schema, rq->arena, produto) : problem;
}

enum problem produtos_find(struct request *rq, struct response *rs, const int64_t *ids, size_t count,
                           struct field_array *produtos)
{
	struct buf path = {0};
	struct call_answer answer;
	struct lista lista = {{0}};
	struct complaints complaints;

	*produtos = lista.produtos;
	if (count == 0)
		return PROBLEM_NONE;
	buf_printf(&path, "/api/produtos?limite=%d&ids=", LINHAS_MAX);
	for (size_t i = 0; i < count; i++)
		buf_printf(&path, i == 0 ? "%" PRId64 : ",%" PRId64, ids[i]);
	enum problem problem = ask(rq, rs, path.data, &answer);
	buf_free(&path);
	if (problem != PROBLEM_NONE)
		return problem;
	complaints_init(&complaints, rq->arena);
	if (json_read(answer.body, answer.len, &lista_schema, &lista, NULL, &complaints) != PROBLEM_NONE) {
		log_event(LOG_LEVEL_ERRO, "resposta_inesperada", "servico=catalogo");
		return PROBLEM_INTERNO;
	}
	*produtos = lista.produtos;
	return PROBLEM_NONE;
}

const struct produto *produto_among(const struct field_array *produtos, int64_t id)
{
	const struct produto *all = produtos->items;

	for (size_t i = 0; i < produtos->count; i++)
		if (all[i].id == id)
			return &all[i];
	return NULL;
}
