/* Byte buffers that double as they grow. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/ensure.h"

#define CAP_MIN    1024u
#define SHORT_TEXT 64
#define CAP_KEPT   ((size_t)256 * 1024)

/* Makes room for `more` bytes and a NUL. */
static void reserve(struct buf *buf, size_t more)
{
	if (more < buf->cap - buf->len)
		return;
	if (more > SIZE_MAX / 4 - buf->len)
		out_of_memory();
	size_t cap = buf->cap < CAP_MIN ? CAP_MIN : buf->cap;
	while (cap - buf->len <= more)
		cap *= 2;
	char *data = realloc(buf->data, cap);
	if (data == NULL)
		out_of_memory();
	buf->data = data;
	buf->cap = cap;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	reserve(buf, len);
	ensure(len < buf->cap - buf->len);
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_list again;

	/* Mostly there is room, and the text is written but once. */
	reserve(buf, SHORT_TEXT);
	size_t room = buf->cap - buf->len;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(buf->data + buf->len, room, format, args);
	va_end(args);
	if (len < 0)
		out_of_memory();
	if ((size_t)len >= room) {
		reserve(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	buf->len += (size_t)len;
	ensure(buf->len < buf->cap);
}

void buf_clear(struct buf *buf)
{
	if (buf->cap > CAP_KEPT)
		buf_free(buf);
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
