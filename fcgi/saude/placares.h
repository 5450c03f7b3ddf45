/* What the workers of each pool count in their scoreboard (core/scoreboard.h), as metrics. */
#ifndef SAUDE_PLACARES_H
#define SAUDE_PLACARES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/scoreboard.h"

struct placar {
	const char *pool;
	bool known;
	struct scoreboard board;
};

/* Reads the scoreboards of the pools that are named: files next to that of the pool that asks, `own`. */
void placares_read(const char *own, struct placar *placares, size_t count);

/* Writes their metrics. A pool whose scoreboard is not known has no samples. */
void placares_write(struct buf *out, const struct placar *placares, size_t count);

#endif
