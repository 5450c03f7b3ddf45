/* One product: read, made, changed, taken off sale. */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "catalogo/catalogo.h"
#include "core/auth.h"
#include "core/condition.h"

#define PRECO_MAX 9999999999 /* centavos: numeric(10,2) */

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

/* Columns after the product's own, in every statement of produtos.sql. */
enum { COLUMN_VERSAO = PRODUTO_FIELDS, COLUMN_CATEGORIA_VERSAO };

struct produto_body {
	const char *nome;
	const char *descricao;
	struct money preco;
	int64_t estoque;
	int64_t categoria_id;
	const char *foto_url;
	bool ativo;
};

enum { BODY_NOME, BODY_DESCRICAO, BODY_PRECO, BODY_ESTOQUE, BODY_CATEGORIA, BODY_FOTO, BODY_ATIVO, BODY_FIELDS };

/* http, https, or a path of this shop: it becomes the src of an image on the shop's pages. */
static bool foto_url_valida(const char *text)
{
	size_t scheme = strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;

	if (strpbrk(text, " \"<>\\") != NULL)
		return false;
	if (scheme > 0)
		return text[scheme] != '\0' && strchr("/?#", text[scheme]) == NULL;
	return text[0] == '/' && text[1] != '/';
}

/* POST and PUT want a whole product, PATCH any part of one. */
#define BODY_RULES(whole)                                                                                              \
	{                                                                                                              \
		[BODY_NOME] = {"nome", FIELD_TEXT, offsetof(struct produto_body, nome), whole, .min = 1, .max = 120},  \
		[BODY_DESCRICAO] = {"descricao", FIELD_TEXT, offsetof(struct produto_body, descricao), .max = 2000,    \
		                    .text = TEXT_LINES},                                                               \
		[BODY_PRECO] = {"preco", FIELD_MONEY, offsetof(struct produto_body, preco),                            \
		                whole,   .min = 1,    .max = PRECO_MAX},                                               \
		[BODY_ESTOQUE] = {"estoque", FIELD_INT, offsetof(struct produto_body, estoque), .max = INT32_MAX},     \
		[BODY_CATEGORIA] = {"categoria_id", FIELD_INT, offsetof(struct produto_body, categoria_id),            \
		                    whole,          .min = 1,  .max = INT32_MAX},                                      \
		[BODY_FOTO] = {"foto_url",                                                                             \
		               FIELD_TEXT,                                                                             \
		               offsetof(struct produto_body, foto_url),                                                \
		               .nullable = true,                                                                       \
		               .min = 1,                                                                               \
		               .max = 500,                                                                             \
		               .valid = foto_url_valida,                                                               \
		               .words = "deve ser um endereço http:// ou https://, ou um caminho desta loja "         \
		                        "(/fotos/bolo.jpg), de até 500 caracteres"},                                   \
		[BODY_ATIVO] = {"ativo", FIELD_BOOL, offsetof(struct produto_body, ativo)},                            \
	}

static const struct rule whole_rules[BODY_FIELDS] = BODY_RULES(true);
static const struct rule part_rules[BODY_FIELDS] = BODY_RULES(false);

const char *administrador(struct request *rq)
{
	const char *name = NULL;
	const char *authorization = request_header(rq, "HTTP_AUTHORIZATION");

	if (authorization == NULL || auth_check(rq->stores->auth, authorization, "admin", &name) != PROBLEM_NONE)
		return NULL;
	return arena_printf(rq->arena, "%s", name);
}

/* A strong validator: it changes with the product and with its category, whose name is part of the answer. */
static const char *produto_etag(struct request *rq, const struct sql_rows *rows)
{
	return arena_printf(rq->arena, "\"%s.%s.%s\"", sql_text(rows, 0, 0), sql_text(rows, 0, COLUMN_VERSAO),
	                    sql_text(rows, 0, COLUMN_CATEGORIA_VERSAO));
}

static enum problem produto_find(struct request *rq, int64_t id, bool inactive_too, struct sql_rows *rows)
{
	const char *params[] = {sql_of_int(rq->arena, id), sql_of_bool(inactive_too)};
	enum problem problem = sql_run(rq->stores->db, SQL_PRODUTO_GET, params, rq->arena, rows);

	if (problem == PROBLEM_NONE && rows->count == 0)
		return PROBLEM_PRODUTO_NAO_ENCONTRADO;
	return problem;
}

/* Answers the product in the first row, with its ETag. */
static struct json_out *produto_write(struct request *rq, struct response *rs, int status, const struct sql_rows *rows)
{
	struct produto produto;

	sql_row(rows, 0, produto_fields, PRODUTO_FIELDS, &produto);
	response_etag(rs, produto_etag(rq, rows));
	struct json_out *out = response_open(rs, status);
	json_struct(out, NULL, produto_fields, PRODUTO_FIELDS, &produto);
	return out;
}

enum problem produto_answer(struct request *rq, struct response *rs, int64_t id)
{
	struct sql_rows rows;
	enum problem problem = produto_find(rq, id, true, &rows);

	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}

enum problem produto_get(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = produto_find(rq, request_int(rq, 0), administrador(rq) != NULL, &rows);

	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}

/* Runs a writing statement of produtos.sql; the one constraint that a client can break is the category. */
static enum problem produto_save(struct request *rq, struct response *rs, size_t statement, const char *const *params,
                                 struct sql_rows *rows)
{
	const char *constraint;
	enum problem problem = sql_try(rq->stores->db, statement, params, rq->arena, rows, &constraint);

	if (problem != PROBLEM_NONE || constraint == NULL)
		return problem;
	complain(&rs->complaints, "categoria_id", "não existe categoria com este identificador");
	return PROBLEM_CAMPOS_INVALIDOS;
}

enum problem produto_post(struct request *rq, struct response *rs)
{
	struct produto_body body = {0};
	struct sql_rows rows;
	uint32_t present;
	enum problem problem = request_body(rq, rs, whole_rules, BODY_FIELDS, &body, &present);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    body.nome,
	    body.descricao,
	    sql_of_money(rq->arena, body.preco),
	    sql_of_int(rq->arena, body.estoque),
	    sql_of_int(rq->arena, body.categoria_id),
	    body.foto_url,
	    present & 1u << BODY_ATIVO ? sql_of_bool(body.ativo) : NULL,
	    administrador(rq),
	};
	problem = produto_save(rq, rs, SQL_PRODUTO_CRIAR, params, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	response_header(rs, "Location", "/api/produtos/%s", sql_text(&rows, 0, 0));
	json_text(produto_write(rq, rs, 201, &rows), "message", "Produto criado");
	return PROBLEM_NONE;
}

/* Conditions: *versao is the version that the client knows and that the change must meet, NULL when it does not say. */
static enum problem produto_precondition(struct request *rq, const char **versao)
{
	struct sql_rows rows;

	*versao = NULL;
	if (!condition_given(rq))
		return PROBLEM_NONE;
	enum problem problem = produto_find(rq, request_int(rq, 0), true, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	if (!condition_met(rq, produto_etag(rq, &rows)))
		return PROBLEM_VERSAO_DIFERENTE;
	*versao = sql_text(&rows, 0, COLUMN_VERSAO);
	return PROBLEM_NONE;
}

/* Changes the product of the path to what `present` names of the body. */
static enum problem produto_change(struct request *rq, struct response *rs, const struct produto_body *body,
                                   uint32_t present)
{
	const char *versao;
	struct sql_rows rows;
	enum problem problem = produto_precondition(rq, &versao);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    sql_of_int(rq->arena, request_int(rq, 0)),
	    body->nome,
	    body->descricao,
	    present & 1u << BODY_PRECO ? sql_of_money(rq->arena, body->preco) : NULL,
	    present & 1u << BODY_CATEGORIA ? sql_of_int(rq->arena, body->categoria_id) : NULL,
	    body->foto_url,
	    sql_of_bool(present & 1u << BODY_FOTO),
	    present & 1u << BODY_ATIVO ? sql_of_bool(body->ativo) : NULL,
	    present & 1u << BODY_ESTOQUE ? sql_of_int(rq->arena, body->estoque) : NULL,
	    versao,
	    administrador(rq),
	};
	problem = produto_save(rq, rs, SQL_PRODUTO_ALTERAR, params, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	if (rows.count == 0)
		return versao == NULL ? PROBLEM_PRODUTO_NAO_ENCONTRADO : PROBLEM_VERSAO_DIFERENTE;
	produto_write(rq, rs, 200, &rows);
	return PROBLEM_NONE;
}

enum problem produto_put(struct request *rq, struct response *rs)
{
	struct produto_body body = {.descricao = ""};
	uint32_t present;
	enum problem problem = request_body(rq, rs, whole_rules, BODY_FIELDS, &body, &present);

	/* A whole product without a picture has none; its stock and whether it is on sale are left alone unless said. */
	return problem == PROBLEM_NONE ? produto_change(rq, rs, &body, present | 1u << BODY_FOTO) : problem;
}

enum problem produto_patch(struct request *rq, struct response *rs)
{
	struct produto_body body = {0};
	uint32_t present;
	enum problem problem = request_body(rq, rs, part_rules, BODY_FIELDS, &body, &present);

	return problem == PROBLEM_NONE ? produto_change(rq, rs, &body, present) : problem;
}

enum problem produto_delete(struct request *rq, struct response *rs)
{
	const struct produto_body body = {.ativo = false};

	return produto_change(rq, rs, &body, 1u << BODY_ATIVO);
}
