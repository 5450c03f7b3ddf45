/*
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a call that adds or takes is done once, however often it is sent
 * with the same key. Core reads the key and makes the digest of the call; each store writes both down together with the effect,
 * under the key's owner, and finds them again: the same call is answered as the first time, another one is
 * PROBLEM_CHAVE_REUTILIZADA. A call that was refused changed nothing, so its key stays free.
 */
#ifndef CORE_IDEMPOTENCY_H
#define CORE_IDEMPOTENCY_H

#include "core/request.h"
#include "core/response.h"

#define IDEMPOTENCY_KEY_MAX 255

struct idempotency {
	const char *key;    /* NULL: the call came without one */
	const char *digest; /* lower-case hex SHA-256 of method, path, query and body; NULL without a key */
};

/*
 * Reads the header; call it after request_body(), whose bytes are part of the digest. PROBLEM_PARAMETRO_INVALIDO when the key is
 * empty, longer than IDEMPOTENCY_KEY_MAX or not printable ASCII.
 */
enum problem idempotency_read(struct request *rq, struct response *rs, struct idempotency *out);

/* Says that the answer is the one that was given the first time: `Idempotency-Replayed: true`. */
void idempotency_replayed(struct response *rs);

#endif
