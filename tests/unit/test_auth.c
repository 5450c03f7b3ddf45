/* Tokens: who may do what, and that revoking needs no restart. */
#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/auth.h"
#include "core/field.h"
#include "suites.h"

static char path[] = "/tmp/unit-tokens-XXXXXX";

static const char *owner = "ana";

static void write_tokens(const char *rights)
{
	char hash[SHA256_DIGEST_STRING_LENGTH];
	char next[sizeof(path) + 4];

	snprintf(next, sizeof(next), "%s.new", path);
	FILE *file = fopen(next, "we");
	ck_assert_ptr_nonnull(file);
	SHA256Data((const uint8_t *)"sesame", 6, hash);
	fprintf(file, "# tokens\nnot a token line\n");
	if (rights != NULL)
		fprintf(file, "%s %s %s 2026-11-24\n", hash, owner, rights);
	fclose(file);
	ck_assert_int_eq(rename(next, path), 0);
}

static struct auth *open_tokens(const char *rights)
{
	snprintf(path, sizeof(path), "/tmp/unit-tokens-XXXXXX");
	close(mkstemp(path));
	write_tokens(rights);
	return auth_open(path);
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
	unlink(path);
	auth_close(auth);
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
	unlink(path);
	auth_close(auth);
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
	unlink(path);
	auth_close(auth);
}
END_TEST

START_TEST(a_change_of_the_file_counts_at_once)
{
	struct auth *auth = open_tokens("reservas");

	ck_assert(!may(auth, "admin"));
	write_tokens(NULL);
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
	char longest[66];

	memset(longest, 'a', 65);
	longest[64] = '\0';
	owner = longest;
	struct auth *auth = open_tokens("admin");
	ck_assert(may(auth, "admin"));
	ck_assert_str_eq(auth_find(auth, "Bearer sesame")->name, longest);
	longest[64] = 'r'; /* 65: no token, above all none whose right is "r" */
	longest[65] = '\0';
	write_tokens("admin");
	ck_assert_ptr_null(auth_find(auth, "Bearer sesame"));
	unlink(path);
	auth_close(auth);
}
END_TEST

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("auth");

	tcase_add_test(tests, a_token_gives_its_rights_and_no_other);
	tcase_add_test(tests, any_of_several_rights_suffices);
	tcase_add_test(tests, what_is_no_token_is_not_known);
	tcase_add_test(tests, a_change_of_the_file_counts_at_once);
	tcase_add_test(tests, a_token_is_known_by_its_hash);
	tcase_add_test(tests, a_long_name_does_not_run_over_into_the_rights);
	suite_add_tcase(suite, tests);
	return suite;
}
