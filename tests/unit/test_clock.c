/* Times, as RFC 3339 and as PostgreSQL write them. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "suites.h"

static const struct {
	const char *text;
	const char *canonical;
} times[] = {
    {"2026-11-24T10:20:30Z", "2026-11-24T10:20:30.000000Z"},
    {"2026-11-24 10:20:30.000123+00", "2026-11-24T10:20:30.000123Z"},
    {"2026-11-24T10:20:30.5-03:00", "2026-11-24T13:20:30.500000Z"},
    {"2026-11-24t00:00:00.123456789z", "2026-11-24T00:00:00.123456Z"},
    {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
    {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
    {"0001-01-01", "0001-01-01T00:00:00.000000Z"},
    {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
    {"0001-01-01T15:59:00+15:59", "0001-01-01T00:00:00.000000Z"},
};

static const char *const no_times[] = {
    "",
    "2026",
    "2026-13-01",
    "2026-02-29",
    "2026-00-10",
    "2026-11-24T",
    "2026-11-24T10:20",
    "2026-11-24T24:00:00Z",
    "2026-11-24T10:60:00Z",
    "2026-11-24T10:20:30",
    "2026-11-24T10:20:30.Z",
    "2026-11-24T10:20:30+24:00",
    "2026-11-24T10:20:30+16:00", /* PostgreSQL refuses it */
    "0001-01-01T00:00:00+00:01", /* year 0 in UTC */
    "9999-12-31T23:59:59-00:01", /* year 10000 */
    "2026-11-24T10:20:30Zx",
    "24/11/2026",
    "now",
    "0000-01-01",
    "2026-11-24T10:20:30+03:",
    "infinity",
};

START_TEST(times_are_read_and_written)
{
	int64_t when;
	char text[CLOCK_TEXT_MAX];

	ck_assert(clock_parse(times[_i].text, &when));
	ck_assert_uint_eq(clock_format(when, text), strlen(text));
	ck_assert_str_eq(text, times[_i].canonical);
}
END_TEST

START_TEST(anything_else_is_refused)
{
	int64_t when;

	ck_assert_msg(!clock_parse(no_times[_i], &when), "%s", no_times[_i]);
}
END_TEST

static const struct {
	const char *text;
	int64_t span;
} spans[] = {
    {"2026-11-24", INT64_C(86400000000)},  {"2026-11-24T10:20Z", 60000000},    {"2026-11-24T10:20-03:00", 60000000},
    {"2026-11-24T10:20:30Z", 1000000},     {"2026-11-24T10:20:30.5Z", 100000}, {"2026-11-24T10:20:30.325499Z", 1},
    {"2026-11-24T10:20:30.325499123Z", 1},
};

START_TEST(a_time_lasts_as_long_as_it_is_exact)
{
	int64_t when;
	int64_t span;

	ck_assert(clock_parse_span(spans[_i].text, &when, &span));
	ck_assert_int_eq(span, spans[_i].span);
}
END_TEST

START_TEST(every_day_of_four_centuries_comes_back)
{
	char text[CLOCK_TEXT_MAX];

	for (int64_t day = -80000; day < 80000; day += 1) {
		int64_t back;
		clock_format(day * 86400000000, text);
		ck_assert(clock_parse(text, &back));
		ck_assert_int_eq(back, day * 86400000000);
	}
}
END_TEST

Suite *clock_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tests = tcase_create("clock");

	tcase_add_loop_test(tests, times_are_read_and_written, 0, sizeof(times) / sizeof(times[0]));
	tcase_add_loop_test(tests, anything_else_is_refused, 0, sizeof(no_times) / sizeof(no_times[0]));
	tcase_add_loop_test(tests, a_time_lasts_as_long_as_it_is_exact, 0, sizeof(spans) / sizeof(spans[0]));
	tcase_add_test(tests, every_day_of_four_centuries_comes_back);
	suite_add_tcase(suite, tests);
	return suite;
}
