/* The administrators' lists of orders: the newest first, or in the order of their changes. */
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
/* Before every order, in the order of changes. */
#define PRIMEIRA_MUDANCA "0"
#define PRIMEIRO_ID      "00000000-0000-0000-0000-000000000000"

struct filtro {
	const char *status;
	const char *desde;
	const char *ate;
	int64_t numero;
	const char *cliente;
	const char *atualizado_desde;
	const char *ordem;
	int64_t limite;
	const char *cursor;
};

static const char *const publicos[] = {"confirmado", "em_preparo", "pronto", "em_rota", "entregue", "cancelado", NULL};
static const char *const ordens[] = {"recentes", "atualizado", NULL};

/* Times are read as text, because they are inclusive in the precision in which they were given. */
static const struct rule filtro_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct filtro, status), .min = 1, .max = 20, .allowed = publicos},
    {"desde", FIELD_TEXT, offsetof(struct filtro, desde), .min = 1, .max = 40, .text = TEXT_RAW},
    {"ate", FIELD_TEXT, offsetof(struct filtro, ate), .min = 1, .max = 40, .text = TEXT_RAW},
    {"numero", FIELD_INT, offsetof(struct filtro, numero), .min = 1, .max = INT64_MAX},
    {"cliente", FIELD_TEXT, offsetof(struct filtro, cliente), .min = 3, .max = 120},
    {"atualizado_desde", FIELD_TEXT, offsetof(struct filtro, atualizado_desde), .min = 1, .max = 40, .text = TEXT_RAW},
    {"ordem", FIELD_TEXT, offsetof(struct filtro, ordem), .min = 1, .max = 20, .allowed = ordens},
    {"limite", FIELD_INT, offsetof(struct filtro, limite), .min = 1, .max = LIMITE_MAX},
    {"cursor", FIELD_TEXT, offsetof(struct filtro, cursor), .min = 1, .max = 2048, .text = TEXT_RAW},
};

static const struct rule tempo_rule = {.type = FIELD_TIME};

/* The parameters of the list's statements (db/pedidos/statements/pedidos.sql); NULL where nothing was asked. */
enum { STATUS, DESDE, ATE, NUMERO, CLIENTE, ATUALIZADO_DESDE, FILTROS, CHAVE = FILTROS, ID, LINHAS, PARAMS };

struct lista {
	size_t statement;
	size_t total_statement;
	const char *params[PARAMS];
	int64_t pergunta; /* which its cursors belong to */
	bool mudancas;    /* in the order of changes */
	int64_t limite;
	bool continued; /* a page after the first, whose cursor says the total */
	int64_t total;
};

/* What has a filter of its own has a statement of its own; the order of changes takes all. */
static void lista_choose(struct lista *lista, const struct filtro *filtro)
{
	lista->mudancas =
	    filtro->atualizado_desde != NULL || (filtro->ordem != NULL && strcmp(filtro->ordem, "atualizado") == 0);
	lista->statement = lista->mudancas           ? SQL_PEDIDOS_LISTA_MUDANCA
	                   : filtro->cliente != NULL ? SQL_PEDIDOS_LISTA_CLIENTE
	                   : filtro->status != NULL  ? SQL_PEDIDOS_LISTA_STATUS
	                                             : SQL_PEDIDOS_LISTA;
	lista->total_statement = lista->mudancas           ? SQL_PEDIDOS_TOTAL_MUDANCA
	                         : filtro->cliente != NULL ? SQL_PEDIDOS_TOTAL_CLIENTE
	                                                   : SQL_PEDIDOS_TOTAL;
}

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

static bool chave_valid(const struct lista *lista, const char *key)
{
	int64_t value = 0;

	return lista->mudancas ? int_parse(key, 0, INT64_MAX, &value)
	                       : clock_parse(key, &value) && value >= 0 && value <= TEMPO_MAX;
}

static void lista_cursor(struct response *rs, const char *text, struct lista *lista)
{
	struct cursor cursor;

	if (text == NULL)
		return;
	if (!cursor_read(&rs->complaints, text, lista->pergunta, &cursor))
		return;
	if (!chave_valid(lista, cursor.key) || !uuid_valid(cursor.id)) {
		cursor_refuse(&rs->complaints);
		return;
	}
	/* A poller's next look is a new list. */
	lista->continued = cursor.total > 0;
	lista->total = cursor.total;
	lista->params[CHAVE] = cursor.key;
	lista->params[ID] = cursor.id;
}

static enum problem lista_read(struct request *rq, struct response *rs, struct lista *lista)
{
	struct filtro filtro = {.limite = LIMITE_PADRAO};
	enum problem problem = request_query(rq, rs, filtro_rules, FIELD_COUNT(filtro_rules), &filtro, NULL);

	*lista = (struct lista){.limite = filtro.limite};
	if (problem != PROBLEM_NONE)
		return problem;
	lista_choose(lista, &filtro);
	if (lista->mudancas && filtro.ordem != NULL && strcmp(filtro.ordem, "recentes") == 0)
		complain(&rs->complaints, "ordem", "com atualizado_desde a ordem é atualizado");
	lista->params[STATUS] = filtro.status;
	bound_read(rq, rs, "desde", filtro.desde, &lista->params[DESDE]);
	bound_read(rq, rs, "ate", filtro.ate, &lista->params[ATE]);
	lista->params[NUMERO] = filtro.numero == 0 ? NULL : sql_of_int(rq->arena, filtro.numero);
	lista->params[CLIENTE] = filtro.cliente;
	bound_read(rq, rs, "atualizado_desde", filtro.atualizado_desde, &lista->params[ATUALIZADO_DESDE]);
	lista->pergunta = cursor_question(lista->mudancas ? "mudancas" : "pedidos", lista->params, FILTROS);
	lista_cursor(rs, filtro.cursor, lista);
	/* One row more than asked tells whether there is a next page. */
	lista->params[LINHAS] = sql_of_int(rq->arena, filtro.limite + 1);
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
	enum problem problem = sql_run(rq->stores->db, lista->total_statement, lista->params, rq->arena, &count);
	if (problem == PROBLEM_NONE)
		lista->total = sql_int(&count, 0, 0);
	return problem;
}

/* Where the next page begins; in the order of changes also where a poller goes on, which is a list of its own. */
static void lista_write_next(struct request *rq, struct json_out *out, const struct lista *lista,
                             const struct pedido *last, bool more)
{
	struct cursor next = {lista->pergunta, PRIMEIRA_MUDANCA, PRIMEIRO_ID, lista->total};

	if (last->id != NULL) {
		next.key =
		    lista->mudancas ? sql_of_int(rq->arena, last->mudanca) : sql_of_time(rq->arena, last->criado_em);
		next.id = last->id;
	} else if (lista->params[CHAVE] != NULL) {
		next.key = lista->params[CHAVE];
		next.id = lista->params[ID];
	}
	if (more)
		json_text(out, "proximo", cursor_encode(rq->arena, &next));
	next.total = 0;
	if (lista->mudancas)
		json_text(out, "retomar", cursor_encode(rq->arena, &next));
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
	lista_write_next(rq, out, &lista, &pedido, (int64_t)rows.count > lista.limite);
	return PROBLEM_NONE;
}
