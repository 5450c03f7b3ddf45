/* The slow log: what is written of statements and requests, and when. */
#include "core/slow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "fake_clock.h"
#include "suites.h"

static char path[32];
static int file;

static void set_up(void)
{
	snprintf(path, sizeof(path), "/tmp/unit-slow-XXXXXX");
	file = mkstemp(path);
	ck_assert_int_ge(file, 0);
	log_open("unit", path, LOG_LEVEL_INFO);
}

static void tear_down(void)
{
	slow_open(0);
	log_open("unit", "-", LOG_LEVEL_INFO);
	close(file);
	unlink(path);
}

/* What was written since the last call: at most a line, from its event on. */
static const char *written(void)
{
	static char text[1024];
	ssize_t len = read(file, text, sizeof(text) - 1);

	text[len < 0 ? 0 : len] = '\0';
	const char *event = strstr(text, "event=");
	return event == NULL ? "" : event;
}

static void wait_ms(enum slow_wait wait, int64_t milliseconds, const char *statement)
{
	int64_t begun = slow_begin();

	fake_clock_advance_ms(milliseconds);
	slow_end(wait, begun, statement, 3);
}

START_TEST(a_statement_is_written_from_the_threshold_on)
{
	slow_open(100);
	wait_ms(SLOW_SQL, 99, "produto_ler");
	ck_assert_str_eq(written(), "");
	wait_ms(SLOW_SQL, 100, "produto_ler");
	ck_assert_str_eq(written(), "event=slow_statement store=postgres statement=produto_ler us=100000 rows=3\n");
	wait_ms(SLOW_REDIS, 250, "adicionar");
	ck_assert_str_eq(written(), "event=slow_statement store=redis statement=adicionar us=250000 rows=3\n");
	wait_ms(SLOW_CALLS, 250, NULL);
	ck_assert_str_eq(written(), "");
	slow_open(0);
	wait_ms(SLOW_SQL, 100000, "produto_ler");
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_request_is_written_with_what_it_waited_for)
{
	const struct slow_request quick = {"GET", "/x", 200, 60000, 39};
	const struct slow_request queued = {"GET", "/x", 200, 60000, 40};
	const struct slow_request slow = {"POST", "/api/pedidos", 201, 100000, 0};

	slow_open(100);
	wait_ms(SLOW_SQL, 7, "a");
	slow_request_end(&quick);
	ck_assert_str_eq(written(), "");
	slow_request_end(&queued);
	ck_assert_str_eq(
	    written(),
	    "event=slow_request method=GET rota=/x status=200 us=60000 queue_ms=40 sql_us=0 redis_us=0 calls_us=0\n");
	wait_ms(SLOW_SQL, 7, "a");
	wait_ms(SLOW_SQL, 8, "a");
	wait_ms(SLOW_REDIS, 20, "b");
	wait_ms(SLOW_CALLS, 30, NULL);
	slow_request_end(&slow);
	ck_assert_str_eq(written(), "event=slow_request method=POST rota=/api/pedidos status=201 us=100000 queue_ms=0 "
	                            "sql_us=15000 redis_us=20000 calls_us=30000\n");
	slow_open(0);
	slow_request_end(&slow);
	ck_assert_str_eq(written(), "");
}
END_TEST

Suite *slow_suite(void)
{
	Suite *suite = suite_create("slow");
	TCase *tests = tcase_create("slow");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_statement_is_written_from_the_threshold_on);
	tcase_add_test(tests, a_request_is_written_with_what_it_waited_for);
	suite_add_tcase(suite, tests);
	return suite;
}
