/* Cursors: question, key, id and total, each after its length, in base64url (RFC 4648, section 5) without padding. */
#include "core/cursor.h"

#include <inttypes.h>
#include <string.h>

#include "core/buf.h"
#include "core/hash.h"

#define CURSOR_TEXT_MAX 2048
#define PARTS           4

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* "3:abc": after its length a part may hold any byte. NULL is a part of its own. */
static void put_part(struct buf *buf, const char *part)
{
	if (part == NULL)
		buf_text(buf, "-");
	else
		buf_printf(buf, "%zu:%s", strlen(part), part);
}

int64_t cursor_question(const char *order, const char *const *filters, size_t count)
{
	struct buf buf = {0};

	put_part(&buf, order);
	for (size_t i = 0; i < count; i++)
		put_part(&buf, filters[i]);
	int64_t question = (int64_t)(hash_bytes(buf.data, buf.len) >> 1);
	buf_free(&buf);
	return question;
}

static const char *encode(struct arena *arena, const char *plain, size_t len)
{
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

const char *cursor_encode(struct arena *arena, const struct cursor *cursor)
{
	const char *parts[PARTS] = {
	    arena_printf(arena, "%" PRId64, cursor->question),
	    cursor->key,
	    cursor->id,
	    arena_printf(arena, "%" PRId64, cursor->total),
	};
	struct buf buf = {0};

	for (size_t i = 0; i < PARTS; i++)
		put_part(&buf, parts[i]);
	const char *text = encode(arena, buf.data, buf.len);
	buf_free(&buf);
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

/* Copies the part at *at and moves on; NULL when there is none. */
static const char *take_part(struct arena *arena, const char **at)
{
	size_t digits = strspn(*at, "0123456789");
	int64_t len;

	if (!int_parse(arena_copy(arena, *at, digits), 0, CURSOR_TEXT_MAX, &len) || (*at)[digits] != ':')
		return NULL;
	const char *part = *at + digits + 1;
	if (strnlen(part, (size_t)len) < (size_t)len)
		return NULL;
	*at = part + len;
	return arena_copy(arena, part, (size_t)len);
}

/* Reads what cursor_encode() wrote; false for anything else. */
static bool cursor_decode(struct arena *arena, const char *text, struct cursor *cursor)
{
	const char *parts[PARTS];
	const char *at = strlen(text) > CURSOR_TEXT_MAX ? NULL : decode(arena, text);

	for (size_t i = 0; i < PARTS; i++) {
		parts[i] = at == NULL ? NULL : take_part(arena, &at);
		if (parts[i] == NULL)
			return false;
	}
	*cursor = (struct cursor){.key = parts[1], .id = parts[2]};
	/* Half a cursor, or bits that decoding dropped, would come out differently. */
	return int_parse(parts[0], 0, INT64_MAX, &cursor->question) &&
	       int_parse(parts[3], 0, INT64_MAX, &cursor->total) && strcmp(cursor_encode(arena, cursor), text) == 0;
}

void cursor_refuse(struct complaints *complaints)
{
	complain(complaints, "cursor", "use o valor de proximo da página anterior");
}

bool cursor_read(struct complaints *complaints, const char *text, int64_t question, struct cursor *cursor)
{
	if (!cursor_decode(complaints->arena, text, cursor)) {
		cursor_refuse(complaints);
		return false;
	}
	if (cursor->question == question)
		return true;
	complain(complaints, "cursor",
	         "este cursor é de outra consulta; repita os mesmos filtros e a mesma ordem da página que o deu");
	return false;
}
