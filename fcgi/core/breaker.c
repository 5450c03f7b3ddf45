/* Counts attempts that ran out of time, and says how long the next may take. */
#include "core/breaker.h"

#include "core/clock.h"

#define FAILURES_MAX 2 /* in a row: the first may be one connection's bad luck */
#define SLACK_MS     5 /* the clock is read more than once */

/*
 * How long each probe waits for its turn, and for its answer; the last is repeated. Short at first, for the pool as a whole must
 * hardly feel the probes of all its workers; longer then, since on a machine that is very busy opening a connection takes long.
 * Timeouts are for a deadline of DEADLINE_MS; a longer one, set for a slower machine, gives the probes more time too.
 */
static const struct {
	int pause_ms;
	int timeout_ms;
} probes[] = {{1000, 100}, {1000, 200}, {2000, 300}};

#define LAST_PROBE  ((int)(sizeof(probes) / sizeof(probes[0])) - 1)
#define DEADLINE_MS 1500

static int open_breakers;

int breaker_begin(struct breaker *breaker, int deadline_ms)
{
	int probe = breaker->failures - FAILURES_MAX;

	breaker->began = clock_monotonic_ms();
	breaker->patience = deadline_ms;
	if (deadline_ms <= 0)
		return 0;
	if (probe < 0)
		return deadline_ms;
	if (breaker->began < breaker->ended + probes[probe].pause_ms)
		return 0;
	int timeout_ms = probes[probe].timeout_ms;
	if (deadline_ms > DEADLINE_MS)
		timeout_ms = (int)((int64_t)timeout_ms * deadline_ms / DEADLINE_MS);
	if (timeout_ms < deadline_ms)
		breaker->patience = timeout_ms;
	return breaker->patience;
}

void breaker_end(struct breaker *breaker, bool answered)
{
	int64_t now = clock_monotonic_ms();

	if (answered) {
		open_breakers -= breaker->failures >= FAILURES_MAX;
		breaker->failures = 0;
	} else if (breaker->patience >= probes[0].timeout_ms && now + SLACK_MS >= breaker->began + breaker->patience) {
		breaker->ended = now;
		if (breaker->failures < FAILURES_MAX + LAST_PROBE)
			open_breakers += ++breaker->failures == FAILURES_MAX;
	}
}

int breakers_open(void)
{
	return open_breakers;
}
