/* Checking what comes in, and the words of every complaint about it. */
#include "core/field.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/money.h"
#include "core/uuid.h"

/* At most this many code points become one in NFC: what is longer than that need not be normalised to be too long. */
#define NFC_SHRINKS 4

void complaints_init(struct complaints *list, struct arena *arena)
{
	*list = (struct complaints){.arena = arena};
	list->end = &list->first;
}

static void complaint_add(struct complaints *list, const char *campo, const char *erro)
{
	struct complaint *complaint = arena_alloc(list->arena, sizeof(*complaint));

	*complaint = (struct complaint){.campo = arena_printf(list->arena, "%s", campo), .erro = erro};
	*list->end = complaint;
	list->end = &complaint->next;
	list->count++;
}

void complain(struct complaints *list, const char *campo, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complaint_add(list, campo, arena_vprintf(list->arena, format, args));
	va_end(args);
}

/* "deve ser um de: a, b, c" */
static const char *allowed_words(struct arena *arena, const char *const *allowed)
{
	const char *words = arena_printf(arena, "deve ser um de: %s", allowed[0]);

	for (size_t i = 1; allowed[i] != NULL; i++)
		words = arena_printf(arena, "%s, %s", words, allowed[i]);
	return words;
}

static const char *money_words(struct arena *arena, const struct rule *rule)
{
	char least[MONEY_TEXT_MAX];
	char most[MONEY_TEXT_MAX];

	money_format((struct money){rule->min}, least);
	money_format((struct money){rule->max}, most);
	return arena_printf(arena, "deve ser um valor de %s a %s, com até duas casas decimais", least, most);
}

static const char *rule_words(struct arena *arena, const struct rule *rule)
{
	long long min = rule->min;
	long long max = rule->max;

	switch (rule->type) {
	case FIELD_INT:
		return rule->words != NULL ? rule->words
		                           : arena_printf(arena, "deve ser um inteiro de %lld a %lld", min, max);
	case FIELD_BOOL:
		return "deve ser true ou false";
	case FIELD_TEXT:
		if (rule->words != NULL)
			return rule->words;
		return rule->allowed != NULL
		           ? allowed_words(arena, rule->allowed)
		           : arena_printf(arena, "deve ser um texto de %lld a %lld caracteres", min, max);
	case FIELD_MONEY:
		return money_words(arena, rule);
	case FIELD_TIME:
		return "deve ser uma data (2026-11-24) ou data e hora com fuso (2026-11-24T10:00:00Z)";
	case FIELD_UUID:
		return "deve ser um UUID";
	case FIELD_IDS:
		return arena_printf(
		    arena, "deve ser uma lista de %lld a %lld inteiros positivos separados por vírgulas", min, max);
	case FIELD_OBJECT:
		return "deve ser um objeto";
	case FIELD_ARRAY:
		return arena_printf(arena, "deve ser uma lista de %lld a %lld itens", min, max);
	case FIELD_JSON:
	case FIELD_BYTES:
		break;
	}
	return "não é aceito";
}

void complain_rule(struct complaints *list, const char *campo, const struct rule *rule)
{
	complaint_add(list, campo, rule_words(list->arena, rule));
}

bool int_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *text == '-';
	int64_t value = 0;

	text += negative;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *text - '0', &value))
			return false;
	if (*text != '\0' || (!negative && __builtin_sub_overflow((int64_t)0, value, &value)))
		return false;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* One of the allowed words, letter by letter: they are for programs. */
static bool word_allowed(const char *const *allowed, const char *text)
{
	for (; *allowed != NULL; allowed++)
		if (strcmp(*allowed, text) == 0)
			return true;
	return false;
}

/* Reads a text; NULL when it fits, else what is wrong with it. */
static const char *text_read(const struct rule *rule, const char *text, struct arena *arena, const char **out)
{
	int64_t characters = utf8_length(text, strlen(text));
	const char *normal = text;

	if (characters < 0 || characters / NFC_SHRINKS > rule->max)
		return rule_words(arena, rule);
	if (rule->allowed != NULL) {
		if (!word_allowed(rule->allowed, text))
			return rule_words(arena, rule);
	} else {
		const char *wrong = text_normalise(arena, rule->text, text, &normal);
		if (wrong != NULL)
			return wrong;
	}
	characters = utf8_length(normal, strlen(normal));
	if (characters == 0 && rule->min > 0)
		return "não pode ficar em branco";
	if (characters < rule->min || characters > rule->max || (rule->valid != NULL && !rule->valid(normal)))
		return rule_words(arena, rule);
	*out = normal == text ? arena_copy(arena, text, strlen(text)) : normal;
	return NULL;
}

void complain_value(struct complaints *list, const char *campo, const struct rule *rule, const char *value)
{
	const char *ignored;

	if (rule->type == FIELD_TEXT && value != NULL)
		complaint_add(list, campo, text_read(rule, value, list->arena, &ignored));
	else
		complain_rule(list, campo, rule);
}

static bool uuid_parse(const char *text, struct arena *arena, const char **out)
{
	if (!uuid_valid(text))
		return false;
	char *lower = arena_copy(arena, text, UUID_TEXT_MAX - 1);
	for (char *at = lower; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	*out = lower;
	return true;
}

static bool money_read(const struct rule *rule, const char *text, struct money *out)
{
	struct money amount;

	if (!money_parse(text, strlen(text), &amount) || amount.centavos < rule->min || amount.centavos > rule->max)
		return false;
	*out = amount;
	return true;
}

static bool bool_parse(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0;
}

static bool ids_parse(const struct rule *rule, const char *text, struct arena *arena, struct field_array *out)
{
	size_t most = 1;

	for (const char *at = text; *at != '\0'; at++)
		most += *at == ',';
	if ((int64_t)most < rule->min || (int64_t)most > rule->max)
		return false;
	int64_t *ids = arena_array(arena, most, sizeof(*ids));
	char *rest = arena_copy(arena, text, strlen(text));
	for (size_t i = 0; i < most; i++) {
		const char *one = strsep(&rest, ",");
		if (one == NULL || !int_parse(one, 1, INT32_MAX, &ids[i]))
			return false;
	}
	*out = (struct field_array){.items = ids, .count = most};
	return true;
}

bool field_parse(const struct rule *rule, const char *text, struct arena *arena, void *member)
{
	if (rule->nullable && text_is_blank(text))
		return true;
	switch (rule->type) {
	case FIELD_INT:
		return int_parse(text, rule->min, rule->max, member);
	case FIELD_BOOL:
		return bool_parse(text, member);
	case FIELD_TEXT:
		return text_read(rule, text, arena, member) == NULL;
	case FIELD_MONEY:
		return money_read(rule, text, member);
	case FIELD_TIME:
		return clock_parse(text, member);
	case FIELD_UUID:
		return uuid_parse(text, arena, member);
	case FIELD_IDS:
		return ids_parse(rule, text, arena, member);
	case FIELD_JSON:
	case FIELD_BYTES:
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		break;
	}
	return false;
}
