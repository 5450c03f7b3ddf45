/* The text rule: each code point has a class, the class says what becomes of it. */
#include "core/text.h"

#include <inttypes.h>
#include <string.h>
#include <utf8proc.h>

/* Every code point below this one is in NFC wherever it stands (UAX 15). */
#define FIRST_TO_COMPOSE 0x300
#define REPLACEMENT      0xfffd
/* In a row: no language needs more (UAX 15, stream-safe text), and canonical ordering takes the square of it. */
#define MARKS_MAX 30

enum text_class {
	CLASS_VISIBLE,
	CLASS_MARK,  /* kept, but nothing can be seen of it alone: accents, joiners, variation selectors */
	CLASS_BLANK, /* taken off at the ends */
	CLASS_BREAK,
	CLASS_DROPPED,
	CLASS_CONTROL,
	CLASS_OVERRIDE, /* would show the text in another order than it is stored */
};

struct range {
	int32_t first;
	int32_t last;
	enum text_class class;
};

/* Where the class is not that of the Unicode category; sorted. */
static const struct range exceptions[] = {
    {0x09, 0x09, CLASS_BLANK},        /* tab */
    {0x0a, 0x0a, CLASS_BREAK},        /* LF */
    {0x0d, 0x0d, CLASS_BREAK},        /* CR */
    {0x85, 0x85, CLASS_BREAK},        /* next line */
    {0xad, 0xad, CLASS_DROPPED},      /* soft hyphen */
    {0x61c, 0x61c, CLASS_DROPPED},    /* Arabic letter mark */
    {0x180e, 0x180e, CLASS_DROPPED},  /* Mongolian vowel separator */
    {0x200b, 0x200b, CLASS_DROPPED},  /* zero width space */
    {0x200e, 0x200f, CLASS_DROPPED},  /* left-to-right and right-to-left mark */
    {0x2028, 0x2029, CLASS_BREAK},    /* line and paragraph separator */
    {0x202a, 0x202c, CLASS_DROPPED},  /* embeddings and their end */
    {0x202d, 0x202e, CLASS_OVERRIDE}, /* left-to-right and right-to-left override */
    {0x2060, 0x206f, CLASS_DROPPED},  /* word joiner, isolates, deprecated ones */
    {0x2800, 0x2800, CLASS_BLANK},    /* braille without dots */
    {0x3164, 0x3164, CLASS_BLANK},    /* Hangul filler */
    {0xfeff, 0xfeff, CLASS_DROPPED},  /* byte order mark */
    {0xffa0, 0xffa0, CLASS_BLANK},    /* halfwidth Hangul filler */
};

static enum text_class class_by_category(int32_t c)
{
	const utf8proc_property_t *property = utf8proc_get_property(c);

	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
		return CLASS_CONTROL;
	case UTF8PROC_CATEGORY_ZS:
		return CLASS_BLANK;
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return CLASS_MARK;
	default: /* also unassigned: an emoji may be younger than the library */
		return property->ignorable ? CLASS_MARK : CLASS_VISIBLE;
	}
}

static enum text_class class_of(int32_t c)
{
	if (c > ' ' && c < 0x7f)
		return CLASS_VISIBLE;
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]) && exceptions[i].first <= c; i++)
		if (c <= exceptions[i].last)
			return exceptions[i].class;
	return class_by_category(c);
}

int32_t text_next(const char **at)
{
	utf8proc_int32_t c = 0;

	if (**at == '\0')
		return 0;
	utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)*at, -1, &c);
	*at += len > 0 ? len : 1;
	return len > 0 ? c : REPLACEMENT;
}

bool text_is_word(int32_t code_point)
{
	utf8proc_category_t category = utf8proc_category(code_point);

	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool text_is_blank(const char *text)
{
	for (int32_t c = text_next(&text); c != 0; c = text_next(&text)) {
		enum text_class class = class_of(c);
		if (class == CLASS_VISIBLE || class == CLASS_CONTROL || class == CLASS_OVERRIDE)
			return false;
	}
	return true;
}

/* A text on its way from what came to what is kept. */
struct cleaning {
	enum text_kind kind;
	char *out;
	size_t len;    /* what is written */
	size_t kept;   /* of that, up to the last character that is not blank */
	size_t marks;  /* in a row, at the end */
	bool broken;   /* a line break is behind `kept` */
	bool visible;  /* something can be seen */
	bool composes; /* NFC may change it */
};

static void put_blank(struct cleaning *cleaning, const char *text, size_t len)
{
	if (cleaning->kept == 0)
		return;
	memcpy(cleaning->out + cleaning->len, text, len);
	cleaning->len += len;
}

/* What is wrong, NULL when nothing is. `next` is the byte behind the character. */
static const char *put(struct cleaning *cleaning, int32_t c, const char *text, const char *next)
{
	size_t len = (size_t)(next - text);
	enum text_class class = class_of(c);

	switch (class) {
	case CLASS_CONTROL:
		return "não pode ter caracteres de controle";
	case CLASS_OVERRIDE:
		return "não pode ter caracteres que invertem a direção do texto (U+202D, U+202E)";
	case CLASS_DROPPED:
		return NULL;
	case CLASS_BLANK:
		put_blank(cleaning, c == '\t' ? " " : text, len);
		return NULL;
	case CLASS_BREAK:
		cleaning->broken = cleaning->kept > 0;
		if (c != '\r' || *next != '\n')
			put_blank(cleaning, "\n", 1);
		return NULL;
	case CLASS_VISIBLE:
	case CLASS_MARK:
		break;
	}
	if (cleaning->broken && cleaning->kind == TEXT_LINE)
		return "deve ficar em uma só linha";
	cleaning->marks = class == CLASS_MARK ? cleaning->marks + 1 : 0;
	if (cleaning->marks > MARKS_MAX)
		return "não pode ter mais de 30 acentos seguidos";
	memcpy(cleaning->out + cleaning->len, text, len);
	cleaning->len += len;
	cleaning->kept = cleaning->len;
	cleaning->visible = cleaning->visible || class == CLASS_VISIBLE;
	cleaning->composes = cleaning->composes || c >= FIRST_TO_COMPOSE;
	return NULL;
}

/* NFC of a text; out of memory cannot happen, nothing is allocated by the library. */
static const char *compose(struct arena *arena, const char *text, size_t len)
{
	const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t count = utf8proc_decompose(bytes, (utf8proc_ssize_t)len, NULL, 0, options);
	/* One more than asked for: utf8proc_reencode() ends its text with a NUL. */
	utf8proc_int32_t *points = arena_array(arena, (size_t)count + 1, sizeof(*points));

	utf8proc_decompose(bytes, (utf8proc_ssize_t)len, points, count, options);
	utf8proc_reencode(points, count, options);
	return (const char *)points;
}

const char *text_normalise(struct arena *arena, enum text_kind kind, const char *text, const char **out)
{
	size_t len = strlen(text);
	struct cleaning cleaning = {.kind = kind};
	const char *next = text;

	*out = text;
	if (kind == TEXT_RAW)
		return NULL;
	cleaning.out = arena_alloc(arena, len + 1);
	for (const char *at = text; *at != '\0'; at = next) {
		int32_t c = text_next(&next);
		const char *wrong = put(&cleaning, c, at, next);
		if (wrong != NULL)
			return wrong;
	}
	cleaning.out[cleaning.kept] = '\0';
	if (!cleaning.visible)
		*out = "";
	else if (cleaning.composes)
		*out = compose(arena, cleaning.out, cleaning.kept);
	else if (cleaning.kept != len || memcmp(cleaning.out, text, len) != 0)
		*out = cleaning.out;
	return NULL;
}

/* The length of the UTF-8 sequence at `s`, 0 when it is none: RFC 3629, section 4. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool surrogate = s[0] == 0xed && s[1] > 0x9f;
	bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
	return len > 1 && (overlong || surrogate || beyond) ? 0 : len;
}

int64_t utf8_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	int64_t characters = 0;

	while (len > 0) {
		size_t sequence = *s == '\0' ? 0 : utf8_sequence(s, len);
		if (sequence == 0)
			return -1;
		s += sequence;
		len -= sequence;
		characters++;
	}
	return characters;
}

const char *text_count(struct arena *arena, int64_t n, const char *const words[3])
{
	const char *chosen = words[n < 0 || n > 2 ? 2 : n];
	size_t before = strcspn(chosen, "#");

	if (chosen[before] == '\0')
		return chosen;
	return arena_printf(arena, "%.*s%" PRId64 "%s", (int)before, chosen, n, chosen + before + 1);
}
