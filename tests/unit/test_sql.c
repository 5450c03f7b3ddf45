/* SQL: literals, and servers that are not there, stay silent or talk nonsense. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/sql.h"
#include "fake_server.h"
#include "suites.h"

static const struct sql_statement statements[] = {{"um", "SELECT 1", 0, false},
                                                  {"muda", "UPDATE x SET y = 1", 0, true}};

START_TEST(array_literals_are_escaped)
{
	struct arena *arena = arena_new();
	const char *const texts[] = {"a", "", "a\"b\\c", "{x,y}", "NULL", "pão"};
	const int64_t ints[] = {1, -2, INT64_MAX};

	ck_assert_str_eq(sql_of_texts(arena, texts, 6), "{\"a\",\"\",\"a\\\"b\\\\c\",\"{x,y}\",\"NULL\",\"pão\"}");
	ck_assert_str_eq(sql_of_texts(arena, NULL, 0), "{}");
	ck_assert_str_eq(sql_of_ints(arena, ints, 3), "{1,-2,9223372036854775807}");
	ck_assert_str_eq(sql_of_money(arena, (struct money){-5}), "-0.05");
	ck_assert_str_eq(sql_of_bool(true), "t");
	arena_free(arena);
}
END_TEST

static void expect_unavailable(const char *conninfo)
{
	const struct sql_options options = {conninfo, NULL, 400, statements, 2};
	struct sql *db = sql_open(&options);
	struct arena *arena = arena_new();
	struct sql_rows rows;
	int64_t start = clock_monotonic_ms();

	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	/* A connection that never stood is sure not to have run a write. */
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_lt(clock_monotonic_ms() - start, 5000);
	ck_assert_ptr_nonnull(sql_check(db, arena));
	arena_free(arena);
	sql_close(db);
}

START_TEST(no_server_is_unavailable)
{
	expect_unavailable("host=/nowhere dbname=x user=x");
}
END_TEST

static const char *const answers[] = {"", "nonsense that is no protocol", "E\0\0\0"};

START_TEST(a_server_that_makes_no_sense_is_unavailable_in_time)
{
	const char *const script[] = {answers[_i], NULL};
	struct fake_server server;
	char conninfo[128];

	fake_server_start(&server, ".s.PGSQL.5432", script);
	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=x user=x", server.directory);
	expect_unavailable(conninfo);
	fake_server_stop(&server);
}
END_TEST

Suite *sql_suite(void)
{
	Suite *suite = suite_create("sql");
	TCase *tests = tcase_create("sql");

	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, array_literals_are_escaped);
	tcase_add_test(tests, no_server_is_unavailable);
	tcase_add_loop_test(tests, a_server_that_makes_no_sense_is_unavailable_in_time, 0,
	                    sizeof(answers) / sizeof(answers[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
