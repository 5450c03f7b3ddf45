/* Orders read and written: what all calls have in common. */
#include "pedidos/pedidos.h"

/* The columns of pedidos_vistos as every statement selects them; the first PEDIDO_FIELDS are a client's business. */
static const struct field pedido_fields[] = {
    {"id", FIELD_TEXT, offsetof(struct pedido, id)},
    {"numero", FIELD_INT, offsetof(struct pedido, numero)},
    {"status", FIELD_TEXT, offsetof(struct pedido, status)},
    {"itens", FIELD_JSON, offsetof(struct pedido, itens)},
    {"valor_total", FIELD_MONEY, offsetof(struct pedido, valor_total)},
    {"cliente", FIELD_JSON, offsetof(struct pedido, cliente)},
    {"entrega", FIELD_JSON, offsetof(struct pedido, entrega)},
    {"observacoes", FIELD_TEXT, offsetof(struct pedido, observacoes)},
    {"criado_em", FIELD_TIME, offsetof(struct pedido, criado_em)},
    {"atualizado_em", FIELD_TIME, offsetof(struct pedido, atualizado_em)},
    {"historico", FIELD_JSON, offsetof(struct pedido, historico)},
    {"pendencia", FIELD_TEXT, offsetof(struct pedido, pendencia)},
    {"chave", FIELD_TEXT, offsetof(struct pedido, chave)},
    {"corpo_sha256", FIELD_TEXT, offsetof(struct pedido, corpo)},
    {"session_id", FIELD_TEXT, offsetof(struct pedido, session_id)},
    {"carrinho_versao", FIELD_INT, offsetof(struct pedido, carrinho_versao)},
    {"entrega_tipo", FIELD_TEXT, offsetof(struct pedido, entrega_tipo)},
    {"linhas", FIELD_JSON, offsetof(struct pedido, linhas)},
    {"versao", FIELD_INT, offsetof(struct pedido, versao)},
    {"cancelamento_chave", FIELD_TEXT, offsetof(struct pedido, cancelamento_chave)},
    {"carrinho_retirado", FIELD_INT, offsetof(struct pedido, carrinho_retirado)},
    {"mudanca", FIELD_INT, offsetof(struct pedido, mudanca)},
};

#define PEDIDO_FIELDS 11

void pedido_write(struct json_out *out, const char *name, const struct pedido *pedido)
{
	json_struct(out, name, pedido_fields, PEDIDO_FIELDS, pedido);
}

/* The 2 is for what an order looks like: another one when its fields change. */
const char *pedido_tag(struct request *rq, const struct pedido *pedido)
{
	return arena_printf(rq->arena, "\"2.%lld\"", (long long)pedido->versao);
}

struct json_out *pedido_answer(struct request *rq, struct response *rs, int status, const struct pedido *pedido)
{
	struct json_out *out = response_open(rs, status);

	response_etag(rs, pedido_tag(rq, pedido));
	pedido_write(out, NULL, pedido);
	return out;
}

void pedido_name(struct response *rs, const struct pedido *pedido)
{
	response_keep(rs, "Location", "/api/pedidos/%s", pedido->id);
	json_text(response_extension(rs), "pedido_id", pedido->id);
}

void pedido_row(const struct sql_rows *rows, size_t row, struct pedido *pedido)
{
	sql_row(rows, row, pedido_fields, FIELD_COUNT(pedido_fields), pedido);
}

enum problem pedido_run(struct request *rq, size_t statement, const char *const *params, struct pedido *pedido,
                        bool *found)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, statement, params, rq->arena, &rows);

	*found = problem == PROBLEM_NONE && rows.count > 0;
	if (*found)
		pedido_row(&rows, 0, pedido);
	return problem;
}

enum problem pedido_read(struct request *rq, const char *id, struct pedido *pedido)
{
	bool found;
	const char *params[] = {id};
	size_t statement = request_has_right(rq, EQUIPE) ? SQL_PEDIDO_GET_EQUIPE : SQL_PEDIDO_GET;
	enum problem problem = pedido_run(rq, statement, params, pedido, &found);

	return problem == PROBLEM_NONE && !found ? PROBLEM_PEDIDO_NAO_ENCONTRADO : problem;
}

enum problem pedido_get(struct request *rq, struct response *rs)
{
	struct pedido pedido;
	enum problem problem = pedido_read(rq, rq->args[0], &pedido);

	if (problem == PROBLEM_NONE)
		pedido_answer(rq, rs, 200, &pedido);
	return problem;
}
