/* The trail of a product: the ledger of its stock, and who changed its price and whether it is on sale. */
#include <string.h>

#include "catalogo/catalogo.h"
#include "core/cursor.h"

#define LIMITE_PADRAO 100
#define LIMITE_MAX    500

/* A row of either list; columns are read as they come and written as they are. */
struct passo {
	int64_t id;
	const char *tipo;
	int64_t quantidade;
	int64_t saldo;
	const char *pedido_numero; /* NULL: no order, or one from before orders had numbers here */
	const char *antes;
	const char *depois;
	const char *autor;
	int64_t em;
};

static const struct field movimento_fields[] = {
    {"id", FIELD_INT, offsetof(struct passo, id)},
    {"tipo", FIELD_TEXT, offsetof(struct passo, tipo)},
    {"quantidade", FIELD_INT, offsetof(struct passo, quantidade)},
    {"saldo", FIELD_INT, offsetof(struct passo, saldo)},
    {"pedido_numero", FIELD_JSON, offsetof(struct passo, pedido_numero)},
    {"autor", FIELD_TEXT, offsetof(struct passo, autor)},
    {"em", FIELD_TIME, offsetof(struct passo, em)},
};

static const struct field mudanca_fields[] = {
    {"id", FIELD_INT, offsetof(struct passo, id)},        {"campo", FIELD_TEXT, offsetof(struct passo, tipo)},
    {"antes", FIELD_JSON, offsetof(struct passo, antes)}, {"depois", FIELD_JSON, offsetof(struct passo, depois)},
    {"autor", FIELD_TEXT, offsetof(struct passo, autor)}, {"em", FIELD_TIME, offsetof(struct passo, em)},
};

/* One of the two lists: its name in cursors, its statements, its columns. */
struct trilha {
	const char *nome;
	size_t total;
	size_t lista;
	const struct field *fields;
	size_t field_count;
};

static const struct trilha movimentos = {"movimentos", SQL_MOVIMENTOS_TOTAL, SQL_MOVIMENTOS_LISTA, movimento_fields,
                                         FIELD_COUNT(movimento_fields)};
static const struct trilha mudancas = {"mudancas", SQL_MUDANCAS_TOTAL, SQL_MUDANCAS_LISTA, mudanca_fields,
                                       FIELD_COUNT(mudanca_fields)};

struct pagina {
	int64_t limite;
	const char *cursor;
};

static const struct rule pagina_rules[] = {
    {"limite", FIELD_INT, offsetof(struct pagina, limite), .min = 1, .max = LIMITE_MAX},
    {"cursor", FIELD_TEXT, offsetof(struct pagina, cursor), .min = 1, .max = 2048, .text = TEXT_RAW},
};

/* The rows of a page, one more when there is another page, and how many there are in all. */
static enum problem trilha_rows(struct request *rq, struct response *rs, const struct trilha *trilha,
                                const struct pagina *pagina, struct cursor *cursor, struct sql_rows *rows)
{
	const char *produto = sql_of_int(rq->arena, request_int(rq, 0));
	const char *params[] = {produto, NULL, sql_of_int(rq->arena, pagina->limite + 1)};
	int64_t id;

	*cursor = (struct cursor){.question = cursor_question(trilha->nome, &produto, 1), .key = ""};
	if (pagina->cursor != NULL) {
		if (!cursor_read(&rs->complaints, pagina->cursor, cursor->question, cursor))
			return PROBLEM_PARAMETRO_INVALIDO;
		if (*cursor->key != '\0' || !int_parse(cursor->id, 1, INT64_MAX, &id)) {
			cursor_refuse(&rs->complaints);
			return PROBLEM_PARAMETRO_INVALIDO;
		}
		params[1] = cursor->id;
		return sql_run(rq->stores->db, trilha->lista, params, rq->arena, rows);
	}
	enum problem problem = sql_run(rq->stores->db, trilha->total, &produto, rq->arena, rows);
	if (problem == PROBLEM_NONE && rows->count == 0)
		return PROBLEM_PRODUTO_NAO_ENCONTRADO;
	if (problem != PROBLEM_NONE)
		return problem;
	cursor->total = sql_int(rows, 0, 0);
	return sql_run(rq->stores->db, trilha->lista, params, rq->arena, rows);
}

static enum problem trilha_answer(struct request *rq, struct response *rs, const struct trilha *trilha)
{
	struct pagina pagina = {.limite = LIMITE_PADRAO};
	struct cursor cursor;
	struct sql_rows rows;
	struct passo passo = {0};
	enum problem problem = request_query(rq, rs, pagina_rules, FIELD_COUNT(pagina_rules), &pagina, NULL);

	if (problem == PROBLEM_NONE)
		problem = trilha_rows(rq, rs, trilha, &pagina, &cursor, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_array(out, NULL);
	for (size_t i = 0; i < rows.count && (int64_t)i < pagina.limite; i++) {
		sql_row(&rows, i, trilha->fields, trilha->field_count, &passo);
		json_struct(out, NULL, trilha->fields, trilha->field_count, &passo);
	}
	json_array_end(out);
	json_int(out, "total", cursor.total);
	if ((int64_t)rows.count > pagina.limite) {
		cursor.id = sql_of_int(rq->arena, passo.id);
		json_text(out, "proximo", cursor_encode(rq->arena, &cursor));
	}
	return PROBLEM_NONE;
}

enum problem movimentos_lista(struct request *rq, struct response *rs)
{
	return trilha_answer(rq, rs, &movimentos);
}

enum problem mudancas_lista(struct request *rq, struct response *rs)
{
	return trilha_answer(rq, rs, &mudancas);
}
