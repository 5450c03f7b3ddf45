/*
 * One connection to PostgreSQL: prepared statements, a deadline on every wait, reconnection. Only sql.c, its
 * servers and its values know libpq.
 *
 * A statement is one round trip and one transaction; what needs several steps is a statement with CTEs or a function in
 * db/<service>/. Statements come from db/<service>/statements/, compiled in, prepared when first used on a connection,
 * but those whose plan depends on the parameters.
 */
#ifndef CORE_SQL_H
#define CORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/field.h"
#include "core/money.h"
#include "core/problem.h"

struct sql;

/* A column that a statement returns. */
struct sql_column {
	const char *name;
	enum field_type type; /* TEXT: what has no type of its own here, as names and states */
	bool nullable;
	bool with_first; /* null when the first column is: then there is no such thing */
};

struct sql_statement {
	const char *name; /* as in the .sql file */
	const char *text;
	int params;  /* the highest $n */
	bool writes; /* a lost answer is RESULTADO_DESCONHECIDO; never sent twice */
	bool health; /* has health_deadline_ms, not deadline_ms */
	bool anew;   /* not prepared: planned at every call, for its parameters and the tables as they are then */
	const struct sql_column *columns;
	size_t column_count;
};

struct sql_options {
	const char *
	    conninfo; /* libpq; several hosts allowed, target_session_attrs primary or prefer-standby; without the password */
	const char *password;
	int deadline_ms;        /* of one statement, connecting included */
	int health_deadline_ms; /* of a statement that a health check asks */
	const struct sql_statement *statements;
	size_t statement_count;
	/*
	 * NULL, or called when a statement marked (writes) has changed something, or may have. One whose first row has a
	 * column `changed` that is false says that it has not.
	 */
	void (*wrote)(void);
};

/* The result of one statement; belongs to the request's arena. Its values fit the statement's columns. */
struct sql_rows {
	const struct sql_statement *statement;
	void *result;
	size_t count;
	int64_t affected;
};

/* Never NULL; connects when first used. `options` and what it points to must outlive it. */
struct sql *sql_open(const struct sql_options *options);
void sql_close(struct sql *db);

/*
 * Runs statement `statement` (its index, SQL_… of the generated header) with text parameters, NULL for null, as many as it has.
 * Serialization failures and deadlocks are tried again, three times at most, with jitter; so is a plan that a migration made stale.
 * PROBLEM_SERVICO_INDISPONIVEL: not connected, or a read that did not answer in time. PROBLEM_RESULTADO_DESCONHECIDO: a write
 * was sent and its answer lost. PROBLEM_TEMPO_ESGOTADO: a read that the server ended because it took too long.
 * PROBLEM_SOMENTE_LEITURA: a write, and only a server that just reads answers. PROBLEM_INTERNO: anything else, logged. That is also
 * a result whose number or types of columns, nulls or values are not what the statement declares: none is taken for a zero. A
 * constraint (class 23) comes back as PROBLEM_INTERNO unlogged only through sql_try().
 */
enum problem sql_run(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows);

/* As sql_run(), but a violated constraint gives its name in *constraint and PROBLEM_NONE, with no rows; else *constraint is NULL. */
enum problem sql_try(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows, const char **constraint);

/* Whether the server that is connected to is a standby now: it says so by itself. False without a connection. */
bool sql_on_standby(const struct sql *db);

/*
 * Values of a result; text is valid as long as the arena. The row must be there, the column be declared with this type (a text: with
 * any but bytes), and a null is for sql_text() and sql_bytes() alone, as NULL.
 */
bool sql_is_null(const struct sql_rows *rows, size_t row, size_t column);
const char *sql_text(const struct sql_rows *rows, size_t row, size_t column);
int64_t sql_int(const struct sql_rows *rows, size_t row, size_t column);
bool sql_bool(const struct sql_rows *rows, size_t row, size_t column);
/* A bytea, decoded into the arena; *len is its length. NULL for a null. */
const char *sql_bytes(const struct sql_rows *rows, size_t row, size_t column, struct arena *arena, size_t *len);
struct money sql_money(const struct sql_rows *rows, size_t row, size_t column);
int64_t sql_time(const struct sql_rows *rows, size_t row, size_t column);

/*
 * Reads a row into the struct at `out`: column i is fields[i], by name and by type; a UUID may be a text, and an integer JSON. A null,
 * where the statement declares that there may be one, is 0, false or NULL.
 */
void sql_row(const struct sql_rows *rows, size_t row, const struct field *fields, size_t count, void *out);

/* Parameters as text, of the arena. */
const char *sql_of_int(struct arena *arena, int64_t value);
const char *sql_of_bool(bool value);
const char *sql_of_money(struct arena *arena, struct money amount);
const char *sql_of_time(struct arena *arena, int64_t microseconds);
const char *sql_of_bytes(struct arena *arena, const uint8_t *bytes, size_t len);
/* A PostgreSQL array literal of int64_t or of texts (quoted and escaped). */
const char *sql_of_ints(struct arena *arena, const int64_t *values, size_t count);
const char *sql_of_texts(struct arena *arena, const char *const *values, size_t count);

/*
 * Prepares every statement and compares what it would return with its columns; NULL, or a message that names the first that the schema
 * refuses or that returns something else. For `--check`.
 */
const char *sql_check(struct sql *db, struct arena *arena);

#endif
