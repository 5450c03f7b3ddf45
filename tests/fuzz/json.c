/* The JSON reader: bytes without a NUL behind them, read by a table that has every type; what was read is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_scan.h"
#include "fuzz.h"

struct line {
	int64_t produto_id;
	const char *nome;
};

struct whole {
	int64_t n;
	bool b;
	const char *t;
	const char *lines;
	struct money m;
	int64_t when;
	const char *u;
	struct line inner;
	struct field_array itens;
};

static const char *const allowed[] = {"retirada", "entrega", NULL};

static const struct rule line_rules[] = {
    {"produto_id", FIELD_INT, offsetof(struct line, produto_id), true, .min = 1, .max = INT32_MAX},
    {"nome", FIELD_TEXT, offsetof(struct line, nome), .max = 20, .allowed = allowed},
};

static const struct rule rules[] = {
    {"n", FIELD_INT, offsetof(struct whole, n), .min = INT64_MIN, .max = INT64_MAX},
    {"b", FIELD_BOOL, offsetof(struct whole, b)},
    {"t", FIELD_TEXT, offsetof(struct whole, t), .min = 1, .max = 50},
    {"lines", FIELD_TEXT, offsetof(struct whole, lines), .nullable = true, .max = 50, .text = TEXT_LINES},
    {"m", FIELD_MONEY, offsetof(struct whole, m), .min = INT64_MIN, .max = INT64_MAX},
    {"when", FIELD_TIME, offsetof(struct whole, when)},
    {"u", FIELD_UUID, offsetof(struct whole, u)},
    {"inner", FIELD_OBJECT, offsetof(struct whole, inner), .rules = line_rules, .rule_count = FIELD_COUNT(line_rules)},
    {"itens", FIELD_ARRAY, offsetof(struct whole, itens), .min = 1, .max = 5, .rules = line_rules,
     .rule_count = FIELD_COUNT(line_rules), .size = sizeof(struct line)},
};

/* What goes out of it: the rules before `inner`. */
static const struct field fields[] = {
    {"n", FIELD_INT, offsetof(struct whole, n)},   {"b", FIELD_BOOL, offsetof(struct whole, b)},
    {"t", FIELD_TEXT, offsetof(struct whole, t)},  {"lines", FIELD_TEXT, offsetof(struct whole, lines)},
    {"m", FIELD_MONEY, offsetof(struct whole, m)}, {"when", FIELD_TIME, offsetof(struct whole, when)},
    {"u", FIELD_UUID, offsetof(struct whole, u)},
};

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Only members that were there: the others have no value that their rule allows. */
static void check_round_trip(struct arena *arena, const struct whole *first, uint32_t present)
{
	const struct json_schema schema = {.rules = rules, .count = FIELD_COUNT(fields)};
	struct buf buf = {0};
	struct json_out out = {.buf = &buf};
	struct complaints complaints;
	struct whole again = {0};

	complaints_init(&complaints, arena);
	json_object(&out, NULL);
	for (size_t i = 0; i < FIELD_COUNT(fields); i++)
		if (present >> i & 1)
			json_fields(&out, &fields[i], 1, first);
	json_object_end(&out);
	MUST(json_read(buf.data, buf.len, &schema, &again, NULL, &complaints) == PROBLEM_NONE);
	MUST(again.n == first->n && again.b == first->b && again.when == first->when);
	MUST(same(again.t, first->t) && same(again.lines, first->lines) && same(again.u, first->u));
	MUST(again.m.centavos == first->m.centavos);
	buf_free(&buf);
}

static void check_complaints(const struct complaints *complaints)
{
	for (const struct complaint *one = complaints->first; one != NULL; one = one->next)
		MUST(one->campo != NULL && one->erro != NULL && is_utf8(one->campo) && is_utf8(one->erro));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	const struct json_schema schema = {rules, FIELD_COUNT(rules), (input_byte(&input) & 1) != 0};
	size_t len = (size_t)(input.end - input.at);
	char *text = malloc(len == 0 ? 1 : len);
	struct arena *arena = arena_new();
	struct complaints complaints;
	struct json_summary summary;
	struct whole whole = {0};
	uint32_t present = 0;

	MUST(text != NULL);
	if (len > 0)
		memcpy(text, input.at, len);
	complaints_init(&complaints, arena);
	enum problem problem = json_read(text, len, &schema, &whole, &present, &complaints);
	bool bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
	bool scanned = json_scan(bom ? text + 3 : text, bom ? len - 3 : len, &summary);
	MUST(problem == PROBLEM_NONE || problem == PROBLEM_JSON_INVALIDO || problem == PROBLEM_CAMPOS_INVALIDOS);
	MUST(problem == PROBLEM_JSON_INVALIDO || scanned);
	MUST((problem == PROBLEM_CAMPOS_INVALIDOS) == (complaints.count > 0));
	MUST(present >> FIELD_COUNT(rules) == 0);
	check_complaints(&complaints);
	if (problem == PROBLEM_NONE && !schema.open)
		check_round_trip(arena, &whole, present);
	arena_free(arena);
	free(text);
	return 0;
}
