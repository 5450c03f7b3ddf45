/* Tokens: who may do what, until when, and that revoking needs no restart. */
#include <fcntl.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/auth.h"
#include "core/clock.h"
#include "core/field.h"
#include "fake_clock.h"
#include "suites.h"

#define DAY_US (INT64_C(86400) * 1000000)

static char path[sizeof("/tmp/unit-tokens-XXXXXX")];
static char uses[sizeof("/tmp/unit-uses-XXXXXX")];

/* Writes the file with the token "sesame": what follows its hash, or NULL for a file without it. */
static void write_line(const char *rest)
{
	char hash[SHA256_DIGEST_STRING_LENGTH];
	char next[sizeof(path) + 4];

	snprintf(next, sizeof(next), "%s.new", path);
	FILE *file = fopen(next, "we");
	ck_assert_ptr_nonnull(file);
	SHA256Data((const uint8_t *)"sesame", 6, hash);
	fprintf(file, "# tokens\nnot a token line\n");
	if (rest != NULL)
		fprintf(file, "%s %s\n", hash, rest);
	fclose(file);
	ck_assert_int_eq(rename(next, path), 0);
}

static void write_tokens(const char *rights)
{
	char rest[256];

	snprintf(rest, sizeof(rest), "ana %s 2026-11-24", rights);
	write_line(rest);
}

static struct auth *open_tokens(const char *rights)
{
	snprintf(path, sizeof(path), "/tmp/unit-tokens-XXXXXX");
	close(mkstemp(path));
	write_tokens(rights);
	return auth_open(path, uses);
}

static void close_tokens(struct auth *auth)
{
	unlink(path);
	auth_close(auth);
}

/* Whether the token that is sent is known and has the right. */
static bool may(struct auth *auth, const char *right)
{
	const struct auth_token *token = auth_find(auth, "Bearer sesame");

	ck_assert_ptr_nonnull(token);
	return auth_has_right(token, right);
}

START_TEST(a_token_gives_its_rights_and_no_other)
{
	struct auth *auth = open_tokens("reservas,retirar");

	ck_assert_str_eq(auth_find(auth, "Bearer sesame")->name, "ana");
	ck_assert_ptr_nonnull(auth_find(auth, "bearer sesame"));
	ck_assert(may(auth, "retirar"));
	ck_assert(may(auth, "reservas"));
	ck_assert(!may(auth, "admin"));
	ck_assert(!may(auth, "ret"));
	ck_assert(!may(auth, "retirarx"));
	ck_assert(!may(auth, ""));
	close_tokens(auth);
}
END_TEST

START_TEST(any_of_several_rights_suffices)
{
	struct auth *auth = open_tokens("atendente");

	ck_assert(may(auth, "admin,atendente"));
	ck_assert(may(auth, "atendente,admin"));
	ck_assert(may(auth, "atendente"));
	ck_assert(!may(auth, "admin"));
	ck_assert(!may(auth, "admin,atend,atendentes"));
	ck_assert(!may(auth, ","));
	close_tokens(auth);
}
END_TEST

START_TEST(what_is_no_token_is_not_known)
{
	static const char *const bad[] = {
	    "Bearer sesamo", "Bearer sesame ", "Bearer ", "Bearer", "Basic sesame", "", NULL};
	struct auth *auth = open_tokens("admin");

	for (size_t i = 0; i < FIELD_COUNT(bad); i++)
		ck_assert_ptr_null(auth_find(auth, bad[i]));
	ck_assert(may(auth, "admin"));
	close_tokens(auth);
}
END_TEST

START_TEST(a_change_of_the_file_counts_at_once)
{
	struct auth *auth = open_tokens("reservas");

	ck_assert(!may(auth, "admin"));
	write_line(NULL);
	ck_assert_ptr_null(auth_find(auth, "Bearer sesame"));
	write_tokens("admin");
	ck_assert(may(auth, "admin"));
	unlink(path);
	ck_assert_ptr_null(auth_find(auth, "Bearer sesame"));
	auth_close(auth);
}
END_TEST

START_TEST(a_token_is_known_by_its_hash)
{
	char known[AUTH_HASH_MAX];
	char hash[AUTH_HASH_MAX];
	char authorization[300];

	SHA256Data((const uint8_t *)"sesame", 6, known);
	ck_assert(auth_hash("Bearer sesame", hash));
	ck_assert_str_eq(hash, known);
	ck_assert(auth_hash("bearer sesame", hash));
	ck_assert_str_eq(hash, known);
	ck_assert(auth_hash("Bearer sesamo", hash));
	ck_assert_str_ne(hash, known);
	ck_assert(!auth_hash(NULL, hash));
	ck_assert(!auth_hash("Basic sesame", hash));
	ck_assert(!auth_hash("Bearer ", hash));
	snprintf(authorization, sizeof(authorization), "Bearer %0256d", 1);
	ck_assert(auth_hash(authorization, hash));
	snprintf(authorization, sizeof(authorization), "Bearer %0257d", 1);
	ck_assert(!auth_hash(authorization, hash));
}
END_TEST

START_TEST(a_long_name_does_not_run_over_into_the_rights)
{
	char rest[128];
	char name[AUTH_NAME_MAX];
	struct auth *auth = open_tokens("admin");

	snprintf(name, sizeof(name), "%064d", 7);
	snprintf(rest, sizeof(rest), "%s admin 2026-11-24", name);
	write_line(rest);
	ck_assert(may(auth, "admin"));
	ck_assert_str_eq(auth_find(auth, "Bearer sesame")->name, name);
	/* 65: no token, above all none whose right is "r" */
	snprintf(rest, sizeof(rest), "%sr admin 2026-11-24", name);
	write_line(rest);
	ck_assert_ptr_null(auth_find(auth, "Bearer sesame"));
	close_tokens(auth);
}
END_TEST

static const struct {
	const char *rest; /* of the line, after the hash */
	const char *last; /* a time at which it is valid, or NULL: never */
	const char *end;  /* the first at which it is not, or NULL: always valid */
} expiries[] = {
    {"ana admin", "9999-01-01", NULL},
    {"ana admin 2026-11-24T10:00:00Z", "9999-01-01", NULL},
    {"ana admin 2026-11-24T10:00:00Z\r", "9999-01-01", NULL},
    {"ana admin 2026-11-24 2027-01-31", "2027-01-31T23:59:59.999998Z", "2027-02-01"},
    {"ana admin 2026-11-24 2027-01-31T12:00:00Z", "2027-01-31T11:59:59.999999Z", "2027-01-31T12:00:00Z"},
    {"ana admin 2026-11-24 2027-01-31T12:00:00.123456789-03:00 ", "2027-01-31T15:00:00.123455Z",
     "2027-01-31T15:00:00.123456Z"},
    {"ana admin 2026-11-24 2027-02-30", NULL, "1971-01-01"},
    {"ana admin 2026-11-24 never", NULL, "1971-01-01"},
    {"ana admin 2026-11-24 2027-01-31 more", NULL, "1971-01-01"},
    {"ana admin 2026-11-24\t2027-01-31", NULL, "1971-01-01"},
    {"ana\x01 admin 2026-11-24", NULL, "1971-01-01"},
    {"ana admin 2026-11-24 "
     "                                                                                                    "
     "                                                                                                    "
     "                                                                                                    "
     "                                                                                                    "
     "                                                                                                    "
     "2027-01-31",
     "2027-01-31T23:59:59.999998Z", "2027-02-01"},
};

static const struct auth_token *find_at(struct auth *auth, const char *time)
{
	int64_t now;

	ck_assert(clock_parse(time, &now));
	fake_clock_set_now(now);
	const struct auth_token *token = auth_find(auth, "Bearer sesame");
	fake_clock_set_now(0);
	return token;
}

START_TEST(a_token_is_valid_until_it_expires)
{
	struct auth *auth = open_tokens("admin");

	write_line(expiries[_i].rest);
	if (expiries[_i].last != NULL)
		ck_assert_ptr_nonnull(find_at(auth, expiries[_i].last));
	if (expiries[_i].end != NULL)
		ck_assert_ptr_null(find_at(auth, expiries[_i].end));
	if (expiries[_i].last != NULL) /* the clock was set back: nothing is forgotten */
		ck_assert_ptr_nonnull(find_at(auth, expiries[_i].last));
	close_tokens(auth);
}
END_TEST

static void use_path(char out[static 128])
{
	char hash[AUTH_HASH_MAX];

	ck_assert(auth_hash("Bearer sesame", hash));
	snprintf(out, 128, "%s/%s", uses, hash);
}

/* Sets the time of the mark to 1970, and says whether a use then changes it. */
static bool use_is_noted(struct auth *auth, int64_t day)
{
	const struct timespec times[2] = {{0}, {0}};
	struct stat mark;
	char file[128];

	use_path(file);
	ck_assert_int_eq(utimensat(AT_FDCWD, file, times, 0), 0);
	fake_clock_set_now(day * DAY_US + 1);
	ck_assert_ptr_nonnull(auth_find(auth, "Bearer sesame"));
	fake_clock_set_now(0);
	ck_assert_int_eq(stat(file, &mark), 0);
	ck_assert_int_eq(mark.st_size, 0);
	return mark.st_mtim.tv_sec != 0;
}

START_TEST(the_day_of_the_last_use_is_noted_once)
{
	char file[128];
	char there[] = "/tmp/unit-uses-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(there));
	memcpy(uses, there, sizeof(there));
	use_path(file);
	struct auth *auth = open_tokens("admin");
	ck_assert_ptr_null(auth_find(auth, "Bearer sesamo"));
	ck_assert_int_ne(access(file, F_OK), 0);
	fake_clock_set_now(20000 * DAY_US);
	ck_assert_ptr_nonnull(auth_find(auth, "Bearer sesame"));
	ck_assert_int_eq(access(file, F_OK), 0);
	ck_assert(!use_is_noted(auth, 20000));
	ck_assert(use_is_noted(auth, 20001));
	write_line("ana admin 2026-11-24 2020-01-01");
	fake_clock_set_now(20002 * DAY_US);
	unlink(file);
	ck_assert_ptr_null(auth_find(auth, "Bearer sesame"));
	ck_assert_int_ne(access(file, F_OK), 0);
	fake_clock_set_now(0);
	close_tokens(auth);
	rmdir(uses);
}
END_TEST

START_TEST(what_cannot_be_noted_refuses_nothing)
{
	char file[128];
	char there[] = "/tmp/unit-uses-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(there));
	memcpy(uses, there, sizeof(there));
	use_path(file);
	struct auth *auth = open_tokens("admin");
	ck_assert_int_eq(symlink(path, file), 0); /* is not followed */
	struct stat before;
	struct stat after;
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert(may(auth, "admin"));
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	unlink(file);
	ck_assert(may(auth, "admin")); /* tried again */
	ck_assert_int_eq(access(file, F_OK), 0);
	unlink(file);
	rmdir(uses);
	write_tokens("atendente");
	ck_assert(may(auth, "atendente"));
	close_tokens(auth);
}
END_TEST

static void no_uses(void)
{
	*uses = '\0';
}

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("auth");

	tcase_add_checked_fixture(tests, no_uses, NULL);
	tcase_add_test(tests, a_token_gives_its_rights_and_no_other);
	tcase_add_test(tests, any_of_several_rights_suffices);
	tcase_add_test(tests, what_is_no_token_is_not_known);
	tcase_add_test(tests, a_change_of_the_file_counts_at_once);
	tcase_add_test(tests, a_token_is_known_by_its_hash);
	tcase_add_test(tests, a_long_name_does_not_run_over_into_the_rights);
	tcase_add_loop_test(tests, a_token_is_valid_until_it_expires, 0, FIELD_COUNT(expiries));
	tcase_add_test(tests, the_day_of_the_last_use_is_noted_once);
	tcase_add_test(tests, what_cannot_be_noted_refuses_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
