/*
 * An HTTP client of one server on a unix socket: one request at a time, on a connection that is kept. It asks as HTTP/1.0 does, with
 * keep-alive, so that no answer comes in chunks (RFC 9112, section 6.1) and there is little to be understood.
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct http;

enum http_outcome {
	HTTP_ANSWERED,
	HTTP_NOT_SENT, /* there was no connection: the server knows nothing of the request */
	HTTP_LOST,     /* the request may have been read, and there is no whole answer */
};

struct http_answer {
	int status;       /* 200 to 599; 0 when no whole header came */
	const char *body; /* NUL-terminated; until the next request */
	size_t len;
	const char *error; /* why there is no answer */
};

/* A client of the server at `path`, which is kept as it is. Nothing is connected yet. */
struct http *http_open(const char *path);
void http_close(struct http *http);

/*
 * Sends a whole request of `len` bytes and waits for the whole answer, at most `deadline_ms` for both; a body has at most 2 MiB.
 * A kept connection that ends without a byte has been closed for idleness, or its server is gone: the request is then sent once
 * more on a new one, so whatever it does must do no harm when it is done twice.
 */
enum http_outcome http_ask(struct http *http, const char *request, size_t len, int deadline_ms,
                           struct http_answer *answer);

#endif
