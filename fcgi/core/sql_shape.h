/*
 * What a statement says that it returns (-- returns: in db/<service>/statements/), held against what PostgreSQL returns: for sql.c and
 * sql_value.c alone. Whatever passes can be read; nothing has to be taken for 0.
 */
#ifndef CORE_SQL_SHAPE_H
#define CORE_SQL_SHAPE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "core/arena.h"
#include "core/sql.h"

/* NULL when the columns of a description or a result are those of the statement, by number, name and type; else what is not, in words. */
const char *sql_shape_mismatch(const struct sql_statement *statement, const PGresult *result, struct arena *arena);

/*
 * The rows of a result that can be read: as many columns as the statement has, of their types, null only where it says so, amounts and
 * times that this program can hold. False, and statement and column logged (event sql_unreadable), when it cannot. The result stays the
 * caller's.
 */
bool sql_shape_rows(const struct sql_statement *statement, PGresult *result, struct sql_rows *rows);

#endif
