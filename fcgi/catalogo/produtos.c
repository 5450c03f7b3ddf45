/* One product: read, made, changed, taken off sale. */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "catalogo/catalogo.h"
#include "core/condition.h"

#define PRECO_MAX       9999999999       /* centavos: numeric(10,2) */
#define ESTOQUE_INTEIRO 9007199254740991 /* every program reads it as it is: 2^53-1 */

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

struct produto_body {
	const char *nome;
	const char *descricao;
	struct money preco;
	int64_t estoque;
	int64_t categoria_id;
	const char *foto_url;
	bool ativo;
	int64_t id;
	const char *categoria_nome;
	int64_t criado_em;
	int64_t atualizado_em;
};

enum {
	BODY_NOME,
	BODY_DESCRICAO,
	BODY_PRECO,
	BODY_ESTOQUE,
	BODY_CATEGORIA,
	BODY_FOTO,
	BODY_ATIVO,
	BODY_FIELDS, /* of a new product; the rest are set when a product is made */
	BODY_ID = BODY_FIELDS,
	BODY_CATEGORIA_NOME,
	BODY_CRIADO,
	BODY_ATUALIZADO,
	BODY_SEEN_FIELDS
};

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

/*
 * POST and PUT want a whole product, PATCH any part of one. What was read may be sent back as it is. The limit of `estoque` is
 * looked after by the statement: what is there already may be said again.
 */
#define BODY_RULES(whole)                                                                                              \
	{                                                                                                              \
		[BODY_NOME] = {"nome", FIELD_TEXT, offsetof(struct produto_body, nome), whole, .min = 1, .max = 120},  \
		[BODY_DESCRICAO] = {"descricao", FIELD_TEXT, offsetof(struct produto_body, descricao), .max = 2000,    \
		                    .text = TEXT_LINES},                                                               \
		[BODY_PRECO] = {"preco", FIELD_MONEY, offsetof(struct produto_body, preco),                            \
		                whole,   .min = 1,    .max = PRECO_MAX},                                               \
		[BODY_ESTOQUE] = {"estoque", FIELD_INT, offsetof(struct produto_body, estoque),                        \
		                  .max = ESTOQUE_INTEIRO, .words = "deve ser um inteiro de 0 a 2147483647"},           \
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
		                        "(que começa com /), de até 500 caracteres"},                                  \
		[BODY_ATIVO] = {"ativo", FIELD_BOOL, offsetof(struct produto_body, ativo)},                            \
		[BODY_ID] = {"id", FIELD_INT, offsetof(struct produto_body, id), .min = 1, .max = INT32_MAX},          \
		[BODY_CATEGORIA_NOME] = {"categoria_nome", FIELD_TEXT, offsetof(struct produto_body, categoria_nome),  \
		                         .max = 80, .text = TEXT_RAW},                                                 \
		[BODY_CRIADO] = {"criado_em", FIELD_TIME, offsetof(struct produto_body, criado_em)},                   \
		[BODY_ATUALIZADO] = {"atualizado_em", FIELD_TIME, offsetof(struct produto_body, atualizado_em)},       \
	}

static const struct rule whole_rules[BODY_SEEN_FIELDS] = BODY_RULES(true);
static const struct rule part_rules[BODY_SEEN_FIELDS] = BODY_RULES(false);

/*
 * The beginning of a product's tag, up to the version of its stock: it changes with the product and with its category, whose name
 * is part of the answer.
 */
static const char *etag_without_stock(struct request *rq, const struct sql_rows *rows)
{
	return arena_printf(rq->arena, "\"%s.%s.%s.", sql_text(rows, 0, 0), sql_text(rows, 0, COLUMN_VERSAO),
	                    sql_text(rows, 0, COLUMN_VERSAO_CATEGORIA));
}

static const char *produto_etag(struct request *rq, const struct sql_rows *rows)
{
	return arena_printf(rq->arena, "%s%s\"", etag_without_stock(rq, rows),
	                    sql_text(rows, 0, COLUMN_VERSAO_ESTOQUE));
}

static enum problem produto_find(struct request *rq, int64_t id, bool inactive_too, struct sql_rows *rows)
{
	const char *params[] = {sql_of_int(rq->arena, id), sql_of_bool(inactive_too)};
	enum problem problem = sql_run(rq->stores->db, SQL_PRODUTO_GET, params, rq->arena, rows);

	if (problem == PROBLEM_NONE && rows->count == 0)
		return PROBLEM_PRODUTO_NAO_ENCONTRADO;
	return problem;
}

struct json_out *produto_write(struct request *rq, struct response *rs, int status, const struct sql_rows *rows)
{
	struct produto produto;

	sql_row(rows, 0, produto_fields, PRODUTO_FIELDS, &produto);
	response_etag(rs, produto_etag(rq, rows));
	struct json_out *out = response_open(rs, status);
	json_struct(out, NULL, produto_fields, PRODUTO_FIELDS, &produto);
	return out;
}

enum problem produto_get(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = produto_find(rq, request_int(rq, 0), request_has_right(rq, EQUIPE), &rows);

	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}

/* Runs a statement that changes a product; the one constraint that a client can break is the category. */
static enum problem produto_save(struct request *rq, struct response *rs, size_t statement, const char *const *params,
                                 struct sql_rows *rows)
{
	const char *constraint;
	enum problem problem = sql_try(rq->stores->db, statement, params, rq->arena, rows, &constraint);

	if (problem != PROBLEM_NONE)
		return problem;
	if (constraint == NULL)
		return mudanca_problem(rs, rows, COLUMN_SITUACAO);
	complain(&rs->complaints, "categoria_id", "não existe categoria com este identificador");
	return PROBLEM_CAMPOS_INVALIDOS;
}

/* `dados` of a statement: what `present` names of a body, in its order; the rest NULL. */
#define DADOS_PARAMS(rq, body, present)                                                                                \
	(body)->nome, (body)->descricao, (present)&1u << BODY_PRECO ? sql_of_money((rq)->arena, (body)->preco) : NULL, \
	    (present)&1u << BODY_ESTOQUE ? sql_of_int((rq)->arena, (body)->estoque) : NULL,                            \
	    (present)&1u << BODY_CATEGORIA ? sql_of_int((rq)->arena, (body)->categoria_id) : NULL, (body)->foto_url,   \
	    (present)&1u << BODY_ATIVO ? sql_of_bool((body)->ativo) : NULL

enum problem produto_post(struct request *rq, struct response *rs)
{
	struct produto_body body = {0};
	struct chamada chamada;
	struct sql_rows rows;
	uint32_t present;
	enum problem problem = request_body(rq, rs, whole_rules, BODY_FIELDS, &body, &present);

	if (problem == PROBLEM_NONE)
		problem = chamada_read(rq, rs, &chamada);
	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    DADOS_PARAMS(rq, &body, present), chamada.autor, chamada.dono, chamada.chave, chamada.resumo,
	};
	problem = produto_save(rq, rs, SQL_PRODUTO_CRIAR, params, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	response_header(rs, "Location", "/api/produtos/%s", sql_text(&rows, 0, 0));
	json_text(produto_write(rq, rs, 201, &rows), "message", "Produto criado");
	return PROBLEM_NONE;
}

enum problem produto_condition(struct request *rq, bool estoque, struct versoes *out)
{
	struct sql_rows rows;

	*out = (struct versoes){0};
	if (!condition_given(rq))
		return PROBLEM_NONE;
	enum problem problem = produto_find(rq, request_int(rq, 0), true, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	const char *etag = produto_etag(rq, &rows);
	bool met = condition_if_match(rq, estoque ? etag : etag_without_stock(rq, &rows)) &&
	           !condition_if_none_match(rq, etag);
	/* No product has version 0. */
	out->dados = met ? sql_text(&rows, 0, COLUMN_VERSAO) : "0";
	out->categoria = sql_text(&rows, 0, COLUMN_VERSAO_CATEGORIA);
	out->estoque = estoque ? sql_text(&rows, 0, COLUMN_VERSAO_ESTOQUE) : NULL;
	return PROBLEM_NONE;
}

/* Changes the product of the path to what `present` names of the body. */
static enum problem produto_change(struct request *rq, struct response *rs, const struct produto_body *body,
                                   uint32_t present)
{
	struct versoes versoes;
	struct sql_rows rows;

	if (present & 1u << BODY_ID && body->id != request_int(rq, 0)) {
		complain(&rs->complaints, "id", "deve ser o do endereço");
		return PROBLEM_CAMPOS_INVALIDOS;
	}
	enum problem problem = produto_condition(rq, present & 1u << BODY_ESTOQUE, &versoes);
	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    sql_of_int(rq->arena, request_int(rq, 0)),
	    DADOS_PARAMS(rq, body, present),
	    sql_of_bool(present & 1u << BODY_FOTO),
	    versoes.dados,
	    versoes.categoria,
	    versoes.estoque,
	    rq->author,
	};
	problem = produto_save(rq, rs, SQL_PRODUTO_ALTERAR, params, &rows);
	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}

enum problem produto_put(struct request *rq, struct response *rs)
{
	struct produto_body body = {.descricao = ""};
	uint32_t present;
	enum problem problem = request_body(rq, rs, whole_rules, BODY_SEEN_FIELDS, &body, &present);

	/* A whole product without a picture has none; its stock and whether it is on sale are left alone unless said. */
	return problem == PROBLEM_NONE ? produto_change(rq, rs, &body, present | 1u << BODY_FOTO) : problem;
}

enum problem produto_patch(struct request *rq, struct response *rs)
{
	struct produto_body body = {0};
	uint32_t present;
	enum problem problem = request_body(rq, rs, part_rules, BODY_SEEN_FIELDS, &body, &present);

	return problem == PROBLEM_NONE ? produto_change(rq, rs, &body, present) : problem;
}

enum problem produto_delete(struct request *rq, struct response *rs)
{
	const struct produto_body body = {.ativo = false};

	return produto_change(rq, rs, &body, 1u << BODY_ATIVO);
}
