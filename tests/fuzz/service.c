/*
 * Whole requests of a service: its main() runs as it is, and its worker_main() is this one. An input is a request as a person would
 * write it (method and address, headers, a blank line, a body), then a line `--`, then what the stores answer (stores.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/field.h"
#include "core/json_scan.h"
#include "core/log.h"
#include "core/worker.h"
#include "stores.h"

#define HEADERS_MAX  16
#define NAME_MAX_LEN 64

int service_main(int argc, char **argv);

struct header {
	char name[NAME_MAX_LEN];
	const char *value;
};

/* A request, in the text that it is made of. */
struct message {
	struct header headers[HEADERS_MAX];
	size_t count;
	const char *body;
	size_t body_len;
};

static struct service service;
static struct stores stores;
static struct response response;
static struct buf out;

static int take(const void *context)
{
	service = *(const struct service *)context;
	stores = program_open(&service.program);
	return 0;
}

int worker_main(int argc, char **argv, const struct service *given)
{
	return program_main(argc, argv, &given->program, take, given);
}

/* The SHA-256 of the words "admin", "atendente" and "interno": tokens that a seed can write. */
static const char tokens[] =
    "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918 Maria admin\n"
    "7ea0aa86f787883153cd4280868e337224f6c2b7b4e6afb7ca766b477e7a7a14 Joana atendente\n"
    "65ddefb56ca94bb38ca0672642a36f789f394bfdd07559e5318c53cbf5d5ebd6 servico reservas,retirar\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char config[256];
	int fd;

	(void)argc;
	int len = snprintf(config, sizeof(config), "log = /dev/null\nnivel = debug\ntokens = %s\n",
	                   input_file(tokens, sizeof(tokens) - 1, &fd));
	char *path = strdup(input_file(config, (size_t)len, &fd));
	char *arguments[] = {(*argv)[0], strdup("-c"), path, NULL};
	MUST(service_main(3, arguments) == 0 && service.routes != NULL);
	free(arguments[1]);
	free(path);
	return 0;
}

/* If-Match → HTTP_IF_MATCH, as nginx and RFC 3875 have it. */
static void header_name(char *name, const char *from)
{
	bool bare = strcasecmp(from, "Content-Type") == 0 || strcasecmp(from, "Content-Length") == 0;
	size_t len = (size_t)snprintf(name, NAME_MAX_LEN, "%s%s", bare ? "" : "HTTP_", from);

	for (size_t i = 0; i < len && i < NAME_MAX_LEN; i++)
		name[i] = (char)(name[i] == '-' ? '_' : name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
}

static void message_add(struct message *message, const char *name, const char *value)
{
	if (message->count == HEADERS_MAX)
		return;
	snprintf(message->headers[message->count].name, NAME_MAX_LEN, "%s", name);
	message->headers[message->count++].value = value;
}

/* Reads the first line and the headers, up to a blank line, in place; what follows is the body. */
static void message_read(struct message *message, char *text, size_t len)
{
	char *rest = text;
	char *line = strsep(&rest, "\n");
	char *uri = strchr(line, ' ');
	char name[NAME_MAX_LEN];

	*message = (struct message){0};
	if (uri != NULL)
		*uri++ = '\0';
	message_add(message, "REQUEST_METHOD", line);
	message_add(message, "REQUEST_URI", uri);
	while (rest != NULL && (line = strsep(&rest, "\n"))[0] != '\0') {
		char *value = strchr(line, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		header_name(name, line);
		message_add(message, name, value + strspn(value, " "));
	}
	message->body = rest == NULL ? text + len : rest;
	message->body_len = (size_t)(text + len - message->body);
}

static const char *variable(void *context, const char *name)
{
	static char length[32];
	const struct message *message = context;

	for (size_t i = 0; i < message->count; i++)
		if (strcmp(message->headers[i].name, name) == 0)
			return message->headers[i].value;
	if (strcmp(name, "CONTENT_LENGTH") != 0)
		return NULL;
	snprintf(length, sizeof(length), "%zu", message->body_len);
	return length;
}

static bool body(void *context, char *to, size_t len)
{
	const struct message *message = context;

	if (len > message->body_len)
		return false;
	memcpy(to, message->body, len);
	return true;
}

/* Every header that this program may send: one that a client made up would be another. */
static bool header_known(const char *line, size_t len)
{
	static const char *const names[] = {
	    "Status",
	    "Content-Type",
	    "Content-Length",
	    "Cache-Control",
	    "ETag",
	    "Location",
	    "Allow",
	    "Accept",
	    "Accept-Patch",
	    "Accept-Encoding",
	    "Retry-After",
	    "WWW-Authenticate",
	    "X-Accel-Expires",
	    "X-Fonte",
	    "X-Atraso-Segundos",
	    "Idempotency-Replayed",
	    "Content-Security-Policy",
	};

	for (size_t i = 0; i < FIELD_COUNT(names); i++)
		if (strlen(names[i]) < len && memcmp(line, names[i], strlen(names[i])) == 0 &&
		    line[strlen(names[i])] == ':')
			return true;
	return false;
}

/* Checks the header block, line by line, and finds the body's length in it; -1 when it does not say one. */
static long check_headers(const char *at, const char *end)
{
	long length = -1;

	while (at < end) {
		size_t len = (size_t)((const char *)memmem(at, (size_t)(end + 2 - at), "\r\n", 2) - at);
		MUST(header_known(at, len) && memchr(at, '\n', len) == NULL && memchr(at, '\r', len) == NULL &&
		     memchr(at, '\0', len) == NULL);
		if (strncmp(at, "Content-Length: ", 16) == 0) {
			MUST(length < 0);
			length = strtol(at + 16, NULL, 10);
		}
		at += len + 2;
	}
	return length;
}

static void check_answer(const struct request *rq)
{
	struct json_summary summary;
	const char *end = memmem(out.data, out.len, "\r\n\r\n", 4);
	bool bodiless = response.status == 304 || response.status == 204;

	MUST(response.status >= 200 && response.status <= 599 && end != NULL);
	long length = check_headers(out.data, end);
	size_t len = out.len - (size_t)(end + 4 - out.data);
	MUST(bodiless ? length == -1 && len == 0 : length == (long)response.body.len);
	MUST(len == (rq->head || bodiless ? 0 : response.body.len));
	if (response.type == NULL && response.body.len > 0)
		MUST(json_scan(response.body.data, response.body.len, &summary));
	if (response.status >= 400 && response.type == NULL)
		MUST(response.body.len > 0);
}

/* As handle() in worker.c does it. */
static void serve(struct message *message, struct arena *arena)
{
	const struct request_source source = {variable, body, message};
	struct request rq = {.arena = arena, .stores = &stores, .source = &source};

	response_reset(&response, arena);
	enum problem problem = request_parse(&rq);
	log_request(rq.id);
	if (problem == PROBLEM_NONE)
		problem = route_dispatch(service.routes, service.route_count, &rq, &response);
	response_finish(&response, &rq, problem);
	if (service.mark != NULL && response.status < 500)
		service.mark(&rq, &response);
	buf_clear(&out);
	response_render(&response, &rq, &out);
	check_answer(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	struct message message;
	size_t len;
	char *text = input_text(&input, "\n--\n", &len);
	struct arena *arena = arena_new();

	stores_play(&input);
	stores.read_only = (input_byte(&input) & 0x80) != 0;
	message_read(&message, text, len);
	serve(&message, arena);
	arena_free(arena);
	free(text);
	return 0;
}
