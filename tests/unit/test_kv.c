/* Redis: every way in which it fails to answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/deadline.h"
#include "core/kv.h"
#include "core/log.h"
#include "fake_server.h"
#include "suites.h"

#define DEADLINE_MS 400

static const struct kv_script scripts[] = {{"um", "return 1\n"}};

static struct kv *connect_to(struct fake_server *server, void (*serve)(int, size_t), const char *user)
{
	static char address[80];
	static struct kv_options options;

	fake_server_serve(server, "redis.sock", serve);
	snprintf(address, sizeof(address), "unix:%s", server->path);
	options = (struct kv_options){address, user, "hush", DEADLINE_MS, scripts, 1};
	return kv_open(&options);
}

/* The script, on one key. */
static enum problem run_one(struct kv *kv, struct arena *arena, struct kv_reply *reply)
{
	static const char *const keys[] = {"k"};
	static const struct kv_call call = {0, keys, 1, NULL, 0};

	return kv_run(kv, &call, arena, reply);
}

static void answer(int connection, const char *text)
{
	fake_server_answer(connection, text, strlen(text));
}

/* Every connection is greeted: a PING, when there is no user. */
static void greet(int connection)
{
	answer(connection, "+PONG\r\n");
}

static const char *word; /* what the server says when it was greeted; NULL: nothing */

static void play_word(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	if (word == NULL)
		fake_server_fall_silent();
	answer(connection, word);
}

static enum problem play(const char *says, int runs, struct arena *arena, struct kv_reply *reply)
{
	struct fake_server server;
	const char *const read[] = {"HGETALL", "k"};

	word = says;
	struct kv *kv = connect_to(&server, play_word, NULL);
	int64_t start = clock_monotonic_ms();
	enum problem problem = runs ? run_one(kv, arena, reply) : kv_read(kv, read, 2, arena, reply);
	ck_assert_int_eq(clock_monotonic_ms() - start, says == NULL ? DEADLINE_MS : 0);
	kv_close(kv);
	fake_server_stop(&server);
	return problem;
}

static bool is_gone(void *context)
{
	(void)context;
	return true;
}

static void play_silence(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	fake_server_fall_silent();
}

START_TEST(a_request_gives_a_command_what_is_left_of_it)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	const char *const read[] = {"HGETALL", "k"};
	struct kv *kv = connect_to(&server, play_silence, NULL);
	struct kv_reply reply;
	int64_t start = clock_monotonic_ms();

	/* Nothing is sent when there is no time, nor for a client that has gone. */
	deadline_begin(start + 19, NULL, NULL);
	ck_assert_int_eq(kv_read(kv, read, 2, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	deadline_begin(start + 150, is_gone, NULL);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(clock_monotonic_ms() - start, 0);
	deadline_begin(start + 150, NULL, NULL);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_RESULTADO_DESCONHECIDO);
	ck_assert_int_eq(clock_monotonic_ms() - start, 150);
	deadline_end();
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

static const struct {
	int runs;
	const char *answer;
	enum problem problem;
} cases[] = {
    {0, "*2\r\n$1\r\na\r\n:7\r\n", PROBLEM_NONE},
    {1, ":1\r\n", PROBLEM_NONE},
    {0, NULL, PROBLEM_SERVICO_INDISPONIVEL},
    {1, NULL, PROBLEM_RESULTADO_DESCONHECIDO},
    {0, "*2\r\n$1\r\na\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "*2\r\n$1\r\na\r\n", PROBLEM_RESULTADO_DESCONHECIDO},
    {0, "?garbage\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {0, "-LOADING Redis is loading\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "-MISCONF cannot write\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {1, "-OOM command not allowed when used memory > 'maxmemory'.\r\n", PROBLEM_SEM_ESPACO},
    {1, "-ERR no such thing\r\n", PROBLEM_INTERNO},
};

START_TEST(every_answer_and_none)
{
	struct arena *arena = arena_new();
	struct kv_reply reply;

	ck_assert_int_eq(play(cases[_i].answer, cases[_i].runs, arena, &reply), cases[_i].problem);
	if (cases[_i].problem == PROBLEM_NONE && !cases[_i].runs) {
		ck_assert_int_eq(reply.type, KV_LIST);
		ck_assert_uint_eq(reply.count, 2);
		ck_assert_str_eq(reply.items[0].text, "a");
		ck_assert_int_eq(reply.items[1].integer, 7);
	}
	arena_free(arena);
}
END_TEST

START_TEST(an_item_of_another_type_is_none)
{
	struct arena *arena = arena_new();
	struct kv_reply reply;
	int64_t value = 5;

	ck_assert_int_eq(play("*3\r\n$1\r\na\r\n:7\r\n$-1\r\n", 1, arena, &reply), PROBLEM_NONE);
	ck_assert_str_eq(kv_text_at(&reply, 0), "a");
	ck_assert(kv_int_at(&reply, 1, &value) && value == 7);
	for (size_t at = 1; at < 4; at++)
		ck_assert_ptr_null(kv_text_at(&reply, at));
	for (size_t at = 0; at < 4; at++)
		ck_assert(at == 1 || !kv_int_at(&reply, at, &value));
	ck_assert_int_eq(play(":9\r\n", 1, arena, &reply), PROBLEM_NONE);
	ck_assert_ptr_null(kv_text_at(&reply, 0));
	ck_assert(!kv_int_at(&reply, 0, &value) && value == 7);
	arena_free(arena);
}
END_TEST

static const char *const addresses[] = {
    "unix:/nowhere/redis.sock", "nowhere", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:1", "::1:1"};

START_TEST(no_server_is_unavailable_for_reads_and_writes)
{
	const struct kv_options options = {addresses[_i], NULL, NULL, 300, scripts, 1};
	const char *const read[] = {"PING"};
	struct kv *kv = kv_open(&options);
	struct arena *arena = arena_new();
	struct kv_reply reply;

	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	arena_free(arena);
	kv_close(kv);
}
END_TEST

/* Answers each connection once and hangs up. */
static void play_one(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	answer(connection, ":1\r\n");
}

START_TEST(a_dead_connection_is_seen_before_a_script_is_sent)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_one, NULL);
	struct kv_reply reply;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_NONE);
		fake_server_wait_closed(&server, i + 1);
	}
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

/* Answers once, then a byte too much. */
static void play_chatter(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	answer(connection, ":1\r\n");
	fake_server_say(connection, ":99\r\n", 5);
	fake_server_until_left(connection);
}

START_TEST(what_nobody_asked_for_is_not_the_next_answer)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_chatter, NULL);
	struct kv_reply reply;

	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_NONE);
	fake_server_wait_said(&server, 1);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_NONE);
	ck_assert_int_eq(reply.integer, 1);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

static void play_one_then_silence(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	answer(connection, ":1\r\n");
	fake_server_fall_silent();
}

START_TEST(a_silent_connection_costs_one_deadline)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_one_then_silence, NULL);
	const char *const read[] = {"PING"};
	struct kv_reply reply;

	ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_NONE);
	int64_t start = clock_monotonic_ms();
	ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(clock_monotonic_ms() - start, DEADLINE_MS);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

START_TEST(a_probe_waits_no_longer_than_its_own_deadline)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_one_then_silence, NULL);
	static const char *const keys[] = {"k"};
	const struct kv_call call = {0, keys, 1, NULL, 0};
	struct kv_reply reply;

	ck_assert_int_eq(kv_probe(kv, &call, 300, arena, &reply), PROBLEM_NONE);
	int64_t start = clock_monotonic_ms();
	ck_assert_int_eq(kv_probe(kv, &call, 100, arena, &reply), PROBLEM_RESULTADO_DESCONHECIDO);
	ck_assert_int_eq(clock_monotonic_ms() - start, 100);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

START_TEST(a_server_that_stays_silent_is_left_alone)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_one_then_silence, NULL);
	struct kv_reply reply;

	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_NONE);
	/* Sent over a connection that stood: unknown. A new one is not answered: then nothing was sent. */
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_RESULTADO_DESCONHECIDO);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	int64_t start = clock_monotonic_ms();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(clock_monotonic_ms() - start, 0);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

/* Gives back the command that it read. */
static void play_echo(int connection, size_t turn)
{
	char heard[512];

	(void)turn;
	greet(connection);
	ssize_t len = read(connection, heard, sizeof(heard));
	if (len > 0 && dprintf(connection, "$%zd\r\n%.*s\r\n", len, (int)len, heard) > 0)
		fake_server_until_left(connection);
}

START_TEST(keys_come_before_arguments)
{
	static const char *const keys[] = {"um", "dois"};
	static const char *const args[] = {"", "tres"};
	const struct kv_call call = {0, keys, 2, args, 2};
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_echo, NULL);
	struct kv_reply reply;

	ck_assert_int_eq(kv_run(kv, &call, arena, &reply), PROBLEM_NONE);
	ck_assert_ptr_nonnull(strstr(reply.text, "EVALSHA\r\n$40\r\n"));
	ck_assert_ptr_nonnull(strstr(reply.text, "\r\n$1\r\n2\r\n$2\r\num\r\n$4\r\ndois\r\n$0\r\n\r\n$4\r\ntres\r\n"));
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

START_TEST(too_many_words_are_refused)
{
	static const char *const words[100] = {NULL};
	const struct kv_call calls[] = {
	    {0, words, 62, NULL, 0}, {0, words, 100, NULL, 0}, {0, NULL, 0, words, 62}, {0, words, 1, words, 61}};
	const struct kv_options options = {"nowhere", NULL, NULL, 300, scripts, 1};
	struct kv *kv = kv_open(&options);
	struct arena *arena = arena_new();
	struct kv_reply reply;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		ck_assert_int_eq(kv_run(kv, &calls[i], arena, &reply), PROBLEM_INTERNO);
	arena_free(arena);
	kv_close(kv);
}
END_TEST

/* Hangs up on the second command of its first connection, after it was read. */
static void play_hang_up(int connection, size_t turn)
{
	greet(connection);
	answer(connection, ":1\r\n");
	answer(connection, turn == 0 ? "" : ":2\r\n");
}

START_TEST(a_read_is_asked_again_at_once_a_script_never)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_hang_up, NULL);
	const char *const read[] = {"PING"};
	struct kv_reply reply;

	ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_NONE);
	if (_i == 0)
		ck_assert_int_eq(kv_read(kv, read, 1, arena, &reply), PROBLEM_NONE);
	else
		ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_RESULTADO_DESCONHECIDO);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

/* Wants a password the first time, a script's text the second. */
static void play_stranger(int connection, size_t turn)
{
	answer(connection, turn == 0 ? "-WRONGPASS who are you\r\n" : "+OK\r\n");
	if (turn == 0)
		return;
	answer(connection, "-NOSCRIPT no such script\r\n");
	answer(connection, ":7\r\n");
	fake_server_fall_silent();
}

START_TEST(a_refused_password_is_unavailable_and_an_unknown_script_is_sent)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_stranger, "carrinho");
	struct kv_reply reply;

	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(run_one(kv, arena, &reply), PROBLEM_NONE);
	ck_assert_int_eq(reply.integer, 7);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

static void play_quotes(int connection, size_t turn)
{
	(void)turn;
	greet(connection);
	answer(connection, "-ERR unknown command 'X', with args beginning with: 'carrinho:segredo' \r\n");
}

START_TEST(a_key_is_never_logged)
{
	char path[] = "/tmp/unit-log-XXXXXX";
	char line[1024] = "";
	struct arena *arena = arena_new();
	struct fake_server server;
	struct kv *kv = connect_to(&server, play_quotes, NULL);
	const char *const read[] = {"X", "carrinho:segredo"};
	struct kv_reply reply;
	int log = mkstemp(path);

	ck_assert_int_ge(log, 0);
	log_open("unit", path, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(kv_read(kv, read, 2, arena, &reply), PROBLEM_INTERNO);
	ck_assert_int_gt(pread(log, line, sizeof(line) - 1, 0), 0);
	ck_assert_ptr_nonnull(strstr(line, "unknown command"));
	ck_assert_ptr_null(strstr(line, "segredo"));
	close(log);
	unlink(path);
	arena_free(arena);
	kv_close(kv);
	fake_server_stop(&server);
}
END_TEST

Suite *kv_suite(void)
{
	Suite *suite = suite_create("kv");
	TCase *tests = tcase_create("kv");

	tcase_add_test(tests, a_request_gives_a_command_what_is_left_of_it);
	tcase_add_loop_test(tests, every_answer_and_none, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tests, an_item_of_another_type_is_none);
	tcase_add_loop_test(tests, no_server_is_unavailable_for_reads_and_writes, 0,
	                    sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(tests, a_dead_connection_is_seen_before_a_script_is_sent);
	tcase_add_test(tests, what_nobody_asked_for_is_not_the_next_answer);
	tcase_add_test(tests, keys_come_before_arguments);
	tcase_add_test(tests, too_many_words_are_refused);
	tcase_add_test(tests, a_silent_connection_costs_one_deadline);
	tcase_add_test(tests, a_probe_waits_no_longer_than_its_own_deadline);
	tcase_add_test(tests, a_server_that_stays_silent_is_left_alone);
	tcase_add_loop_test(tests, a_read_is_asked_again_at_once_a_script_never, 0, 2);
	tcase_add_test(tests, a_refused_password_is_unavailable_and_an_unknown_script_is_sent);
	tcase_add_test(tests, a_key_is_never_logged);
	suite_add_tcase(suite, tests);
	return suite;
}
