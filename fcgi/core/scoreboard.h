/*
 * How many workers of a pool live, and how many have a request in hand. A worker holds a record lock (fcntl(2)) on one byte of the
 * pool's listening socket: a read lock while it is idle, a write lock while it serves. The kernel releases it when the process
 * ends, however it ends, and there is no file that could be missing, cut short or of another owner. See docs/decisions/0023.
 */
#ifndef CORE_SCOREBOARD_H
#define CORE_SCOREBOARD_H

#include <stdbool.h>

#define SCOREBOARD_WORKERS 32 /* as many as a pool may have (MAX in scripts/lib/confeitaria/pools.py) */

struct workforce {
	int total;
	int busy; /* without the worker that asks */
};

/*
 * Takes a place, idle, on the board of a descriptor that all workers of the pool have from the one that made it. Without a place, on
 * a system without such locks or when all are taken, the worker serves all the same and the pool's numbers are unknown to it.
 */
void scoreboard_join(int fd);

/* The worker has a request, or waits for one; what it is already costs nothing. Never waits: the byte is its own. */
void scoreboard_busy(bool busy);

/* Counts; false when the numbers are unknown. */
bool scoreboard_count(struct workforce *force);

#endif
