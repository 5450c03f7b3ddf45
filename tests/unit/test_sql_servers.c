/* SQL servers that no connection can be made to: absent, talking nonsense, or named by settings that are none. */
#include <stdio.h>

#include "core/clock.h"
#include "core/sql.h"
#include "fake_server.h"
#include "suites.h"

#define DEADLINE_MS        400
#define HEALTH_DEADLINE_MS 100

static const struct sql_statement statements[] = {
    {"um", "SELECT 1"},
    {"muda", "UPDATE x SET y = 1", .writes = true},
};

static void expect_unavailable(const char *conninfo)
{
	const struct sql_options options = {conninfo, NULL, DEADLINE_MS, HEALTH_DEADLINE_MS, statements, 2, NULL};
	struct sql *db = sql_open(&options);
	struct arena *arena = arena_new();
	struct sql_rows rows;
	int64_t start = clock_monotonic_ms();

	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	/* A connection that never stood is sure not to have run a write. */
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_le(clock_monotonic_ms() - start, 2 * DEADLINE_MS);
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

START_TEST(a_setting_that_is_none_is_unavailable)
{
	expect_unavailable("host=/nowhere nonsense");
}
END_TEST

Suite *sql_servers_suite(void)
{
	Suite *suite = suite_create("sql_servers");
	TCase *tests = tcase_create("sql_servers");

	tcase_add_test(tests, no_server_is_unavailable);
	tcase_add_test(tests, a_setting_that_is_none_is_unavailable);
	tcase_add_loop_test(tests, a_server_that_makes_no_sense_is_unavailable_in_time, 0,
	                    sizeof(answers) / sizeof(answers[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
