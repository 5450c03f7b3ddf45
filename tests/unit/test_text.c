/* The text rule: what is kept, what is dropped, what is refused; and UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "suites.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	int64_t length;
} texts[] = {
    {"", 0},
    {"pão", 3},
    {"\xf0\x9f\x8d\xb0", 1},
    {"\xc0\x80", -1},         /* overlong NUL */
    {"\xe0\x80\xaf", -1},     /* overlong slash */
    {"\xed\xa0\x80", -1},     /* a surrogate */
    {"\xf4\x90\x80\x80", -1}, /* beyond U+10FFFF */
    {"\xc3", -1},
    {"\x80", -1},
    {"a\xff", -1},
    {"\xf0\x8f\xbf\xbf", -1},
};

START_TEST(utf8_is_counted_in_characters_and_checked)
{
	ck_assert_int_eq(utf8_length(texts[_i].text, strlen(texts[_i].text)), texts[_i].length);
}
END_TEST

START_TEST(a_nul_inside_is_not_text)
{
	ck_assert_int_eq(utf8_length("a\0b", 3), -1);
}
END_TEST

#define FIVE   "\u033f\u033f\u033f\u033f\u033f"
#define THIRTY FIVE FIVE FIVE FIVE FIVE FIVE

/* What a one-line and a many-line field make of a text; NULL: refused. */
static const struct {
	const char *text;
	const char *line;
	const char *lines;
} normal[] = {
    {"Pão de Mel", "Pão de Mel", "Pão de Mel"},
    {"Pa\u0303o", "Pão", "Pão"},
    {"e\u0323\u0302", "\u1ec7", "\u1ec7"},
    {"\u1112\u1161\u11ab", "\ud55c", "\ud55c"},
    {"\u212b", "\u00c5", "\u00c5"},
    {"q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307"},
    {"", "", ""},
    /* Blanks at the ends, of any kind; those inside stay, but a tab. */
    {"  a  b  ", "a  b", "a  b"},
    {"\u00a0\u3000\u2003a\u00a0b\u202f\u205f", "a\u00a0b", "a\u00a0b"},
    {"\ta\tb\t", "a b", "a b"},
    {"\u2800a\u3164", "a", "a"},
    {"\r\n a \n\n", "a", "a"},
    /* Nothing to be seen. */
    {"   ", "", ""},
    {"\n", "", ""},
    {"\u00a0", "", ""},
    {"\u200b", "", ""},
    {"\u200d", "", ""},
    {"\u2060\ufeff\u00ad", "", ""},
    {"\u3164\u115f\uffa0\u2800", "", ""},
    {"\u0301", "", ""},
    {"\ufe0f", "", ""},
    {"\U000e0041\U000e007f", "", ""},
    {"\u2066\u2069", "", ""},
    /* Line breaks. */
    {"a\nb", NULL, "a\nb"},
    {"a\r\nb\rc\u2028d\xc2\x85"
     "e",
     NULL, "a\nb\nc\nd\ne"},
    {"a\r\n\r\nb", NULL, "a\n\nb"},
    /* Controls. */
    {"\x01", NULL, NULL},
    {"a\x07", NULL, NULL},
    {"\x1b[31ma", NULL, NULL},
    {"a\x1f"
     "b",
     NULL, NULL},
    {"a\vb", NULL, NULL},
    {"a\x7f", NULL, NULL},
    {"a\xc2\x90", NULL, NULL},
    /* Marks in a row: thirty. */
    {"a" THIRTY, "a" THIRTY, "a" THIRTY},
    {"a" THIRTY "b" THIRTY, "a" THIRTY "b" THIRTY, "a" THIRTY "b" THIRTY},
    {"a" THIRTY "\u033f", NULL, NULL},
    {"a" THIRTY "\u200b\u033f", NULL, NULL},
    /* Direction: overrides are refused, marks dropped. */
    {"a\u202eb", NULL, NULL},
    {"\u202da", NULL, NULL},
    {"\u202a+55 11\u202c", "+55 11", "+55 11"},
    {"a\u200e\u200fb\u2066c\u2069\u061c", "abc", "abc"},
    /* Invisible characters of copy and paste. */
    {"Gela\u200bdinho", "Geladinho", "Geladinho"},
    {"\ufeffbo\u00adlo\u2060", "bolo", "bolo"},
    {"a\u200b\u0301", "á", "á"},
    /* What emoji and scripts need. */
    {"\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
     "\U0001f468\u200d\U0001f469\u200d\U0001f467"},
    {"\u2764\ufe0f", "\u2764\ufe0f", "\u2764\ufe0f"},
    {"\U0001f44b\U0001f3fd", "\U0001f44b\U0001f3fd", "\U0001f44b\U0001f3fd"},
    {"1\ufe0f\u20e3", "1\ufe0f\u20e3", "1\ufe0f\u20e3"},
    {"\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f",
     "\U0001f3f4\U000e0067\U000e0062\U000e007f"},
    {"\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"},
    {"\U0001fae9", "\U0001fae9", "\U0001fae9"},
    {"\U0010ffff", "\U0010ffff", "\U0010ffff"},
};

static void check_normal(enum text_kind kind, const char *text, const char *expected)
{
	struct arena *arena = arena_new();
	const char *out = "?";
	const char *again;
	const char *wrong = text_normalise(arena, kind, text, &out);

	if (expected == NULL) {
		ck_assert_msg(wrong != NULL, "taken: %s", out);
	} else {
		ck_assert_msg(wrong == NULL, "refused: %s", wrong);
		ck_assert_str_eq(out, expected);
		ck_assert_ptr_null(text_normalise(arena, kind, out, &again));
		ck_assert_str_eq(again, out);
		ck_assert(kind == TEXT_RAW || text_is_blank(text) == (*expected == '\0'));
	}
	arena_free(arena);
}

START_TEST(a_text_is_normalised_or_refused)
{
	check_normal(TEXT_LINE, normal[_i].text, normal[_i].line);
	check_normal(TEXT_LINES, normal[_i].text, normal[_i].lines);
	check_normal(TEXT_RAW, normal[_i].text, normal[_i].text);
}
END_TEST

static size_t put_utf8(char *out, int32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
	out[0] = (char)(leads[more] | c >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (c >> 6 * (more - i) & 63));
	return more + 1;
}

/* Whatever comes: the result is valid, and normalising it again changes nothing. */
START_TEST(what_is_normal_stays_as_it_is)
{
	static const int32_t some[] = {'a',    ' ',    '\t',   '\n',    0xa0,   0x300,  0x301,  0x323,  0x327,
	                               0x344,  0xad,   0x200b, 0x200d,  0x1100, 0x1161, 0x11a8, 0x2126, 0x958,
	                               0xfb1d, 0xfe0f, 0xe3,   0x1f468, 0x2800, 0x3164, 0x2028, 0x1d15f};

	srand(20261126);
	for (int round = 0; round < 20000; round++) {
		struct arena *arena = arena_new();
		char text[64];
		size_t len = 0;
		const char *once;
		const char *twice;
		for (int i = rand() % 12; i > 0; i--)
			len += put_utf8(text + len, some[(size_t)rand() % COUNT(some)]);
		text[len] = '\0';
		ck_assert_ptr_null(text_normalise(arena, TEXT_LINES, text, &once));
		ck_assert_int_ge(utf8_length(once, strlen(once)), 0);
		ck_assert_uint_le(strlen(once), 3 * len);
		ck_assert_ptr_null(text_normalise(arena, TEXT_LINES, once, &twice));
		ck_assert_str_eq(once, twice);
		arena_free(arena);
	}
}
END_TEST

START_TEST(what_is_not_utf8_is_walked_over)
{
	const char *at = "a\xff\xc3";

	ck_assert_int_eq(text_next(&at), 'a');
	ck_assert_int_eq(text_next(&at), 0xfffd);
	ck_assert_int_eq(text_next(&at), 0xfffd);
	ck_assert_int_eq(text_next(&at), 0);
	ck_assert(!text_is_blank(" \xff"));
}
END_TEST

START_TEST(numbers_and_words_agree)
{
	static const char *const words[] = {"nenhuma", "resta # unidade", "restam # unidades"};
	struct arena *arena = arena_new();

	ck_assert_str_eq(text_count(arena, 0, words), "nenhuma");
	ck_assert_str_eq(text_count(arena, 1, words), "resta 1 unidade");
	ck_assert_str_eq(text_count(arena, 2, words), "restam 2 unidades");
	ck_assert_str_eq(text_count(arena, 9999, words), "restam 9999 unidades");
	arena_free(arena);
}
END_TEST

Suite *text_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");

	tcase_add_loop_test(tests, utf8_is_counted_in_characters_and_checked, 0, COUNT(texts));
	tcase_add_test(tests, a_nul_inside_is_not_text);
	tcase_add_loop_test(tests, a_text_is_normalised_or_refused, 0, COUNT(normal));
	tcase_add_test(tests, what_is_normal_stays_as_it_is);
	tcase_add_test(tests, what_is_not_utf8_is_walked_over);
	tcase_add_test(tests, numbers_and_words_agree);
	suite_add_tcase(suite, tests);
	return suite;
}
