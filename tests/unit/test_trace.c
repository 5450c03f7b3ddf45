/* Traces: which headers count (https://www.w3.org/TR/trace-context/), and what the next service is told. */
#include "core/trace.h"

#include <stdio.h>
#include <string.h>

#include "suites.h"

#define ID   "4bf92f3577b3cda6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static const char *const taken[] = {"00-" ID "-" SPAN "-00", "00-" ID "-" SPAN "-01",
                                    "00-" ID "-" SPAN "-ff", "01-" ID "-" SPAN "-01",
                                    "cc-" ID "-" SPAN "-09", "fe-" ID "-" SPAN "-01-what-ever comes",
                                    "01-" ID "-" SPAN "-01-"};

static const char *const refused[] = {"",
                                      "00",
                                      "00-" ID "-" SPAN,
                                      "00-" ID "-" SPAN "-",
                                      "00-" ID "-" SPAN "-0",
                                      "00-" ID "-" SPAN "-01-",
                                      "00-" ID "-" SPAN "-01-x",
                                      "00-" ID "-" SPAN "-011",
                                      "00-" ID "-" SPAN "-01 ",
                                      "01-" ID "-" SPAN "-01x",
                                      "ff-" ID "-" SPAN "-01",
                                      "0-" ID "-" SPAN "-001",
                                      "0x-" ID "-" SPAN "-01",
                                      "FE-" ID "-" SPAN "-01",
                                      "00-00000000000000000000000000000000-" SPAN "-01",
                                      "00-" ID "-0000000000000000-01",
                                      "00-4BF92F3577B3CDA6A3CE929D0E0E4736-" SPAN "-01",
                                      "00-" ID "-00F067AA0BA902B7-01",
                                      "00-" ID "-" SPAN "-0A",
                                      "00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "-01-",
                                      "00-4bf92f3577b3cda6a3ce929d0e0e473g-" SPAN "-01",
                                      "00_" ID "-" SPAN "-01",
                                      "00-" ID "_" SPAN "-01",
                                      "00-" ID "-" SPAN "_01",
                                      " 00-" ID "-" SPAN "-01",
                                      "00-" ID "-" SPAN "-01, 00-" ID "-" SPAN "-01"};

START_TEST(a_valid_header_is_taken)
{
	trace_begin(taken[_i]);
	ck_assert_str_eq(trace_id(), ID);
	ck_assert_uint_eq(strlen(trace_span_id()), 16);
	ck_assert_uint_eq(strspn(trace_span_id(), "0123456789abcdef"), 16);
	ck_assert_str_ne(trace_span_id(), SPAN);
	trace_end();
	ck_assert_str_eq(trace_id(), "");
	ck_assert_str_eq(trace_parent(), "");
}
END_TEST

START_TEST(any_other_is_as_if_none_had_come)
{
	trace_begin("00-" ID "-" SPAN "-01");
	trace_begin(refused[_i]);
	ck_assert_str_eq(trace_id(), "");
	ck_assert_str_eq(trace_span_id(), "");
	ck_assert_str_eq(trace_parent(), "");
	trace_begin("00-" ID "-" SPAN "-01");
	trace_begin(NULL);
	ck_assert_str_eq(trace_id(), "");
}
END_TEST

/* Of the flags only "sampled" goes on: those whose meaning is not known must be zero. */
START_TEST(the_next_service_hears_of_our_span)
{
	const char *const flags[][2] = {{"00", "00"}, {"01", "01"}, {"02", "00"}, {"0f", "01"}, {"fe", "00"}};
	char header[64], wanted[64], before[17] = "";

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		snprintf(header, sizeof(header), "01-" ID "-" SPAN "-%s", flags[i][0]);
		trace_begin(header);
		snprintf(wanted, sizeof(wanted), "00-" ID "-%s-%s", trace_span_id(), flags[i][1]);
		ck_assert_str_eq(trace_parent(), wanted);
		ck_assert_str_ne(trace_span_id(), before);
		memcpy(before, trace_span_id(), sizeof(before));
	}
	trace_end();
}
END_TEST

/* It goes on whole, and is not written whole. */
START_TEST(a_trace_id_that_may_be_a_key_is_not_logged)
{
	const char *const ids[][2] = {{"4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f35{}"},
	                              {"4bf92f3577b34da6b3ce929d0e0e4736", "4bf92f35{}"},
	                              {"4bf92f3577b34da67000000000000001", "4bf92f3577b34da67000000000000001"},
	                              {"4bf92f3577b34da6c000000000000001", "4bf92f3577b34da6c000000000000001"}};
	char header[64];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(header, sizeof(header), "00-%s-" SPAN "-01", ids[i][0]);
		trace_begin(header);
		ck_assert_str_eq(trace_id(), ids[i][1]);
		ck_assert(strncmp(trace_parent() + 3, ids[i][0], 32) == 0);
	}
	trace_end();
}
END_TEST

Suite *trace_suite(void)
{
	Suite *suite = suite_create("trace");
	TCase *tests = tcase_create("trace");

	tcase_add_loop_test(tests, a_valid_header_is_taken, 0, sizeof(taken) / sizeof(taken[0]));
	tcase_add_loop_test(tests, any_other_is_as_if_none_had_come, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tests, the_next_service_hears_of_our_span);
	tcase_add_test(tests, a_trace_id_that_may_be_a_key_is_not_logged);
	suite_add_tcase(suite, tests);
	return suite;
}
