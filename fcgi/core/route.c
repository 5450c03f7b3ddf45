/* Dispatch: patterns against a path's segments, and what every route would otherwise have to say for itself. */
#include "core/route.h"

#include <string.h>

#include "core/condition.h"
#include "core/uuid.h"

#define HASH_DIGITS   64
#define EXTENSION_MAX 8

/* A file named by its content: SHA-256 in lower-case hexadecimal, a dot, an extension. */
static bool hash_valid(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");
	size_t rest = digits < HASH_DIGITS || name[HASH_DIGITS] != '.' ? 0 : strlen(name + HASH_DIGITS + 1);

	return rest > 0 && rest <= EXTENSION_MAX &&
	       strspn(name + HASH_DIGITS + 1, "abcdefghijklmnopqrstuvwxyz0123456789") == rest;
}

/* Whether one segment of a pattern, `len` bytes, fits; a placeholder takes the segment as the next argument. */
static bool segment_matches(const char *pattern, size_t len, const char *segment, struct request *rq, size_t *args)
{
	int64_t value;

	if (*pattern != '{')
		return strlen(segment) == len && memcmp(pattern, segment, len) == 0;
	if (*args == PATH_ARGS_MAX)
		return false;
	rq->args[(*args)++] = segment;
	if (strncmp(pattern, "{int}", len) == 0)
		return *segment >= '1' && *segment <= '9' && int_parse(segment, 1, INT32_MAX, &value);
	if (strncmp(pattern, "{hash}", len) == 0)
		return hash_valid(segment);
	return strncmp(pattern, "{uuid}", len) == 0 && uuid_valid(segment);
}

static bool route_matches(const struct route *route, struct request *rq)
{
	const char *at = route->pattern;
	size_t args = 0;

	for (size_t i = 0; i < rq->segment_count; i++) {
		if (*at != '/')
			return false;
		size_t len = strcspn(++at, "/");
		if (!segment_matches(at, len, rq->segments[i], rq, &args))
			return false;
		at += len;
	}
	return *at == '\0' && rq->segment_count > 0;
}

/* Allow: every method that some route has for this path, and OPTIONS, which nginx answers (methods() in problems.py says the same). */
static enum problem refuse_method(struct response *rs, unsigned allowed)
{
	static const struct {
		enum method method;
		const char *names;
	} methods[] = {{METHOD_GET, "GET, HEAD"},
	               {METHOD_POST, "POST"},
	               {METHOD_PUT, "PUT"},
	               {METHOD_PATCH, "PATCH"},
	               {METHOD_DELETE, "DELETE"}};
	char list[64] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!(allowed & methods[i].method))
			continue;
		size_t name_len = strlen(methods[i].names);
		memcpy(list + len, ", ", len == 0 ? 0 : 2);
		len += len == 0 ? 0 : 2;
		memcpy(list + len, methods[i].names, name_len + 1);
		len += name_len;
	}
	response_keep(rs, "Allow", "%s, OPTIONS", list);
	return PROBLEM_METODO_NAO_PERMITIDO;
}

/* An empty header is none, as for nginx's cache. */
static bool has_token(const struct request *rq)
{
	const char *authorization = request_header(rq, "HTTP_AUTHORIZATION");

	return authorization != NULL && *authorization != '\0';
}

static enum problem route_call(const struct route *route, struct request *rq, struct response *rs)
{
	rq->route = route->pattern;
	if (route->right != NULL) {
		enum problem problem = request_authorize(rq, route->right);
		if (problem != PROBLEM_NONE)
			return problem;
		rq->right = route->right;
	}
	if (rq->stores->read_only && route->method != METHOD_GET)
		return PROBLEM_SOMENTE_LEITURA;
	/* Where a write makes something new there is nothing yet that If-Match could name. */
	if (route->method != METHOD_GET && !route->tagged && !condition_met(rq, NULL))
		return PROBLEM_VERSAO_DIFERENTE;
	if (route->method != METHOD_GET && route->right != NULL && request_no_query(rq, rs) != PROBLEM_NONE)
		return PROBLEM_PARAMETRO_INVALIDO;
	rs->cacheable = route->cacheable && !has_token(rq);
	rs->immutable = route->immutable;
	rq->polled = route->polled;
	rq->body_max = route->body_max;
	return route->handle(rq, rs);
}

enum problem route_dispatch(const struct route *routes, size_t count, struct request *rq, struct response *rs)
{
	unsigned allowed = 0;

	for (const struct route *route = routes; route < routes + count; route++) {
		if (!route_matches(route, rq))
			continue;
		if (route->method == rq->method) {
			rq->route_number = (size_t)(route - routes) + 1;
			return route_call(route, rq, rs);
		}
		allowed |= route->method;
		rq->route = route->pattern;
	}
	return allowed == 0 ? PROBLEM_ROTA_NAO_ENCONTRADA : refuse_method(rs, allowed);
}
