/* Money: exact, whatever is added. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/money.h"
#include "suites.h"

static const struct {
	const char *text;
	int64_t centavos;
} amounts[] = {
    {"0", 0},
    {"0.1", 10},
    {"0.10", 10},
    {"45.90", 4590},
    {"45.9", 4590},
    {"-0.05", -5},
    {"007.25", 725},
    {"3.50", 350},
    {"99999999.99", 9999999999},
    {"45.900", 4590},
    {"4.59e1", 4590},
    {"4.59E+1", 4590},
    {"4590e-2", 4590},
    {"1E1", 1000},
    {"1e3", 100000},
    {"45.90000000000000000000000000", 4590},
    {"459000000000000000000000000000e-28", 4590},
    {"0.0000000000000000000000000459e27", 4590},
    {"1e16", 1000000000000000000},
    {"-1e-2", -1},
    {"0e0", 0},
    {"0e999999999", 0},
    {"0e99999999999999999999", 0},
    {"0.000e-99999999999999999999", 0},
    {"-0.0", 0},
};

static const char *const no_amounts[] = {
    "",
    ".",
    "-",
    "1.",
    ".5",
    "1.234",
    "1.001",
    "1e-3",
    "1.5e-2",
    "1e17",
    "1e400",
    "1e-400",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "1e",
    "1e+",
    "1e-",
    "1e1.0",
    "1e1e1",
    "1ee1",
    "e1",
    "1.e1",
    ".5e1",
    "1e 1",
    "+1",
    " 1",
    "1 ",
    "1,50",
    "0x1",
    "1.2.3",
    "--1",
    "NaN",
    "92233720368547758.08",
    "99999999999999999999",
};

START_TEST(amounts_are_read_exactly)
{
	struct money amount;

	ck_assert(money_parse(amounts[_i].text, strlen(amounts[_i].text), &amount));
	ck_assert_int_eq(amount.centavos, amounts[_i].centavos);
}
END_TEST

START_TEST(anything_else_is_refused_and_leaves_the_result_alone)
{
	struct money amount = {42};

	ck_assert(!money_parse(no_amounts[_i], strlen(no_amounts[_i]), &amount));
	ck_assert_int_eq(amount.centavos, 42);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
	char text[MONEY_TEXT_MAX];
	const int64_t values[] = {0, 1, -1, 99, 100, -100, 4590, INT64_MAX, -INT64_MAX};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct money back;
		size_t len = money_format((struct money){values[i]}, text);
		ck_assert_uint_eq(len, strlen(text));
		ck_assert(money_parse(text, len, &back));
		ck_assert_int_eq(back.centavos, values[i]);
	}
	money_format((struct money){5}, text);
	ck_assert_str_eq(text, "0.05");
	money_format((struct money){INT64_MIN}, text);
	ck_assert_str_eq(text, "-92233720368547758.08");
}
END_TEST

START_TEST(ten_thousand_carts_add_up_to_the_centavo)
{
	srand(20261124);
	for (int cart = 0; cart < 10000; cart++) {
		struct money total = {0};
		int64_t expected = 0;
		for (int line = 0; line < 1 + rand() % 8; line++) {
			int64_t centavos = 1 + rand() % 20000;
			int64_t quantity = 1 + rand() % 99;
			char text[MONEY_TEXT_MAX];
			struct money price;
			struct money subtotal;
			int len = snprintf(text, sizeof(text), "%lld.%02lld", (long long)(centavos / 100),
			                   (long long)(centavos % 100));
			ck_assert(money_parse(text, (size_t)len, &price));
			ck_assert(money_times(price, quantity, &subtotal));
			ck_assert(money_add(&total, subtotal));
			expected += centavos * quantity;
		}
		ck_assert_int_eq(total.centavos, expected);
	}
}
END_TEST

START_TEST(overflows_are_seen)
{
	struct money sum = {INT64_MAX};
	struct money product;

	ck_assert(!money_add(&sum, (struct money){1}));
	ck_assert_int_eq(sum.centavos, INT64_MAX);
	ck_assert(!money_times((struct money){INT64_MAX / 2}, 3, &product));
}
END_TEST

Suite *money_suite(void)
{
	Suite *suite = suite_create("money");
	TCase *tests = tcase_create("money");

	tcase_add_loop_test(tests, amounts_are_read_exactly, 0, sizeof(amounts) / sizeof(amounts[0]));
	tcase_add_loop_test(tests, anything_else_is_refused_and_leaves_the_result_alone, 0,
	                    sizeof(no_amounts) / sizeof(no_amounts[0]));
	tcase_add_test(tests, what_is_written_is_read_back);
	tcase_add_test(tests, ten_thousand_carts_add_up_to_the_centavo);
	tcase_add_test(tests, overflows_are_seen);
	suite_add_tcase(suite, tests);
	return suite;
}
