/* The HTTP client: kept connections, and all that an answer can be like. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/http.h"
#include "fake_clock.h"
#include "fake_server.h"
#include "suites.h"

#define KEPT        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"
#define DEADLINE_MS 500
#define TOO_LONG    "HTTP/1.1 200 OK\r\nContent-Length: 2097153\r\n\r\n"

static struct fake_server server;
static struct http *http;

static void begin(void (*serve)(int connection, size_t turn))
{
	fake_server_serve(&server, "http.sock", serve);
	http = http_open(server.path);
}

static void end(void)
{
	http_close(http);
	fake_server_stop(&server);
}

static enum http_outcome ask(struct http_answer *answer)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";

	return http_ask(http, request, sizeof(request) - 1, DEADLINE_MS, answer);
}

static void answer_text(int connection, const char *text)
{
	fake_server_answer(connection, text, strlen(text));
}

/* Answers twice, with the number of the connection, and hangs up. */
static void twice(int connection, size_t turn)
{
	char text[] = KEPT "?";

	text[sizeof(text) - 2] = (char)('0' + turn);
	answer_text(connection, text);
	answer_text(connection, text);
}

START_TEST(a_connection_is_kept_until_the_server_ends_it)
{
	struct http_answer answer;
	char heard[5] = "";

	begin(twice);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
		ck_assert_uint_eq(answer.len, 1);
		heard[i] = *answer.body;
		if (i % 2 == 1)
			fake_server_wait_closed(&server, (int)i / 2 + 1);
	}
	ck_assert_str_eq(heard, "0011");
	end();
}
END_TEST

/* Answers once; the next request on the same connection it reads and hangs up without a word. */
static void once_and_away(int connection, size_t turn)
{
	char byte[100];

	(void)turn;
	answer_text(connection, KEPT "x");
	if (read(connection, byte, sizeof(byte)) <= 0)
		_exit(1);
}

START_TEST(a_request_that_a_kept_connection_swallowed_is_sent_again)
{
	struct http_answer answer;

	begin(once_and_away);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	end();
}
END_TEST

static void away(int connection, size_t turn)
{
	char byte[100];

	if (turn > 0)
		answer_text(connection, KEPT "x");
	else if (read(connection, byte, sizeof(byte)) <= 0)
		_exit(1);
}

START_TEST(one_that_a_new_connection_swallowed_is_not)
{
	struct http_answer answer;

	begin(away);
	ck_assert_int_eq(ask(&answer), HTTP_LOST);
	ck_assert_int_eq(answer.status, 0);
	ck_assert_ptr_nonnull(answer.error);
	end();
}
END_TEST

/* A byte at a time. */
static void dribble(int connection, size_t turn)
{
	static const char text[] =
	    "HTTP/1.1 201 Created\r\nX: y\r\ncontent-length:  3 \r\nConnection: close\r\n\r\nabc";

	(void)turn;
	answer_text(connection, "H");
	for (size_t i = 1; i < sizeof(text) - 1; i++)
		if (!fake_server_say(connection, text + i, 1))
			_exit(1);
	fake_server_fall_silent();
}

START_TEST(an_answer_may_come_in_pieces)
{
	struct http_answer answer;

	begin(dribble);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	ck_assert_int_eq(answer.status, 201);
	ck_assert_str_eq(answer.body, "abc");
	end();
}
END_TEST

/* For ever: a part of the answer, and a part again, so that something always comes before any single wait is over. */
static void endless(int connection, size_t turn)
{
	(void)turn;
	answer_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n");
	while (fake_server_say(connection, "x", 1))
		;
}

START_TEST(the_deadline_is_the_whole_answers)
{
	struct http_answer answer;

	begin(endless);
	fake_clock_set_cost_ms(50);
	int64_t start = clock_monotonic_ms();
	ck_assert_int_eq(ask(&answer), HTTP_LOST);
	ck_assert_int_eq(clock_monotonic_ms() - start, DEADLINE_MS);
	ck_assert_int_eq(answer.status, 200);
	fake_clock_set_cost_ms(0);
	end();
}
END_TEST

/* The first answer ends too late. */
static void late(int connection, size_t turn)
{
	answer_text(connection, KEPT);
	if (turn == 0) {
		fake_server_set_silent(true);
		fake_server_until_left(connection);
		fake_server_set_silent(false);
	}
	fake_server_say(connection, "x", 1);
}

START_TEST(what_comes_too_late_is_nobody_s_answer)
{
	struct http_answer answer;

	begin(late);
	ck_assert_int_eq(ask(&answer), HTTP_LOST);
	fake_server_wait_closed(&server, 1);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	ck_assert_str_eq(answer.body, "x");
	end();
}
END_TEST

/* After the first answer comes another, which nobody asked for. */
static void unasked(int connection, size_t turn)
{
	answer_text(connection, KEPT "x");
	if (turn == 0)
		fake_server_say(connection, KEPT "!", sizeof(KEPT));
	fake_server_until_left(connection);
}

START_TEST(what_nobody_asked_for_is_nobody_s_answer)
{
	struct http_answer answer;

	begin(unasked);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	fake_server_wait_said(&server, 1);
	ck_assert_int_eq(ask(&answer), HTTP_ANSWERED);
	ck_assert_str_eq(answer.body, "x");
	end();
}
END_TEST

static const struct {
	const char *text;
	int status; /* 0: no answer */
	size_t len;
} texts[] = {
    {"HTTP/1.1 200 OK\r\n\r\nall of it", 200, 9},
    {"HTTP/1.0 200\r\n\r\n", 200, 0},
    {"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n", 204, 0},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 0, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 0, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\na", 0, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length:1 \t\r\n\r\na", 200, 1},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, 0},
    {TOO_LONG, 0, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 0},
    {"HTTP/1.1 100 Continue\r\n\r\n", 0, 0},
    {"HTTP/1.1 600 What\r\n\r\n", 0, 0},
    {"HTTP/1.1 2000 OK\r\n\r\n", 0, 0},
    {"HTTP/2 200 OK\r\n\r\n", 0, 0},
    {"HTTP/1.1", 0, 0},
    {"\r\n\r\n", 0, 0},
};

static void play_text(int connection, size_t turn)
{
	answer_text(connection, texts[turn].text);
}

START_TEST(what_an_answer_is)
{
	struct http_answer answer;

	begin(play_text);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		enum http_outcome wanted = texts[i].status == 0 ? HTTP_LOST : HTTP_ANSWERED;
		ck_assert_msg(ask(&answer) == wanted, "%s", texts[i].text);
		if (wanted == HTTP_ANSWERED)
			ck_assert_int_eq(answer.status, texts[i].status);
		ck_assert_uint_eq(answer.len, texts[i].len);
	}
	end();
}
END_TEST

START_TEST(a_path_that_is_too_long_is_no_server)
{
	char path[200];
	struct http_answer answer;

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	http = http_open(path);
	ck_assert_int_eq(ask(&answer), HTTP_NOT_SENT);
	http_close(http);
}
END_TEST

Suite *http_suite(void)
{
	Suite *suite = suite_create("http");
	TCase *tests = tcase_create("http");

	tcase_add_test(tests, a_connection_is_kept_until_the_server_ends_it);
	tcase_add_test(tests, a_request_that_a_kept_connection_swallowed_is_sent_again);
	tcase_add_test(tests, one_that_a_new_connection_swallowed_is_not);
	tcase_add_test(tests, an_answer_may_come_in_pieces);
	tcase_add_test(tests, the_deadline_is_the_whole_answers);
	tcase_add_test(tests, what_comes_too_late_is_nobody_s_answer);
	tcase_add_test(tests, what_nobody_asked_for_is_nobody_s_answer);
	tcase_add_test(tests, what_an_answer_is);
	tcase_add_test(tests, a_path_that_is_too_long_is_no_server);
	suite_add_tcase(suite, tests);
	return suite;
}
