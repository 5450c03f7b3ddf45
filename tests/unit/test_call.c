/* Calls to other services: every way in which they fail to answer. */
#include <string.h>

#include "core/call.h"
#include "core/clock.h"
#include "core/deadline.h"
#include "core/response.h"
#include "core/trace.h"
#include "fake_server.h"
#include "suites.h"

#define DEADLINE_MS 300

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n" body

static enum problem ask(const char *method, const char *const *answers, struct arena *arena, struct call_answer *answer)
{
	struct fake_server server;

	fake_server_start(&server, "interno.sock", answers);
	const struct caller_options options = {server.path, "hush", DEADLINE_MS};
	struct caller *caller = caller_open(&options);
	const struct call call = {method, "/x", NULL, "rid", 0};
	int64_t start = clock_monotonic_ms();
	enum problem problem = caller_call(caller, &call, arena, answer);
	ck_assert_int_eq(clock_monotonic_ms() - start, **answers == '\0' ? DEADLINE_MS : 0);
	caller_close(caller);
	fake_server_stop(&server);
	return problem;
}

static const struct {
	const char *method;
	const char *answer;
	enum problem problem;
} cases[] = {
    {"GET", OK("{\"success\":true,\"data\":{\"n\":7}}"), PROBLEM_NONE},
    {"GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", PROBLEM_NONE},
    {"GET", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", PROBLEM_SERVICO_INDISPONIVEL},
    {"POST", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", PROBLEM_SERVICO_INDISPONIVEL},
    {"POST", "HTTP/1.1 503 Busy\r\nContent-Length: 24\r\n\r\n\"resultado_desconhecido\"",
     PROBLEM_RESULTADO_DESCONHECIDO},
    {"POST", "HTTP/1.1 504 Late\r\nContent-Length: 2\r\n\r\n{}", PROBLEM_RESULTADO_DESCONHECIDO},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", PROBLEM_SERVICO_INDISPONIVEL},
    {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", PROBLEM_RESULTADO_DESCONHECIDO},
    {"POST", "HTTP/1.1 204 No Content\r\n\r\n", PROBLEM_NONE},
    {"GET", "garbage\r\n\r\n", PROBLEM_SERVICO_INDISPONIVEL},
    {"GET", "", PROBLEM_SERVICO_INDISPONIVEL},
    {"POST", "", PROBLEM_RESULTADO_DESCONHECIDO},
};

START_TEST(every_answer_and_none)
{
	struct arena *arena = arena_new();
	const char *const answers[] = {cases[_i].answer, NULL};
	struct call_answer answer;

	ck_assert_int_eq(ask(cases[_i].method, answers, arena, &answer), cases[_i].problem);
	arena_free(arena);
}
END_TEST

static bool is_gone(void *context)
{
	(void)context;
	return true;
}

#define EMPTY "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"

/* Nine tenths of what the call waits, so that the other service gives up first. */
static void play_hurry(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer_to(connection, "\r\nX-Prazo-Ms: 270\r\n", EMPTY, sizeof(EMPTY) - 1);
	fake_server_answer_to(connection, "\r\nX-Prazo-Ms: 180\r\n", EMPTY, sizeof(EMPTY) - 1);
	fake_server_answer_to(connection, "GET", EMPTY, sizeof(EMPTY) - 1);
}

START_TEST(a_request_gives_a_call_what_is_left_of_it)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct call_answer answer;

	fake_server_serve(&server, "interno.sock", play_hurry);
	const struct caller_options options = {server.path, NULL, DEADLINE_MS};
	struct caller *caller = caller_open(&options);
	const struct call get = {"GET", "/x", NULL, NULL, 0};
	const struct call post = {"POST", "/x", "{}", NULL, 0};
	ck_assert_int_eq(caller_call(caller, &post, arena, &answer), PROBLEM_NONE);
	deadline_begin(clock_monotonic_ms() + 200, NULL, NULL);
	ck_assert_int_eq(caller_call(caller, &post, arena, &answer), PROBLEM_NONE);
	ck_assert_int_eq(answer.status, 200);
	/* Nothing is sent when there is no time, nor a change for a client that has gone. */
	deadline_begin(clock_monotonic_ms() + 19, NULL, NULL);
	ck_assert_int_eq(caller_call(caller, &get, arena, &answer), PROBLEM_SERVICO_INDISPONIVEL);
	deadline_begin(clock_monotonic_ms() + 200, is_gone, NULL);
	ck_assert_int_eq(caller_call(caller, &post, arena, &answer), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(answer.status, 0);
	ck_assert_int_eq(caller_call(caller, &get, arena, &answer), PROBLEM_NONE);
	deadline_end();
	caller_close(caller);
	fake_server_stop(&server);
	arena_free(arena);
}
END_TEST

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

static void play_trace(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer_to(connection, "\r\ntraceparent: 00-" TRACE "-", EMPTY, sizeof(EMPTY) - 1);
	fake_server_answer_to(connection, "Accept: application/json\r\nX-Prazo-Ms: 270\r\n\r\n", EMPTY,
	                      sizeof(EMPTY) - 1);
}

START_TEST(a_call_is_of_the_trace_of_its_request)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct call_answer answer;

	fake_server_serve(&server, "interno.sock", play_trace);
	const struct caller_options options = {server.path, NULL, DEADLINE_MS};
	struct caller *caller = caller_open(&options);
	const struct call get = {"GET", "/x", NULL, NULL, 0};
	trace_begin("00-" TRACE "-00f067aa0ba902b7-01");
	ck_assert_int_eq(caller_call(caller, &get, arena, &answer), PROBLEM_NONE);
	trace_end();
	ck_assert_int_eq(caller_call(caller, &get, arena, &answer), PROBLEM_NONE);
	caller_close(caller);
	fake_server_stop(&server);
	arena_free(arena);
}
END_TEST

/* More than any service answers: 64 KiB at a time, without an end. */
static void play_flood(int connection, size_t turn)
{
	static const char header[] = "HTTP/1.1 200 OK\r\n\r\n";
	static char chunk[65536];

	(void)turn;
	memset(chunk, 'x', sizeof(chunk));
	fake_server_answer(connection, header, sizeof(header) - 1);
	while (fake_server_say(connection, chunk, sizeof(chunk)))
		;
}

START_TEST(an_answer_without_end_is_cut_off)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct call_answer answer;

	fake_server_serve(&server, "interno.sock", play_flood);
	const struct caller_options options = {server.path, NULL, DEADLINE_MS};
	struct caller *caller = caller_open(&options);
	const struct call call = {"GET", "/x", NULL, NULL, 0};
	ck_assert_int_eq(caller_call(caller, &call, arena, &answer), PROBLEM_SERVICO_INDISPONIVEL);
	caller_close(caller);
	fake_server_stop(&server);
	arena_free(arena);
}
END_TEST

START_TEST(nobody_listening_is_surely_not_run)
{
	const struct caller_options options = {"/nowhere/interno.sock", NULL, DEADLINE_MS};
	struct caller *caller = caller_open(&options);
	struct arena *arena = arena_new();
	const struct call call = {"POST", "/x", "{}", NULL, 0};
	struct call_answer answer;

	ck_assert_int_eq(caller_call(caller, &call, arena, &answer), PROBLEM_SERVICO_INDISPONIVEL);
	arena_free(arena);
	caller_close(caller);
}
END_TEST

START_TEST(data_is_read_by_rules)
{
	struct arena *arena = arena_new();
	struct {
		int64_t n;
	} data = {0};
	const struct rule rules[] = {{"n", FIELD_INT, 0, true, .min = 1, .max = 9}};
	const struct json_schema schema = {rules, 1, true};
	struct call_answer answer = {200, "{\"success\":true,\"data\":{\"n\":7,\"more\":[]}}", 41};

	ck_assert_int_eq(call_data(&answer, &schema, arena, &data), PROBLEM_NONE);
	ck_assert_int_eq(data.n, 7);
	answer = (struct call_answer){200, "{\"data\":{\"n\":70}}", 17};
	ck_assert_int_eq(call_data(&answer, &schema, arena, &data), PROBLEM_INTERNO);
	arena_free(arena);
}
END_TEST

START_TEST(a_problem_is_passed_on_in_the_words_of_who_met_it)
{
	static const char body[] = "{\"codigo\":\"estoque_insuficiente\",\"detail\":\"restam "
	                           "3\",\"detalhes\":[{\"campo\":\"a\",\"erro\":\"b\"}]}";
	struct arena *arena = arena_new();
	struct response rs = {0};
	struct call_answer answer = {409, body, sizeof(body) - 1};

	response_reset(&rs, arena);
	ck_assert_int_eq(call_problem(&answer, &rs), PROBLEM_ESTOQUE_INSUFICIENTE);
	ck_assert_str_eq(rs.detail, "restam 3");
	ck_assert_str_eq(rs.complaints.first->campo, "a");
	answer = (struct call_answer){418, "{\"codigo\":\"bule\",\"detail\":\"x\"}", 30};
	ck_assert_int_eq(call_problem(&answer, &rs), PROBLEM_INTERNO);
	arena_free(arena);
}
END_TEST

Suite *call_suite(void)
{
	Suite *suite = suite_create("call");
	TCase *tests = tcase_create("call");

	tcase_add_test(tests, a_request_gives_a_call_what_is_left_of_it);
	tcase_add_test(tests, a_call_is_of_the_trace_of_its_request);
	tcase_add_loop_test(tests, every_answer_and_none, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tests, an_answer_without_end_is_cut_off);
	tcase_add_test(tests, nobody_listening_is_surely_not_run);
	tcase_add_test(tests, data_is_read_by_rules);
	tcase_add_test(tests, a_problem_is_passed_on_in_the_words_of_who_met_it);
	suite_add_tcase(suite, tests);
	return suite;
}
