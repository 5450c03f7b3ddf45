/* HTTP to another service by libcurl, over a kept connection to nginx's internal socket. */
#include "core/call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/response.h"

#define ANSWER_MAX ((size_t)2 * 1024 * 1024)

struct caller {
	const struct caller_options *options;
	CURL *curl;
	struct buf answer; /* of the call in hand */
	char *authorization;
};

struct caller *caller_open(const struct caller_options *options)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL || curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK ||
	    (caller->curl = curl_easy_init()) == NULL)
		out_of_memory();
	caller->options = options;
	if (options->token != NULL && asprintf(&caller->authorization, "Authorization: Bearer %s", options->token) < 0)
		out_of_memory();
	return caller;
}

void caller_close(struct caller *caller)
{
	curl_easy_cleanup(caller->curl);
	curl_global_cleanup();
	buf_free(&caller->answer);
	free(caller->authorization);
	free(caller);
}

/* Keeps what came; a short count tells libcurl to stop. */
static size_t keep(char *data, size_t size, size_t count, void *context)
{
	struct buf *answer = context;
	size_t len = size * count;

	if (len > ANSWER_MAX - answer->len)
		return 0;
	buf_append(answer, data, len);
	return len;
}

static struct curl_slist *headers_of(const struct caller *caller, const struct call *call, struct arena *arena)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

	if (call->request_id != NULL)
		headers = curl_slist_append(headers, arena_printf(arena, "X-Request-Id: %s", call->request_id));
	if (caller->authorization != NULL)
		headers = curl_slist_append(headers, caller->authorization);
	if (call->body != NULL)
		headers = curl_slist_append(headers, "Content-Type: application/json");
	return curl_slist_append(headers, "Expect:");
}

static CURLcode perform(struct caller *caller, const struct call *call, struct arena *arena)
{
	CURL *curl = caller->curl;
	long deadline = call->deadline_ms > 0 ? call->deadline_ms : caller->options->deadline_ms;
	struct curl_slist *headers = headers_of(caller, call, arena);

	curl_easy_reset(curl);
	buf_clear(&caller->answer);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, caller->options->socket);
	curl_easy_setopt(curl, CURLOPT_URL, arena_printf(arena, "http://interno%s", call->path));
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, deadline);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &caller->answer);
	if (call->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(call->body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	} else if (strcmp(call->method, "GET") != 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	}
	CURLcode code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	return code;
}

/* Whether the call may have reached the other side: only a connection that never stood is sure that it has not. */
static bool may_have_run(CURLcode code, int status)
{
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_OUT_OF_MEMORY)
		return false;
	return code != CURLE_OK || status == 500 || status == 502 || status == 504;
}

/* A 503 with this code is another service's own unknown. */
static bool says_unknown(const struct caller *caller)
{
	const char *codigo = problem_info(PROBLEM_RESULTADO_DESCONHECIDO)->codigo;

	return caller->answer.data != NULL && strstr(caller->answer.data, codigo) != NULL;
}

enum problem caller_call(struct caller *caller, const struct call *call, struct arena *arena,
                         struct call_answer *answer)
{
	long status = 0;
	bool reads = strcmp(call->method, "GET") == 0;

	if (!reads)
		crash_point("http", call->path, "antes");
	CURLcode code = perform(caller, call, arena);
	if (!reads)
		crash_point("http", call->path, "depois");

	curl_easy_getinfo(caller->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status > 0 && status < 500) {
		answer->status = (int)status;
		answer->len = caller->answer.len;
		answer->body = arena_copy(arena, caller->answer.data, caller->answer.len);
		return PROBLEM_NONE;
	}
	log_event(LOG_LEVEL_ERRO, "call_failed", "method=%s status=%ld erro=%s", call->method, status,
	          log_quote(code == CURLE_OK ? "" : curl_easy_strerror(code)));
	if (!reads && (may_have_run(code, (int)status) || says_unknown(caller)))
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
