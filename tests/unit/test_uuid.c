/* UUIDs. */
#include <string.h>

#include "core/uuid.h"
#include "suites.h"

static const char *const no_uuids[] = {
    "",
    "x",
    "11111111-1111-4111-8111-11111111111",
    "11111111-1111-4111-8111-1111111111111",
    "11111111_1111-4111-8111-111111111111",
    "g1111111-1111-4111-8111-111111111111",
    "{11111111-1111-4111-8111-111111111111}",
};

START_TEST(new_ones_are_valid_version_4_and_differ)
{
	char a[UUID_TEXT_MAX];
	char b[UUID_TEXT_MAX];

	for (int i = 0; i < 1000; i++) {
		uuid_new(a);
		uuid_new(b);
		ck_assert(uuid_valid(a));
		ck_assert_int_eq(a[14], '4');
		ck_assert_ptr_nonnull(strchr("89ab", a[19]));
		ck_assert_str_ne(a, b);
	}
}
END_TEST

START_TEST(anything_else_is_no_uuid)
{
	ck_assert(!uuid_valid(no_uuids[_i]));
}
END_TEST

Suite *uuid_suite(void)
{
	Suite *suite = suite_create("uuid");
	TCase *tests = tcase_create("uuid");

	tcase_add_test(tests, new_ones_are_valid_version_4_and_differ);
	tcase_add_loop_test(tests, anything_else_is_no_uuid, 0, sizeof(no_uuids) / sizeof(no_uuids[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
