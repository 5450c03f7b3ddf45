/* Cursors survive the way to a client and back; what a client made up does not pass. */
#include <stdint.h>
#include <string.h>

#include "core/cursor.h"
#include "suites.h"

#define QUESTION INT64_C(0x7edcba9876543210)

static struct arena *arena;
static struct complaints complaints;

static void setup(void)
{
	arena = arena_new();
	complaints_init(&complaints, arena);
}

static void teardown(void)
{
	arena_free(arena);
}

/* Whatever a row may hold: separators, lengths, quotes, four-byte characters. */
static const char *const keys[] = {"",      "Pão de Ló", "X\x1fY", "3:abc",
                                   ":",     "12",        "\"'",    "\xf0\x9f\x8e\x82\xf0\x9f\x8e\x82",
                                   "45.90", "-",         "\n",     "\xff\x01"};

START_TEST(a_cursor_comes_back_as_it_went)
{
	static const int64_t totals[] = {0, 8, INT64_MAX};

	for (size_t i = 0; i < FIELD_COUNT(totals); i++) {
		const struct cursor cursor = {QUESTION, keys[_i], "12345678", totals[i]};
		struct cursor back;
		const char *text = cursor_encode(arena, &cursor);
		ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		                  strlen(text));
		ck_assert(cursor_read(&complaints, text, QUESTION, &back));
		ck_assert_str_eq(back.key, cursor.key);
		ck_assert_str_eq(back.id, cursor.id);
		ck_assert_int_eq(back.total, cursor.total);
	}
	ck_assert_uint_eq(complaints.count, 0);
}
END_TEST

START_TEST(the_longest_name_fits)
{
	char name[481];
	struct cursor back;

	for (size_t i = 0; i < 120; i++)
		memcpy(name + 4 * i, "\xf0\x9f\x8e\x82", 5);
	const struct cursor cursor = {QUESTION, name, "2147483647", INT64_MAX};
	ck_assert(cursor_read(&complaints, cursor_encode(arena, &cursor), QUESTION, &back));
	ck_assert_str_eq(back.key, name);
}
END_TEST

START_TEST(a_cursor_belongs_to_its_question)
{
	const struct cursor cursor = {QUESTION, "x", "1", 2};
	struct cursor back;

	ck_assert(!cursor_read(&complaints, cursor_encode(arena, &cursor), QUESTION + 1, &back));
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_str_eq(complaints.first->campo, "cursor");
	ck_assert_ptr_nonnull(strstr(complaints.first->erro, "outra consulta"));
}
END_TEST

START_TEST(questions_differ_by_order_and_each_filter)
{
	static const char *const filters[][3] = {{"1", NULL, NULL}, {NULL, "1", NULL},  {"", "1", NULL},
	                                         {"1", "", NULL},   {"11", NULL, NULL}, {NULL, NULL, NULL},
	                                         {"1", "1", NULL},  {"1:1", NULL, NULL}};
	int64_t questions[FIELD_COUNT(filters) + 1];

	for (size_t i = 0; i < FIELD_COUNT(filters); i++)
		questions[i] = cursor_question("nome", filters[i], 3);
	questions[FIELD_COUNT(filters)] = cursor_question("preco", filters[0], 3);
	for (size_t i = 0; i < FIELD_COUNT(questions); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_int_ne(questions[i], questions[j]);
	ck_assert_int_eq(questions[0], cursor_question("nome", filters[0], 3));
}
END_TEST

/* Each piece and each change of a good one. */
START_TEST(anything_else_is_refused)
{
	const struct cursor cursor = {QUESTION, "Pão", "7", 8};
	const char *good = cursor_encode(arena, &cursor);
	size_t len = strlen(good);
	struct cursor back;

	for (size_t i = 0; i < len; i++)
		ck_assert(!cursor_read(&complaints, arena_copy(arena, good, i), QUESTION, &back));
	for (size_t i = 0; i < len; i++) {
		char *other = arena_copy(arena, good, len);
		other[i] = '=';
		ck_assert(!cursor_read(&complaints, other, QUESTION, &back));
	}
	ck_assert(!cursor_read(&complaints, arena_printf(arena, "%sA", good), QUESTION, &back));
	ck_assert(!cursor_read(&complaints, arena_printf(arena, "%s%s", good, good), QUESTION, &back));
	ck_assert_str_eq(complaints.first->erro, "use o valor de proximo da página anterior");
}
END_TEST

/* "4:name" and the like in base64url: parts without end, lengths that lie, totals that are none. */
static const char *const no_cursors[] = {
    "MTY6", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6", "LTE6", "MTow", "MDowOjA6MDo", "MDowOjA6MTp4", "MDo", "Og", "AAAA", "%%%",
};

START_TEST(lengths_that_lie_are_refused)
{
	struct cursor back;

	ck_assert(!cursor_read(&complaints, no_cursors[_i], 0, &back));
}
END_TEST

Suite *cursor_suite(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tests = tcase_create("cursor");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_cursor_comes_back_as_it_went, 0, FIELD_COUNT(keys));
	tcase_add_test(tests, the_longest_name_fits);
	tcase_add_test(tests, a_cursor_belongs_to_its_question);
	tcase_add_test(tests, questions_differ_by_order_and_each_filter);
	tcase_add_test(tests, anything_else_is_refused);
	tcase_add_loop_test(tests, lengths_that_lie_are_refused, 0, FIELD_COUNT(no_cursors));
	suite_add_tcase(suite, tests);
	return suite;
}
