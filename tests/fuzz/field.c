/* Fields: a text, read by a rule of each type; what is accepted is written and read again. Also the numbers, times and texts beneath. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/field.h"
#include "core/money.h"
#include "core/uuid.h"
#include "fuzz.h"

static bool has_no_a(const char *text)
{
	return strchr(text, 'a') == NULL;
}

static const char *const allowed[] = {"retirada", "entrega", NULL};

static const struct rule rules[] = {
    {"int", FIELD_INT, 0, .min = INT64_MIN, .max = INT64_MAX},
    {"small", FIELD_INT, 0, .min = 1, .max = 9999},
    {"bool", FIELD_BOOL, 0},
    {"line", FIELD_TEXT, 0, .min = 1, .max = 40},
    {"lines", FIELD_TEXT, 0, .nullable = true, .max = 40, .text = TEXT_LINES},
    {"raw", FIELD_TEXT, 0, .max = 40, .text = TEXT_RAW},
    {"word", FIELD_TEXT, 0, .max = 20, .allowed = allowed},
    {"valid", FIELD_TEXT, 0, .max = 40, .valid = has_no_a, .words = "deve ser sem a letra a"},
    {"money", FIELD_MONEY, 0, .min = INT64_MIN, .max = INT64_MAX},
    {"time", FIELD_TIME, 0},
    {"uuid", FIELD_UUID, 0},
    {"ids", FIELD_IDS, 0, .min = 1, .max = 5},
};

union member {
	int64_t number;
	bool truth;
	const char *text;
	struct money amount;
	struct field_array array;
};

static void check_text(const struct rule *rule, struct arena *arena, const char *text)
{
	const char *again = NULL;
	int64_t characters = utf8_length(text, strlen(text));

	MUST(characters >= rule->min && characters <= rule->max);
	MUST(text_normalise(arena, rule->text, text, &again) == NULL);
	MUST(rule->allowed != NULL || strcmp(again, text) == 0);
	for (const char *at = text; *at != '\0' && rule->text != TEXT_RAW; at++)
		MUST((unsigned char)*at >= ' ' || (rule->text == TEXT_LINES && *at == '\n'));
}

static void check_ids(const struct rule *rule, const struct field_array *ids)
{
	MUST((int64_t)ids->count >= rule->min && (int64_t)ids->count <= rule->max);
	for (size_t i = 0; i < ids->count; i++)
		MUST(((int64_t *)ids->items)[i] >= 1 && ((int64_t *)ids->items)[i] <= INT32_MAX);
}

static void check_member(const struct rule *rule, struct arena *arena, const char *given, const union member *member)
{
	char text[64];
	union member again = {0};

	switch (rule->type) {
	case FIELD_INT:
		MUST(strspn(given, "-0123456789") == strlen(given));
		snprintf(text, sizeof(text), "%" PRId64, member->number);
		break;
	case FIELD_MONEY:
		money_format(member->amount, text);
		break;
	case FIELD_TIME:
		clock_format(member->number, text);
		break;
	case FIELD_UUID:
		MUST(uuid_valid(member->text) && strpbrk(member->text, "ABCDEF") == NULL);
		return;
	case FIELD_TEXT:
		check_text(rule, arena, member->text);
		return;
	case FIELD_IDS:
		check_ids(rule, &member->array);
		return;
	default:
		return;
	}
	MUST(field_parse(rule, text, arena, &again) && again.number == member->number);
}

/* Bounds in time, as lists are asked for: what is named ends after it begins. */
static void check_span(const char *text)
{
	int64_t when;
	int64_t span;
	int64_t instant;

	if (!clock_parse_span(text, &when, &span))
		return;
	MUST(span >= 1 && span <= INT64_C(86400000000));
	MUST(!clock_parse(text, &instant) || instant == when);
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
	const struct rule *rule = &rules[input_byte(&input) % FIELD_COUNT(rules)];
	size_t len;
	char *text = input_text(&input, "\n--\n", &len);
	struct arena *arena = arena_new();
	struct complaints complaints;
	union member member = {0};

	complaints_init(&complaints, arena);
	check_span(text);
	if (!field_parse(rule, text, arena, &member)) {
		complain_value(&complaints, rule->name, rule, text);
		MUST(complaints.count == 1 && is_utf8(complaints.first->erro) && *complaints.first->erro != '\0');
	} else if (!rule->nullable || member.text != NULL) {
		check_member(rule, arena, text, &member);
	}
	arena_free(arena);
	free(text);
	return 0;
}
