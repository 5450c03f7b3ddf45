/*
 * The answer: status, headers, body in the contract's envelope. A handler opens `data` and writes it; core closes the
 * envelope, or throws away what was written and answers the problem that the handler returned.
 */
#ifndef CORE_RESPONSE_H
#define CORE_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/field.h"
#include "core/json.h"
#include "core/problem.h"

struct request;

struct response {
	int status;
	bool envelope;      /* {"success":true,…} is open */
	bool cacheable;     /* a success may be kept by shared caches that ask again each time; all else by none */
	bool immutable;     /* a success may be kept by all caches, and never changes */
	const char *type;   /* of a body that is no JSON; NULL: JSON */
	const char *etag;   /* of what is answered, with its quotes; NULL: a read gets one made of its bytes */
	struct buf headers; /* "Name: value\r\n" each, without Status, Content-Type and Content-Length */
	struct buf kept;    /* the same, of a problem too */
	struct buf members; /* JSON that a problem has besides its own members */
	struct json_out extension; /* writes `members` */
	struct buf body;
	struct json_out json;
	const char *detail; /* of a problem, instead of the list's */
	struct complaints complaints;
};

/* An empty answer; its buffers are reused. */
void response_reset(struct response *rs, struct arena *arena);

/* Begins a success: `{"success":true,"data":` is written, the caller writes one value, then maybe more named members. */
struct json_out *response_open(struct response *rs, int status);

/* Begins a body that has no envelope (health). The caller writes the whole value. */
struct json_out *response_bare(struct response *rs, int status);

/* A 200 whose body are these bytes, of that media type, as they are; its tag is judged as that of any read. */
void response_bytes(struct response *rs, const char *type, const char *bytes, size_t len);

/* A success without a body: 304 or 204. */
void response_empty(struct response *rs, int status);

/* Adds a header; values come from this program and must not hold CR or LF. */
void response_header(struct response *rs, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, but a problem has the header too; response_header() is for successes. */
void response_keep(struct response *rs, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Members that a problem has besides the list's (RFC 9457, section 3.2): the caller writes them, with their names. */
struct json_out *response_extension(struct response *rs);

/*
 * The entity tag of what is answered, its quotes included. Reads that are answered 200 have one in any case; If-Match and
 * If-None-Match are held against it when the answer is finished (core/condition.h).
 */
void response_etag(struct response *rs, const char *etag);

/* Says in pt-BR what went wrong, and returns `problem`: `return response_problem(rs, PROBLEM_X, "restam %d", n);` */
enum problem response_problem(struct response *rs, enum problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Ends the answer: closes the envelope, or writes the problem; a read whose conditions say so becomes a 304 or a 412. Called
 * once by the worker (and by tests).
 */
void response_finish(struct response *rs, const struct request *rq, enum problem problem);

/* The whole answer as CGI wants it (RFC 3875, section 6): headers, Cache-Control among them, and, unless HEAD or 304, the body. */
void response_render(const struct response *rs, const struct request *rq, struct buf *out);

#endif
