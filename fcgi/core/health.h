/*
 * GET /health, the same shape for every service: a line a dependency, unhealthy when one is missing. Cheap enough to be asked
 * every second: one small question a dependency, none waited for longer than half a second (prazo_saude_ms).
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stddef.h>

#include "core/call.h"
#include "core/kv.h"
#include "core/request.h"
#include "core/response.h"

enum health { HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY };

struct health_line {
	const char *name; /* postgres, redis, catalogo */
	enum health state;
};

/*
 * Asks another service something that takes it no longer than prazo_saude_ms, e.g. /health/catalogo or a health_report(), through the
 * internal listener; waits for a quarter longer.
 * Problems as caller_call().
 */
enum problem health_ask(const struct request *rq, const char *path, struct call_answer *answer);

/* Has Redis run a script that writes to `key` (kv_probe()), for at most prazo_saude_ms. `*reply` is the script's. */
enum health health_of_kv(const struct request *rq, size_t script, const char *key, struct kv_reply *reply);

/* healthy, degraded, unhealthy */
const char *health_word(enum health state);

/*
 * Begins the answer (200, or 503 when the worst line is unhealthy): status, service, timestamp, version, commit, the lines. More
 * members may be written to what it returns, then json_object_end().
 */
struct json_out *health_open(struct response *rs, const char *service, const struct health_line *lines, size_t count);

/*
 * Begins what a service tells the others of itself and of its own stores only, so that it answers in the time of one store: 200 in
 * any case, in `data` its status and `trabalhadores`. A member a store may be written to what it returns, then json_object_end().
 */
struct json_out *health_report(struct response *rs, enum health state);

/* The pool that this worker is of, as the member `trabalhadores`; null when it cannot be counted (core/scoreboard.h). */
void health_workforce(struct json_out *out);

#endif
