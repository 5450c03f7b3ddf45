/* Arenas and buffers. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/poison.h"
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

static char *touch;

static void read_it(void)
{
	(void)*(volatile char *)touch;
}

static void write_it(void)
{
	*(volatile char *)touch = 1;
}

/* Whether AddressSanitizer ends a process that does this, or valgrind counts an error. */
static bool is_found(void (*use)(void), char *at)
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		unsigned before = VALGRIND_COUNT_ERRORS;
		touch = at;
		use();
		_exit(VALGRIND_COUNT_ERRORS - before > 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Every piece may be used to its last byte, and nothing after it. */
static void ends_at(char *piece, size_t size)
{
	ck_assert(!is_found(read_it, piece));
	ck_assert(!is_found(write_it, piece + size - 1));
	ck_assert(is_found(read_it, piece + size));
	ck_assert(is_found(write_it, piece + size));
}

START_TEST(what_is_past_a_piece_is_found)
{
	struct arena *arena = arena_new();
	char *pieces[] = {arena_alloc(arena, 13), arena_alloc(arena, 16), arena_array(arena, 25000, 4)};
	const size_t sizes[] = {13, 16, 100000};

	ends_at(arena_copy(arena, "bolo", 4), 5);
	ends_at(arena_printf(arena, "%s", "brigadeiro"), 11);
	ends_at(arena_printf(arena, "%0100000d", 7), 100001);
	for (size_t i = 0; i < 3; i++)
		ends_at(pieces[i], sizes[i]);
	arena_free(arena);
}
END_TEST

START_TEST(what_outlives_its_request_is_found)
{
	struct arena *arena = arena_new();
	char *first = arena_alloc(arena, 100);
	char *printed = arena_printf(arena, "%d", 7);
	char *large = arena_alloc(arena, 100000);

	arena_reset(arena);
	ck_assert(is_found(read_it, first));
	ck_assert(is_found(write_it, printed));
	ck_assert(is_found(read_it, large));
	first = arena_alloc(arena, 100);
	ck_assert(!is_found(read_it, first));
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
	if (poison_is_seen()) {
		tcase_add_test(tests, what_is_past_a_piece_is_found);
		tcase_add_test(tests, what_outlives_its_request_is_found);
	}
	suite_add_tcase(suite, tests);
	return suite;
}
