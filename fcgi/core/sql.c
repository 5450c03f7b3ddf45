/* The connection to PostgreSQL: opened, waited for with a deadline, dropped when it is late or broken, opened again. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/sql.h"

#define TRIES_MAX 3 /* of a transaction that lost to another one: serialization failures and deadlocks */

/* Invariant: prepared[i] says that this very connection knows statement i; all are false without one. */
struct sql {
	const struct sql_options *options;
	PGconn *connection;
	bool *prepared;
	int64_t deadline; /* of the call in hand, monotonic milliseconds */
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
	struct pollfd descriptor = {.fd = PQsocket(db->connection), .events = events};

	for (;;) {
		int64_t left = db->deadline - clock_monotonic_ms();
		if (left <= 0)
			return false;
		int ready = poll(&descriptor, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool connect_poll(struct sql *db)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED || !wait_for(db, state == PGRES_POLLING_READING ? POLLIN : POLLOUT))
			return false;
		state = PQconnectPoll(db->connection);
	}
	return PQsetnonblocking(db->connection, 1) == 0;
}

/* libpq adds what it was asked to connect to; the first line says enough and holds no secret. */
static void log_failure(const struct sql *db, const char *event)
{
	char line[200];
	const char *message = db->connection == NULL ? "out of memory" : PQerrorMessage(db->connection);

	if (late(db))
		message = "deadline passed";
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(message, "\n"), message);
	log_event(LOG_LEVEL_ERRO, event, "erro=%s", log_quote(line));
}

/* Instead of libpq's own, which prints to standard error: what a server remarks may quote a customer's data. */
static void on_notice(void *context, const PGresult *notice)
{
	const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);

	(void)context;
	log_event(LOG_LEVEL_DEBUG, "sql_notice", "sqlstate=%s", state == NULL ? "-" : state);
}

static bool open_connection(struct sql *db)
{
	const char *const keywords[] = {"dbname", "password", "client_encoding", "options", NULL};
	const char *const values[] = {db->options->conninfo, db->options->password, "UTF8",
	                              "-c timezone=UTC -c datestyle=ISO", NULL};

	db->connection = PQconnectStartParams(keywords, values, 1);
	PQsetNoticeReceiver(db->connection, on_notice, NULL);
	if (db->connection != NULL && PQstatus(db->connection) != CONNECTION_BAD && connect_poll(db))
		return true;
	log_failure(db, "sql_connect");
	drop(db);
	return false;
}

/* Whether the kept connection still stands: a server that went away has left its last words and an end of file to read. */
static bool alive(const struct sql *db)
{
	if (db->connection == NULL || PQstatus(db->connection) != CONNECTION_OK)
		return false;
	struct pollfd descriptor = {.fd = PQsocket(db->connection), .events = POLLIN};
	/* One PQconsumeInput() may read the last words only, and leave the end of file for the write that follows. */
	while (poll(&descriptor, 1, 0) > 0)
		if (PQconsumeInput(db->connection) == 0 || PQstatus(db->connection) != CONNECTION_OK)
			return false;
	return true;
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

static bool prepare(struct sql *db, size_t statement, PGresult **result)
{
	const struct sql_statement *text = &db->options->statements[statement];

	if (db->prepared[statement])
		return true;
	*result = NULL;
	if (!PQsendPrepare(db->connection, text->name, text->text, text->params, NULL) || !flush(db))
		return false;
	*result = collect(db);
	if (*result == NULL || !succeeded(*result))
		return false;
	PQclear(*result);
	*result = NULL;
	db->prepared[statement] = true;
	return true;
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

/* One try over the connection that there is, or a new one. `*result` is the caller's to clear. */
static enum outcome try_once(struct sql *db, size_t statement, const char *const *params, PGresult **result)
{
	const struct sql_statement *text = &db->options->statements[statement];

	*result = NULL;
	if (!alive(db)) {
		if (db->connection != NULL)
			drop(db);
		if (!open_connection(db))
			return OUTCOME_NOT_SENT;
	}
	if (!prepare(db, statement, result))
		return *result == NULL || ended_by_server(*result) ? OUTCOME_NOT_SENT : OUTCOME_REFUSED;
	if (!PQsendQueryPrepared(db->connection, text->name, text->params, params, NULL, NULL, 0))
		return OUTCOME_NOT_SENT;
	if (!flush(db) || (*result = collect(db)) == NULL)
		return OUTCOME_LOST;
	if (succeeded(*result))
		return OUTCOME_DONE;
	return ended_by_server(*result) ? OUTCOME_LOST : OUTCOME_REFUSED;
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
	if (is_class(state, "08") || is_class(state, "53") || is_class(state, "57") || is_class(state, "58") ||
	    is_class(state, "40"))
		return PROBLEM_SERVICO_INDISPONIVEL;
	return PROBLEM_INTERNO;
}

/* After a lost or unsent try: what to tell, once the connection is dropped. */
static enum problem problem_of_loss(struct sql *db, size_t statement, enum outcome outcome)
{
	bool unknown = outcome == OUTCOME_LOST && db->options->statements[statement].writes;

	if (db->connection != NULL) {
		log_failure(db, outcome == OUTCOME_LOST ? "sql_lost" : "sql_not_sent");
		drop(db);
	}
	return unknown ? PROBLEM_RESULTADO_DESCONHECIDO : PROBLEM_SERVICO_INDISPONIVEL;
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

enum problem sql_try(struct sql *db, size_t statement, const char *const *params, struct arena *arena,
                     struct sql_rows *rows, const char **constraint)
{
	PGresult *result = NULL;

	*rows = (struct sql_rows){0};
	*constraint = NULL;
	effect(db, statement, "antes");
	db->deadline = clock_monotonic_ms() + db->options->deadline_ms;
	enum outcome outcome = run(db, statement, params, &result);
	effect(db, statement, "depois");
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
	rows->result = result;
	rows->count = (size_t)PQntuples(result);
	int_parse(PQcmdTuples(result), 0, INT64_MAX, &rows->affected);
	return PROBLEM_NONE;
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
	srand((unsigned)getpid());
	return db;
}

void sql_close(struct sql *db)
{
	drop(db);
	free(db->prepared);
	free(db);
}

const char *sql_check(struct sql *db, struct arena *arena)
{
	PGresult *result = NULL;

	db->deadline = clock_monotonic_ms() + db->options->deadline_ms;
	if (!alive(db) && !open_connection(db))
		return "cannot connect";
	for (size_t i = 0; i < db->options->statement_count; i++) {
		db->deadline = clock_monotonic_ms() + db->options->deadline_ms;
		if (prepare(db, i, &result))
			continue;
		const char *message = arena_printf(arena, "%s: %s", db->options->statements[i].name,
		                                   result == NULL ? "no answer" : PQresultErrorMessage(result));
		PQclear(result);
		return message;
	}
	return NULL;
}
