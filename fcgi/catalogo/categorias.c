/* Categories: listed, read, made, renamed, deleted. */
#include <stddef.h>

#include "catalogo/catalogo.h"

const struct field categoria_fields[CATEGORIA_FIELDS] = {
    {"id", FIELD_INT, offsetof(struct categoria, id)},
    {"nome", FIELD_TEXT, offsetof(struct categoria, nome)},
    {"descricao", FIELD_TEXT, offsetof(struct categoria, descricao)},
    {"criado_em", FIELD_TIME, offsetof(struct categoria, criado_em)},
    {"atualizado_em", FIELD_TIME, offsetof(struct categoria, atualizado_em)},
};

static const struct rule categoria_rules[] = {
    {"nome", FIELD_TEXT, offsetof(struct categoria, nome), true, .min = 1, .max = 80},
    {"descricao", FIELD_TEXT, offsetof(struct categoria, descricao), .max = 500, .text = TEXT_LINES},
};

enum problem categoria_read(struct request *rq, int64_t id, struct categoria *categoria)
{
	struct sql_rows rows;
	const char *params[] = {sql_of_int(rq->arena, id)};
	enum problem problem = sql_run(rq->stores->db, SQL_CATEGORIA_GET, params, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	if (rows.count == 0)
		return PROBLEM_CATEGORIA_NAO_ENCONTRADA;
	sql_row(&rows, 0, categoria_fields, CATEGORIA_FIELDS, categoria);
	return PROBLEM_NONE;
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

enum problem categoria_get(struct request *rq, struct response *rs)
{
	struct categoria categoria;
	enum problem problem = categoria_read(rq, request_int(rq, 0), &categoria);

	if (problem == PROBLEM_NONE)
		json_struct(response_open(rs, 200), NULL, categoria_fields, CATEGORIA_FIELDS, &categoria);
	return problem;
}

/* Runs a statement that returns the category; a name that another one has is refused. */
static enum problem categoria_save(struct request *rq, size_t statement, const char *const *params,
                                   struct categoria *saved)
{
	struct sql_rows rows;
	const char *constraint;
	enum problem problem = sql_try(rq->stores->db, statement, params, rq->arena, &rows, &constraint);

	if (problem != PROBLEM_NONE)
		return problem;
	if (constraint != NULL)
		return PROBLEM_NOME_EM_USO;
	if (rows.count == 0)
		return PROBLEM_CATEGORIA_NAO_ENCONTRADA;
	sql_row(&rows, 0, categoria_fields, CATEGORIA_FIELDS, saved);
	return PROBLEM_NONE;
}

enum problem categoria_post(struct request *rq, struct response *rs)
{
	struct categoria body = {0};
	struct categoria saved;
	enum problem problem = request_body(rq, rs, categoria_rules, FIELD_COUNT(categoria_rules), &body, NULL);
	const char *params[] = {body.nome, body.descricao};

	if (problem == PROBLEM_NONE)
		problem = categoria_save(rq, SQL_CATEGORIA_CRIAR, params, &saved);
	if (problem != PROBLEM_NONE)
		return problem;
	response_header(rs, "Location", "/api/categorias/%lld", (long long)saved.id);
	struct json_out *out = response_open(rs, 201);
	json_struct(out, NULL, categoria_fields, CATEGORIA_FIELDS, &saved);
	json_text(out, "message", "Categoria criada");
	return PROBLEM_NONE;
}

enum problem categoria_put(struct request *rq, struct response *rs)
{
	struct categoria body = {0};
	struct categoria saved;
	enum problem problem = request_body(rq, rs, categoria_rules, FIELD_COUNT(categoria_rules), &body, NULL);
	const char *params[] = {sql_of_int(rq->arena, request_int(rq, 0)), body.nome, body.descricao};

	if (problem == PROBLEM_NONE)
		problem = categoria_save(rq, SQL_CATEGORIA_ALTERAR, params, &saved);
	if (problem == PROBLEM_NONE)
		json_struct(response_open(rs, 200), NULL, categoria_fields, CATEGORIA_FIELDS, &saved);
	return problem;
}

enum problem categoria_delete(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	const char *constraint;
	const char *params[] = {sql_of_int(rq->arena, request_int(rq, 0))};
	enum problem problem = sql_try(rq->stores->db, SQL_CATEGORIA_APAGAR, params, rq->arena, &rows, &constraint);

	if (problem != PROBLEM_NONE)
		return problem;
	if (constraint != NULL)
		return PROBLEM_CATEGORIA_EM_USO;
	if (rows.affected == 0)
		return PROBLEM_CATEGORIA_NAO_ENCONTRADA;
	struct json_out *out = response_open(rs, 200);
	json_null(out, NULL);
	json_text(out, "message", "Categoria apagada");
	return PROBLEM_NONE;
}
