/* Idempotency-Key: which keys are taken, and which calls are the same. */
#include <check.h>
#include <string.h>

#include "core/idempotency.h"
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

static enum problem read_call(const char *key, const char *uri, const char *body, struct idempotency *out)
{
	static const char *variables[] = {"REQUEST_METHOD",       "POST", "REQUEST_URI", NULL,
	                                  "HTTP_IDEMPOTENCY_KEY", NULL,   NULL};

	variables[3] = uri;
	variables[4] = key == NULL ? NULL : "HTTP_IDEMPOTENCY_KEY";
	variables[5] = key;
	fake_request_end(&fake);
	fake_request(&fake, arena, NULL, variables, NULL);
	fake.rq.body = body;
	fake.rq.body_len = body == NULL ? 0 : strlen(body);
	return idempotency_read(&fake.rq, &fake.rs, out);
}

START_TEST(a_call_without_a_key_is_none)
{
	struct idempotency call;

	ck_assert_int_eq(read_call(NULL, "/a", "{}", &call), PROBLEM_NONE);
	ck_assert_ptr_null(call.key);
	ck_assert_ptr_null(call.digest);
}
END_TEST

START_TEST(keys_are_of_1_to_255_printable_characters)
{
	struct idempotency call;
	char longest[IDEMPOTENCY_KEY_MAX + 2];

	memset(longest, 'k', sizeof(longest));
	longest[IDEMPOTENCY_KEY_MAX] = '\0';
	ck_assert_int_eq(read_call(longest, "/a", "{}", &call), PROBLEM_NONE);
	ck_assert_str_eq(call.key, longest);
	longest[IDEMPOTENCY_KEY_MAX] = 'k';
	longest[IDEMPOTENCY_KEY_MAX + 1] = '\0';
	ck_assert_int_eq(read_call(longest, "/a", "{}", &call), PROBLEM_PARAMETRO_INVALIDO);
	ck_assert_int_eq(read_call("", "/a", "{}", &call), PROBLEM_PARAMETRO_INVALIDO);
	ck_assert_int_eq(read_call("\x7f", "/a", "{}", &call), PROBLEM_PARAMETRO_INVALIDO);
	ck_assert_int_eq(read_call("ch\xc3\xa1", "/a", "{}", &call), PROBLEM_PARAMETRO_INVALIDO);
	ck_assert_int_eq(read_call("a b ~!", "/a", "{}", &call), PROBLEM_NONE);
}
END_TEST

START_TEST(only_the_same_call_has_the_same_digest)
{
	struct idempotency first, other;

	read_call("k", "/a", "{\"n\":1}", &first);
	ck_assert_uint_eq(strlen(first.digest), 64);
	read_call("k", "/a", "{\"n\":1}", &other);
	ck_assert_str_eq(first.digest, other.digest);
	read_call("k", "/a", "{\"n\":2}", &other);
	ck_assert_str_ne(first.digest, other.digest);
	read_call("k", "/b", "{\"n\":1}", &other);
	ck_assert_str_ne(first.digest, other.digest);
	read_call("k", "/a", NULL, &other);
	ck_assert_str_ne(first.digest, other.digest);
}
END_TEST

Suite *idempotency_suite(void)
{
	Suite *suite = suite_create("idempotency");
	TCase *tests = tcase_create("idempotency");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_call_without_a_key_is_none);
	tcase_add_test(tests, keys_are_of_1_to_255_printable_characters);
	tcase_add_test(tests, only_the_same_call_has_the_same_digest);
	suite_add_tcase(suite, tests);
	return suite;
}
