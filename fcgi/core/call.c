/* Calls to other services over nginx's internal socket. */
#include "core/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/crash.h"
#include "core/deadline.h"
#include "core/ensure.h"
#include "core/http.h"
#include "core/log.h"
#include "core/response.h"
#include "core/slow.h"
#include "core/trace.h"

struct caller {
	const struct caller_options *options;
	struct http *http;
	struct buf request; /* of the call in hand */
};

struct caller *caller_open(const struct caller_options *options)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL)
		out_of_memory();
	caller->options = options;
	caller->http = http_open(options->socket);
	return caller;
}

void caller_close(struct caller *caller)
{
	http_close(caller->http);
	buf_free(&caller->request);
	free(caller);
}

/* The other service is told to answer before we give up: within nine tenths of what we wait. */
static void write_request(struct buf *out, const struct call *call, const char *token, int deadline_ms)
{
	ensure(*call->path == '/' && strpbrk(call->path, " \r\n") == NULL);
	buf_clear(out);
	buf_printf(out, "%s %s HTTP/1.0\r\nHost: interno\r\nConnection: keep-alive\r\nAccept: application/json\r\n",
	           call->method, call->path);
	buf_printf(out, "X-Prazo-Ms: %d\r\n", deadline_ms - deadline_ms / 10);
	if (call->request_id != NULL)
		buf_printf(out, "X-Request-Id: %s\r\n", call->request_id);
	if (*trace_parent() != '\0')
		buf_printf(out, "traceparent: %s\r\n", trace_parent());
	if (token != NULL)
		buf_printf(out, "Authorization: Bearer %s\r\n", token);
	if (call->body != NULL)
		buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(call->body));
	else if (strcmp(call->method, "GET") != 0)
		buf_text(out, "Content-Length: 0\r\n");
	buf_text(out, "\r\n");
	if (call->body != NULL)
		buf_text(out, call->body);
}

static enum http_outcome perform(struct caller *caller, const struct call *call, struct http_answer *answer)
{
	int own = call->deadline_ms > 0 ? call->deadline_ms : caller->options->deadline_ms;
	int deadline_ms = (int)(deadline_within(own) - clock_monotonic_ms());

	write_request(&caller->request, call, caller->options->token, deadline_ms);
	return http_ask(caller->http, caller->request.data, caller->request.len, deadline_ms, answer);
}

/* Whether what was asked may have been done, though no success came back. */
static bool may_have_run(enum http_outcome outcome, int status)
{
	return outcome == HTTP_LOST || (outcome == HTTP_ANSWERED && (status == 500 || status == 502 || status == 504));
}

/* A 503 with this code is another service's own unknown. */
static bool says_unknown(const struct http_answer *answer)
{
	const char *codigo = problem_info(PROBLEM_RESULTADO_DESCONHECIDO)->codigo;

	return answer->body != NULL && strstr(answer->body, codigo) != NULL;
}

enum problem caller_call(struct caller *caller, const struct call *call, struct arena *arena,
                         struct call_answer *answer)
{
	struct http_answer heard;
	bool reads = strcmp(call->method, "GET") == 0;

	*answer = (struct call_answer){0};
	if (!deadline_allows(!reads))
		return PROBLEM_SERVICO_INDISPONIVEL;
	if (!reads)
		crash_point("http", call->path, "antes");
	int64_t begun = slow_begin();
	enum http_outcome outcome = perform(caller, call, &heard);
	slow_end(SLOW_CALLS, begun, NULL, 0);
	if (!reads)
		crash_point("http", call->path, "depois");

	if (outcome == HTTP_ANSWERED)
		*answer = (struct call_answer){heard.status, arena_copy(arena, heard.body, heard.len), heard.len};
	if (outcome == HTTP_ANSWERED && heard.status < 500)
		return PROBLEM_NONE;
	log_event(LOG_LEVEL_ERRO, "call_failed", "method=%s status=%d erro=%s", call->method, heard.status,
	          log_quote(heard.error == NULL ? "" : heard.error));
	if (!reads && (may_have_run(outcome, heard.status) || says_unknown(&heard)))
		return PROBLEM_RESULTADO_DESCONHECIDO;
	return PROBLEM_SERVICO_INDISPONIVEL;
}

/* The success envelope: a struct whose one member is what `data` is read into. */
enum problem call_data(const struct call_answer *answer, const struct json_schema *schema, struct arena *arena,
                       void *out)
{
	const struct rule data[] = {
	    {"data", FIELD_OBJECT, 0, true, .rules = schema->rules, .rule_count = schema->count}};
	const struct json_schema envelope = {data, 1, true};
	struct complaints complaints;

	complaints_init(&complaints, arena);
	if (json_read(answer->body, answer->len, &envelope, out, NULL, &complaints) == PROBLEM_NONE)
		return PROBLEM_NONE;
	const char *campo = complaints.first == NULL ? "" : complaints.first->campo;
	log_event(LOG_LEVEL_ERRO, "call_misunderstood", "status=%d campo=%s", answer->status, log_quote(campo));
	return PROBLEM_INTERNO;
}

struct detalhe {
	const char *campo;
	const char *erro;
};

struct problem_body {
	const char *codigo;
	const char *detail;
	struct field_array detalhes;
};

static const struct rule detalhe_rules[] = {
    {"campo", FIELD_TEXT, offsetof(struct detalhe, campo), true, .max = 500},
    {"erro", FIELD_TEXT, offsetof(struct detalhe, erro), true, .max = 500},
};

static const struct rule problem_rules[] = {
    {"codigo", FIELD_TEXT, offsetof(struct problem_body, codigo), true, .max = 100},
    {"detail", FIELD_TEXT, offsetof(struct problem_body, detail), true, .max = 2000},
    {"detalhes", FIELD_ARRAY, offsetof(struct problem_body, detalhes), .max = 1000, .rules = detalhe_rules,
     .rule_count = FIELD_COUNT(detalhe_rules), .size = sizeof(struct detalhe)},
};

enum problem call_problem(const struct call_answer *answer, struct response *rs)
{
	const struct json_schema schema = {problem_rules, FIELD_COUNT(problem_rules), true};
	struct problem_body body = {0};
	struct complaints ignored;

	complaints_init(&ignored, rs->complaints.arena);
	enum problem problem = json_read(answer->body, answer->len, &schema, &body, NULL, &ignored);
	if (problem == PROBLEM_NONE)
		problem = problem_by_codigo(body.codigo);
	else
		problem = PROBLEM_NONE;
	if (problem == PROBLEM_NONE) {
		log_event(LOG_LEVEL_ERRO, "call_misunderstood", "status=%d", answer->status);
		return PROBLEM_INTERNO;
	}
	const struct detalhe *detalhes = body.detalhes.items;
	for (size_t i = 0; i < body.detalhes.count; i++)
		complain(&rs->complaints, detalhes[i].campo, "%s", detalhes[i].erro);
	return response_problem(rs, problem, "%s", body.detail);
}
