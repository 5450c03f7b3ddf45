/* The deadline of a request: what is left of it for a wait, and when nothing more is begun. */
#include "core/clock.h"
#include "core/deadline.h"
#include "fake_clock.h"
#include "suites.h"

static bool gone;

static bool is_gone(void *context)
{
	ck_assert_ptr_eq(context, &gone);
	return gone;
}

START_TEST(a_wait_ends_with_the_request)
{
	int64_t now = clock_monotonic_ms();

	ck_assert_int_eq(deadline_within(300), now + 300);
	deadline_begin(now + 200, NULL, NULL);
	ck_assert_int_eq(deadline_within(150), now + 150);
	ck_assert_int_eq(deadline_within(300), now + 200);
	deadline_end();
	ck_assert_int_eq(deadline_within(300), now + 300);
}
END_TEST

START_TEST(nothing_is_begun_that_has_no_time)
{
	deadline_begin(clock_monotonic_ms() + 21, NULL, NULL);
	fake_clock_advance_ms(1);
	ck_assert(deadline_allows(false) && deadline_allows(true));
	fake_clock_advance_ms(1);
	ck_assert(!deadline_allows(false) && !deadline_allows(true));
	fake_clock_advance_ms(1000);
	ck_assert(!deadline_allows(false) && !deadline_allows(true));
	deadline_end();
	ck_assert(deadline_allows(false) && deadline_allows(true));
}
END_TEST

START_TEST(nothing_is_changed_for_a_client_that_has_gone)
{
	gone = false;
	deadline_begin(0, is_gone, &gone);
	ck_assert(deadline_allows(true));
	gone = true;
	ck_assert(!deadline_allows(true));
	ck_assert(deadline_allows(false));
	deadline_end();
	ck_assert(deadline_allows(true));
}
END_TEST

Suite *deadline_suite(void)
{
	Suite *suite = suite_create("deadline");
	TCase *tests = tcase_create("deadline");

	tcase_add_test(tests, a_wait_ends_with_the_request);
	tcase_add_test(tests, nothing_is_begun_that_has_no_time);
	tcase_add_test(tests, nothing_is_changed_for_a_client_that_has_gone);
	suite_add_tcase(suite, tests);
	return suite;
}
