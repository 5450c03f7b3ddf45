/* Configuration files: what is read, and the complaint about what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "suites.h"

struct sample {
	const char *name;
	int size;
	bool on;
	const char *secret;
};

static const struct config_setting table[] = {
    {"name", CONFIG_TEXT, offsetof(struct sample, name), NULL, 0, 0},
    {"size", CONFIG_INT, offsetof(struct sample, size), "7", 1, 10},
    {"on", CONFIG_BOOL, offsetof(struct sample, on), "nao", 0, 0},
    {"secret", CONFIG_SECRET, offsetof(struct sample, secret), "", 0, 0},
};

static char path[] = "/tmp/unit-config-XXXXXX";

static const char *read_text(const char *text, struct sample *sample)
{
	snprintf(path, sizeof(path), "/tmp/unit-config-XXXXXX");
	int descriptor = mkstemp(path);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
	close(descriptor);
	const char *error = config_read(path, table, sizeof(table) / sizeof(table[0]), sample);
	unlink(path);
	return error;
}

static void forget(const struct sample *sample)
{
	free((void *)(uintptr_t)sample->name);
	free((void *)(uintptr_t)sample->secret);
}

START_TEST(settings_defaults_and_comments)
{
	struct sample sample = {0};

	ck_assert_ptr_null(read_text("# a comment\n\n  name =  a = b \non=sim\n", &sample));
	ck_assert_str_eq(sample.name, "a = b");
	ck_assert_int_eq(sample.size, 7);
	ck_assert(sample.on);
	ck_assert_str_eq(sample.secret, "");
	forget(&sample);
}
END_TEST

static const struct {
	const char *text;
	const char *complaint;
} broken[] = {
    {"size = 3\n", "missing setting name"},
    {"name = x\nsize = 11\n", ":2: size must be a whole number from 1 to 10, not \"11\""},
    {"name = x\nsize = 3x\n", ":2: size must be"},
    {"name = x\non = yes\n", ":2: on must be sim or nao"},
    {"name = x\ncolour = red\n", ":2: unknown setting \"colour\""},
    {"name = x\nname = y\n", ":2: name is set twice"},
    {"just words\n", ":1: expected `name = value`"},
    {"name = x\nsecret = /nowhere/at/all\n", ":2: cannot read secret /nowhere/at/all"},
};

START_TEST(complaints_name_the_line_and_the_cure)
{
	struct sample sample = {0};
	const char *error = read_text(broken[_i].text, &sample);

	ck_assert_ptr_nonnull(error);
	ck_assert_msg(strstr(error, broken[_i].complaint) != NULL, "%s", error);
	forget(&sample);
}
END_TEST

START_TEST(a_secret_that_others_can_read_is_refused)
{
	struct sample sample = {0};
	char secret[] = "/tmp/unit-secret-XXXXXX";
	char text[128];
	int descriptor = mkstemp(secret);

	ck_assert_int_eq(write(descriptor, "  hush\n", 7), 7);
	close(descriptor);
	snprintf(text, sizeof(text), "name = x\nsecret = %s\n", secret);
	ck_assert_ptr_null(read_text(text, &sample));
	ck_assert_str_eq(sample.secret, "hush");
	forget(&sample);
	sample = (struct sample){0};
	ck_assert_int_eq(truncate(secret, 2), 0); /* blanks only */
	ck_assert_ptr_nonnull(strstr(read_text(text, &sample), "is empty"));
	forget(&sample);
	sample = (struct sample){0};
	ck_assert_int_eq(chmod(secret, 0644), 0);
	ck_assert_ptr_nonnull(strstr(read_text(text, &sample), "chmod 600"));
	forget(&sample);
	unlink(secret);
}
END_TEST

Suite *config_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");

	tcase_add_test(tests, settings_defaults_and_comments);
	tcase_add_loop_test(tests, complaints_name_the_line_and_the_cure, 0, sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(tests, a_secret_that_others_can_read_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
