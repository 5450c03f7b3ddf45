/* Conditional requests: lists of entity tags, compared with what is there. */
#include "core/condition.h"

#include <inttypes.h>
#include <string.h>

#include "core/hash.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether a list of tags holds one that is, or begins with, `etag`: the closing quote is part of it when it is whole. */
static bool listed(const char *list, const char *etag)
{
	size_t len = strlen(etag);
	bool whole = len > 1 && etag[len - 1] == '"';

	while (*list != '\0') {
		list += strspn(list, " \t,");
		list += strncmp(list, "W/", 2) == 0 ? 2 : 0;
		const char *quote = *list == '"' ? strchr(list + 1, '"') : NULL;
		const char *end = quote != NULL ? quote + 1 : list + strcspn(list, ",");
		size_t tag_len = (size_t)(end - list);
		if (quote != NULL && (whole ? tag_len == len : tag_len > len) && memcmp(list, etag, len) == 0 &&
		    strchr(" \t,", *end) != NULL)
			return true;
		list = end;
	}
	return false;
}

/* Whether a header's list holds the tag; `*` stands for whatever is there. */
static bool matches(const char *list, const char *etag)
{
	list += strspn(list, " \t");
	if (etag == NULL)
		return false;
	if (*list == '*') {
		for (list++; is_space(*list); list++)
			;
		return *list == '\0';
	}
	return listed(list, etag);
}

bool condition_if_match(const struct request *rq, const char *etag)
{
	const char *list = request_header(rq, "HTTP_IF_MATCH");

	return list == NULL || matches(list, etag);
}

bool condition_if_none_match(const struct request *rq, const char *etag)
{
	const char *list = request_header(rq, "HTTP_IF_NONE_MATCH");

	return list != NULL && matches(list, etag);
}

bool condition_given(const struct request *rq)
{
	return request_header(rq, "HTTP_IF_MATCH") != NULL || request_header(rq, "HTTP_IF_NONE_MATCH") != NULL;
}

bool condition_met(const struct request *rq, const char *etag)
{
	return condition_if_match(rq, etag) && !condition_if_none_match(rq, etag);
}

/* A hash of the bytes, and their number. */
const char *condition_tag(struct arena *arena, const char *data, size_t len)
{
	return arena_printf(arena, "\"%016" PRIx64 "-%zx\"", hash_bytes(data, len), len);
}
