/* Arenas and buffers. */
#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "suites.h"

static int released[3];
static int release_count;

static void note_release(void *object)
{
	released[release_count++] = *(int *)object;
}

START_TEST(allocations_are_zeroed_aligned_and_apart)
{
	struct arena *arena = arena_new();

	for (size_t size = 1; size < 200000; size = size * 3 + 1) {
		char *a = arena_alloc(arena, size);
		char *b = arena_alloc(arena, size);
		ck_assert_uint_eq((uintptr_t)a % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_int_eq(a[i] | b[i], 0);
		memset(a, 0x55, size);
		ck_assert_int_eq(b[0], 0);
	}
	arena_free(arena);
}
END_TEST

START_TEST(memory_after_a_reset_is_zeroed_again)
{
	struct arena *arena = arena_new();

	memset(arena_alloc(arena, 1000), 0xff, 1000);
	arena_reset(arena);
	ck_assert_int_eq(*(char *)arena_alloc(arena, 1000), 0);
	arena_free(arena);
}
END_TEST

START_TEST(deferred_releases_run_once_last_first)
{
	struct arena *arena = arena_new();
	int objects[] = {1, 2, 3};

	release_count = 0;
	for (size_t i = 0; i < 3; i++)
		arena_defer(arena, note_release, &objects[i]);
	arena_reset(arena);
	ck_assert_int_eq(release_count, 3);
	ck_assert_int_eq(released[0], 3);
	ck_assert_int_eq(released[2], 1);
	arena_free(arena);
	ck_assert_int_eq(release_count, 3);
}
END_TEST

START_TEST(a_formatted_text_may_be_long)
{
	struct arena *arena = arena_new();
	char *text = arena_printf(arena, "%0100000d|", 7);

	ck_assert_uint_eq(strlen(text), 100001);
	ck_assert_str_eq(text + 99999, "7|");
	arena_free(arena);
}
END_TEST

START_TEST(a_buffer_grows_and_stays_terminated)
{
	struct buf buf = {0};

	for (int i = 0; i < 5000; i++)
		buf_printf(&buf, "%d,", i % 10);
	ck_assert_uint_eq(buf.len, 10000);
	ck_assert_uint_eq(strlen(buf.data), 10000);
	buf_clear(&buf);
	ck_assert_uint_eq(buf.len, 0);
	buf_text(&buf, "");
	ck_assert_str_eq(buf.data, "");
	buf_free(&buf);
}
END_TEST

Suite *arena_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tests = tcase_create("arena and buf");

	tcase_add_test(tests, allocations_are_zeroed_aligned_and_apart);
	tcase_add_test(tests, memory_after_a_reset_is_zeroed_again);
	tcase_add_test(tests, deferred_releases_run_once_last_first);
	tcase_add_test(tests, a_formatted_text_may_be_long);
	tcase_add_test(tests, a_buffer_grows_and_stays_terminated);
	suite_add_tcase(suite, tests);
	return suite;
}
