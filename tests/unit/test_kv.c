/* Redis: every way in which it fails to answer. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/kv.h"
#include "fake_server.h"
#include "suites.h"

static const struct kv_script scripts[] = {{"um", "return 1\n"}};

static enum problem play(const char *const *answers, int runs, struct arena *arena, struct kv_reply *reply)
{
	struct fake_server server;
	char address[80];
	const char *const read[] = {"HGETALL", "k"};

	fake_server_start(&server, "redis.sock", answers);
	snprintf(address, sizeof(address), "unix:%s", server.path);
	const struct kv_options options = {address, NULL, NULL, 300, scripts, 1};
	struct kv *kv = kv_open(&options);
	int64_t start = clock_monotonic_ms();
	enum problem problem = runs ? kv_run(kv, 0, "k", NULL, 0, arena, reply) : kv_read(kv, read, 2, arena, reply);
	ck_assert_int_lt(clock_monotonic_ms() - start, 5000);
	kv_close(kv);
	fake_server_stop(&server);
	return problem;
}

static const struct {
	int runs;
	const char *answer;
	enum problem problem;
} cases[] = {
    {0, "*2\r\n$1\r\na\r\n:7\r\n", PROBLEM_NONE},
    {1, ":1\r\n", PROBLEM_NONE},
    {0, "", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "", PROBLEM_RESULTADO_DESCONHECIDO},
    {0, "*2\r\n$1\r\na\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "*2\r\n$1\r\na\r\n", PROBLEM_RESULTADO_DESCONHECIDO},
    {0, "?garbage\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {0, "-LOADING Redis is loading\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "-MISCONF cannot write\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "-ERR no such thing\r\n", PROBLEM_INTERNO},
};

START_TEST(every_answer_and_none)
{
	struct arena *arena = arena_new();
	const char *const answers[] = {cases[_i].answer, NULL};
	struct kv_reply reply;

	ck_assert_int_eq(play(answers, cases[_i].runs, arena, &reply), cases[_i].problem);
	if (cases[_i].problem == PROBLEM_NONE && !cases[_i].runs) {
		ck_assert_int_eq(reply.type, KV_LIST);
		ck_assert_uint_eq(reply.count, 2);
		ck_assert_str_eq(reply.items[0].text, "a");
		ck_assert_int_eq(reply.items[1].integer, 7);
	}
	arena_free(arena);
}
END_TEST

static const char *const addresses[] = {"unix:/nowhere/redis.sock", "nowhere", "127.0.0.1:0", "127.0.0.1:x"};

START_TEST(no_server_is_unavailable_for_reads_and_writes)
{
	const struct kv_options options = {addresses[_i], NULL, NULL, 300, scripts, 1};
	const char *const read[] = {"PING"};
	struct kv *kv = kv_open(&options);
	struct arena *arena = arena_new();
	struct kv_reply reply;

	ck_assert_int_eq(kv_run(kv, 0, "k", NULL, 0, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	arena_free(arena);
	kv_close(kv);
}
END_TEST

Suite *kv_suite(void)
{
	Suite *suite = suite_create("kv");
	TCase *tests = tcase_create("kv");

	tcase_set_timeout(tests, 20);
	tcase_add_loop_test(tests, every_answer_and_none, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tests, no_server_is_unavailable_for_reads_and_writes, 0,
	                    sizeof(addresses) / sizeof(addresses[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
