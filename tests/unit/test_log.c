/* The log: what a line may hold, and where lines go while the file is moved, deleted, full or somebody else's. */
#include "core/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"

#define LINE_MAX_BYTES 512

static char directory[32];
static char path[64], moved[64], errors[64];
static int own_stderr;

/* Standard error goes to a file of its own meanwhile. */
static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/unit-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(moved, sizeof(moved), "%s/log.1", directory);
	snprintf(errors, sizeof(errors), "%s/stderr", directory);
	own_stderr = dup(STDERR_FILENO);
	int instead = open(errors, O_WRONLY | O_APPEND | O_CREAT, 0600);
	ck_assert_int_eq(dup2(instead, STDERR_FILENO), STDERR_FILENO);
	close(instead);
}

static void tear_down(void)
{
	dup2(own_stderr, STDERR_FILENO);
	close(own_stderr);
	unlink(path);
	unlink(moved);
	unlink(errors);
	rmdir(directory);
}

static const char *text_of(const char *name)
{
	static char text[8192];
	int fd = open(name, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = '\0';
	return text;
}

/* How often a word is in a file. */
static int count_in(const char *name, const char *word)
{
	int count = 0;

	for (const char *at = text_of(name); (at = strstr(at, word)) != NULL; at++)
		count++;
	return count;
}

static void log_word(const char *word)
{
	log_event(LOG_LEVEL_INFO, word, "n=%d", 1);
}

START_TEST(a_line_is_bounded)
{
	char text[4096];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_open("unit", path, LOG_LEVEL_INFO);
	log_event(LOG_LEVEL_INFO, "long", "%s", text);
	log_event(LOG_LEVEL_INFO, "long", "a=%s b=%s c=%s", log_quote(text), log_quote(text), log_quote(text));
	log_event(LOG_LEVEL_INFO, "short", "a=%s", log_quote(text));
	const char *line = text_of(path);
	for (int i = 0; i < 3; i++) {
		size_t len = strcspn(line, "\n");
		ck_assert_uint_lt(len, LINE_MAX_BYTES);
		line += len + 1;
	}
	ck_assert_str_eq(line, "");
	ck_assert_str_eq(line - 2, "\"\n");
}
END_TEST

START_TEST(a_moved_file_is_followed)
{
	log_open("unit", path, LOG_LEVEL_INFO);
	log_word("before");
	ck_assert_int_eq(rename(path, moved), 0);
	log_word("between");
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	log_word("after");
	ck_assert_int_eq(count_in(moved, "event=before "), 1);
	ck_assert_int_eq(count_in(moved, "event=between "), 1);
	ck_assert_int_eq(count_in(moved, "event=after "), 0);
	ck_assert_int_eq(count_in(path, "event=after "), 1);
	ck_assert_str_eq(text_of(errors), "");
}
END_TEST

START_TEST(a_moved_file_is_let_go_of_when_told_to)
{
	log_open("unit", path, LOG_LEVEL_INFO);
	log_word("before");
	ck_assert_int_eq(rename(path, moved), 0);
	log_reopen();
	ck_assert_int_eq(access(path, F_OK), 0);
	log_word("after");
	ck_assert_int_eq(count_in(moved, "event=after "), 0);
	ck_assert_int_eq(count_in(path, "event=after "), 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	log_reopen();
	log_reopen();
	ck_assert_int_eq(count_in(errors, "event=log_unwritable "), 1);
	ck_assert_int_eq(rmdir(path), 0);
	log_open("unit", "-", LOG_LEVEL_INFO);
	log_reopen();
	log_word("elsewhere");
	ck_assert_int_eq(count_in(errors, "event=elsewhere "), 1);
}
END_TEST

START_TEST(a_deleted_file_is_made_again)
{
	log_open("unit", path, LOG_LEVEL_INFO);
	ck_assert_int_eq(unlink(path), 0);
	log_word("after");
	ck_assert_int_eq(count_in(path, "event=after "), 1);
	ck_assert_str_eq(text_of(errors), "");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_reported_once)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	log_open("unit", path, LOG_LEVEL_INFO);
	log_word("first");
	log_word("second");
	ck_assert_int_eq(count_in(errors, "event=log_unwritable "), 1);
	ck_assert_int_eq(count_in(errors, "event=first "), 1);
	ck_assert_int_eq(count_in(errors, "event=second "), 1);
	ck_assert_int_eq(rmdir(path), 0);
	log_word("third");
	ck_assert_int_eq(count_in(path, "event=third "), 1);
	ck_assert_int_eq(count_in(errors, "event=third "), 0);
}
END_TEST

START_TEST(a_full_disk_is_reported_once)
{
	log_open("unit", "/dev/full", LOG_LEVEL_INFO);
	log_word("first");
	log_word("second");
	ck_assert_int_eq(count_in(errors, "event=log_unwritable "), 1);
	ck_assert_int_eq(count_in(errors, "No space left"), 1);
	ck_assert_int_eq(count_in(errors, "event=first "), 1);
	ck_assert_int_eq(count_in(errors, "event=second "), 1);
}
END_TEST

Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_line_is_bounded);
	tcase_add_test(tests, a_moved_file_is_followed);
	tcase_add_test(tests, a_moved_file_is_let_go_of_when_told_to);
	tcase_add_test(tests, a_deleted_file_is_made_again);
	tcase_add_test(tests, a_file_that_cannot_be_opened_is_reported_once);
	tcase_add_test(tests, a_full_disk_is_reported_once);
	suite_add_tcase(suite, tests);
	return suite;
}
