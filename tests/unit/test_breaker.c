/* The breaker: what opens it, what a probe may take, what closes it. */
#include <unistd.h>

#include "core/breaker.h"
#include "suites.h"

#define DEADLINE_MS 60

/* An attempt that gets no answer until its time is over. */
static int silence(struct breaker *breaker)
{
	int patience = breaker_begin(breaker, DEADLINE_MS);

	if (patience > 0) {
		usleep((useconds_t)patience * 1000);
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

START_TEST(one_short_probe_every_half_second_until_there_is_an_answer)
{
	struct breaker breaker = {0};

	silence(&breaker);
	silence(&breaker);
	for (int i = 0; i < 2; i++) {
		usleep(520000);
		ck_assert_int_eq(silence(&breaker), DEADLINE_MS / 3);
		ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), 0);
	}
	usleep(520000);
	ck_assert_int_gt(breaker_begin(&breaker, 1), 0);
	breaker_end(&breaker, true);
	ck_assert_int_eq(breaker_begin(&breaker, DEADLINE_MS), DEADLINE_MS);
}
END_TEST

Suite *breaker_suite(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tests = tcase_create("breaker");

	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, silence_twice_in_a_row_opens_it);
	tcase_add_test(tests, an_answer_between_keeps_it_closed);
	tcase_add_test(tests, failures_that_cost_no_wait_count_nothing);
	tcase_add_test(tests, one_short_probe_every_half_second_until_there_is_an_answer);
	suite_add_tcase(suite, tests);
	return suite;
}
