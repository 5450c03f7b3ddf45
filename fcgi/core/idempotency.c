/* The key of a call that may be repeated, and the digest that tells a repeat from another call. */
#include "core/idempotency.h"

#include <sha2.h>
#include <string.h>

static bool key_valid(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] < ' ' || key[i] > '~')
			return false;
	return len >= 1 && len <= IDEMPOTENCY_KEY_MAX;
}

/* Method and address cannot hold a line feed, so no two different calls are the same bytes. */
static const char *call_digest(struct request *rq)
{
	const char *method = request_header(rq, "REQUEST_METHOD");
	const char *uri = request_header(rq, "REQUEST_URI");
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)method, strlen(method));
	SHA256Update(&sha, (const uint8_t *)"\n", 1);
	SHA256Update(&sha, (const uint8_t *)uri, strlen(uri));
	SHA256Update(&sha, (const uint8_t *)"\n", 1);
	SHA256Update(&sha, (const uint8_t *)rq->body, rq->body_len);
	SHA256End(&sha, hex);
	return arena_copy(rq->arena, hex, strlen(hex));
}

enum problem idempotency_read(struct request *rq, struct response *rs, struct idempotency *out)
{
	const char *key = request_header(rq, "HTTP_IDEMPOTENCY_KEY");

	*out = (struct idempotency){0};
	if (key == NULL)
		return PROBLEM_NONE;
	if (!key_valid(key)) {
		complain(&rs->complaints, "Idempotency-Key", "deve ter de 1 a %d caracteres ASCII imprimíveis",
		         IDEMPOTENCY_KEY_MAX);
		return response_problem(rs, PROBLEM_PARAMETRO_INVALIDO,
		                        "O cabeçalho Idempotency-Key deve ter de 1 a %d caracteres ASCII imprimíveis.",
		                        IDEMPOTENCY_KEY_MAX);
	}
	*out = (struct idempotency){.key = key, .digest = call_digest(rq)};
	return PROBLEM_NONE;
}

void idempotency_replayed(struct response *rs)
{
	response_header(rs, "Idempotency-Replayed", "true");
}
