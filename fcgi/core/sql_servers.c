/* Which PostgreSQL server to speak to: each of the setting's tried in turn, with its share of the time, by its own breaker. */
#include "core/sql_servers.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/breaker.h"
#include "core/clock.h"
#include "core/ensure.h"
#include "core/log.h"

/*
 * What every connection sets. Times as clock.c reads them. A plan is kept while its tables grow: one that was made when a table was
 * small must not read all of it. To compile a plan takes longer than any of our statements.
 */
#define SESSION "-c timezone=UTC -c datestyle=ISO -c enable_seqscan=off -c jit=off"

#define SESSION_MAX (sizeof(SESSION) + 64)

#define SECOND_BEST_MS 1000 /* how long what is not what was wished for is kept before another look */

/* What a server must be, or should be. */
enum wish { WISH_ANY, WISH_PRIMARY, PREFER_STANDBY };

struct server {
	const char *host; /* NULL: libpq's default */
	const char *port;
	struct breaker breaker;
};

/* Invariant: `last` is below `count`, or both are 0. */
struct sql_servers {
	const char *conninfo;
	const char *password;
	char session[SESSION_MAX]; /* SESSION, and how long the server may take for a statement */
	char *hosts;               /* what the servers' names point into */
	char *ports;
	enum wish wish;
	struct server *list;
	size_t count;
	size_t last;    /* the last good one */
	int64_t looked; /* when it was chosen, monotonic milliseconds */
};

/* libpq adds what it was asked to connect to; the first line says enough and holds no secret. */
static void log_failure(const char *message)
{
	char line[200];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(message, "\n"), message);
	log_event(LOG_LEVEL_ERRO, "sql_connect", "erro=%s", log_quote(line));
}

/* A copy of an option's value, NULL when it is not set. */
static char *option_copy(const PQconninfoOption *options, const char *name)
{
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
		if (strcmp(option->keyword, name) != 0 || option->val == NULL || *option->val == '\0')
			continue;
		char *copy = strdup(option->val);
		if (copy == NULL)
			out_of_memory();
		return copy;
	}
	return NULL;
}

static enum wish wish_of(const PQconninfoOption *options)
{
	char *name = option_copy(options, "target_session_attrs");
	enum wish wish = WISH_ANY;

	if (name != NULL && (strcmp(name, "primary") == 0 || strcmp(name, "read-write") == 0))
		wish = WISH_PRIMARY;
	else if (name != NULL && strcmp(name, "prefer-standby") == 0)
		wish = PREFER_STANDBY;
	free(name);
	return wish;
}

/* As libpq pairs them: a host a server, a port each, or one port for all. */
static void list_servers(struct sql_servers *servers)
{
	char *hosts = servers->hosts;
	char *ports = servers->ports;
	const char *port = NULL;

	servers->count = 1;
	for (const char *at = hosts; at != NULL && (at = strchr(at, ',')) != NULL; at++)
		servers->count++;
	servers->list = calloc(servers->count, sizeof(*servers->list));
	if (servers->list == NULL)
		out_of_memory();
	for (size_t i = 0; i < servers->count; i++) {
		port = ports == NULL ? port : strsep(&ports, ",");
		servers->list[i] = (struct server){.host = hosts == NULL ? NULL : strsep(&hosts, ","), .port = port};
	}
}

struct sql_servers *sql_servers_new(const char *conninfo, const char *password, int64_t timeout_ms)
{
	struct sql_servers *servers = calloc(1, sizeof(*servers));
	char *error = NULL;

	if (servers == NULL)
		out_of_memory();
	servers->conninfo = conninfo;
	servers->password = password;
	snprintf(servers->session, sizeof(servers->session), SESSION " -c statement_timeout=%" PRId64, timeout_ms);
	PQconninfoOption *options = PQconninfoParse(conninfo, &error);
	if (options == NULL) {
		log_failure(error == NULL ? "out of memory" : error);
		PQfreemem(error);
		return servers;
	}
	servers->wish = wish_of(options);
	servers->hosts = option_copy(options, "host");
	servers->ports = option_copy(options, "port");
	PQconninfoFree(options);
	list_servers(servers);
	return servers;
}

void sql_servers_free(struct sql_servers *servers)
{
	free(servers->hosts);
	free(servers->ports);
	free(servers->list);
	free(servers);
}

bool sql_wait(const PGconn *connection, short events, int64_t deadline)
{
	struct pollfd descriptor = {.fd = PQsocket(connection), .events = events};

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		if (left <= 0)
			return false;
		int ready = poll(&descriptor, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool connect_poll(PGconn *connection, int64_t deadline)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED ||
		    !sql_wait(connection, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
			return false;
		state = PQconnectPoll(connection);
	}
	return PQsetnonblocking(connection, 1) == 0;
}

/* Instead of libpq's own, which prints to standard error: what a server remarks may quote a customer's data. */
static void on_notice(void *context, const PGresult *notice)
{
	const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);

	(void)context;
	log_event(LOG_LEVEL_DEBUG, "sql_notice", "sqlstate=%s", state == NULL ? "-" : state);
}

/* A connection to one server before the deadline, or NULL, logged. The later of two words for the same thing counts. */
static PGconn *connect_one(const struct sql_servers *servers, const struct server *server, int64_t deadline)
{
	const char *const keywords[] = {"dbname",          "host",    "port", "target_session_attrs", "password",
	                                "client_encoding", "options", NULL};
	const char *const values[] = {servers->conninfo, server->host, server->port,     "any",
	                              servers->password, "UTF8",       servers->session, NULL};
	PGconn *connection = PQconnectStartParams(keywords, values, 1);

	PQsetNoticeReceiver(connection, on_notice, NULL);
	if (connection != NULL && PQstatus(connection) != CONNECTION_BAD && connect_poll(connection, deadline))
		return connection;
	if (clock_monotonic_ms() >= deadline)
		log_failure("deadline passed");
	else
		log_failure(connection == NULL ? "out of memory" : PQerrorMessage(connection));
	PQfinish(connection);
	return NULL;
}

static bool fits(const struct sql_servers *servers, const PGconn *connection)
{
	/* The server tells by itself when this changes, with its next answer. */
	const char *standby = PQparameterStatus(connection, "in_hot_standby");

	return servers->wish == WISH_ANY || standby == NULL ||
	       (strcmp(standby, "on") == 0) == (servers->wish == PREFER_STANDBY);
}

bool sql_servers_good(const struct sql_servers *servers, const PGconn *connection)
{
	return fits(servers, connection) || (servers->wish == PREFER_STANDBY && servers->count > 1 &&
	                                     clock_monotonic_ms() < servers->looked + SECOND_BEST_MS);
}

/* Asks one server, within its share of what is left, if its breaker lets it. */
static PGconn *ask(const struct sql_servers *servers, struct server *server, int64_t share)
{
	int patience = share <= 0 ? 0 : breaker_begin(&server->breaker, (int)share);

	if (patience == 0)
		return NULL;
	PGconn *connection = connect_one(servers, server, clock_monotonic_ms() + patience);
	breaker_end(&server->breaker, connection != NULL);
	return connection;
}

PGconn *sql_servers_connect(struct sql_servers *servers, int64_t deadline, bool *standby_only)
{
	size_t first = servers->last;
	PGconn *best = NULL;

	*standby_only = false;
	for (size_t i = 0; i < servers->count && (best == NULL || !fits(servers, best)); i++) {
		size_t at = (first + i) % servers->count;
		/* The statement wants its share too, once there is somebody to send it to. */
		size_t sharers = servers->count - i + (best != NULL);
		int64_t share = (deadline - clock_monotonic_ms()) / (int64_t)sharers;
		PGconn *connection = ask(servers, &servers->list[at], share);
		if (connection == NULL)
			continue;
		if (servers->wish == WISH_PRIMARY && !fits(servers, connection)) {
			*standby_only = true;
			PQfinish(connection);
		} else if (best == NULL || fits(servers, connection)) {
			PQfinish(best);
			best = connection;
			servers->last = at;
		} else {
			PQfinish(connection);
		}
	}
	servers->looked = clock_monotonic_ms();
	return best;
}

void sql_servers_begin(struct sql_servers *servers, int64_t deadline)
{
	ensure(servers->last < servers->count);
	breaker_begin(&servers->list[servers->last].breaker, (int)(deadline - clock_monotonic_ms()));
}

void sql_servers_end(struct sql_servers *servers, bool answered)
{
	ensure(servers->last < servers->count);
	breaker_end(&servers->list[servers->last].breaker, answered);
}
