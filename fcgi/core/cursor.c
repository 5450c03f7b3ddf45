/* Cursors: order, key, id and total, each ended by a separator, in base64url (RFC 4648, section 5) without padding. */
#include "core/cursor.h"

#include <inttypes.h>
#include <string.h>

#include "core/field.h"

#define SEPARATOR       '\x1f'
#define CURSOR_TEXT_MAX 2048

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *cursor_encode(struct arena *arena, const struct cursor *cursor)
{
	const char *plain = arena_printf(arena, "%s%c%s%c%s%c%" PRId64 "%c", cursor->order, SEPARATOR, cursor->key,
	                                 SEPARATOR, cursor->id, SEPARATOR, cursor->total, SEPARATOR);
	size_t len = strlen(plain);
	char *text = arena_alloc(arena, len / 3 * 4 + 5);
	size_t out = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (unsigned char)plain[i];
		for (have += 8; have >= 6; have -= 6)
			text[out++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		text[out++] = alphabet[bits << (6 - have) & 63];
	text[out] = '\0';
	return text;
}

/* The bytes behind base64url text, NUL-terminated; NULL when it is not that or holds a NUL. */
static char *decode(struct arena *arena, const char *text)
{
	size_t len = strlen(text);
	char *plain = arena_alloc(arena, len + 1);
	size_t out = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(alphabet, text[i]);
		if (digit == NULL)
			return NULL;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		char byte = (char)(bits >> have & 255);
		if (byte == '\0')
			return NULL;
		plain[out++] = byte;
	}
	plain[out] = '\0';
	return plain;
}

/* Cuts the text at its next separator and moves on; NULL when there is none. */
static char *cut(char **at)
{
	char *part = *at;
	char *end = strchr(part, SEPARATOR);

	if (end == NULL)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return part;
}

bool cursor_decode(struct arena *arena, const char *text, struct cursor *cursor)
{
	if (strlen(text) > CURSOR_TEXT_MAX)
		return false;
	char *at = decode(arena, text);
	char *order = at == NULL ? NULL : cut(&at);
	char *key = order == NULL ? NULL : cut(&at);
	char *id = key == NULL ? NULL : cut(&at);
	char *count = id == NULL ? NULL : cut(&at);
	int64_t total;
	if (count == NULL || *at != '\0' || !int_parse(count, 0, INT64_MAX, &total))
		return false;
	*cursor = (struct cursor){.order = order, .key = key, .id = id, .total = total};
	/* Half a cursor, or bits that decoding dropped, would come out differently. */
	return strcmp(cursor_encode(arena, cursor), text) == 0;
}
