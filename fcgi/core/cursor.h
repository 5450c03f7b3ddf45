/*
 * Opaque cursors of keyset pagination: where the last page ended and how long the list is, as a client may carry it. A cursor
 * belongs to its question: the order and the filters of the list. It is refused with another one.
 */
#ifndef CORE_CURSOR_H
#define CORE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/field.h"

struct cursor {
	int64_t question; /* of cursor_question() */
	const char *key;  /* the last row's sort key, as text; any bytes, may be empty */
	const char *id;   /* its id, which breaks ties */
	int64_t total; /* how many there were when the list was begun: nobody counts them again for its later pages */
};

/* A digest of what a list was asked for: the name of its order and `count` filters, as text; NULL where none was given. Not negative. */
int64_t cursor_question(const char *order, const char *const *filters, size_t count);

/* The cursor as URL-safe text, of the arena. */
const char *cursor_encode(struct arena *arena, const struct cursor *cursor);

/*
 * Reads parameter `cursor`, as cursor_encode() wrote it for the same question; false, with a complaint, for anything else. Key and id
 * are still a client's words: check them before use, and cursor_refuse() what cannot be.
 */
bool cursor_read(struct complaints *complaints, const char *text, int64_t question, struct cursor *cursor);

/* Complains about a cursor that no list gave. */
void cursor_refuse(struct complaints *complaints);

#endif
