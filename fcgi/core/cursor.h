/* Opaque cursors of keyset pagination: where the last page ended and how long the list is, as a client may carry it. */
#ifndef CORE_CURSOR_H
#define CORE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"

struct cursor {
	const char *order; /* which order the key belongs to */
	const char *key;   /* the last row's sort key, as text; may be empty */
	const char *id;    /* its id, which breaks ties */
	int64_t total; /* how many there were when the list was begun: nobody counts them again for its later pages */
};

/* The cursor as URL-safe text, of the arena. None of its parts may hold the byte 0x1f. */
const char *cursor_encode(struct arena *arena, const struct cursor *cursor);

/* Reads what cursor_encode() wrote; false for anything else. The parts are a client's words: check them before use. */
bool cursor_decode(struct arena *arena, const char *text, struct cursor *cursor);

#endif
