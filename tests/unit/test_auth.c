/* Tokens: who may do what, and that revoking needs no restart. */
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/auth.h"
#include "suites.h"

static char path[] = "/tmp/unit-tokens-XXXXXX";

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
		fprintf(file, "%s ana %s 2026-11-24\n", hash, rights);
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

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("auth");

	tcase_add_test(tests, a_token_gives_its_rights_and_no_other);
	suite_add_tcase(suite, tests);
	return suite;
}
