/*
 * One request: method, path, query, headers, body, parsed and checked before a handler sees them. libfcgi ends in request.c
 * and worker.c: `source` is how a request's variables and body are obtained, so that tests and fuzzers need no socket.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/field.h"
#include "core/problem.h"

enum method {
	METHOD_GET = 1,
	METHOD_POST = 2,
	METHOD_PUT = 4,
	METHOD_PATCH = 8,
	METHOD_DELETE = 16,
	METHOD_OTHER = 32
};

#define BODY_MAX       (INT64_C(64) * 1024) /* of a route that does not say another limit */
#define REQUEST_ID_MAX 65
#define PATH_ARGS_MAX  4

struct sql;
struct kv;
struct caller;
struct auth;
struct auth_token;
struct response;

/* What a worker opened at its start, for handlers to use. NULL: the service has none. */
struct stores {
	struct sql *db;
	struct kv *kv;
	struct caller *caller;
	struct auth *auth;
	bool read_only; /* the replica's pool */
};

struct request_source {
	const char *(*variable)(void *context, const char *name); /* a CGI variable (RFC 3875) or NULL */
	bool (*body)(void *context, char *out, size_t len);       /* exactly `len` bytes, or false */
	void *context;
};

struct request_pair {
	const char *name;
	const char *value; /* decoded; may be invalid UTF-8, never holds NUL */
};

struct request {
	struct arena *arena;
	const struct stores *stores;
	const struct request_source *source;
	enum method method;
	bool head;               /* HEAD: a GET whose answer has no body */
	char id[REQUEST_ID_MAX]; /* X-Request-Id */
	int64_t deadline;        /* of its answer, monotonic milliseconds; 0: nginx set none */
	int64_t queue_ms;        /* since nginx passed it on: what it waited for a worker */
	const char *path;        /* raw, without the query */
	const char **segments;   /* decoded, one between each pair of slashes */
	size_t segment_count;
	struct request_pair *query;
	size_t query_count;
	const char *args[PATH_ARGS_MAX]; /* what the route's {…} matched, in order; {int} and {uuid} are checked */
	const char *route;               /* the pattern that matched, for the log */
	size_t route_number;             /* in the service's table, from 1; 0: no route was called */
	bool polled;                     /* whether a success is of no interest to the log */
	int64_t body_max;                /* what the route takes; 0: BODY_MAX */
	const char *right; /* the rights that the route asks for, once the token has one of them; else NULL */
	const struct auth_token *token; /* the valid token that came with it, once a right was asked for; else NULL */
	const char *author;             /* its name */
	const char *body;               /* as it came, once it was read; `body_len` bytes */
	size_t body_len;
};

/* GET; "?" for METHOD_OTHER. */
const char *method_name(enum method method);

/*
 * Fills *rq (whose arena, stores and source are set) from its source. PROBLEM_REQUISICAO_INVALIDA: a broken percent-escape,
 * %00, a path that does not begin with a slash.
 */
enum problem request_parse(struct request *rq);

/* A request header by its CGI name (HTTP_IF_MATCH), or NULL. */
const char *request_header(const struct request *rq, const char *variable);

/*
 * Checks the request's token for one of the rights, which are separated by commas; sets rq->token and rq->author when it is valid.
 * PROBLEM_NAO_AUTENTICADO: none or none that is valid; PROBLEM_NAO_AUTORIZADO: valid, without such a right. A route with a right has
 * asked before its handler runs; this is for a route that is open to all and shows more to some.
 */
enum problem request_authorize(struct request *rq, const char *rights);
bool request_has_right(struct request *rq, const char *rights);

/* The i-th {int} of the route, already checked to be 1..2^31-1. */
int64_t request_int(const struct request *rq, size_t i);

/*
 * Reads the body by a table of rules into *out. PROBLEM_CORPO_GRANDE, PROBLEM_TIPO_NAO_SUPORTADO, PROBLEM_JSON_INVALIDO or
 * PROBLEM_CAMPOS_INVALIDOS, with complaints left in `rs`.
 */
enum problem request_body(struct request *rq, struct response *rs, const struct rule *rules, size_t count, void *out,
                          uint32_t *present);

/*
 * Reads the body as it is, for a route that takes no JSON: its media type must be one of the NULL-ended list. PROBLEM_CORPO_GRANDE,
 * or PROBLEM_TIPO_NAO_SUPORTADO with Accept; the caller says what is wrong with an empty one (*len is 0). The bytes are the arena's, and
 * the caller's to change.
 */
enum problem request_bytes(struct request *rq, struct response *rs, const char *const *types, char **bytes,
                           size_t *len);

/*
 * Reads the query string by rules: PROBLEM_PARAMETRO_INVALIDO, with complaints left in `rs`, for a known name that is repeated, missing
 * though required, or written as an array (ids[]=1). Unknown names are ignored, but refused where the route asked for a right: a filter
 * that is not applied does harm there.
 */
enum problem request_query(struct request *rq, struct response *rs, const struct rule *rules, size_t count, void *out,
                           uint32_t *present);

/* Refuses every parameter, for a call that takes none: PROBLEM_PARAMETRO_INVALIDO. */
enum problem request_no_query(struct request *rq, struct response *rs);

#endif
