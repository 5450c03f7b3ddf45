/*
 * The deadline of the request in hand, and whether its client still waits. A worker has one request at a time, so there is one of
 * each in a process, for every store to obey. A program without requests sets none: its waits are as long as their own settings say.
 */
#ifndef CORE_DEADLINE_H
#define CORE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A request begins, which must be answered by `deadline` (monotonic milliseconds; 0: no limit). `abandoned(context)` says whether its
 * client has gone; NULL: it never goes.
 */
void deadline_begin(int64_t deadline, bool (*abandoned)(void *context), void *context);
void deadline_end(void);

/* When a wait must end that begins now and may take `milliseconds`: not after the request's deadline. Monotonic milliseconds. */
int64_t deadline_within(int64_t milliseconds);

/*
 * Whether a step may begin: at least 20 ms are left, and one with effects needs a client that still waits. False is logged. The step
 * is then as if its store was away: what it leaves undone is what a crash at this point would leave.
 */
bool deadline_allows(bool effects);

#endif
