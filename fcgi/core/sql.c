/* The connection to PostgreSQL: statements, waited for with a deadline; dropped when it is late or broken, opened again. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/crash.h"
#include "core/deadline.h"
#include "core/ensure.h"
#include "core/log.h"
#include "core/slow.h"
#include "core/sql.h"
#include "core/sql_servers.h"
#include "core/sql_shape.h"

#define CHECK_MS  60000                /* for --check an operator waits, not a customer */
#define BULKY     ((size_t)256 * 1024) /* bytes of a parameter or a value that a connection is not kept after */
#define LEAST_MS  20                   /* a statement that has less time left is not sent */
#define TRIES_MAX 3 /* of a transaction that lost to another one: serialization failures and deadlocks */

/* Invariant: prepared[i] says that this very connection knows statement i; all are false without one. */
struct sql {
	const struct sql_options *options;
	struct sql_servers *servers;
	PGconn *connection;
	bool *prepared;
	int64_t deadline;   /* of the call in hand, monotonic milliseconds */
	int64_t timeout_ms; /* statement_timeout of this connection */
	bool standby_only;  /* what the last try to connect found */
};

/* What became of one try. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_NOT_SENT, /* surely never ran */
	OUTCOME_LOST,     /* was sent; whether it ran is unknown */
	OUTCOME_REFUSED,  /* the server said no: see the result's SQLSTATE */
};

static void drop(struct sql *db)
{
	PQfinish(db->connection);
	db->connection = NULL;
	memset(db->prepared, 0, db->options->statement_count * sizeof(*db->prepared));
}

static bool late(const struct sql *db)
{
	return clock_monotonic_ms() >= db->deadline;
}

/* Waits until the socket is ready or the deadline has passed. */
static bool wait_for(const struct sql *db, short events)
{
	return sql_wait(db->connection, events, db->deadline);
}

/* libpq's first line says enough and holds no secret. */
static void log_failure(const struct sql *db, const char *event)
{
	char line[200];
	const char *message = late(db) ? "deadline passed" : PQerrorMessage(db->connection);

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(message, "\n"), message);
	log_event(LOG_LEVEL_ERRO, event, "erro=%s", log_quote(line));
}

/*
 * The server's timeout for a statement that is waited for `left_ms`: shorter, so that its refusal arrives in time. Then a write that
 * waits for a lock is refused and not unknown, and no statement runs on after its caller has left.
 */
static int64_t timeout_within(int64_t left_ms)
{
	return left_ms - left_ms / 10;
}

static bool open_connection(struct sql *db)
{
	db->timeout_ms = timeout_within(db->options->deadline_ms);
	db->connection = sql_servers_connect(db->servers, db->deadline, &db->standby_only);
	return db->connection != NULL;
}

/* Whether the kept connection still serves: a server that went away has left its last words and an end of file to read. */
static bool alive(const struct sql *db)
{
	if (db->connection == NULL || PQstatus(db->connection) != CONNECTION_OK)
		return false;
	struct pollfd descriptor = {.fd = PQsocket(db->connection), .events = POLLIN};
	/* One PQconsumeInput() may read the last words only, and leave the end of file for the write that follows. */
	while (poll(&descriptor, 1, 0) > 0)
		if (PQconsumeInput(db->connection) == 0 || PQstatus(db->connection) != CONNECTION_OK)
			return false;
	return sql_servers_good(db->servers, db->connection);
}

static bool flush(const struct sql *db)
{
	int left;

	while ((left = PQflush(db->connection)) == 1) {
		if (!wait_for(db, POLLIN | POLLOUT) || PQconsumeInput(db->connection) == 0)
			return false;
	}
	return left == 0;
}

/* The last result of what was sent, all of them collected; NULL when it was lost. */
static PGresult *collect(const struct sql *db)
{
	PGresult *last = NULL;

	for (;;) {
		while (PQisBusy(db->connection)) {
			if (!wait_for(db, POLLIN) || PQconsumeInput(db->connection) == 0) {
				PQclear(last);
				return NULL;
			}
		}
		PGresult *next = PQgetResult(db->connection);
		if (next == NULL)
			return last;
		PQclear(last);
		last = next;
	}
}

static bool succeeded(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* The SQLSTATE of a refusal; a connection that broke has none, and counts as one that went away. */
static const char *state_of(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state == NULL ? "08006" : state;
}

static bool set_timeout(struct sql *db, int64_t timeout_ms)
{
	char text[64];

	snprintf(text, sizeof(text), "SET statement_timeout = %" PRId64, timeout_ms);
	if (!PQsendQuery(db->connection, text) || !flush(db))
		return false;
	PGresult *result = collect(db);
	bool done = result != NULL && succeeded(result);
	PQclear(result);
	if (done)
		db->timeout_ms = timeout_ms;
	return done;
}

/*
 * Makes the server's timeout fit what is left of the deadline. Mostly it does already: less is left when a connection was opened or a
 * statement prepared just now, and for a health check. False when too little is left, or the server did not accept it in time.
 */
static bool limit_server(struct sql *db)
{
	int64_t left = db->deadline - clock_monotonic_ms();
	int64_t wanted = timeout_within(left);
	int64_t margin = left - wanted;

	if (left < LEAST_MS)
		return false;
	if (db->timeout_ms <= wanted + margin / 2 && db->timeout_ms >= wanted - margin)
		return true;
	return set_timeout(db, wanted) && clock_monotonic_ms() <= db->deadline - wanted;
}

static bool prepare(struct sql *db, size_t statement, PGresult **result)
{
	const struct sql_statement *text = &db->options->statements[statement];

	ensure(db->connection != NULL);
	if (db->prepared[statement])
		return true;
	*result = NULL;
	if (!limit_server(db) || !PQsendPrepare(db->connection, text->name, text->text, text->params, NULL) ||
	    !flush(db))
		return false;
	*result = collect(db);
	if (*result == NULL || !succeeded(*result))
		return false;
	PQclear(*result);
	*result = NULL;
	db->prepared[statement] = true;
	return true;
}

static bool send_statement(const struct sql *db, const struct sql_statement *text, const char *const *params)
{
	if (text->anew)
		return PQsendQueryParams(db->connection, text->text, text->params, NULL, params, NULL, NULL, 0) == 1;
	return PQsendQueryPrepared(db->connection, text->name, text->params, params, NULL, NULL, 0) == 1;
}

/*
 * Without an SQLSTATE the message is libpq's own: the connection broke before the server answered. 57P01 and 57P02: the server
 * was stopped, and the statement may have been committed before it could say so.
 */
static bool ended_by_server(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state == NULL || strcmp(state, "57P01") == 0 || strcmp(state, "57P02") == 0;
}

/* Asks the server that it is connected to. */
static enum outcome ask(struct sql *db, size_t statement, const char *const *params, PGresult **result)
{
	const struct sql_statement *text = &db->options->statements[statement];

	if (!text->anew && !prepare(db, statement, result))
		return *result == NULL || ended_by_server(*result) ? OUTCOME_NOT_SENT : OUTCOME_REFUSED;
	if (!limit_server(db) || !send_statement(db, text, params))
		return OUTCOME_NOT_SENT;
	if (!flush(db) || (*result = collect(db)) == NULL)
		return OUTCOME_LOST;
	if (succeeded(*result))
		return OUTCOME_DONE;
	return ended_by_server(*result) ? OUTCOME_LOST : OUTCOME_REFUSED;
}

/* One try over the connection that there is, or a new one. `*result` is the caller's to clear. */
static enum outcome try_once(struct sql *db, size_t statement, const char *const *params, PGresult **result)
{
	*result = NULL;
	if (!alive(db)) {
		if (db->connection != NULL)
			drop(db);
		if (!open_connection(db))
			return OUTCOME_NOT_SENT;
	}
	sql_servers_begin(db->servers, db->deadline);
	enum outcome outcome = ask(db, statement, params, result);
	sql_servers_end(db->servers, outcome == OUTCOME_DONE || outcome == OUTCOME_REFUSED);
	return outcome;
}

static bool is_class(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

/* What the server's refusal means to the client. */
static enum problem problem_of(const struct sql *db, size_t statement, const PGresult *result)
{
	const char *state = state_of(result);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	log_event(LOG_LEVEL_ERRO, "sql_refused", "statement=%s sqlstate=%s erro=%s",
	          db->options->statements[statement].name, state, log_quote(message == NULL ? "" : message));
	if (is_class(state, "25006"))
		return PROBLEM_SOMENTE_LEITURA;
	/* statement_timeout: another server would need as long. nginx asks the replica again after a 503, and not after this. */
	if (strcmp(state, "57014") == 0 && !db->options->statements[statement].writes)
		return PROBLEM_TEMPO_ESGOTADO;
	if (is_class(state, "08") || is_class(state, "53") || is_class(state, "57") || is_class(state, "58") ||
	    is_class(state, "40"))
		return PROBLEM_SERVICO_INDISPONIVEL;
	return PROBLEM_INTERNO;
}

/* After a lost or unsent try: what to tell, once the connection is dropped. */
static enum problem problem_of_loss(struct sql *db, size_t statement, enum outcome outcome)
{
	bool writes = db->options->statements[statement].writes;

	if (db->connection == NULL)
		return writes && db->standby_only ? PROBLEM_SOMENTE_LEITURA : PROBLEM_SERVICO_INDISPONIVEL;
	log_failure(db, outcome == OUTCOME_LOST ? "sql_lost" : "sql_not_sent");
	drop(db);
	return outcome == OUTCOME_LOST && writes ? PROBLEM_RESULTADO_DESCONHECIDO : PROBLEM_SERVICO_INDISPONIVEL;
}

static void pause_briefly(int try)
{
	usleep((useconds_t)(1000 * (1 << try) + rand() % 2000));
}

/*
 * A migration changed what a prepared statement returns: it was not run, and a new connection prepares it anew. The state alone
 * (feature_not_supported) could mean other things, but nothing that our statements do.
 */
static bool is_stale_plan(const PGresult *result)
{
	return strcmp(state_of(result), "0A000") == 0;
}

/* Serialization failures and deadlocks lost to another transaction; none of these has changed anything. */
static bool worth_another_try(const PGresult *result)
{
	const char *state = state_of(result);

	return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || is_stale_plan(result);
}

/* Tries until it is done, refused for good, lost or late. */
static enum outcome run(struct sql *db, size_t statement, const char *const *params, PGresult **result)
{
	bool writes = db->options->statements[statement].writes;
	bool had_connection = db->connection != NULL;
	enum outcome outcome = OUTCOME_NOT_SENT;

	for (int try = 0; try < TRIES_MAX; try++) {
		outcome = try_once(db, statement, params, result);
		/* A kept connection may turn out dead only when it is used: once more, unless the first try may have changed something. */
		bool again = outcome == OUTCOME_NOT_SENT || (outcome == OUTCOME_LOST && !writes);
		if (had_connection && again && !late(db)) {
			had_connection = false;
			PQclear(*result);
			drop(db);
			outcome = try_once(db, statement, params, result);
		}
		if (outcome != OUTCOME_REFUSED || !worth_another_try(*result) || try + 1 == TRIES_MAX)
			return outcome;
		if (is_stale_plan(*result))
			drop(db);
		else
			pause_briefly(try);
		PQclear(*result);
		*result = NULL;
	}
	return outcome;
}

static void release(void *result)
{
	PQclear(result);
}

/* A statement that changes something is where a test may want the program to die. */
static void effect(const struct sql *db, size_t statement, const char *when)
{
	if (db->options->statements[statement].writes)
		crash_point("sql", db->options->statements[statement].name, when);
}

/* When a statement that begins now must have ended. */
static int64_t deadline_of(const struct sql *db, size_t statement)
{
	const struct sql_options *options = db->options;

	return deadline_within(options->statements[statement].health ? options->health_deadline_ms
	                                                             : options->deadline_ms);
}

/* Whether a statement that was done says itself that it has changed nothing. */
static bool changed_nothing(const PGresult *result)
{
	int column = PQfnumber(result, "changed");

	return column >= 0 && PQntuples(result) > 0 && strcmp(PQgetvalue(result, 0, column), "f") == 0;
}

/* Before anybody hears of a change. A lost answer may be one too. */
static void tell(const struct sql *db, size_t statement, enum outcome outcome, const PGresult *result)
{
	bool changed = (outcome == OUTCOME_DONE && !changed_nothing(result)) || outcome == OUTCOME_LOST;

	if (changed && db->options->statements[statement].writes && db->options->wrote != NULL)
		db->options->wrote();
}

/* libpq does not give back the memory that a large parameter or value took, as long as the connection lives. */
static bool is_bulky(const struct sql_statement *text, const char *const *params, const PGresult *result)
{
	for (int i = 0; i < text->params; i++)
		if (params[i] != NULL && strlen(params[i]) > BULKY)
			return true;
	for (int column = 0; PQntuples(result) > 0 && column < PQnfields(result); column++)
		if ((size_t)PQgetlength(result, 0, column) > BULKY)
			return true;
	return false;
}

enum problem sql_try(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows, const char **constraint)
{
	PGresult *result = NULL;

	ensure(statement < db->options->statement_count);
	*rows = (struct sql_rows){0};
	*constraint = NULL;
	if (!deadline_allows(db->options->statements[statement].writes))
		return PROBLEM_SERVICO_INDISPONIVEL;
	effect(db, statement, "antes");
	db->deadline = deadline_of(db, statement);
	int64_t begun = slow_begin();
	enum outcome outcome = run(db, statement, params, &result);
	slow_end(SLOW_SQL, begun, db->options->statements[statement].name, result == NULL ? 0 : PQntuples(result));
	effect(db, statement, "depois");
	tell(db, statement, outcome, result);
	if (outcome == OUTCOME_DONE && is_bulky(&db->options->statements[statement], params, result))
		drop(db);
	if (result != NULL)
		arena_defer(arena, release, result);
	if (outcome == OUTCOME_NOT_SENT || outcome == OUTCOME_LOST)
		return problem_of_loss(db, statement, outcome);
	if (outcome == OUTCOME_REFUSED && is_class(state_of(result), "23") &&
	    PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) != NULL) {
		*constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
		return PROBLEM_NONE;
	}
	if (outcome == OUTCOME_REFUSED)
		return problem_of(db, statement, result);
	return sql_shape_rows(&db->options->statements[statement], result, rows) ? PROBLEM_NONE : PROBLEM_INTERNO;
}

enum problem sql_run(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows)
{
	const char *constraint;
	enum problem problem = sql_try(db, statement, params, arena, rows, &constraint);

	if (problem != PROBLEM_NONE || constraint == NULL)
		return problem;
	log_event(LOG_LEVEL_ERRO, "sql_refused", "statement=%s constraint=%s", db->options->statements[statement].name,
	          constraint);
	return PROBLEM_INTERNO;
}

struct sql *sql_open(const struct sql_options *options)
{
	struct sql *db = calloc(1, sizeof(*db));

	if (db != NULL)
		db->prepared = calloc(options->statement_count + 1, sizeof(*db->prepared));
	if (db == NULL || db->prepared == NULL)
		out_of_memory();
	db->options = options;
	db->servers = sql_servers_new(options->conninfo, options->password, timeout_within(options->deadline_ms));
	srand((unsigned)getpid());
	return db;
}

void sql_close(struct sql *db)
{
	drop(db);
	sql_servers_free(db->servers);
	free(db->prepared);
	free(db);
}

bool sql_on_standby(const struct sql *db)
{
	const char *standby = db->connection == NULL ? NULL : PQparameterStatus(db->connection, "in_hot_standby");

	return standby != NULL && strcmp(standby, "on") == 0;
}

/* What the schema says of a statement that it refuses, or that returns something else than it declares; NULL: nothing. */
static const char *statement_error(struct sql *db, size_t statement, struct arena *arena)
{
	const struct sql_statement *text = &db->options->statements[statement];
	PGresult *result = NULL;

	bool known = prepare(db, statement, &result) && PQsendDescribePrepared(db->connection, text->name) &&
	             flush(db) && (result = collect(db)) != NULL;
	if (result != NULL)
		arena_defer(arena, release, result);
	if (!known)
		return result == NULL ? "no answer" : PQresultErrorMessage(result);
	return sql_shape_mismatch(text, result, arena);
}

const char *sql_check(struct sql *db, struct arena *arena)
{
	db->deadline = clock_monotonic_ms() + CHECK_MS;
	if (!alive(db) && !open_connection(db))
		return "cannot connect";
	for (size_t i = 0; i < db->options->statement_count; i++) {
		db->deadline = clock_monotonic_ms() + CHECK_MS;
		const char *error = statement_error(db, i, arena);
		if (error != NULL)
			return arena_printf(arena, "%s: %s", db->options->statements[i].name, error);
	}
	return NULL;
}
