/* Orders read: one by its id, and the administrators' list. */
#include <string.h>

#include "core/clock.h"
#include "core/cursor.h"
#include "core/program.h"
#include "core/uuid.h"
#include "pedidos/pedidos.h"

#define LIMITE_PADRAO 100
#define LIMITE_MAX    500
/* The last microsecond of the year 9999, as far as times are written with four digits. */
#define TEMPO_MAX INT64_C(253402300799999999)

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

/* The 1 is for what an order looks like: another one when its fields change. */
const char *pedido_tag(struct request *rq, const struct pedido *pedido)
{
	return arena_printf(rq->arena, "\"1.%lld\"", (long long)pedido->versao);
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
	enum problem problem = pedido_run(rq, SQL_PEDIDO_GET, params, pedido, &found);

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

struct filtro {
	const char *status;
	const char *desde;
	const char *ate;
	int64_t limite;
	const char *cursor;
};

static const char *const publicos[] = {"confirmado", "em_preparo", "pronto", "em_rota", "entregue", "cancelado", NULL};

/* desde and ate are read as text, because they are inclusive in the precision in which they were given. */
static const struct rule filtro_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct filtro, status), .min = 1, .max = 20, .allowed = publicos},
    {"desde", FIELD_TEXT, offsetof(struct filtro, desde), .min = 1, .max = 40, .text = TEXT_RAW},
    {"ate", FIELD_TEXT, offsetof(struct filtro, ate), .min = 1, .max = 40, .text = TEXT_RAW},
    {"limite", FIELD_INT, offsetof(struct filtro, limite), .min = 1, .max = LIMITE_MAX},
    {"cursor", FIELD_TEXT, offsetof(struct filtro, cursor), .min = 1, .max = 2048, .text = TEXT_RAW},
};

#define FILTROS 3

static const struct rule tempo_rule = {.type = FIELD_TIME};

/* The parameters of the list's statements; NULL where nothing was asked. */
struct lista {
	size_t statement;
	const char *params[6]; /* the first FILTROS are what was asked for */
	int64_t pergunta;      /* which its cursors belong to */
	int64_t limite;
	bool continued; /* a page after the first, whose cursor says the total */
	int64_t total;
};

/*
 * A bound in time as a parameter, kept to the years that both sides can write; *out stays NULL without one. Of a day PostgreSQL knows
 * when it begins in the shop's zone, and its end by the name 24:00:00 (manual, table 8.11).
 */
static void bound_read(struct request *rq, struct response *rs, const char *campo, const char *text, const char **out)
{
	bool end = strcmp(campo, "ate") == 0;
	int64_t when;
	int64_t span;

	if (text == NULL)
		return;
	if (!clock_parse_span(text, &when, &span)) {
		complain_rule(&rs->complaints, campo, &tempo_rule);
		return;
	}
	if (strchr(text, ':') == NULL) {
		*out = arena_printf(rq->arena, "%s %s %s", text, end ? "24:00:00" : "00:00:00",
		                    program_settings()->fuso_horario);
		return;
	}
	when += end ? span : 0;
	*out = sql_of_time(rq->arena, when < 0 ? 0 : when > TEMPO_MAX ? TEMPO_MAX : when);
}

static void lista_cursor(struct request *rq, struct response *rs, const char *text, struct lista *lista)
{
	struct cursor cursor;
	int64_t when;

	if (text == NULL)
		return;
	if (!cursor_read(&rs->complaints, text, lista->pergunta, &cursor))
		return;
	if (!clock_parse(cursor.key, &when) || when < 0 || when > TEMPO_MAX || !uuid_valid(cursor.id)) {
		cursor_refuse(&rs->complaints);
		return;
	}
	lista->continued = true;
	lista->total = cursor.total;
	lista->params[3] = sql_of_time(rq->arena, when);
	lista->params[4] = cursor.id;
}

static enum problem lista_read(struct request *rq, struct response *rs, struct lista *lista)
{
	struct filtro filtro = {.limite = LIMITE_PADRAO};
	enum problem problem = request_query(rq, rs, filtro_rules, FIELD_COUNT(filtro_rules), &filtro, NULL);

	*lista = (struct lista){
	    .statement = filtro.status == NULL ? SQL_PEDIDOS_LISTA : SQL_PEDIDOS_LISTA_STATUS,
	    .params = {filtro.status},
	    .limite = filtro.limite,
	};
	if (problem != PROBLEM_NONE)
		return problem;
	bound_read(rq, rs, "desde", filtro.desde, &lista->params[1]);
	bound_read(rq, rs, "ate", filtro.ate, &lista->params[2]);
	lista->pergunta = cursor_question("pedidos", lista->params, FILTROS);
	lista_cursor(rq, rs, filtro.cursor, lista);
	/* One row more than asked tells whether there is a next page. */
	lista->params[5] = sql_of_int(rq->arena, filtro.limite + 1);
	return rs->complaints.count == 0 ? PROBLEM_NONE : PROBLEM_PARAMETRO_INVALIDO;
}

/* All that match: known from the page before, or when the first page is the only one; else counted, now. */
static enum problem lista_total(struct request *rq, struct lista *lista, size_t rows)
{
	struct sql_rows count;

	if (lista->continued)
		return PROBLEM_NONE;
	lista->total = (int64_t)rows;
	if (lista->total <= lista->limite)
		return PROBLEM_NONE;
	enum problem problem = sql_run(rq->stores->db, SQL_PEDIDOS_TOTAL, lista->params, rq->arena, &count);
	if (problem == PROBLEM_NONE)
		lista->total = sql_int(&count, 0, 0);
	return problem;
}

enum problem pedidos_lista(struct request *rq, struct response *rs)
{
	struct lista lista;
	struct sql_rows rows;
	struct pedido pedido = {0};
	enum problem problem = lista_read(rq, rs, &lista);

	if (problem == PROBLEM_NONE)
		problem = sql_run(rq->stores->db, lista.statement, lista.params, rq->arena, &rows);
	if (problem == PROBLEM_NONE)
		problem = lista_total(rq, &lista, rows.count);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_array(out, NULL);
	for (size_t i = 0; i < rows.count && (int64_t)i < lista.limite; i++) {
		pedido_row(&rows, i, &pedido);
		pedido_write(out, NULL, &pedido);
	}
	json_array_end(out);
	json_int(out, "total", lista.total);
	if ((int64_t)rows.count <= lista.limite)
		return PROBLEM_NONE;
	const struct cursor next = {lista.pergunta, sql_of_time(rq->arena, pedido.criado_em), pedido.id, lista.total};
	json_text(out, "proximo", cursor_encode(rq->arena, &next));
	return PROBLEM_NONE;
}
