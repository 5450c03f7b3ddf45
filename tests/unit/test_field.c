/* Rules of input: integers, UTF-8, lists of ids. */
#include <string.h>

#include "core/field.h"
#include "suites.h"

static const struct {
	const char *text;
	bool ok;
	int64_t value;
} ints[] = {
    {"0", true, 0},
    {"-7", true, -7},
    {"9223372036854775807", true, INT64_MAX},
    {"-9223372036854775808", true, INT64_MIN},
    {"9223372036854775808", false, 0},
    {"-9223372036854775809", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"+1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1e3", false, 0},
    {"5.0", false, 0},
    {"0x10", false, 0},
    {"1\n", false, 0},
};

START_TEST(integers)
{
	int64_t value = 42;

	ck_assert_int_eq(int_parse(ints[_i].text, INT64_MIN, INT64_MAX, &value), ints[_i].ok);
	ck_assert_int_eq(value, ints[_i].ok ? ints[_i].value : 42);
}
END_TEST

START_TEST(integers_keep_their_bounds)
{
	int64_t value = 42;

	ck_assert(int_parse("9999", 1, 9999, &value));
	ck_assert(!int_parse("0", 1, 9999, &value));
	ck_assert(!int_parse("10000", 1, 9999, &value));
	ck_assert_int_eq(value, 9999);
}
END_TEST

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

START_TEST(ids_are_a_list_of_positive_integers)
{
	const struct rule rule = {"ids", FIELD_IDS, 0, .min = 1, .max = 3};
	struct arena *arena = arena_new();
	struct field_array ids;

	ck_assert(field_parse(&rule, "1,22,2147483647", arena, &ids));
	ck_assert_uint_eq(ids.count, 3);
	ck_assert_int_eq(((int64_t *)ids.items)[2], INT32_MAX);
	const char *const wrong[] = {"", ",", "1,", ",1", "0", "-1", "1,2,3,4", "1;2", "2147483648", "1, 2"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(!field_parse(&rule, wrong[i], arena, &ids), "%s", wrong[i]);
	arena_free(arena);
}
END_TEST

START_TEST(complaints_are_kept_in_order)
{
	struct arena *arena = arena_new();
	const struct rule rule = {"quantidade", FIELD_INT, 0, .min = 1, .max = 9999};
	struct complaints list;

	complaints_init(&list, arena);
	complain_rule(&list, "quantidade", &rule);
	complain(&list, "cor", "campo %s", "desconhecido");
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.first->erro, "deve ser um inteiro de 1 a 9999");
	ck_assert_str_eq(list.first->next->campo, "cor");
	ck_assert_str_eq(list.first->next->erro, "campo desconhecido");
	arena_free(arena);
}
END_TEST

Suite *field_suite(void)
{
	Suite *suite = suite_create("field");
	TCase *tests = tcase_create("field");

	tcase_add_loop_test(tests, integers, 0, sizeof(ints) / sizeof(ints[0]));
	tcase_add_test(tests, integers_keep_their_bounds);
	tcase_add_loop_test(tests, utf8_is_counted_in_characters_and_checked, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tests, a_nul_inside_is_not_text);
	tcase_add_test(tests, ids_are_a_list_of_positive_integers);
	tcase_add_test(tests, complaints_are_kept_in_order);
	suite_add_tcase(suite, tests);
	return suite;
}
