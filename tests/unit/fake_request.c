/* Requests for tests, from memory. */
#include "fake_request.h"

#include <string.h>

static const char *variable(void *context, const char *name)
{
	const struct fake_request *fake = context;

	for (const char *const *at = fake->variables; *at != NULL; at += 2)
		if (strcmp(at[0], name) == 0)
			return at[1];
	return NULL;
}

static bool body(void *context, char *out, size_t len)
{
	const struct fake_request *fake = context;

	if (fake->body == NULL || strlen(fake->body) < len)
		return false;
	memcpy(out, fake->body, len);
	return true;
}

void fake_request(struct fake_request *fake, struct arena *arena, const struct stores *stores,
                  const char *const *variables, const char *text)
{
	*fake = (struct fake_request){.variables = variables, .body = text};
	fake->source = (struct request_source){variable, body, fake};
	fake->rq = (struct request){.arena = arena, .stores = stores, .source = &fake->source};
	response_reset(&fake->rs, arena);
}

void fake_request_end(struct fake_request *fake)
{
	buf_free(&fake->rs.headers);
	buf_free(&fake->rs.kept);
	buf_free(&fake->rs.members);
	buf_free(&fake->rs.body);
}
