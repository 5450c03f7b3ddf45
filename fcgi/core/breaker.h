/*
 * A breaker: so that a store that stays silent makes few customers wait. After two attempts in a row that ran out of time nobody
 * tries any more, but for a short probe every second or two; the first answer closes it again. A failure that came at once (a
 * refused connection) costs no time, and counts nothing: a store that was only restarted is back the moment it listens. Nor does
 * an attempt that had less time than the shortest probe (100 ms): it says nothing of the server.
 *
 * One a server, in sql_servers.c and kv.c. A connection that was late is dropped, so what is held back or hurried here is always
 * the opening of a new one, never a write.
 */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: closed. */
struct breaker {
	int failures;
	int patience;  /* of the attempt in hand, milliseconds */
	int64_t began; /* the attempt in hand, monotonic milliseconds */
	int64_t ended; /* the last that ran out of time */
};

/* Begins an attempt and says how many of `deadline_ms` it may take: all, fewer for a probe, 0: do not try now, as when the deadline has passed. */
int breaker_begin(struct breaker *breaker, int deadline_ms);

/* Ends the attempt: whether the server answered, be it with a refusal. */
void breaker_end(struct breaker *breaker, bool answered);

/* How many breakers of this process are open: what they stand for makes no customer wait. */
int breakers_open(void);

#endif
