/* Reservations: the catalogue's side of an order. Only pedidos calls these, with a token of its own. */
#include <string.h>

#include "catalogo/catalogo.h"

#define LINHAS_MAX 100
#define NUMERO_MAX 9007199254740991 /* every program reads it as it is: 2^53-1 */

struct linha {
	int64_t produto_id;
	int64_t quantidade;
};

static const struct rule linha_rules[] = {
    {"produto_id", FIELD_INT, offsetof(struct linha, produto_id), true, .min = 1, .max = INT32_MAX},
    {"quantidade", FIELD_INT, offsetof(struct linha, quantidade), true, .min = 1, .max = 9999},
};

struct reserva_body {
	const char *pedido_id;
	int64_t numero; /* of the order, for people; 0: not given */
	struct field_array itens;
};

static const struct rule reserva_rules[] = {
    {"pedido_id", FIELD_UUID, offsetof(struct reserva_body, pedido_id), true},
    {"numero", FIELD_INT, offsetof(struct reserva_body, numero), .min = 1, .max = NUMERO_MAX},
    {"itens", FIELD_ARRAY, offsetof(struct reserva_body, itens), true, .min = 1, .max = LINHAS_MAX,
     .rules = linha_rules, .rule_count = FIELD_COUNT(linha_rules), .size = sizeof(struct linha)},
};

struct reserva {
	const char *pedido_id;
	const char *estado;
	int64_t expira_em;
	const char *itens;
};

static const struct field reserva_fields[] = {
    {"pedido_id", FIELD_TEXT, offsetof(struct reserva, pedido_id)},
    {"estado", FIELD_TEXT, offsetof(struct reserva, estado)},
    {"expira_em", FIELD_TIME, offsetof(struct reserva, expira_em)},
    {"itens", FIELD_JSON, offsetof(struct reserva, itens)},
};

enum problem reserva_get(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	struct reserva reserva;
	enum problem problem = sql_run(rq->stores->db, SQL_RESERVA_GET, rq->args, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	if (rows.count == 0)
		return PROBLEM_RESERVA_NAO_ENCONTRADA;
	sql_row(&rows, 0, reserva_fields, FIELD_COUNT(reserva_fields), &reserva);
	json_struct(response_open(rs, 200), NULL, reserva_fields, FIELD_COUNT(reserva_fields), &reserva);
	return PROBLEM_NONE;
}

enum problem reservas_vencidas(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, SQL_RESERVAS_VENCIDAS, NULL, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_array(out, "reservas");
	for (size_t i = 0; i < rows.count; i++) {
		json_object(out, NULL);
		json_text(out, "pedido_id", sql_text(&rows, i, 0));
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
	return PROBLEM_NONE;
}

static const char *const restantes[] = {"não resta nenhuma unidade", "resta 1 unidade", "restam # unidades"};

/* What reservar() refused, in words. */
static enum problem reserva_refused(struct response *rs, const struct sql_rows *rows)
{
	const char *situacao = sql_text(rows, 0, 0);
	const char *produto = sql_text(rows, 0, 1);

	if (strcmp(situacao, "insuficiente") == 0)
		return response_problem(rs, PROBLEM_ESTOQUE_INSUFICIENTE, "Estoque insuficiente: %s de %s",
		                        text_count(rs->complaints.arena, sql_int(rows, 0, 2), restantes), produto);
	if (strcmp(situacao, "indisponivel") == 0)
		return produto == NULL
		           ? PROBLEM_ITEM_INDISPONIVEL
		           : response_problem(rs, PROBLEM_ITEM_INDISPONIVEL,
		                              "%s não está mais à venda; retire-o do carrinho para continuar", produto);
	return strcmp(situacao, "liberada") == 0 ? PROBLEM_RESERVA_ENCERRADA : PROBLEM_NONE;
}

enum problem reserva_post(struct request *rq, struct response *rs)
{
	struct reserva_body body = {0};
	struct sql_rows rows;
	enum problem problem = request_body(rq, rs, reserva_rules, FIELD_COUNT(reserva_rules), &body, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	const struct linha *linhas = body.itens.items;
	int64_t *produtos = arena_array(rq->arena, body.itens.count, sizeof(int64_t));
	int64_t *quantidades = arena_array(rq->arena, body.itens.count, sizeof(int64_t));
	for (size_t i = 0; i < body.itens.count; i++) {
		produtos[i] = linhas[i].produto_id;
		quantidades[i] = linhas[i].quantidade;
	}
	const char *params[] = {
	    body.pedido_id,
	    sql_of_ints(rq->arena, produtos, body.itens.count),
	    sql_of_ints(rq->arena, quantidades, body.itens.count),
	    body.numero > 0 ? sql_of_int(rq->arena, body.numero) : NULL,
	};
	problem = sql_run(rq->stores->db, SQL_RESERVA_FAZER, params, rq->arena, &rows);
	if (problem == PROBLEM_NONE)
		problem = reserva_refused(rs, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	const struct reserva reserva = {body.pedido_id, sql_text(&rows, 0, 0), sql_time(&rows, 0, 3),
	                                sql_text(&rows, 0, 4)};
	json_struct(response_open(rs, 200), NULL, reserva_fields, FIELD_COUNT(reserva_fields), &reserva);
	return PROBLEM_NONE;
}

/* What a reservation has become. */
static enum problem estado_answer(struct request *rq, struct response *rs, const char *estado)
{
	struct json_out *out = response_open(rs, 200);

	json_object(out, NULL);
	json_text(out, "pedido_id", rq->args[0]);
	json_text(out, "estado", estado);
	json_object_end(out);
	return PROBLEM_NONE;
}

enum problem reserva_confirmar(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, SQL_RESERVA_CONFIRMAR, rq->args, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *estado = sql_text(&rows, 0, 0);
	if (estado == NULL)
		return PROBLEM_RESERVA_NAO_ENCONTRADA;
	return strcmp(estado, "liberada") == 0 ? PROBLEM_RESERVA_ENCERRADA : estado_answer(rq, rs, estado);
}

enum problem reserva_liberar(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, SQL_RESERVA_LIBERAR, rq->args, rq->arena, &rows);

	return problem == PROBLEM_NONE ? estado_answer(rq, rs, "liberada") : problem;
}
