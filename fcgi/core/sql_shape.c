/* The columns of results: what statements declare, and what came. */
#include "core/sql_shape.h"

#include <string.h>

#include "core/clock.h"
#include "core/ensure.h"
#include "core/log.h"
#include "core/money.h"

/* Types by their number, which never changes (catalog/pg_type_d.h, of the server's own headers). */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_JSON = 114,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_UUID = 2950,
	OID_JSONB = 3802,
	OID_XID8 = 5069,
};

/* What a column of this type is read as: what has no type of its own here is text (names, states, arrays). */
static enum field_type type_of(Oid oid)
{
	switch (oid) {
	case OID_BOOL:
		return FIELD_BOOL;
	case OID_BYTEA:
		return FIELD_BYTES;
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_XID8:
		return FIELD_INT;
	case OID_JSON:
	case OID_JSONB:
		return FIELD_JSON;
	case OID_TIMESTAMPTZ:
		return FIELD_TIME;
	case OID_NUMERIC:
		return FIELD_MONEY;
	case OID_UUID:
		return FIELD_UUID;
	default:
		return FIELD_TEXT;
	}
}

const char *sql_shape_mismatch(const struct sql_statement *statement, const PGresult *result, struct arena *arena)
{
	size_t count = (size_t)PQnfields(result);

	if (count != statement->column_count)
		return arena_printf(arena, "returns %zu columns, not %zu as it says", count, statement->column_count);
	for (size_t i = 0; i < count; i++) {
		const struct sql_column *column = &statement->columns[i];
		if (strcmp(PQfname(result, (int)i), column->name) != 0)
			return arena_printf(arena, "column %zu is %s, not %s as it says", i + 1,
			                    PQfname(result, (int)i), column->name);
		if (type_of(PQftype(result, (int)i)) != column->type)
			return arena_printf(arena, "column %s has another type than it says", column->name);
	}
	return NULL;
}

/* What is wrong with a value; NULL: nothing. The server has checked it against its type, which says less of these. */
static const char *value_error(const struct sql_column *column, const PGresult *result, int row, int i)
{
	struct money amount;
	int64_t number;

	if (PQgetisnull(result, row, i))
		return column->nullable || (column->with_first && PQgetisnull(result, row, 0)) ? NULL : "null";
	const char *text = PQgetvalue(result, row, i);
	if (column->type == FIELD_MONEY && !money_parse(text, strlen(text), &amount))
		return "no amount";
	if (column->type == FIELD_TIME && !clock_parse(text, &number))
		return "no time";
	if (column->type == FIELD_INT && !int_parse(text, INT64_MIN, INT64_MAX, &number))
		return "no integer";
	return NULL;
}

static bool unreadable(const struct sql_statement *statement, const char *column, const char *error)
{
	log_event(LOG_LEVEL_ERRO, "sql_unreadable", "statement=%s coluna=%s erro=%s", statement->name, column,
	          log_quote(error));
	return false;
}

static bool fits(const struct sql_statement *statement, const PGresult *result)
{
	int count = PQnfields(result);

	if ((size_t)count != statement->column_count)
		return unreadable(statement, "-", "another number of columns");
	for (int i = 0; i < count; i++)
		if (type_of(PQftype(result, i)) != statement->columns[i].type)
			return unreadable(statement, statement->columns[i].name, "another type");
	for (int row = 0; row < PQntuples(result); row++)
		for (int i = 0; i < count; i++) {
			const char *error = value_error(&statement->columns[i], result, row, i);
			if (error != NULL)
				return unreadable(statement, statement->columns[i].name, error);
		}
	return true;
}

bool sql_shape_rows(const struct sql_statement *statement, PGresult *result, struct sql_rows *rows)
{
	const char *affected = PQcmdTuples(result);

	if (!fits(statement, result))
		return false;
	*rows = (struct sql_rows){.statement = statement, .result = result, .count = (size_t)PQntuples(result)};
	/* Empty after a command that counts nothing. */
	ensure(*affected == '\0' || int_parse(affected, 0, INT64_MAX, &rows->affected));
	return true;
}
