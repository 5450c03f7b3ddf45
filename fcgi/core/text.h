/*
 * The one rule for text that people type: Unicode NFC, no blanks at the ends, no controls, no direction overrides, and line breaks only
 * where a text may have several lines. docs/api.md says which field is of which kind. Only text.c knows utf8proc.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

enum text_kind {
	TEXT_LINE,  /* one line; the default of a rule, so that a new field cannot forget the rule */
	TEXT_LINES, /* may have several lines; each line break becomes LF */
	TEXT_RAW,   /* valid UTF-8, as it came: cursors, search terms, answers of other services */
};

/*
 * Normalises `text` (valid UTF-8). Returns NULL and sets *out to the result: `text` itself when there was nothing to change, else
 * a text of the arena, never longer than three times `text`. A text without a visible character gives "". Returns what is wrong, in pt-BR,
 * when the rule refuses the text: a control character, a direction override, a line break inside a TEXT_LINE, more
 * than 30 combining marks in a row.
 *
 * Dropped wherever they are: soft hyphens, zero width spaces, word joiners, byte order marks, direction marks (UAX 9) other than
 * overrides. Kept: joiners, variation selectors and tags, which emoji and many scripts need. A tab becomes a space.
 */
const char *text_normalise(struct arena *arena, enum text_kind kind, const char *text, const char **out);

/* Whether a text has nothing but blanks of any kind and invisible characters. A control character is neither. */
bool text_is_blank(const char *text);

/* The code point at *at, and moves *at behind it; 0 at the end, U+FFFD for a byte that is not UTF-8. */
int32_t text_next(const char **at);

/* Whether a code point is a letter, a mark or a digit of any script. */
bool text_is_word(int32_t code_point);

/* Number of characters (code points) of a valid UTF-8 text of `len` bytes without NUL; -1 when it is not valid UTF-8 (RFC 3629). */
int64_t utf8_length(const char *text, size_t len);

/* words[0] when n is 0, words[1] when it is 1, else words[2]; a # in it becomes the number. Text of the arena. */
const char *text_count(struct arena *arena, int64_t n, const char *const words[3]);

#endif
