/*
 * Answers of other services, from a connection: http.c, and call.c on top of it. The linker puts this file's connect(), send() and poll()
 * in the place of the real ones (Makefile.am): what is connected to is a socket pair, each request that is sent is answered with the
 * input's next part, and a server that has nothing more to say hangs up, so that nothing waits.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/call.h"
#include "core/http.h"
#include "core/log.h"
#include "core/response.h"
#include "fuzz.h"

#define SEPARATOR "\n--\n"
#define ASKED     3

// NOLINTBEGIN(bugprone-reserved-identifier)
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

static struct input *playing;
static int server = -1; /* the other end of the newest connection */
static long announced; /* the length of the newest answer's body, as its only Content-Length says; -1: no such header */

static void hang_up(void)
{
	if (server >= 0)
		close(server);
	server = -1;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int pair[2];

	(void)address;
	(void)len;
	hang_up();
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	MUST(dup3(pair[0], fd, O_CLOEXEC) == fd);
	close(pair[0]);
	server = pair[1];
	return 0;
}

static long length_of(const char *text)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *end = strstr(text, "\r\n\r\n");
	const char *at = strcasestr(text, name);
	char *rest;

	if (end == NULL || at == NULL || at > end || strcasestr(at + 4, "Content-Length") != NULL)
		return -1;
	long length = strtol(at + sizeof(name) - 1, &rest, 10);
	return *rest == '\r' ? length : -1;
}

/* The server hears nothing and says what comes next. */
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	size_t said;
	char *text = input_text(playing, SEPARATOR, &said);

	(void)fd;
	(void)bytes;
	(void)flags;
	announced = length_of(text);
	if (server >= 0 && said > 0)
		MUST(write(server, text, said) == (ssize_t)said);
	free(text);
	return (ssize_t)len;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int ready = __real_poll(fds, count, 0);

	(void)timeout;
	if (ready == 0)
		hang_up();
	return ready == 0 ? __real_poll(fds, count, 0) : ready;
}
// NOLINTEND(bugprone-reserved-identifier)

static void ask_http(void)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct http *http = http_open("/nowhere");
	struct http_answer answer;

	for (int i = 0; i < ASKED; i++) {
		enum http_outcome outcome = http_ask(http, request, sizeof(request) - 1, 60000, &answer);
		MUST(outcome == HTTP_ANSWERED || answer.error != NULL);
		if (outcome != HTTP_ANSWERED)
			continue;
		MUST(announced < 0 || (size_t)announced == answer.len);
		MUST(answer.status >= 200 && answer.status <= 599 && answer.body[answer.len] == '\0');
	}
	http_close(http);
}

struct data {
	int64_t id;
	const char *nome;
};

static void ask_service(struct arena *arena)
{
	static const struct caller_options options = {"/nowhere", "hush", 60000};
	static const struct rule rules[] = {
	    {"id", FIELD_INT, offsetof(struct data, id), true, .min = 1, .max = INT32_MAX},
	    {"nome", FIELD_TEXT, offsetof(struct data, nome), .max = 100},
	};
	static const struct json_schema schema = {rules, FIELD_COUNT(rules), true};
	struct caller *caller = caller_open(&options);
	struct response response = {0};

	for (int i = 0; i < ASKED; i++) {
		const struct call call = {i == 1 ? "POST" : "GET", "/x", i == 1 ? "{}" : NULL, "rid", 0};
		struct call_answer answer;
		struct data data = {0};
		response_reset(&response, arena);
		if (caller_call(caller, &call, arena, &answer) != PROBLEM_NONE)
			continue;
		MUST(answer.status >= 200 && answer.status < 500);
		MUST(call_data(&answer, &schema, arena, &data) != PROBLEM_NONE || (data.id >= 1 && is_utf8(data.nome)));
		MUST(call_problem(&answer, &response) != PROBLEM_NONE && is_utf8(response.detail));
	}
	caller_close(caller);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open("fuzz", "/dev/null", LOG_LEVEL_DEBUG);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct input input = {data, data + size};

	playing = &input;
	ask_http();
	input = (struct input){data, data + size};
	ask_service(arena);
	hang_up();
	arena_free(arena);
	return 0;
}
