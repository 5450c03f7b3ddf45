/* Cursors survive the way to a client and back; what a client made up does not pass. */
#include <string.h>

#include "core/cursor.h"
#include "suites.h"

static const char *const no_cursors[] = {"",
                                         "A",
                                         "abc",
                                         "bm9tZQ",
                                         "bm9tZR9",
                                         "AAAA",
                                         "%%%",
                                         "bm9tZR8x",
                                         "bm9tZR83HzcfA",
                                         "bm9tZR83Hzc",
                                         "bm9tZR83HzcfHw",
                                         "====",
                                         "bm9tZQ==",
                                         "bm9tZR94HzEf",
                                         "aWQfHzEfLTEf",
                                         "aWQfHzEfeB8",
                                         "aWQfHzEfOR8f"};

START_TEST(a_cursor_comes_back_as_it_went)
{
	struct arena *arena = arena_new();
	const struct cursor cursors[] = {{"nome", "Pão de Ló", "7", 8},
	                                 {"id", "", "1", 0},
	                                 {"x", "1", "2026", INT64_MAX},
	                                 {"-preco", "45.90", "12345678", 1}};

	for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
		struct cursor back;
		const char *text = cursor_encode(arena, &cursors[i]);
		ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		                  strlen(text));
		ck_assert(cursor_decode(arena, text, &back));
		ck_assert_str_eq(back.order, cursors[i].order);
		ck_assert_str_eq(back.key, cursors[i].key);
		ck_assert_str_eq(back.id, cursors[i].id);
		ck_assert_int_eq(back.total, cursors[i].total);
	}
	arena_free(arena);
}
END_TEST

START_TEST(anything_else_is_refused)
{
	struct arena *arena = arena_new();
	struct cursor cursor;

	ck_assert(!cursor_decode(arena, no_cursors[_i], &cursor));
	arena_free(arena);
}
END_TEST

Suite *cursor_suite(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tests = tcase_create("cursor");

	tcase_add_test(tests, a_cursor_comes_back_as_it_went);
	tcase_add_loop_test(tests, anything_else_is_refused, 0, sizeof(no_cursors) / sizeof(no_cursors[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
