/* Stores whose answers are the input's. */
#include "stores.h"

#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/json_scan.h"
#include "core/kv.h"
#include "core/sql.h"
#include "core/uuid.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define CELLS_MAX    24
#define PARAMS_MAX   16

static struct input *playing;

void stores_play(struct input *input)
{
	playing = input;
}

/* How a question ends: mostly well. */
static enum problem outcome(uint8_t byte)
{
	static const enum problem problems[] = {
	    PROBLEM_SERVICO_INDISPONIVEL,
	    PROBLEM_RESULTADO_DESCONHECIDO,
	    PROBLEM_SOMENTE_LEITURA,
	    PROBLEM_TEMPO_ESGOTADO,
	    PROBLEM_INTERNO,
	};

	return byte < 0xE0 ? PROBLEM_NONE : problems[byte % COUNT(problems)];
}

/* Texts that PostgreSQL may hold: states, words that a statement says, what people typed. */
static const char *const texts[] = {
    "Bolo de cenoura",
    "confirmado",
    "reservando",
    "cancelado",
    "desfazendo",
    "entregue",
    "em_preparo",
    "pronto",
    "ok",
    "feita",
    "nova",
    "repetida",
    "reutilizada",
    "versao",
    "insuficiente",
    "sem_produto",
    "sem_categoria",
    "chaves_demais",
    "limite",
    "finalizar",
    "devolver",
    "entrega",
    "retirada",
    "aberta",
    "liberada",
    "confirmada",
    "5f0c3e3a-8f5d-4c5e-9b1a-0a2f6f1d7c11",
    "chave-1",
    "1.5",
    "2026-12-24T15:00:00.000000Z",
    "",
    "Br\xc3\xbbl\xc3\xa9 e \xf0\x9f\x8d\xb0 \"\\</script>",
    "image/png",
    "image/svg+xml",
    "7",
    "indisponivel",
};

static const int64_t numbers[] = {1, 0, 2, 3, 7, 42, 99, 100, 9999, INT32_MAX, INT64_C(9007199254740991)};
static const char *const number_texts[] = {
    "1", "0", "2", "3", "7", "42", "99", "100", "9999", "2147483647", "9007199254740991"};
static const int64_t amounts[] = {4590, 0, 1, 100, 999, INT64_C(9999999999), INT64_C(9999999999999999)};
static const int64_t times[] = {INT64_C(1764150000000000), 0, INT64_C(1798761599999999), INT64_C(253402300799999999)};
static const char *const jsons[] = {
    "[{\"produto_id\":1,\"quantidade\":2}]", "[]", "{}", "{\"nome\":\"Ana\",\"tipo\":\"retirada\"}", "null",
};

struct cells {
	const struct sql_statement *statement;
	const char **params;
	const uint8_t *bytes;
	size_t len;
};

static uint8_t cell(const struct sql_rows *rows, size_t row, size_t column)
{
	const struct cells *cells = rows->result;

	return cells->len == 0 ? 0 : cells->bytes[(row * 7 + column) % cells->len];
}

static const struct sql_options *options;
static int handle; /* what `struct sql *` and `struct kv *` point to */

struct sql *sql_open(const struct sql_options *opened)
{
	options = opened;
	return (struct sql *)&handle;
}

void sql_close(struct sql *db)
{
	(void)db;
}

enum problem sql_run(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows)
{
	static const size_t counts[] = {1, 0, 2, 3};
	struct cells *cells = arena_alloc(arena, sizeof(*cells));
	uint8_t byte = input_byte(playing);

	MUST(db == (struct sql *)&handle && statement < options->statement_count);
	MUST(options->statements[statement].params <= PARAMS_MAX);
	cells->statement = &options->statements[statement];
	cells->params = arena_array(arena, PARAMS_MAX, sizeof(*cells->params));
	for (int i = 0; i < cells->statement->params; i++) {
		MUST(is_utf8(params[i]));
		cells->params[i] = params[i] == NULL ? NULL : arena_copy(arena, params[i], strlen(params[i]));
	}
	cells->bytes = input_bytes(playing, byte >> 4 & 1 ? CELLS_MAX : 4, &cells->len);
	*rows = (struct sql_rows){.result = cells};
	if (outcome(byte) == PROBLEM_NONE) {
		rows->count = counts[byte % COUNT(counts)];
		rows->affected = (int64_t)rows->count;
	}
	if (options->statements[statement].writes && options->wrote != NULL)
		options->wrote();
	return outcome(byte);
}

enum problem sql_try(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows, const char **constraint)
{
	static const char *const constraints[] = {"produtos_categoria_id_fkey", "categorias_nome_key",
	                                          "pedidos_chave_key"};
	uint8_t byte = input_byte(playing);

	*constraint = byte < 0xC0 ? NULL : constraints[byte % COUNT(constraints)];
	enum problem problem = sql_run(db, statement, params, arena, rows);
	if (problem != PROBLEM_NONE)
		*constraint = NULL;
	if (*constraint != NULL)
		rows->count = 0;
	return problem;
}

bool sql_on_standby(const struct sql *db)
{
	(void)db;
	return (input_byte(playing) & 1) != 0;
}

const char *sql_check(struct sql *db, struct arena *arena)
{
	(void)db;
	(void)arena;
	return NULL;
}

bool sql_is_null(const struct sql_rows *rows, size_t row, size_t column)
{
	const struct cells *cells = rows->result;
	const struct sql_column *declared = &cells->statement->columns[column];

	MUST(column < cells->statement->column_count);
	if (declared->with_first && column > 0 && sql_is_null(rows, row, 0))
		return true;
	/* JSON is null only of an order or a reservation without lines, and there is none. */
	return declared->nullable && declared->type != FIELD_JSON && (cell(rows, row, column) & 0x80) != 0;
}

/* 0x60 to 0x6F: what was written by this parameter is read back. */
static const char *parameter(const struct cells *cells, uint8_t byte)
{
	return byte >> 4 == 6 && (byte & 15) < cells->statement->params ? cells->params[byte & 15] : NULL;
}

const char *sql_text(const struct sql_rows *rows, size_t row, size_t column)
{
	const struct cells *cells = rows->result;
	uint8_t byte = cell(rows, row, column);
	const char *written = parameter(cells, byte);

	if (sql_is_null(rows, row, column))
		return NULL;
	switch (cells->statement->columns[column].type) {
	case FIELD_INT:
		return number_texts[byte % COUNT(number_texts)];
	case FIELD_BOOL:
		return (byte & 1) == 0 ? "t" : "f";
	case FIELD_MONEY:
		return "45.90";
	case FIELD_TIME:
		return "2026-12-24 15:00:00+00";
	case FIELD_UUID:
		return written != NULL && uuid_valid(written) ? written : "5f0c3e3a-8f5d-4c5e-9b1a-0a2f6f1d7c11";
	case FIELD_JSON:
		return jsons[byte % COUNT(jsons)];
	default:
		return written != NULL ? written : texts[byte % COUNT(texts)];
	}
}

int64_t sql_int(const struct sql_rows *rows, size_t row, size_t column)
{
	return numbers[cell(rows, row, column) % COUNT(numbers)];
}

bool sql_bool(const struct sql_rows *rows, size_t row, size_t column)
{
	const struct cells *cells = rows->result;

	/* Only what was refused is parked. */
	if (strcmp(cells->statement->name, "pedido_falhou") == 0 && cells->params[2] == NULL)
		return false;
	return (cell(rows, row, column) & 1) == 0;
}

const char *sql_bytes(const struct sql_rows *rows, size_t row, size_t column, struct arena *arena, size_t *len)
{
	*len = cell(rows, row, column);
	return arena_alloc(arena, *len + 1);
}

struct money sql_money(const struct sql_rows *rows, size_t row, size_t column)
{
	return (struct money){amounts[cell(rows, row, column) % COUNT(amounts)]};
}

int64_t sql_time(const struct sql_rows *rows, size_t row, size_t column)
{
	return times[cell(rows, row, column) % COUNT(times)];
}

static void read_member(const struct sql_rows *rows, size_t row, size_t column, const struct field *field, void *member)
{
	switch (field->type) {
	case FIELD_INT:
		*(int64_t *)member = sql_int(rows, row, column);
		break;
	case FIELD_BOOL:
		*(bool *)member = sql_bool(rows, row, column);
		break;
	case FIELD_MONEY:
		*(struct money *)member = sql_money(rows, row, column);
		break;
	case FIELD_TIME:
		*(int64_t *)member = sql_time(rows, row, column);
		break;
	default:
		*(const char **)member = sql_text(rows, row, column);
	}
}

void sql_row(const struct sql_rows *rows, size_t row, const struct field *fields, size_t count, void *out)
{
	for (size_t i = 0; i < count; i++)
		read_member(rows, row, i, &fields[i], (char *)out + fields[i].offset);
}

struct kv *kv_open(const struct kv_options *opened)
{
	(void)opened;
	return (struct kv *)&handle;
}

void kv_close(struct kv *kv)
{
	(void)kv;
}

static struct kv_reply reply_text(const char *text)
{
	return (struct kv_reply){.type = KV_TEXT, .text = text, .len = strlen(text)};
}

static struct kv_reply reply_int(uint8_t byte)
{
	return (struct kv_reply){.type = KV_INT, .integer = numbers[byte % COUNT(numbers)]};
}

static struct kv_reply reply_list(struct arena *arena, size_t count, struct kv_reply **items)
{
	*items = arena_array(arena, count, sizeof(**items));
	return (struct kv_reply){.type = KV_LIST, .items = *items, .count = count};
}

/* A cart, as HGETALL gives it. */
static struct kv_reply cart(struct arena *arena)
{
	static const char *const names[] = {"i:1",      "versao", "criado_em", "atualizado_em", "i:2", "i:77",
	                                    "retirada", "p:1",    "?"};
	static const char *const values[] = {
	    "2 1764150000000000", "1764150000000000", "7", "0", "9999 5", "", "x", "-1"};
	size_t len;
	const uint8_t *bytes = input_bytes(playing, input_byte(playing) % CELLS_MAX, &len);
	struct kv_reply *items;
	struct kv_reply reply = reply_list(arena, len * 2, &items);

	for (size_t i = 0; i < len; i++) {
		items[2 * i] = reply_text(names[(bytes[i] & 15) % COUNT(names)]);
		items[2 * i + 1] = reply_text(values[(bytes[i] >> 4) % COUNT(values)]);
	}
	return reply;
}

/* What the scripts of db/carrinho answer: a word and numbers, or numbers alone. */
static struct kv_reply said(struct arena *arena, uint8_t byte)
{
	static const char *const words[] = {"ok",      "repetida", "sessao", "item",  "cheio",
	                                    "estoque", "limite",   "chave",  "versao"};
	struct kv_reply *items;
	struct kv_reply reply = reply_list(arena, 1 + (size_t)(byte >> 5), &items);
	const char *word = words[(byte & 31) % COUNT(words)];

	for (size_t i = 0; i < reply.count; i++)
		items[i] = reply_int(input_byte(playing));
	if (byte % 32 < 30)
		items[0] = reply_text(word);
	if (reply.count > 1 && strcmp(word, "versao") != 0)
		items[1] = reply_text("1764150000000000");
	return reply;
}

enum problem kv_run(struct kv *kv, const struct kv_call *call, struct arena *arena, struct kv_reply *reply)
{
	enum problem problem = outcome(input_byte(playing));

	MUST(kv == (struct kv *)&handle);
	for (size_t i = 0; i < call->key_count; i++)
		MUST(is_utf8(call->keys[i]));
	for (size_t i = 0; i < call->arg_count; i++)
		MUST(is_utf8(call->args[i]));
	*reply = problem == PROBLEM_NONE ? said(arena, input_byte(playing)) : (struct kv_reply){0};
	return problem;
}

enum problem kv_probe(struct kv *kv, const struct kv_call *call, int deadline_ms, struct arena *arena,
                      struct kv_reply *reply)
{
	(void)deadline_ms;
	return kv_run(kv, call, arena, reply);
}

enum problem kv_read(struct kv *kv, const char *const *command, size_t count, struct arena *arena,
                     struct kv_reply *reply)
{
	enum problem problem = outcome(input_byte(playing));

	MUST(kv == (struct kv *)&handle && count > 0);
	for (size_t i = 0; i < count; i++)
		MUST(is_utf8(command[i]));
	*reply = problem == PROBLEM_NONE ? cart(arena) : (struct kv_reply){0};
	return problem;
}

struct caller *caller_open(const struct caller_options *opened)
{
	(void)opened;
	return (struct caller *)&handle;
}

void caller_close(struct caller *caller)
{
	(void)caller;
}

/* Bodies of the services: the first is what every question wants, as schemas of answers are open. */
static const char *const bodies[] = {
    "{\"data\":{\"status\":\"healthy\",\"id\":1,\"nome\":\"Bolo\",\"preco\":45.90,\"estoque\":10,\"ativo\":true,"
    "\"versao\":3,"
    "\"itens\":[{\"produto_id\":1,\"quantidade\":2,\"nome\":\"Bolo\",\"preco\":45.90}],\"reservas\":[]}}",
    "{\"data\":[{\"id\":1,\"nome\":\"Bolo\",\"preco\":45.90,\"estoque\":10,\"ativo\":true}]}",
    "{\"data\":{\"versao\":3,\"itens\":[]}}",
    "{\"codigo\":\"estoque_insuficiente\",\"detail\":\"restam 3\",\"detalhes\":[{\"campo\":\"a\",\"erro\":\"b\"}]}",
    "{\"codigo\":\"reserva_encerrada\",\"detail\":\"acabou\"}",
    "{\"data\":{\"status\":\"degraded\",\"trabalhadores\":{\"total\":4,\"ocupados\":1},\"postgres\":{\"status\":"
    "\"healthy\","
    "\"papel\":\"primario\",\"servidor\":\"a\",\"atraso_bytes\":0},\"redis\":{\"status\":\"healthy\",\"chaves\":7}}}",
    "{\"status\":\"degraded\",\"postgres\":\"healthy\",\"redis\":\"unhealthy\"}",
    "",
};

static void check_call(const struct call *call)
{
	struct json_summary summary;

	MUST(call->path[0] == '/' && strpbrk(call->path, " \r\n") == NULL);
	MUST(call->request_id == NULL || strpbrk(call->request_id, " \r\n") == NULL);
	MUST(call->body == NULL || json_scan(call->body, strlen(call->body), &summary));
}

enum problem caller_call(struct caller *caller, const struct call *call, struct arena *arena,
                         struct call_answer *answer)
{
	static const int statuses[] = {200, 404, 409, 422, 401, 500, 204, 429};
	uint8_t byte = input_byte(playing);
	size_t len;

	MUST(caller == (struct caller *)&handle);
	check_call(call);
	*answer = (struct call_answer){0};
	if (outcome(byte) != PROBLEM_NONE)
		return outcome(byte);
	answer->status = statuses[byte % COUNT(statuses)];
	byte = input_byte(playing);
	const char *body = bodies[byte % COUNT(bodies)];
	len = strlen(body);
	if (byte >= 0xC0) /* the service's own bytes */
		body = (const char *)input_bytes(playing, (size_t)(byte & 0x3F) * 16, &len);
	answer->body = arena_copy(arena, body, len);
	answer->len = len;
	return PROBLEM_NONE;
}
