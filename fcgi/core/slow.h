/*
 * What takes long, by the setting lento_ms: a line for each statement (event=slow_statement) and each request (event=slow_request)
 * that reaches it, the request's with where its time went. Measured by clocks alone, without a system call.
 */
#ifndef CORE_SLOW_H
#define CORE_SLOW_H

#include <stdint.h>

/* What a request waits for: PostgreSQL, Redis, other services. */
enum slow_wait { SLOW_SQL, SLOW_REDIS, SLOW_CALLS, SLOW_WAITS };

/* From how many milliseconds on something is slow; 0: nothing is. */
void slow_open(int threshold_ms);

/* A wait begins: what slow_end() wants to know. */
int64_t slow_begin(void);

/*
 * It has ended. Of a store `statement` is the statement's or script's name, never its text or values, and `rows` how many rows came
 * back; NULL for a call, whose own service tells of it.
 */
void slow_end(enum slow_wait wait, int64_t begun, const char *statement, int rows);

/* What a request was, for its line. */
struct slow_request {
	const char *method;
	const char *route;
	int status;
	int64_t us;       /* from its beginning to its answer */
	int64_t queue_ms; /* what it waited for a worker before that */
};

/* A request has ended: writes its line when it was slow, its time in the queue counted; forgets its waits. */
void slow_request_end(const struct slow_request *request);

#endif
