/* Categories: listed, read, made, renamed, deleted. */
#include <stddef.h>

#include "catalogo/catalogo.h"
#include "core/condition.h"

const struct field categoria_fields[CATEGORIA_FIELDS] = {
    {"id", FIELD_INT, offsetof(struct categoria, id)},
    {"nome", FIELD_TEXT, offsetof(struct categoria, nome)},
    {"descricao", FIELD_TEXT, offsetof(struct categoria, descricao)},
    {"criado_em", FIELD_TIME, offsetof(struct categoria, criado_em)},
    {"atualizado_em", FIELD_TIME, offsetof(struct categoria, atualizado_em)},
};

/* Columns after the category's own. */
enum { COLUMN_CATEGORIA_VERSAO = CATEGORIA_FIELDS, COLUMN_CATEGORIA_SITUACAO };

enum { BODY_NOME, BODY_DESCRICAO, BODY_FIELDS, BODY_ID = BODY_FIELDS, BODY_CRIADO, BODY_ATUALIZADO, BODY_SEEN_FIELDS };

/* The first two make a category; what was read may be sent back as it is. */
static const struct rule categoria_rules[BODY_SEEN_FIELDS] = {
    [BODY_NOME] = {"nome", FIELD_TEXT, offsetof(struct categoria, nome), true, .min = 1, .max = 80},
    [BODY_DESCRICAO] = {"descricao", FIELD_TEXT, offsetof(struct categoria, descricao), .max = 500, .text = TEXT_LINES},
    [BODY_ID] = {"id", FIELD_INT, offsetof(struct categoria, id), .min = 1, .max = INT32_MAX},
    [BODY_CRIADO] = {"criado_em", FIELD_TIME, offsetof(struct categoria, criado_em)},
    [BODY_ATUALIZADO] = {"atualizado_em", FIELD_TIME, offsetof(struct categoria, atualizado_em)},
};

static const char *categoria_etag(struct request *rq, const struct sql_rows *rows)
{
	return arena_printf(rq->arena, "\"c%s.%s\"", sql_text(rows, 0, 0), sql_text(rows, 0, COLUMN_CATEGORIA_VERSAO));
}

static enum problem categoria_find(struct request *rq, int64_t id, struct sql_rows *rows)
{
	const char *params[] = {sql_of_int(rq->arena, id)};
	enum problem problem = sql_run(rq->stores->db, SQL_CATEGORIA_GET, params, rq->arena, rows);

	return problem == PROBLEM_NONE && rows->count == 0 ? PROBLEM_CATEGORIA_NAO_ENCONTRADA : problem;
}

enum problem categoria_read(struct request *rq, int64_t id, struct categoria *categoria)
{
	struct sql_rows rows;
	enum problem problem = categoria_find(rq, id, &rows);

	if (problem == PROBLEM_NONE)
		sql_row(&rows, 0, categoria_fields, CATEGORIA_FIELDS, categoria);
	return problem;
}

enum problem categorias_lista(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, SQL_CATEGORIAS_LISTA, NULL, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_array(out, NULL);
	for (size_t i = 0; i < rows.count; i++) {
		struct categoria categoria;
		sql_row(&rows, i, categoria_fields, CATEGORIA_FIELDS, &categoria);
		json_struct(out, NULL, categoria_fields, CATEGORIA_FIELDS, &categoria);
	}
	json_array_end(out);
	json_int(out, "total", (int64_t)rows.count);
	return PROBLEM_NONE;
}

/* Answers the category in the first row, with its ETag. */
static struct json_out *categoria_write(struct request *rq, struct response *rs, int status,
                                        const struct sql_rows *rows)
{
	struct categoria categoria;

	sql_row(rows, 0, categoria_fields, CATEGORIA_FIELDS, &categoria);
	response_etag(rs, categoria_etag(rq, rows));
	struct json_out *out = response_open(rs, status);
	json_struct(out, NULL, categoria_fields, CATEGORIA_FIELDS, &categoria);
	return out;
}

enum problem categoria_get(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = categoria_find(rq, request_int(rq, 0), &rows);

	if (problem == PROBLEM_NONE)
		categoria_write(rq, rs, 200, &rows);
	return problem;
}

/* Runs a statement that makes or changes a category; a name that another one has is refused. */
static enum problem categoria_save(struct request *rq, struct response *rs, size_t statement, const char *const *params,
                                   struct sql_rows *rows)
{
	const char *constraint;
	enum problem problem = sql_try(rq->stores->db, statement, params, rq->arena, rows, &constraint);

	if (problem != PROBLEM_NONE)
		return problem;
	return constraint != NULL ? PROBLEM_NOME_EM_USO : mudanca_problem(rs, rows, COLUMN_CATEGORIA_SITUACAO);
}

enum problem categoria_post(struct request *rq, struct response *rs)
{
	struct categoria body = {0};
	struct chamada chamada;
	struct sql_rows rows;
	enum problem problem = request_body(rq, rs, categoria_rules, BODY_FIELDS, &body, NULL);

	if (problem == PROBLEM_NONE)
		problem = chamada_read(rq, rs, &chamada);
	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {body.nome, body.descricao, chamada.autor, chamada.dono, chamada.chave, chamada.resumo};
	problem = categoria_save(rq, rs, SQL_CATEGORIA_CRIAR, params, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	response_header(rs, "Location", "/api/categorias/%s", sql_text(&rows, 0, 0));
	json_text(categoria_write(rq, rs, 201, &rows), "message", "Categoria criada");
	return PROBLEM_NONE;
}

/*
 * Judges the request's conditions by the category as it is now. *versao is the version that a change must meet, as a parameter:
 * NULL without a condition.
 */
static enum problem categoria_condition(struct request *rq, const char **versao)
{
	struct sql_rows rows;

	*versao = NULL;
	if (!condition_given(rq))
		return PROBLEM_NONE;
	enum problem problem = categoria_find(rq, request_int(rq, 0), &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	*versao = sql_text(&rows, 0, COLUMN_CATEGORIA_VERSAO);
	return condition_met(rq, categoria_etag(rq, &rows)) ? PROBLEM_NONE : PROBLEM_VERSAO_DIFERENTE;
}

enum problem categoria_put(struct request *rq, struct response *rs)
{
	struct categoria body = {0};
	struct sql_rows rows;
	const char *versao = NULL;
	uint32_t present;
	enum problem problem = request_body(rq, rs, categoria_rules, BODY_SEEN_FIELDS, &body, &present);

	if (problem != PROBLEM_NONE)
		return problem;
	if (present & 1u << BODY_ID && body.id != request_int(rq, 0)) {
		complain(&rs->complaints, "id", "deve ser o do endereço");
		return PROBLEM_CAMPOS_INVALIDOS;
	}
	problem = categoria_condition(rq, &versao);
	const char *params[] = {sql_of_int(rq->arena, request_int(rq, 0)), body.nome, body.descricao, versao};
	if (problem == PROBLEM_NONE)
		problem = categoria_save(rq, rs, SQL_CATEGORIA_ALTERAR, params, &rows);
	if (problem == PROBLEM_NONE)
		categoria_write(rq, rs, 200, &rows);
	return problem;
}

enum problem categoria_delete(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	const char *constraint;
	const char *versao;
	enum problem problem = categoria_condition(rq, &versao);
	const char *params[] = {sql_of_int(rq->arena, request_int(rq, 0)), versao};

	if (problem == PROBLEM_NONE)
		problem = sql_try(rq->stores->db, SQL_CATEGORIA_APAGAR, params, rq->arena, &rows, &constraint);
	if (problem != PROBLEM_NONE)
		return problem;
	if (constraint != NULL)
		return response_problem(
		    rs, PROBLEM_CATEGORIA_EM_USO,
		    "Há produtos nesta categoria; mova-os antes de apagá-la. Também os que estão fora de "
		    "venda: GET /api/produtos?categoria_id=%s&ativo=todos mostra todos.",
		    params[0]);
	problem = mudanca_problem(rs, &rows, 0);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_null(out, NULL);
	json_text(out, "message", "Categoria apagada");
	return PROBLEM_NONE;
}
