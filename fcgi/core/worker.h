/*
 * The worker: one process, one request at a time, one connection to each store. A service is a table of routes and the names
 * of the stores it wants; everything else about being a FastCGI worker happens here.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stddef.h>

#include "core/program.h"
#include "core/route.h"

struct service {
	struct program program;
	const struct route *routes;
	size_t route_count;
	/* Adds headers to an answer that is ready and no failure of ours (below 500); NULL: none. */
	void (*mark)(struct request *rq, struct response *rs);
};

#define WORKER_PURPOSE "Serves the FastCGI socket on descriptor 0."

/*
 * Runs the worker as program_main() says: it serves the FastCGI socket on descriptor 0 until SIGTERM. On SIGHUP, after
 * `requisicoes_max` requests, or when more than `memoria_max_kib` of memory are resident, the process starts again (execve(2) of
 * argv[0]) between two requests. Returns the exit status.
 */
int worker_main(int argc, char **argv, const struct service *service);

#endif
