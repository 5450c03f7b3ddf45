/* HTTP over a kept connection to a unix socket. */
#include "core/http.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/field.h"

#define HEAD_MAX   ((size_t)16 * 1024)
#define ANSWER_MAX ((size_t)2 * 1024 * 1024)
#define PIECE_MAX  16384
#define NO_LENGTH  (-1)

struct http {
	const char *path;
	int fd;            /* -1: not connected */
	int64_t deadline;  /* of the request in hand, monotonic milliseconds */
	struct buf answer; /* to it, with its header */
	const char *error; /* what went wrong with it */
};

/* What the header says; `length` is NO_LENGTH when the body goes on until the end of the connection. */
struct head {
	int status;
	int64_t length;
	bool kept;
	size_t body_at;
};

struct http *http_open(const char *path)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		out_of_memory();
	http->path = path;
	http->fd = -1;
	return http;
}

static void drop(struct http *http)
{
	if (http->fd >= 0)
		close(http->fd);
	http->fd = -1;
}

void http_close(struct http *http)
{
	drop(http);
	buf_free(&http->answer);
	free(http);
}

static bool fail(struct http *http, const char *error)
{
	http->error = error;
	return false;
}

/* Without waiting: a server whose queue is full has no time for us. */
static bool dial(struct http *http)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(http->path);

	if (len >= sizeof(address.sun_path))
		return fail(http, "the socket's path is too long");
	memcpy(address.sun_path, http->path, len);
	http->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (http->fd >= 0 && connect(http->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	fail(http, strerror(errno));
	drop(http);
	return false;
}

/* A server that closed the connection left an end of file behind; bytes would be taken for the next answer. */
static bool still_connected(struct http *http)
{
	char byte;

	if (http->fd >= 0 && (recv(http->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN))
		drop(http);
	return http->fd >= 0;
}

/* Until the connection is ready for `events`; false when the deadline comes first. */
static bool await(struct http *http, short events)
{
	struct pollfd fd = {.fd = http->fd, .events = events};

	for (int64_t left; (left = http->deadline - clock_monotonic_ms()) > 0;) {
		int ready = poll(&fd, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return fail(http, strerror(errno));
	}
	return fail(http, "no answer in time");
}

static bool send_all(struct http *http, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(http->fd, data, len, MSG_NOSIGNAL);
		if (sent >= 0) {
			data += sent;
			len -= (size_t)sent;
		} else if (errno != EAGAIN) {
			return fail(http, strerror(errno));
		} else if (!await(http, POLLOUT)) {
			return false;
		}
	}
	return true;
}

/* Takes what has come; *ended tells of the end of the connection. */
static bool receive(struct http *http, bool *ended)
{
	char piece[PIECE_MAX];

	if (!await(http, POLLIN))
		return false;
	ssize_t got = recv(http->fd, piece, sizeof(piece), 0);
	if (got < 0 && errno != EAGAIN)
		return fail(http, strerror(errno));
	if (got > 0)
		buf_append(&http->answer, piece, (size_t)got);
	*ended = got == 0;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads "HTTP/1.1 200 OK" (RFC 9112, section 4). An interim answer (1xx) is for those who asked for one. */
static bool read_status(const char *line, struct head *head)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ' || line[9] < '2' ||
	    line[9] > '5' || !is_digit(line[10]) || !is_digit(line[11]) || is_digit(line[12]))
		return false;
	head->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	if (head->status == 204 || head->status == 304)
		head->length = 0;
	return true;
}

/* The value of a header line when it has this name (with its colon), without the blanks before it; else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0)
		return NULL;
	return line + len + strspn(line + len, " \t");
}

static bool read_length(const char *value, struct head *head)
{
	char digits[16] = "";
	size_t len = strcspn(value, " \t\r");

	if (len >= sizeof(digits) || value[len + strspn(value + len, " \t")] != '\r')
		return false;
	memcpy(digits, value, len);
	return int_parse(digits, 0, (int64_t)ANSWER_MAX, &head->length);
}

static bool read_head(const char *text, const char *end, struct head *head)
{
	*head = (struct head){.length = NO_LENGTH, .body_at = (size_t)(end - text) + 4};
	if (!read_status(text, head))
		return false;
	for (const char *line = strstr(text, "\r\n"); line < end; line = strstr(line, "\r\n")) {
		const char *value;
		line += 2;
		if ((value = value_of(line, "Content-Length:")) != NULL && !read_length(value, head))
			return false;
		if ((value = value_of(line, "Connection:")) != NULL)
			head->kept = strncasecmp(value, "keep-alive", 10) == 0;
		if (value_of(line, "Transfer-Encoding:") != NULL)
			return false;
	}
	return true;
}

static bool receive_head(struct http *http, struct head *head)
{
	const char *end;
	bool ended = false;

	while (http->answer.len == 0 || (end = strstr(http->answer.data, "\r\n\r\n")) == NULL) {
		if (http->answer.len > HEAD_MAX)
			return fail(http, "the header does not end");
		if (ended)
			return fail(http, "the connection ended without an answer");
		if (!receive(http, &ended))
			return false;
	}
	return read_head(http->answer.data, end, head) || fail(http, "not the header of an answer");
}

static bool receive_body(struct http *http, const struct head *head)
{
	size_t whole = head->body_at + (head->length == NO_LENGTH ? ANSWER_MAX : (size_t)head->length);
	bool ended = false;

	while (http->answer.len < whole && !ended)
		if (!receive(http, &ended))
			return false;
	if (head->length == NO_LENGTH)
		return ended || fail(http, "the answer does not end");
	return http->answer.len == whole || fail(http, "the answer is not as long as it says");
}

/* One request on the open connection, which ends unless both sides want it kept. */
static enum http_outcome exchange(struct http *http, const char *request, size_t len, struct head *head)
{
	bool whole = send_all(http, request, len) && receive_head(http, head) && receive_body(http, head);

	if (!whole || !head->kept || head->length == NO_LENGTH)
		drop(http);
	return whole ? HTTP_ANSWERED : HTTP_LOST;
}

/* Whether another connection may do better, and there is time for it. */
static bool nothing_heard(const struct http *http)
{
	return http->answer.len == 0 && clock_monotonic_ms() < http->deadline;
}

enum http_outcome http_ask(struct http *http, const char *request, size_t len, int deadline_ms,
                           struct http_answer *answer)
{
	enum http_outcome outcome = HTTP_NOT_SENT;
	struct head head = {0};

	http->deadline = clock_monotonic_ms() + deadline_ms;
	http->error = "no time left";
	buf_clear(&http->answer);
	if (still_connected(http))
		outcome = exchange(http, request, len, &head);
	if (outcome != HTTP_ANSWERED && nothing_heard(http) && dial(http))
		outcome = exchange(http, request, len, &head);

	*answer = (struct http_answer){.status = head.status};
	if (outcome == HTTP_ANSWERED) {
		answer->body = http->answer.data + head.body_at;
		answer->len = http->answer.len - head.body_at;
	} else {
		answer->error = http->error;
	}
	return outcome;
}
