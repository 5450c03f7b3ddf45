/* The breaker: what opens it, what a probe may take, what closes it. */
#include "core/breaker.h"
#include "fake_clock.h"
#include "suites.h"

#define DEADLINE_MS 150

/* An attempt that gets no answer until its time is over. */
static int silence(struct breaker *breaker)
{
	int patience = breaker_begin(breaker, DEADLINE_MS);

	if (patience > 0) {
		fake_clock_advance_ms(patience);
		breaker_end(breaker, false);
	}
	return patience;
}

START_TEST(silence_twice_in_a_row_opens_it)
{
	struct breaker breaker = {0};

	ck_assert_int_eq(silence(&breaker), DEADLINE_MS);
	ck_assert_int_eq(silence(&breaker), DEADLINE_MS);
	ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), 0);
	ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), 0);
}
END_TEST

START_TEST(an_answer_between_keeps_it_closed)
{
	struct breaker breaker = {0};

	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(silence(&breaker), DEADLINE_MS);
		ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), DEADLINE_MS);
		breaker_end(&breaker, true);
	}
}
END_TEST

START_TEST(failures_that_cost_no_wait_count_nothing)
{
	struct breaker breaker = {0};

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), DEADLINE_MS);
		breaker_end(&breaker, false);
	}
}
END_TEST

START_TEST(an_attempt_without_time_counts_nothing)
{
	static const int deadlines_ms[] = {-50, 0, 20, 99};
	struct breaker breaker = {0};

	for (int i = 0; i < 4; i++) {
		int timeout_ms = breaker_begin(&breaker, deadlines_ms[_i]);
		ck_assert_int_eq(timeout_ms, deadlines_ms[_i] < 0 ? 0 : deadlines_ms[_i]);
		fake_clock_advance_ms(timeout_ms);
		breaker_end(&breaker, false);
	}
	ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), DEADLINE_MS);
}
END_TEST

/* The last probe repeats itself; none takes longer than its caller has. */
START_TEST(a_short_probe_now_and_then_until_there_is_an_answer)
{
	static const struct {
		int pause_ms;
		int patience_ms;
	} probes[] = {{1000, 100}, {1000, DEADLINE_MS}, {2000, DEADLINE_MS}, {2000, DEADLINE_MS}};
	struct breaker breaker = {0};

	silence(&breaker);
	silence(&breaker);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		fake_clock_advance_ms(probes[i].pause_ms - 1);
		ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), 0);
		fake_clock_advance_ms(1);
		ck_assert_int_eq(silence(&breaker), probes[i].patience_ms);
	}
	fake_clock_advance_ms(2000);
	ck_assert_int_eq(breaker_begin(&breaker, 1000), 300);
	breaker_end(&breaker, true);
	ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), DEADLINE_MS);
}
END_TEST

/* Set for a machine on which everything takes longer. */
START_TEST(a_long_deadline_makes_probes_longer)
{
	struct breaker breaker = {0};

	silence(&breaker);
	silence(&breaker);
	fake_clock_advance_ms(1000);
	ck_assert_int_eq(breaker_begin(&breaker, 15000), 1000);
	fake_clock_advance_ms(1000);
	breaker_end(&breaker, false);
	fake_clock_advance_ms(1000);
	ck_assert_int_eq(breaker_begin(&breaker, 15000), 2000);
}
END_TEST

/* Others of this process may be open already: tests run in one, too. */
START_TEST(open_ones_are_counted)
{
	struct breaker one = {0};
	struct breaker other = {0};
	int before = breakers_open();

	silence(&one);
	ck_assert_int_eq(breakers_open(), before);
	silence(&one);
	ck_assert_int_eq(breakers_open(), before + 1);
	silence(&other);
	silence(&other);
	ck_assert_int_eq(breakers_open(), before + 2);
	for (int i = 0; i < 4; i++) {
		fake_clock_advance_ms(2000);
		silence(&one);
		ck_assert_int_eq(breakers_open(), before + 2);
	}
	for (int i = 0; i < 2; i++) {
		fake_clock_advance_ms(2000);
		ck_assert_int_gt(breaker_begin(&one, DEADLINE_MS), 0);
		breaker_end(&one, true);
		ck_assert_int_eq(breakers_open(), before + 1);
	}
	fake_clock_advance_ms(2000);
	breaker_begin(&other, DEADLINE_MS);
	breaker_end(&other, true);
	ck_assert_int_eq(breakers_open(), before);
}
END_TEST

Suite *breaker_suite(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tests = tcase_create("breaker");

	tcase_add_test(tests, silence_twice_in_a_row_opens_it);
	tcase_add_test(tests, an_answer_between_keeps_it_closed);
	tcase_add_test(tests, failures_that_cost_no_wait_count_nothing);
	tcase_add_loop_test(tests, an_attempt_without_time_counts_nothing, 0, 4);
	tcase_add_test(tests, a_short_probe_now_and_then_until_there_is_an_answer);
	tcase_add_test(tests, a_long_deadline_makes_probes_longer);
	tcase_add_test(tests, open_ones_are_counted);
	suite_add_tcase(suite, tests);
	return suite;
}
