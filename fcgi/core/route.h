/* The table method + pattern → handler, and what no handler should have to say: 404, 405 with Allow, 401, 403, read-only. */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/problem.h"
#include "core/request.h"
#include "core/response.h"

typedef enum problem handler(struct request *rq, struct response *rs);

struct route {
	enum method method;
	const char *
	    pattern; /* /api/produtos/{int}/estoque; {int} is 1..2^31-1, {uuid} a UUID, {hash} a file named by its content: SHA-256 in lower-case hexadecimal, a dot, an extension; one that does not fit is a 404 */
	handler *handle;
	const char
	    *right; /* the caller's token must have one of these rights, separated by commas; NULL: open to all */
	bool
	    tagged; /* a write that judges its conditions itself (condition_met()), because it changes something with a tag */
	bool cacheable;   /* a read whose answer a shared cache may keep, if it asks again by the tag each time */
	bool immutable;   /* a read whose address names its content: caches may keep it for a year */
	bool polled;      /* asked by machines all the time: a success is logged at level debug only */
	int64_t body_max; /* bytes of a body; 0: BODY_MAX */
};

/* Finds and calls the handler; GET routes answer HEAD. Static patterns win over {…} because tables list them first. */
enum problem route_dispatch(const struct route *routes, size_t count, struct request *rq, struct response *rs);

#endif
