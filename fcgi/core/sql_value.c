/* Rows and parameters: between PostgreSQL's text format and this program's types. */
#include <libpq-fe.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/ensure.h"
#include "core/sql.h"

/* A value's text, NULL for a null. */
static const char *value_at(const struct sql_rows *rows, size_t row, size_t column)
{
	ensure(row < rows->count && column < rows->statement->column_count);
	return PQgetisnull(rows->result, (int)row, (int)column) ? NULL
	                                                        : PQgetvalue(rows->result, (int)row, (int)column);
}

/* The same of a column of this type, not null. That it parses was seen when the result came (sql_shape.c). */
static const char *typed_at(const struct sql_rows *rows, size_t row, size_t column, enum field_type type)
{
	const char *text = value_at(rows, row, column);

	ensure(text != NULL && rows->statement->columns[column].type == type);
	return text;
}

bool sql_is_null(const struct sql_rows *rows, size_t row, size_t column)
{
	return value_at(rows, row, column) == NULL;
}

const char *sql_text(const struct sql_rows *rows, size_t row, size_t column)
{
	const char *text = value_at(rows, row, column);

	ensure(rows->statement->columns[column].type != FIELD_BYTES);
	return text;
}

int64_t sql_int(const struct sql_rows *rows, size_t row, size_t column)
{
	int64_t value;

	ensure(int_parse(typed_at(rows, row, column, FIELD_INT), INT64_MIN, INT64_MAX, &value));
	return value;
}

bool sql_bool(const struct sql_rows *rows, size_t row, size_t column)
{
	return *typed_at(rows, row, column, FIELD_BOOL) == 't';
}

static uint8_t hex_value(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

const char *sql_bytes(const struct sql_rows *rows, size_t row, size_t column, struct arena *arena, size_t *len)
{
	const char *text = value_at(rows, row, column);

	ensure(rows->statement->columns[column].type == FIELD_BYTES);
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
	struct money amount;
	const char *text = typed_at(rows, row, column, FIELD_MONEY);

	ensure(money_parse(text, strlen(text), &amount));
	return amount;
}

int64_t sql_time(const struct sql_rows *rows, size_t row, size_t column)
{
	int64_t microseconds;

	ensure(clock_parse(typed_at(rows, row, column, FIELD_TIME), &microseconds));
	return microseconds;
}

static void read_member(const struct sql_rows *rows, size_t row, size_t column, enum field_type type, void *member)
{
	static const struct money no_money;
	bool null = sql_is_null(rows, row, column);

	switch (type) {
	case FIELD_INT:
		*(int64_t *)member = null ? 0 : sql_int(rows, row, column);
		break;
	case FIELD_BOOL:
		*(bool *)member = null ? false : sql_bool(rows, row, column);
		break;
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
		*(const char **)member = sql_text(rows, row, column);
		break;
	case FIELD_MONEY:
		*(struct money *)member = null ? no_money : sql_money(rows, row, column);
		break;
	case FIELD_TIME:
		*(int64_t *)member = null ? 0 : sql_time(rows, row, column);
		break;
	case FIELD_BYTES:
	case FIELD_IDS:
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		break;
	}
}

/* Whether a column is what a member of the struct is read from. */
static bool is_column_of(const struct field *field, const struct sql_column *column)
{
	return strcmp(field->name, column->name) == 0 && field->type != FIELD_BYTES &&
	       (field->type == column->type || (field->type == FIELD_TEXT && column->type == FIELD_UUID) ||
	        (field->type == FIELD_JSON && column->type == FIELD_INT));
}

void sql_row(const struct sql_rows *rows, size_t row, const struct field *fields, size_t count, void *out)
{
	ensure(count <= rows->statement->column_count);
	for (size_t i = 0; i < count; i++) {
		ensure(is_column_of(&fields[i], &rows->statement->columns[i]));
		read_member(rows, row, i, fields[i].type, (char *)out + fields[i].offset);
	}
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
