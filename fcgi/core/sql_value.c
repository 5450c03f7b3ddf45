/* Rows and parameters: between PostgreSQL's text format and this program's types. */
#include <libpq-fe.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/sql.h"

bool sql_is_null(const struct sql_rows *rows, size_t row, size_t column)
{
	return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

const char *sql_text(const struct sql_rows *rows, size_t row, size_t column)
{
	return sql_is_null(rows, row, column) ? NULL : PQgetvalue(rows->result, (int)row, (int)column);
}

int64_t sql_int(const struct sql_rows *rows, size_t row, size_t column)
{
	int64_t value = 0;

	int_parse(PQgetvalue(rows->result, (int)row, (int)column), INT64_MIN, INT64_MAX, &value);
	return value;
}

bool sql_bool(const struct sql_rows *rows, size_t row, size_t column)
{
	return *PQgetvalue(rows->result, (int)row, (int)column) == 't';
}

static uint8_t hex_value(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

const char *sql_bytes(const struct sql_rows *rows, size_t row, size_t column, struct arena *arena, size_t *len)
{
	const char *text = sql_text(rows, row, column);

	*len = 0;
	if (text == NULL)
		return NULL;
	/* "\\x" and two digits a byte: manual, section 8.4.1. */
	*len = ((size_t)PQgetlength(rows->result, (int)row, (int)column) - 2) / 2;
	char *bytes = arena_alloc(arena, *len + 1);
	for (size_t i = 0; i < *len; i++)
		bytes[i] = (char)(hex_value(text[2 + 2 * i]) << 4 | hex_value(text[3 + 2 * i]));
	return bytes;
}

struct money sql_money(const struct sql_rows *rows, size_t row, size_t column)
{
	struct money amount = {0};
	const char *text = PQgetvalue(rows->result, (int)row, (int)column);

	money_parse(text, strlen(text), &amount);
	return amount;
}

int64_t sql_time(const struct sql_rows *rows, size_t row, size_t column)
{
	int64_t microseconds = 0;

	clock_parse(PQgetvalue(rows->result, (int)row, (int)column), &microseconds);
	return microseconds;
}

static void read_member(const struct sql_rows *rows, size_t row, size_t column, enum field_type type, void *member)
{
	switch (type) {
	case FIELD_INT:
		*(int64_t *)member = sql_int(rows, row, column);
		break;
	case FIELD_BOOL:
		*(bool *)member = sql_bool(rows, row, column);
		break;
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
		*(const char **)member = sql_text(rows, row, column);
		break;
	case FIELD_MONEY:
		*(struct money *)member = sql_money(rows, row, column);
		break;
	case FIELD_TIME:
		*(int64_t *)member = sql_time(rows, row, column);
		break;
	case FIELD_IDS:
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		break;
	}
}

void sql_row(const struct sql_rows *rows, size_t row, const struct field *fields, size_t count, void *out)
{
	for (size_t i = 0; i < count; i++)
		read_member(rows, row, i, fields[i].type, (char *)out + fields[i].offset);
}

const char *sql_of_int(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%lld", (long long)value);
}

const char *sql_of_bool(bool value)
{
	return value ? "t" : "f";
}

/* Hexadecimal: manual, section 8.4.1. */
const char *sql_of_bytes(struct arena *arena, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_array(arena, len + 2, 2);

	text[0] = '\\';
	text[1] = 'x';
	for (size_t i = 0; i < len; i++) {
		text[2 + 2 * i] = digits[bytes[i] >> 4];
		text[3 + 2 * i] = digits[bytes[i] & 15];
	}
	return text;
}

const char *sql_of_money(struct arena *arena, struct money amount)
{
	char *text = arena_alloc(arena, MONEY_TEXT_MAX);

	money_format(amount, text);
	return text;
}

const char *sql_of_time(struct arena *arena, int64_t microseconds)
{
	char *text = arena_alloc(arena, CLOCK_TEXT_MAX);

	clock_format(microseconds, text);
	return text;
}

const char *sql_of_ints(struct arena *arena, const int64_t *values, size_t count)
{
	struct buf literal = {0};

	buf_text(&literal, "{");
	for (size_t i = 0; i < count; i++)
		buf_printf(&literal, "%s%lld", i == 0 ? "" : ",", (long long)values[i]);
	buf_text(&literal, "}");
	const char *text = arena_copy(arena, literal.data, literal.len);
	buf_free(&literal);
	return text;
}

/* Each element in quotes, its quotes and backslashes escaped: manual, section 8.15.6. */
const char *sql_of_texts(struct arena *arena, const char *const *values, size_t count)
{
	struct buf literal = {0};

	buf_text(&literal, "{");
	for (size_t i = 0; i < count; i++) {
		buf_text(&literal, i == 0 ? "\"" : ",\"");
		for (const char *at = values[i]; *at != '\0'; at++) {
			if (*at == '"' || *at == '\\')
				buf_append(&literal, "\\", 1);
			buf_append(&literal, at, 1);
		}
		buf_text(&literal, "\"");
	}
	buf_text(&literal, "}");
	const char *text = arena_copy(arena, literal.data, literal.len);
	buf_free(&literal);
	return text;
}
