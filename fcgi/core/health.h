/*
 * GET /health, the same shape for every service: a line a dependency, unhealthy when one is missing. Cheap enough to be asked
 * every second: one small question a dependency, none waited for longer than half a second (prazo_saude_ms).
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stddef.h>

#include "core/request.h"
#include "core/response.h"

enum health { HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY };

struct health_line {
	const char *name; /* postgres, redis, catalogo */
	enum health state;
};

/* Asks another service's health through the internal listener, e.g. "/health/catalogo", for a quarter longer than prazo_saude_ms. */
enum health health_of_service(const struct request *rq, const char *path);

/* Has Redis run a script that writes to `key` (kv_probe()), for at most prazo_saude_ms. */
enum health health_of_kv(const struct request *rq, size_t script, const char *key);

/*
 * Begins the answer (200, or 503 when the worst line is unhealthy): status, service, timestamp, the lines. More members may be
 * written to what it returns, then json_object_end().
 */
struct json_out *health_open(struct response *rs, const char *service, const struct health_line *lines, size_t count);

#endif
