/* core/resident.c */
#include "core/resident.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "suites.h"

#define LARGE_KIB ((int64_t)64 * 1024)

START_TEST(follows_what_is_resident_now)
{
	int64_t before = resident_kib();
	void *large = mmap(NULL, LARGE_KIB * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_int_gt(before, 0);
	ck_assert_ptr_ne(large, MAP_FAILED);
	memset(large, 1, LARGE_KIB * 1024);
	ck_assert_int_gt(resident_kib(), before + LARGE_KIB / 2);
	munmap(large, LARGE_KIB * 1024);
	ck_assert_int_lt(resident_kib(), before + LARGE_KIB / 2);
}
END_TEST

Suite *resident_suite(void)
{
	Suite *suite = suite_create("resident");
	TCase *tests = tcase_create("resident");

	tcase_add_test(tests, follows_what_is_resident_now);
	suite_add_tcase(suite, tests);
	return suite;
}
