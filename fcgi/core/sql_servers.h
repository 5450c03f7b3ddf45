/*
 * The PostgreSQL servers that one setting names, and opening a connection to the one that is wanted. A private part of sql.c.
 *
 * The setting is libpq's: `host=a,b port=5432,5433 target_session_attrs=primary`, or prefer-standby. libpq itself would spend its whole patience on
 * a first host that is silent, so here each is tried by itself: the last good one first, each with its share of the time, and one
 * that stays silent is left alone for a while (core/breaker.h).
 */
#ifndef CORE_SQL_SERVERS_H
#define CORE_SQL_SERVERS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

struct sql_servers;

/*
 * Never NULL; a setting that libpq does not understand is logged and names no server. Every connection begins with a
 * statement_timeout of `timeout_ms`.
 */
struct sql_servers *sql_servers_new(const char *conninfo, const char *password, int64_t timeout_ms);
void sql_servers_free(struct sql_servers *servers);

/*
 * Opens a connection before `deadline` (monotonic milliseconds), non-blocking, to the first server that answers and is what the
 * setting wants (the best of them, for prefer-standby); NULL when there is none, logged. `*standby_only`: those that answered were standbys, and a primary was wanted.
 */
PGconn *sql_servers_connect(struct sql_servers *servers, int64_t deadline, bool *standby_only);

/*
 * Whether a connection is still the one to have. Its server may have changed under it, as a standby that was promoted; and what
 * was only the best to be had is good for a second, then a better one is looked for.
 */
bool sql_servers_good(const struct sql_servers *servers, const PGconn *connection);

/* A statement begins and ends on the server of the last connection; `answered` as in breaker_end(). */
void sql_servers_begin(struct sql_servers *servers, int64_t deadline);
void sql_servers_end(struct sql_servers *servers, bool answered);

/* Waits until the connection's socket is ready; false when the deadline has passed. */
bool sql_wait(const PGconn *connection, short events, int64_t deadline);

#endif
