/*
 * A growing byte buffer: answers are built in one, and it is kept from request to request.
 *
 * Invariant: data[len] is NUL once anything was appended; cap > len. Running out of memory ends the process (see arena.h).
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

/* Appends `len` bytes. */
void buf_append(struct buf *buf, const void *data, size_t len);

/* Appends a NUL-terminated text. */
void buf_text(struct buf *buf, const char *text);

/* Appends a formatted text, as printf(3). */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the buffer and keeps its memory, unless a rare large answer made it larger than 256 KiB. */
void buf_clear(struct buf *buf);

/* Frees the memory; the buffer is empty and can be used again. */
void buf_free(struct buf *buf);

#endif
