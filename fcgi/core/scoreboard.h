/*
 * The scoreboard: a file that all workers of a pool map, in which each counts what it does. Counting is a few stores to memory, no
 * system call and no lock. The file is the one of the setting `placar`; scoreboard_read() adds it up for other programs, and
 * scripts/lib/confeitaria/scoreboard.py reads the part of it that `status` shows.
 *
 * It begins with a head (magic, sizes, the pool's routes), which never changes, and has a place for each worker that there may be.
 * - A place is its owner's as long as the owner has a lock on one byte of the file (F_OFD_SETLK, fcntl(2)). The kernel releases
 *   the lock when the process ends, however it ends, so that a dead worker is never taken for a busy one.
 * - Only the owner writes to a place. Numbers stay when it ends, and the next owner goes on adding: sums never go down as long as
 *   the file is there.
 * - A file with another head (another format, the routes of another release, damaged, cut short) is replaced by rename(2), so that
 *   workers that still map it are not hurt. Their numbers go with it.
 * See docs/decisions/0043.
 */
#ifndef CORE_SCOREBOARD_H
#define CORE_SCOREBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/route.h"

#define SCOREBOARD_WORKERS  32 /* as many as a pool may have (MAX in scripts/lib/confeitaria/pools.py) */
#define SCOREBOARD_ROUTES   48 /* of a service, and the one that stands for no route */
#define SCOREBOARD_STATUSES 24 /* as scoreboard_statuses has them */
#define SCOREBOARD_BUCKETS  11 /* as scoreboard_bounds has them */
#define SCOREBOARD_METHOD   8  /* bytes of a method's name, its end included */
#define SCOREBOARD_PATTERN  72 /* the same of a route's pattern */

/* What a worker does, in its own place. Without a place all of it is allowed and counts nothing. */

/*
 * Takes a free place in the file `path`, idle; makes the file when there is none. "" is no scoreboard. Without a place (the file
 * cannot be made, or all are taken), which is logged, the worker serves all the same, uncounted.
 */
void scoreboard_join(const char *path, const struct route *routes, size_t count);

/* Gives the place up: the process ends on a signal, or executes its program again. One that ends without this has died. */
void scoreboard_leave(bool renews);

/* The worker has a request, or waits for one. */
void scoreboard_busy(bool busy);

/* A request was answered; rq->route_number is 0 where no route was called. Notes the open breakers of this process too. */
void scoreboard_answered(const struct request *rq, int status, int64_t microseconds);

struct workforce {
	int total;
	int busy; /* without the worker that asks */
};

/* Counts the pool that this worker is of; false when the numbers are unknown. 32 system calls of 0.3 µs. */
bool scoreboard_count(struct workforce *force);

/* What other programs read. */

/* The HTTP statuses that are told apart; the last is 0, for all others. */
extern const int scoreboard_statuses[SCOREBOARD_STATUSES];

/* Upper bounds of a histogram's buckets in seconds, as Prometheus writes them: "0.005" … "+Inf". */
extern const char *const scoreboard_bounds[SCOREBOARD_BUCKETS];

/* What a route was asked since the file was made. Route 0 is none: method and pattern are "". */
struct scoreboard_route {
	char method[SCOREBOARD_METHOD];         /* GET */
	char pattern[SCOREBOARD_PATTERN];       /* /api/produtos/{int}; letters, digits and /_-.{} only */
	uint64_t statuses[SCOREBOARD_STATUSES]; /* answers with scoreboard_statuses[i] */
	uint64_t buckets[SCOREBOARD_BUCKETS];   /* requests that took at most scoreboard_bounds[i]: the last has all */
	uint64_t microseconds;                  /* that all of them took */
};

/*
 * A pool, all its places added up. Counters never go down while the file is there, but for the file's replacement by a release
 * with other routes: then they begin again at 0, as a Prometheus counter may.
 */
struct scoreboard {
	int workers;        /* that live */
	int busy;           /* of these, those that have a request in hand */
	int breakers;       /* open now, of all that live (breakers_open() of each) */
	uint64_t starts;    /* workers that began to serve, renewed ones too */
	uint64_t renewals;  /* workers that began anew in the same process: SIGHUP, requisicoes_max, memoria_max_kib */
	uint64_t deaths;    /* workers that ended without being told to: killed, crashed, failed */
	size_t route_count; /* 1 at least */
	struct scoreboard_route routes[SCOREBOARD_ROUTES];
};

/*
 * Reads the file of a pool; 120 system calls at most, none of which waits, and no mapping, so that a file that is cut short
 * meanwhile does no harm. Any user that may read the file can. The struct is large (20 KiB). False, with errno: ENOENT no file, EPROTO a file of another format, or what open(2) and read(2) say.
 *
 *	static struct scoreboard board;
 *	if (scoreboard_read(path, &board))
 *		for (const struct scoreboard_route *route = board.routes; route < board.routes + board.route_count; route++)
 *			for (size_t i = 0; i < SCOREBOARD_STATUSES; i++)
 *				if (route->statuses[i] > 0)
 *					print(route->method, route->pattern, scoreboard_statuses[i], route->statuses[i]);
 */
bool scoreboard_read(const char *path, struct scoreboard *board);

#endif
