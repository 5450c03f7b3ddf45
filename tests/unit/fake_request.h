/* A request without a socket: CGI variables from a list, a body from memory. */
#ifndef UNIT_FAKE_REQUEST_H
#define UNIT_FAKE_REQUEST_H

#include "core/request.h"
#include "core/response.h"

struct fake_request {
	const char *const *variables; /* name, value, …, NULL */
	const char *body;
	struct request_source source;
	struct request rq;
	struct response rs;
};

/* Prepares fake->rq and fake->rs around the arena and stores; request_parse() is the caller's. */
void fake_request(struct fake_request *fake, struct arena *arena, const struct stores *stores,
                  const char *const *variables, const char *body);

/* Frees the response's buffers. */
void fake_request_end(struct fake_request *fake);

#endif
