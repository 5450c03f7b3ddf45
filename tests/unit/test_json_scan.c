/* What is JSON and what is not: by the letter of RFC 8259, whatever json-c would make of it. */
#include <stdlib.h>
#include <string.h>

#include "core/json_scan.h"
#include "suites.h"

struct text {
	const char *bytes;
	size_t len;
};

#define T(text)                                                                                                        \
	{                                                                                                              \
		text, sizeof(text) - 1                                                                                 \
	}

static const struct text json[] = {
    T("{}"),
    T("[]"),
    T(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"),
    T("null"),
    T("true"),
    T("[false,null]"),
    T("0"),
    T("-0"),
    T("[-0.0,1.5,10,-123]"),
    T("[1e3,1E+3,1e-3,0.5e0,20e1]"),
    T("123456789012345678901234567890"),
    T("1e999999"),
    T("\"\""),
    T("\"p\xc3\xa3o \xf0\x9f\x8e\x82\""),
    T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e3\\uABCD\""),
    T("\"\\ud83d\\ude00 \\uDBFF\\uDFFF\""),
    T("\"\\u0000\""),
    T("{\"a\\u0000b\":1}"),
    T("\"\x7f\""),
    T("{\"\":0,\"a\":1}"),
    T("{\"a\":1,\"a\":2}"),
    T("[[[[[[[[]]]]]]]]"),
    T("{\"a\":[[[[[[{}]]]]]]}"),
};

START_TEST(this_is_json)
{
	struct json_summary summary;

	ck_assert_msg(json_scan(json[_i].bytes, json[_i].len, &summary), "%s", json[_i].bytes);
}
END_TEST

static const struct text not_json[] = {
    T(""),
    T(" "),
    T("\xef\xbb\xbf{}"),
    T("{} x"),
    T("{}{}"),
    T("{}\0"),
    T("\0{}"),
    T("{\0}"),
    T("1 2"),
    T("x"),
    T("nul"),
    T("nulL"),
    T("nulls"),
    T("NaN"),
    T("[NaN]"),
    T("Infinity"),
    T("[-Infinity]"),
    T("True"),
    T("[TRUE]"),
    T("undefined"),
    T("{"),
    T("}"),
    T("["),
    T("]"),
    T("{]"),
    T("[}"),
    T("[1,]"),
    T("[,1]"),
    T("[1,,2]"),
    T("[1 2]"),
    T("[1;2]"),
    T("{\"a\"}"),
    T("{\"a\":}"),
    T("{\"a\":1,}"),
    T("{,\"a\":1}"),
    T("{\"a\":1 \"b\":2}"),
    T("{\"a\" 1}"),
    T("{\"a\"=1}"),
    T("{\"a\"::1}"),
    T("{a:1}"),
    T("{'a':1}"),
    T("{1:1}"),
    T("{null:1}"),
    T("{\"a\":\"b\":\"c\"}"),
    T("'a'"),
    T("\""),
    T("\"a"),
    T("\"\\"),
    T("\"\\\""),
    T("\"\\x41\""),
    T("\"\\'\""),
    T("\"\\a\""),
    T("\"\\0\""),
    T("\"\\u\""),
    T("\"\\u12\""),
    T("\"\\u12g4\""),
    T("\"\\U0041\""),
    T("\"\\ud800\""),
    T("\"\\ude00\""),
    T("\"\\ud83dx\""),
    T("\"\\ud83d\\u0041\""),
    T("\"\\ud83d\\n\""),
    T("\"\\ud83d"),
    T("\"\\ud83d\\u"),
    T("\"a\nb\""),
    T("\"a\tb\""),
    T("\"a\x1f\""),
    T("\"a\0b\""),
    T("\"\xff\""),
    T("\"\xc3\""),
    T("\"\xc0\x80\""),
    T("\"\xed\xa0\x80\""),
    T("\"\xf4\x90\x80\x80\""),
    T("\"\xe2\x82\""),
    T("\"\x80\""),
    T("-"),
    T("+1"),
    T("01"),
    T("-01"),
    T("00"),
    T("1."),
    T("[1.]"),
    T(".5"),
    T("-.5"),
    T("1.e3"),
    T("1e"),
    T("1e+"),
    T("[1e]"),
    T("1.5.5"),
    T("0x10"),
    T("1_000"),
    T("1,5"),
    T("--1"),
    T("1-"),
    T("1e1.5"),
    T("// c\n{}"),
    T("{}/* c */"),
    T("#\n{}"),
    T("[[[[[[[[[]]]]]]]]]"),
    T("{\"a\":[[[[[[[{}]]]]]]]}"),
};

START_TEST(this_is_not)
{
	struct json_summary summary;

	ck_assert_msg(!json_scan(not_json[_i].bytes, not_json[_i].len, &summary), "%s", not_json[_i].bytes);
}
END_TEST

START_TEST(names_are_counted)
{
	static const char text[] = "{\"a\":[{\"b\":1,\"c:\":\":\"},{}],\"b\":{\"a\":null}}";
	struct json_summary summary;

	ck_assert(json_scan(text, sizeof(text) - 1, &summary));
	ck_assert_uint_eq(summary.names, 5);
	ck_assert(summary.object && !summary.nul_name);
}
END_TEST

START_TEST(a_nul_in_a_name_is_seen)
{
	static const char text[] = " [\"\\u0000\",{\"a\\u0000\":{\"b\":1}}]";
	struct json_summary summary;

	ck_assert(json_scan(text, sizeof(text) - 1, &summary));
	ck_assert(summary.nul_name && !summary.object);
	ck_assert(json_scan("[\"\\u0000\"]", 10, &summary));
	ck_assert(!summary.nul_name);
}
END_TEST

START_TEST(nothing_is_read_past_the_end)
{
	static const char text[] = "{\"a\": [true, \"\\ud83d\\ude00\", -1.5e+3]}";
	struct json_summary summary;

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *part = strndup(text, len); /* a block of its own, for sanitizers to guard */
		ck_assert_msg(!json_scan(part, len, &summary), "%s", part);
		free(part);
	}
}
END_TEST

Suite *json_scan_suite(void)
{
	Suite *suite = suite_create("json_scan");
	TCase *tests = tcase_create("json_scan");

	tcase_add_loop_test(tests, this_is_json, 0, sizeof(json) / sizeof(json[0]));
	tcase_add_loop_test(tests, this_is_not, 0, sizeof(not_json) / sizeof(not_json[0]));
	tcase_add_test(tests, names_are_counted);
	tcase_add_test(tests, a_nul_in_a_name_is_seen);
	tcase_add_test(tests, nothing_is_read_past_the_end);
	suite_add_tcase(suite, tests);
	return suite;
}
