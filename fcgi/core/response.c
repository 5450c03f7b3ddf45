/* The answer: the envelope, and the one place that turns a problem into HTTP. */
#include "core/response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/condition.h"
#include "core/ensure.h"
#include "core/request.h"

#define COMPLAINTS_MAX 100

void response_reset(struct response *rs, struct arena *arena)
{
	buf_clear(&rs->headers);
	buf_clear(&rs->kept);
	buf_clear(&rs->members);
	buf_clear(&rs->body);
	rs->status = 0;
	rs->envelope = false;
	rs->cacheable = false;
	rs->immutable = false;
	rs->type = NULL;
	rs->etag = NULL;
	rs->detail = NULL;
	rs->json = (struct json_out){.buf = &rs->body};
	rs->extension = (struct json_out){.buf = &rs->members};
	complaints_init(&rs->complaints, arena);
}

struct json_out *response_open(struct response *rs, int status)
{
	rs->status = status;
	rs->envelope = true;
	buf_text(&rs->body, "{\"success\":true,\"data\":");
	rs->json.comma = false;
	return &rs->json;
}

struct json_out *response_bare(struct response *rs, int status)
{
	rs->status = status;
	return &rs->json;
}

void response_bytes(struct response *rs, const char *type, const char *bytes, size_t len)
{
	rs->status = 200;
	rs->type = type;
	buf_append(&rs->body, bytes, len);
}

void response_empty(struct response *rs, int status)
{
	rs->status = status;
}

static void __attribute__((format(printf, 3, 0)))
header_write(struct buf *headers, const char *name, const char *format, va_list args)
{
	char value[1024];

	vsnprintf(value, sizeof(value), format, args);
	ensure(strpbrk(value, "\r\n") == NULL);
	buf_text(headers, name);
	buf_append(headers, ": ", 2);
	buf_text(headers, value);
	buf_append(headers, "\r\n", 2);
}

void response_header(struct response *rs, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	header_write(&rs->headers, name, format, args);
	va_end(args);
}

void response_keep(struct response *rs, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	header_write(&rs->kept, name, format, args);
	va_end(args);
}

struct json_out *response_extension(struct response *rs)
{
	return &rs->extension;
}

void response_etag(struct response *rs, const char *etag)
{
	rs->etag = etag;
}

enum problem response_problem(struct response *rs, enum problem problem, const char *format, ...)
{
	va_list args;

	/* Never cut: half a character at the end would spoil the accents of the whole text. */
	va_start(args, format);
	rs->detail = arena_vprintf(rs->complaints.arena, format, args);
	va_end(args);
	return problem;
}

/* A body may have ten thousand unknown fields: the answer names the first COMPLAINTS_MAX. */
static void write_complaints(struct json_out *out, const struct complaints *complaints)
{
	const struct complaint *complaint = complaints->first;

	if (complaint == NULL)
		return;
	json_array(out, "detalhes");
	for (int left = COMPLAINTS_MAX; complaint != NULL && left > 0; left--, complaint = complaint->next) {
		json_object(out, NULL);
		json_text(out, "campo", complaint->campo);
		json_text(out, "erro", complaint->erro);
		json_object_end(out);
	}
	json_array_end(out);
}

/* RFC 9457, and the old envelope in one. What the handler had written for a success is thrown away. */
static void write_problem(struct response *rs, const struct request *rq, enum problem problem)
{
	const struct problem_info *info = problem_info(problem);
	const char *detail = rs->detail != NULL ? rs->detail : info->detail;
	struct json_out *out = &rs->json;

	buf_clear(&rs->headers);
	buf_clear(&rs->body);
	rs->status = info->status;
	out->comma = false;
	json_object(out, NULL);
	json_bool(out, "success", false);
	json_text(out, "error", detail);
	json_text(out, "type", info->tipo);
	json_text(out, "title", info->title);
	json_int(out, "status", info->status);
	json_text(out, "detail", detail);
	json_text(out, "codigo", info->codigo);
	json_text(out, "request_id", rq->id);
	write_complaints(out, &rs->complaints);
	if (rs->members.len > 0)
		buf_printf(out->buf, ",%s", rs->members.data);
	json_object_end(out);
	if (info->retry_after > 0)
		response_header(rs, "Retry-After", "%d", info->retry_after);
	if (problem == PROBLEM_NAO_AUTENTICADO)
		response_header(rs, "WWW-Authenticate", "Bearer");
	response_header(rs, "Content-Type", "application/problem+json");
}

/* A read's tag, and what its conditions make of it. */
static enum problem judge_read(struct response *rs, const struct request *rq)
{
	if (rs->etag == NULL)
		rs->etag = condition_tag(rq->arena, rs->body.data, rs->body.len);
	if (!condition_if_match(rq, rs->etag))
		return PROBLEM_VERSAO_DIFERENTE;
	if (condition_if_none_match(rq, rs->etag)) {
		buf_clear(&rs->body);
		rs->status = 304;
	}
	return PROBLEM_NONE;
}

void response_finish(struct response *rs, const struct request *rq, enum problem problem)
{
	if (problem == PROBLEM_NONE && rs->envelope)
		buf_append(&rs->body, "}", 1);
	if (problem == PROBLEM_NONE && (rs->envelope || rs->type != NULL) && rs->status == 200 &&
	    rq->method == METHOD_GET)
		problem = judge_read(rs, rq);
	if (problem != PROBLEM_NONE)
		write_problem(rs, rq, problem);
	if (rs->kept.len > 0)
		buf_append(&rs->headers, rs->kept.data, rs->kept.len);
	if (problem != PROBLEM_NONE)
		return;
	if (rs->etag != NULL)
		response_header(rs, "ETag", "%s", rs->etag);
	if (rs->body.len > 0)
		response_header(rs, "Content-Type", "%s",
		                rs->type != NULL ? rs->type : "application/json; charset=utf-8");
}

/* The reason phrase (RFC 9110, section 15), which old clients print. */
static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {204, "No Content"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {409, "Conflict"},
	    {405, "Method Not Allowed"},
	    {412, "Precondition Failed"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {422, "Unprocessable Content"},
	    {429, "Too Many Requests"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < FIELD_COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Internal Server Error";
}

/* RFC 9111, section 5.2.2. Without it a shared cache may keep a 200, or a 404, by a rule of its own (section 4.2.2). */
static const char *cache_control(const struct response *rs)
{
	if (rs->status != 200 && rs->status != 304)
		return "no-store";
	if (rs->immutable)
		return "public, max-age=31536000, immutable"; /* RFC 8246 */
	return rs->cacheable ? "no-cache" : "no-store";
}

void response_render(const struct response *rs, const struct request *rq, struct buf *out)
{
	bool bodiless = rs->status == 304 || rs->status == 204;

	buf_printf(out, "Status: %d %s\r\n", rs->status, reason_of(rs->status));
	buf_append(out, rs->headers.data, rs->headers.len);
	buf_printf(out, "Cache-Control: %s\r\n", cache_control(rs));
	if (!bodiless)
		buf_printf(out, "Content-Length: %zu\r\n", rs->body.len);
	buf_append(out, "\r\n", 2);
	if (!bodiless && !rq->head)
		buf_append(out, rs->body.data, rs->body.len);
}
