/*
 * The worker: one process, one request at a time, one connection to each store. A service is a table of routes and the names
 * of the stores it wants; everything else about being a FastCGI worker happens here.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/kv.h"
#include "core/route.h"
#include "core/sql.h"

struct service {
	const char *name;
	const struct route *routes;
	size_t route_count;
	const struct sql_statement *statements; /* NULL: no PostgreSQL */
	size_t statement_count;
	const struct kv_script *scripts; /* NULL: no Redis */
	size_t script_count;
	bool calls; /* speaks to other services */
};

/*
 * Runs the worker: `NAME -c FILE` serves the FastCGI socket on descriptor 0 until SIGTERM, or until it has answered
 * `requisicoes_max` requests; `NAME -c FILE --check` prepares every statement and says what the schema refuses.
 * Returns the exit status: 0, 1 for a failed check, 64 usage, 78 configuration.
 */
int worker_main(int argc, char **argv, const struct service *service);

#endif
