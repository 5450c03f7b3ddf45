/* core/ensure.c */
#include "core/ensure.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"

START_TEST(what_holds_costs_nothing)
{
	int asked = 0;

	ensure(++asked == 1);
	ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(what_does_not_hold_ends_the_process_and_is_logged)
{
	char text[1000] = "";
	int ends[2];
	int status;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		ensure(child == 1);
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_int_gt(read(ends[0], text, sizeof(text) - 1), 0);
	close(ends[0]);
	ck_assert_ptr_nonnull(strstr(text, " nivel=erro "));
	ck_assert_ptr_nonnull(strstr(text, " event=ensure_failed onde="));
	ck_assert_ptr_nonnull(strstr(text, "test_ensure.c:"));
	ck_assert_ptr_nonnull(strstr(text, "child == 1"));
}
END_TEST

Suite *ensure_suite(void)
{
	Suite *suite = suite_create("ensure");
	TCase *tests = tcase_create("ensure");

	tcase_add_test(tests, what_holds_costs_nothing);
	tcase_add_test(tests, what_does_not_hold_ends_the_process_and_is_logged);
	suite_add_tcase(suite, tests);
	return suite;
}
