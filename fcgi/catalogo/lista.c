/* Lists of products: filters, search, order, pages. */
#include <string.h>

#include "catalogo/catalogo.h"
#include "core/clock.h"
#include "core/cursor.h"

#define LIMITE_PADRAO 100
#define LIMITE_MAX    500

struct filtro {
	int64_t categoria_id;
	struct money preco_min;
	struct money preco_max;
	bool em_estoque;
	const char *busca;
	struct field_array ids;
	const char *ativo;
	const char *ordem;
	int64_t limite;
	const char *cursor;
};

enum {
	FILTRO_CATEGORIA,
	FILTRO_PRECO_MIN,
	FILTRO_PRECO_MAX,
	FILTRO_EM_ESTOQUE,
	FILTRO_BUSCA,
	FILTRO_IDS,
	FILTRO_ATIVO,
	FILTRO_ORDEM,
	FILTRO_LIMITE
};

static const char *const ordens[] = {"nome", "preco", "-preco", "recentes", NULL};

static const char *const ativos[] = {"true", "false", "todos", NULL};

static const struct rule filtro_rules[] = {
    [FILTRO_CATEGORIA] = {"categoria_id", FIELD_INT, offsetof(struct filtro, categoria_id), .min = 1, .max = INT32_MAX},
    [FILTRO_PRECO_MIN] = {"preco_min", FIELD_MONEY, offsetof(struct filtro, preco_min), .min = 0, .max = 9999999999},
    [FILTRO_PRECO_MAX] = {"preco_max", FIELD_MONEY, offsetof(struct filtro, preco_max), .min = 0, .max = 9999999999},
    [FILTRO_EM_ESTOQUE] = {"em_estoque", FIELD_BOOL, offsetof(struct filtro, em_estoque)},
    [FILTRO_BUSCA] = {"busca", FIELD_TEXT, offsetof(struct filtro, busca), .max = 200, .text = TEXT_RAW},
    [FILTRO_IDS] = {"ids", FIELD_IDS, offsetof(struct filtro, ids), .min = 1, .max = LIMITE_MAX},
    [FILTRO_ATIVO] = {"ativo", FIELD_TEXT, offsetof(struct filtro, ativo), .min = 1, .max = 5, .allowed = ativos},
    [FILTRO_ORDEM] = {"ordem", FIELD_TEXT, offsetof(struct filtro, ordem), .min = 1, .max = 20, .allowed = ordens},
    [FILTRO_LIMITE] = {"limite", FIELD_INT, offsetof(struct filtro, limite), .min = 1, .max = LIMITE_MAX},
    {"cursor", FIELD_TEXT, offsetof(struct filtro, cursor), .min = 1, .max = 2048, .text = TEXT_RAW},
};

/* An order: its name in the query, its statement, and what a sort key in a cursor must look like. */
struct ordem {
	const char *nome;
	size_t statement;
	bool (*key_valid)(const char *key);
};

static bool key_empty(const char *key)
{
	return *key == '\0';
}

static bool key_text(const char *key)
{
	return utf8_length(key, strlen(key)) >= 1; /* any name, also from before the text rule */
}

static bool key_money(const char *key)
{
	struct money preco;
	char written[MONEY_TEXT_MAX];

	if (!money_parse(key, strlen(key), &preco) || preco.centavos < 0 || preco.centavos > 9999999999)
		return false;
	money_format(preco, written);
	return strcmp(written, key) == 0;
}

static bool key_time(const char *key)
{
	int64_t when;

	return clock_parse(key, &when);
}

/* How well a row matches, best first: a part of pergunta_busca(). */
static bool key_rank(const char *key)
{
	int64_t grau;

	return int_parse(key, 1, 5, &grau);
}

static const struct ordem por_id = {"id", SQL_LISTA_ID, key_empty};
static const struct ordem por_relevancia = {"relevancia", SQL_LISTA_RELEVANCIA, key_rank};
static const struct ordem por_nome_dado[] = {
    {"nome", SQL_LISTA_NOME, key_text},
    {"preco", SQL_LISTA_PRECO, key_money},
    {"-preco", SQL_LISTA_PRECO_DESC, key_money},
    {"recentes", SQL_LISTA_RECENTES, key_time},
};

static const struct ordem *ordem_of(const struct filtro *filtro, bool searches)
{
	for (size_t i = 0; filtro->ordem != NULL && i < FIELD_COUNT(por_nome_dado); i++)
		if (strcmp(por_nome_dado[i].nome, filtro->ordem) == 0)
			return &por_nome_dado[i];
	return searches ? &por_relevancia : &por_id;
}

/* The statements' parameters, in their order. */
enum {
	PARAM_CATEGORIA,
	PARAM_PRECO_MIN,
	PARAM_PRECO_MAX,
	PARAM_EM_ESTOQUE,
	PARAM_BUSCA,
	PARAM_IDS,
	PARAM_ATIVO,
	PARAM_FILTROS, /* those above are what was asked for */
	PARAM_CHAVE = PARAM_FILTROS,
	PARAM_ID,
	PARAM_LINHAS,
	PARAM_COUNT
};

/* A list as it was asked for; parameters are NULL where nothing was asked. */
struct lista {
	const struct ordem *ordem;
	const char *params[PARAM_COUNT];
	bool on_sale; /* what everybody sees; else what only the staff does, by PARAM_ATIVO */
	int64_t limite;
	int64_t pergunta; /* which its cursors belong to */
	bool continued;   /* a page after the first, whose cursor says the total */
	int64_t total;
};

static enum problem lista_cursor(struct response *rs, const char *text, struct lista *lista)
{
	struct cursor cursor;
	int64_t id;

	if (!cursor_read(&rs->complaints, text, lista->pergunta, &cursor))
		return PROBLEM_PARAMETRO_INVALIDO;
	if (!lista->ordem->key_valid(cursor.key) || !int_parse(cursor.id, 1, INT32_MAX, &id)) {
		cursor_refuse(&rs->complaints);
		return PROBLEM_PARAMETRO_INVALIDO;
	}
	lista->continued = true;
	lista->total = cursor.total;
	lista->params[PARAM_CHAVE] = *cursor.key == '\0' ? NULL : cursor.key;
	lista->params[PARAM_ID] = cursor.id;
	return PROBLEM_NONE;
}

/* Which products are meant by `ativo` (NULL: those on sale). Others than those on sale are for the staff. */
static enum problem lista_ativo(struct request *rq, const char *ativo, struct lista *lista)
{
	lista->on_sale = ativo == NULL || strcmp(ativo, "true") == 0;
	lista->params[PARAM_ATIVO] = lista->on_sale ? "true" : strcmp(ativo, "false") == 0 ? ativo : NULL;
	return lista->on_sale ? PROBLEM_NONE : request_authorize(rq, EQUIPE);
}

/* Turns the query string into parameters. `categoria` is the path's, 0 without one. */
static enum problem lista_read(struct request *rq, struct response *rs, int64_t categoria, struct lista *lista)
{
	struct filtro filtro = {.limite = LIMITE_PADRAO};
	uint32_t present = 0;
	enum problem problem = request_query(rq, rs, filtro_rules, FIELD_COUNT(filtro_rules), &filtro, &present);

	if (problem != PROBLEM_NONE)
		return problem;
	if (categoria != 0) {
		filtro.categoria_id = categoria;
		present |= 1u << FILTRO_CATEGORIA;
	}
	/* Who asks for some products by name wants them all. */
	if ((present & 1u << FILTRO_IDS) && !(present & 1u << FILTRO_LIMITE))
		filtro.limite = LIMITE_MAX;
	bool searches = (present & 1u << FILTRO_BUSCA) != 0 && *filtro.busca != '\0';
	*lista = (struct lista){.ordem = ordem_of(&filtro, searches), .limite = filtro.limite};
	if (present & 1u << FILTRO_CATEGORIA)
		lista->params[PARAM_CATEGORIA] = sql_of_int(rq->arena, filtro.categoria_id);
	if (present & 1u << FILTRO_PRECO_MIN)
		lista->params[PARAM_PRECO_MIN] = sql_of_money(rq->arena, filtro.preco_min);
	if (present & 1u << FILTRO_PRECO_MAX)
		lista->params[PARAM_PRECO_MAX] = sql_of_money(rq->arena, filtro.preco_max);
	if (present & 1u << FILTRO_EM_ESTOQUE)
		lista->params[PARAM_EM_ESTOQUE] = sql_of_bool(filtro.em_estoque);
	if (searches)
		lista->params[PARAM_BUSCA] = filtro.busca;
	if (present & 1u << FILTRO_IDS)
		lista->params[PARAM_IDS] = sql_of_ints(rq->arena, filtro.ids.items, filtro.ids.count);
	problem = lista_ativo(rq, filtro.ativo, lista);
	if (problem != PROBLEM_NONE)
		return problem;
	lista->pergunta = cursor_question(lista->ordem->nome, lista->params, PARAM_FILTROS);
	/* One row more than asked tells whether there is a next page. */
	lista->params[PARAM_LINHAS] = sql_of_int(rq->arena, filtro.limite + 1);
	return filtro.cursor == NULL ? PROBLEM_NONE : lista_cursor(rs, filtro.cursor, lista);
}

/* All that match: known from the page before, or when the first page is the only one; else counted, now. */
static enum problem lista_total(struct request *rq, struct lista *lista, const struct sql_rows *rows)
{
	bool one_by_one = lista->params[PARAM_BUSCA] != NULL || lista->params[PARAM_IDS] != NULL || !lista->on_sale;
	struct sql_rows count;

	if (lista->continued)
		return PROBLEM_NONE;
	lista->total = (int64_t)rows->count;
	if (lista->total <= lista->limite)
		return PROBLEM_NONE;
	enum problem problem =
	    sql_run(rq->stores->db, one_by_one ? SQL_LISTA_TOTAL : SQL_LISTA_CONTADA, lista->params, rq->arena, &count);
	if (problem == PROBLEM_NONE)
		lista->total = sql_int(&count, 0, 0);
	return problem;
}

/* Whether a cart asks: for these products on sale, and nothing else. */
static bool only_ids(const struct lista *lista)
{
	for (size_t i = 0; i < PARAM_LINHAS; i++)
		if (i != PARAM_ATIVO && (lista->params[i] != NULL) != (i == PARAM_IDS))
			return false;
	return lista->ordem == &por_id && lista->on_sale;
}

static enum problem lista_rows(struct request *rq, const struct lista *lista, struct sql_rows *rows)
{
	const char *const ids[] = {lista->params[PARAM_IDS], lista->params[PARAM_LINHAS]};

	if (only_ids(lista))
		return sql_run(rq->stores->db, SQL_LISTA_IDS, ids, rq->arena, rows);
	return sql_run(rq->stores->db, lista->ordem->statement, lista->params, rq->arena, rows);
}

/* One page, and how many there are in all. */
static enum problem lista_run(struct request *rq, struct lista *lista, struct sql_rows *rows)
{
	enum problem problem = lista_rows(rq, lista, rows);

	return problem == PROBLEM_NONE ? lista_total(rq, lista, rows) : problem;
}

static void lista_write(struct json_out *out, const char *name, const struct sql_rows *rows, int64_t limite)
{
	json_array(out, name);
	for (size_t i = 0; i < rows->count && (int64_t)i < limite; i++) {
		struct produto produto;
		sql_row(rows, i, produto_fields, PRODUTO_FIELDS, &produto);
		json_struct(out, NULL, produto_fields, PRODUTO_FIELDS, &produto);
	}
	json_array_end(out);
}

/* `total`, and `proximo` when there is a next page. */
static void lista_write_end(struct request *rq, struct json_out *out, const struct lista *lista,
                            const struct sql_rows *rows)
{
	json_int(out, "total", lista->total);
	if ((int64_t)rows->count <= lista->limite)
		return;
	size_t last = (size_t)lista->limite - 1;
	const char *key = sql_text(rows, last, PRODUTO_FIELDS);
	const struct cursor cursor = {lista->pergunta, key == NULL ? "" : key, sql_text(rows, last, 0), lista->total};
	json_text(out, "proximo", cursor_encode(rq->arena, &cursor));
}

enum problem produtos_lista(struct request *rq, struct response *rs)
{
	struct lista lista;
	struct sql_rows rows;
	enum problem problem = lista_read(rq, rs, 0, &lista);

	if (problem == PROBLEM_NONE)
		problem = lista_run(rq, &lista, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	lista_write(out, NULL, &rows, lista.limite);
	lista_write_end(rq, out, &lista, &rows);
	return PROBLEM_NONE;
}

enum problem produtos_da_categoria(struct request *rq, struct response *rs)
{
	struct lista lista;
	struct sql_rows rows;
	struct categoria categoria;
	enum problem problem = lista_read(rq, rs, request_int(rq, 0), &lista);

	if (problem == PROBLEM_NONE)
		problem = categoria_read(rq, request_int(rq, 0), &categoria);
	if (problem == PROBLEM_NONE)
		problem = lista_run(rq, &lista, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_struct(out, "categoria", categoria_fields, CATEGORIA_FIELDS, &categoria);
	lista_write(out, "produtos", &rows, lista.limite);
	lista_write_end(rq, out, &lista, &rows);
	json_object_end(out);
	return PROBLEM_NONE;
}
