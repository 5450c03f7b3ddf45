/* Rules of input: integers, texts, lists of ids. */
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

static bool is_short(const char *text)
{
	return strlen(text) < 5;
}

static const struct rule line = {"nome", FIELD_TEXT, 0, .min = 1, .max = 5};
static const struct rule shorter = {
    "nome", FIELD_TEXT, 0, .min = 2, .max = 5, .valid = is_short, .words = "deve ser curto"};
static const struct rule raw = {"cursor", FIELD_TEXT, 0, .min = 1, .max = 3, .text = TEXT_RAW};

static const struct {
	const struct rule *rule;
	const char *text;
	const char *erro; /* NULL: taken */
} text_rules[] = {
    {&line, " a ", NULL},
    {&line, "\u00a0\u200b", "não pode ficar em branco"},
    {&line, "", "não pode ficar em branco"},
    {&line, "abcdef", "deve ser um texto de 1 a 5 caracteres"},
    {&line, "ab   ", NULL},
    {&line, "a\u0301e\u0301i\u0301o\u0301u\u0301", NULL},
    {&line, "ab\ncd", "deve ficar em uma só linha"},
    {&line, "a\xff", "deve ser um texto de 1 a 5 caracteres"},
    {&shorter, "abcde", "deve ser curto"},
    {&shorter, "a", "deve ser curto"},
    {&shorter, "abc", NULL},
    {&raw, " \n ", NULL},
    {&raw, "\x07", NULL},
    {&raw, "", "não pode ficar em branco"},
};

START_TEST(a_text_is_read_or_says_what_is_wrong)
{
	const struct rule *rule = text_rules[_i].rule;
	struct arena *arena = arena_new();
	struct complaints list;
	const char *out = NULL;

	complaints_init(&list, arena);
	bool taken = field_parse(rule, text_rules[_i].text, arena, &out);
	ck_assert_int_eq(taken, text_rules[_i].erro == NULL);
	if (!taken) {
		complain_value(&list, rule->name, rule, text_rules[_i].text);
		ck_assert_str_eq(list.first->erro, text_rules[_i].erro);
	}
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
	tcase_add_test(tests, ids_are_a_list_of_positive_integers);
	tcase_add_loop_test(tests, a_text_is_read_or_says_what_is_wrong, 0, FIELD_COUNT(text_rules));
	tcase_add_test(tests, complaints_are_kept_in_order);
	suite_add_tcase(suite, tests);
	return suite;
}
