/* The slow log: statements and requests that took long, and what they waited for. */
#include "core/slow.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"

static int64_t threshold_us;
static int64_t waited_us[SLOW_WAITS]; /* of the request in hand */

void slow_open(int threshold_ms)
{
	threshold_us = INT64_C(1000) * threshold_ms;
}

int64_t slow_begin(void)
{
	return clock_monotonic_us();
}

static bool is_slow(int64_t us)
{
	return threshold_us > 0 && us >= threshold_us;
}

void slow_end(enum slow_wait wait, int64_t begun, const char *statement, int rows)
{
	int64_t us = clock_monotonic_us() - begun;

	waited_us[wait] += us;
	if (statement != NULL && is_slow(us))
		log_event(LOG_LEVEL_AVISO, "slow_statement", "store=%s statement=%s us=%" PRId64 " rows=%d",
		          wait == SLOW_SQL ? "postgres" : "redis", statement, us, rows);
}

void slow_request_end(const struct slow_request *request)
{
	if (is_slow(request->us + request->queue_ms * 1000))
		log_event(LOG_LEVEL_AVISO, "slow_request",
		          "method=%s rota=%s status=%d us=%" PRId64 " queue_ms=%" PRId64 " sql_us=%" PRId64
		          " redis_us=%" PRId64 " calls_us=%" PRId64,
		          request->method, request->route, request->status, request->us, request->queue_ms,
		          waited_us[SLOW_SQL], waited_us[SLOW_REDIS], waited_us[SLOW_CALLS]);
	memset(waited_us, 0, sizeof(waited_us));
}
