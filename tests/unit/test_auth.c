/* Tokens: who may do what, and that revoking needs no restart. */
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/auth.h"
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

START_TEST(a_token_gives_its_rights_and_no_other)
{
	const char *name = NULL;

	snprintf(path, sizeof(path), "/tmp/unit-tokens-XXXXXX");
	close(mkstemp(path));
	write_tokens("reservas,retirar");
	struct auth *auth = auth_open(path);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "retirar", &name), PROBLEM_NONE);
	ck_assert_str_eq(name, "ana");
	ck_assert_int_eq(auth_check(auth, "bearer sesame", "reservas", NULL), PROBLEM_NONE);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "admin", NULL), PROBLEM_NAO_AUTORIZADO);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "ret", NULL), PROBLEM_NAO_AUTORIZADO);
	ck_assert_int_eq(auth_check(auth, "Bearer sesamo", "retirar", NULL), PROBLEM_NAO_AUTENTICADO);
	ck_assert_int_eq(auth_check(auth, "Bearer ", "retirar", NULL), PROBLEM_NAO_AUTENTICADO);
	ck_assert_int_eq(auth_check(auth, "Basic sesame", "retirar", NULL), PROBLEM_NAO_AUTENTICADO);
	ck_assert_int_eq(auth_check(auth, NULL, "retirar", NULL), PROBLEM_NAO_AUTENTICADO);
	write_tokens(NULL);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "retirar", NULL), PROBLEM_NAO_AUTENTICADO);
	write_tokens("admin");
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "admin", NULL), PROBLEM_NONE);
	unlink(path);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "admin", NULL), PROBLEM_NAO_AUTENTICADO);
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
	const char *name = NULL;
	char longest[66];

	memset(longest, 'a', 65);
	longest[64] = '\0';
	owner = longest;
	snprintf(path, sizeof(path), "/tmp/unit-tokens-XXXXXX");
	close(mkstemp(path));
	write_tokens("admin");
	struct auth *auth = auth_open(path);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "admin", &name), PROBLEM_NONE);
	ck_assert_str_eq(name, longest);
	longest[64] = 'r'; /* 65: no token, above all none whose right is "r" */
	longest[65] = '\0';
	write_tokens("admin");
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "r", NULL), PROBLEM_NAO_AUTENTICADO);
	ck_assert_int_eq(auth_check(auth, "Bearer sesame", "admin", NULL), PROBLEM_NAO_AUTENTICADO);
	unlink(path);
	auth_close(auth);
}
END_TEST

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("auth");

	tcase_add_test(tests, a_token_gives_its_rights_and_no_other);
	tcase_add_test(tests, a_token_is_known_by_its_hash);
	tcase_add_test(tests, a_long_name_does_not_run_over_into_the_rights);
	suite_add_tcase(suite, tests);
	return suite;
}
