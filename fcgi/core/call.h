/*
 * HTTP to another service, through nginx's internal listener, so that load balancing and failover are those of any client. The
 * connection is kept; every call has a deadline. A call that changes something names what it is for, an order's id, and does no
 * harm when it arrives twice.
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/problem.h"

struct caller;

struct caller_options {
	const char *socket; /* path of the internal listener */
	const char *token;  /* sent as Bearer, or NULL */
	int deadline_ms;
};

struct call {
	const char *method; /* GET, POST, … */
	const char *path;   /* with its query */
	const char *body;   /* JSON, or NULL */
	const char *request_id;
	int deadline_ms; /* 0: the caller's own */
};

struct call_answer {
	int status;       /* 0: none came back; that of a failure is there, too */
	const char *body; /* of the arena, NUL-terminated; a failure's too; NULL when none came back */
	size_t len;
};

struct caller *caller_open(const struct caller_options *options);
void caller_close(struct caller *caller);

/*
 * PROBLEM_NONE when any answer below 500 came back whole (at most 2 MiB). PROBLEM_SERVICO_INDISPONIVEL: not sent, a 5xx, or a
 * GET that got no answer. PROBLEM_RESULTADO_DESCONHECIDO: anything else was sent and its answer lost (or is a 500/504).
 */
enum problem caller_call(struct caller *caller, const struct call *call, struct arena *arena,
                         struct call_answer *answer);

/* Reads the `data` of a success by an open schema: PROBLEM_INTERNO (logged) when it is not what was agreed. */
enum problem call_data(const struct call_answer *answer, const struct json_schema *schema, struct arena *arena,
                       void *out);

/*
 * The problem that the other service answered, with its words, its detalhes included, ready to be passed on:
 * sets detail and complaints of `rs`. An unknown codigo is PROBLEM_INTERNO.
 */
struct response;
enum problem call_problem(const struct call_answer *answer, struct response *rs);

#endif
