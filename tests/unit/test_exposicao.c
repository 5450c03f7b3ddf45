/* The text format of the metrics. */
#include <string.h>

#include "saude/exposicao.h"
#include "suites.h"

START_TEST(metrics_and_samples)
{
	struct buf out = {0};

	exposicao_metric(&out, "a_total", "counter", "What it is.");
	exposicao_int(&out, "a_total", NULL, 7);
	exposicao_int(&out, "a_total", LABELS({"pool", "x"}, {"state", "busy"}), -1);
	exposicao_seconds(&out, "b_seconds", LABELS({"le", "+Inf"}), 1000005);
	ck_assert_str_eq(
	    out.data,
	    "# HELP a_total What it is.\n# TYPE a_total counter\na_total 7\na_total{pool=\"x\",state=\"busy\"} -1\n"
	    "b_seconds{le=\"+Inf\"} 1.000005\n");
	buf_free(&out);
}
END_TEST

START_TEST(values_are_escaped)
{
	struct buf out = {0};

	exposicao_int(&out, "a", LABELS({"v", "\\ \" \n ç"}, {"w", ""}, {"x", "\"\""}), 1);
	ck_assert_str_eq(out.data, "a{v=\"\\\\ \\\" \\n ç\",w=\"\",x=\"\\\"\\\"\"} 1\n");
	buf_free(&out);
}
END_TEST

Suite *exposicao_suite(void)
{
	Suite *suite = suite_create("exposicao");
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, metrics_and_samples);
	tcase_add_test(tests, values_are_escaped);
	suite_add_tcase(suite, tests);
	return suite;
}
