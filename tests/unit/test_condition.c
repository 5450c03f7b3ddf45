/* Conditions: lists of entity tags, what a write may do, what a read is answered. */
#include <check.h>
#include <string.h>

#include "core/condition.h"
#include "fake_request.h"
#include "suites.h"

static struct arena *arena;
static struct fake_request fake;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	fake_request_end(&fake);
	arena_free(arena);
}

static void given(const char *if_match, const char *if_none_match)
{
	static const char *variables[] = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/", NULL, NULL, NULL, NULL, NULL};
	size_t at = 4;

	if (if_match != NULL) {
		variables[at++] = "HTTP_IF_MATCH";
		variables[at++] = if_match;
	}
	if (if_none_match != NULL) {
		variables[at++] = "HTTP_IF_NONE_MATCH";
		variables[at++] = if_none_match;
	}
	variables[at] = NULL;
	fake_request_end(&fake);
	fake_request(&fake, arena, NULL, variables, NULL);
	ck_assert_int_eq(request_parse(&fake.rq), PROBLEM_NONE);
}

static const struct {
	const char *list;
	bool listed;
} lists[] = {
    {"\"1.2\"", true},
    {"W/\"1.2\"", true},
    {"\"a\", \"1.2\"", true},
    {"\"a,\" , W/\"1.2\",\"b\"", true},
    {"*", true},
    {" * ", true},
    {",, \"1.2\" ,", true},
    {"\"1.22\"", false},
    {"1.2", false},
    {"\"1.2", false},
    {"", false},
    {"\"\"", false},
    {"\"1.2\"x", false},
    {"*, \"a\"", false},
    {"\"1.", false},
};

START_TEST(entity_tags_are_found_in_lists_weak_or_not)
{
	given(lists[_i].list, lists[_i].list);
	ck_assert_int_eq(condition_if_match(&fake.rq, "\"1.2\""), lists[_i].listed);
	ck_assert_int_eq(condition_if_none_match(&fake.rq, "\"1.2\""), lists[_i].listed);
	given(NULL, NULL);
	ck_assert(condition_if_match(&fake.rq, "\"1.2\""));
	ck_assert(!condition_if_none_match(&fake.rq, "\"1.2\""));
	ck_assert(!condition_given(&fake.rq));
}
END_TEST

static const struct {
	const char *if_match, *if_none_match, *etag;
	bool met;
} writes[] = {
    {"\"7.1\"", NULL, "\"7.1\"", true},
    {"\"7.1\"", NULL, "\"7.2\"", false},
    {"", NULL, "\"7.1\"", false},
    {"*", NULL, NULL, false},
    {NULL, "*", NULL, true},
    {NULL, "*", "\"7.1\"", false},
    {NULL, "", "\"7.1\"", true},
    {NULL, "\"7.1\"", "\"7.1\"", false},
    {"\"7.1\"", "\"7.2\"", "\"7.1\"", true},
    {"*", "\"7.1\"", "\"7.1\"", false},
    /* Only the beginning of the tag counts. */
    {"\"7.1.44\"", NULL, "\"7.1.", true},
    {"\"7.12.44\"", NULL, "\"7.1.", false},
    {"\"a\", W/\"7.1.3\"", NULL, "\"7.1.", true},
    {"\"7.1.", NULL, "\"7.1.", false},
};

START_TEST(a_write_goes_on_when_its_conditions_are_true)
{
	given(writes[_i].if_match, writes[_i].if_none_match);
	ck_assert(condition_given(&fake.rq));
	ck_assert_int_eq(condition_met(&fake.rq, writes[_i].etag), writes[_i].met);
}
END_TEST

static void answer(const char *etag)
{
	if (etag != NULL)
		response_etag(&fake.rs, etag);
	json_int(response_open(&fake.rs, 200), NULL, 5);
	response_finish(&fake.rs, &fake.rq, PROBLEM_NONE);
}

static const struct {
	const char *if_match, *if_none_match;
	int status;
} reads[] = {
    {NULL, NULL, 200},    {NULL, "\"v\"", 304},    {NULL, "*", 304},        {NULL, "", 200},
    {NULL, "\"w\"", 200}, {"\"v\"", NULL, 200},    {"\"w\"", NULL, 412},    {"", NULL, 412},
    {"*", NULL, 200},     {"\"v\"", "\"v\"", 304}, {"\"w\"", "\"v\"", 412},
};

START_TEST(a_read_is_answered_as_its_conditions_say)
{
	given(reads[_i].if_match, reads[_i].if_none_match);
	answer("\"v\"");
	ck_assert_int_eq(fake.rs.status, reads[_i].status);
	buf_append(&fake.rs.headers, "", 1);
	ck_assert_int_eq(strstr(fake.rs.headers.data, "ETag: \"v\"\r\n") != NULL, reads[_i].status != 412);
	ck_assert_int_eq(fake.rs.body.len == 0, reads[_i].status == 304);
}
END_TEST

START_TEST(a_read_without_a_tag_gets_one_of_its_bytes)
{
	given(NULL, NULL);
	answer(NULL);
	const char *etag = arena_printf(arena, "%s", fake.rs.etag);
	ck_assert_int_eq(strlen(etag) > 2 && etag[0] == '"', true);
	given(NULL, etag);
	answer(NULL);
	ck_assert_int_eq(fake.rs.status, 304);
	ck_assert_str_ne(condition_tag(arena, "a", 1), condition_tag(arena, "b", 1));
	ck_assert_str_eq(condition_tag(arena, "", 0), "\"cbf29ce484222325-0\""); /* the offset basis of FNV-1a */
}
END_TEST

Suite *condition_suite(void)
{
	Suite *suite = suite_create("condition");
	TCase *tests = tcase_create("condition");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, entity_tags_are_found_in_lists_weak_or_not, 0, FIELD_COUNT(lists));
	tcase_add_loop_test(tests, a_write_goes_on_when_its_conditions_are_true, 0, FIELD_COUNT(writes));
	tcase_add_loop_test(tests, a_read_is_answered_as_its_conditions_say, 0, FIELD_COUNT(reads));
	tcase_add_test(tests, a_read_without_a_tag_gets_one_of_its_bytes);
	suite_add_tcase(suite, tests);
	return suite;
}
