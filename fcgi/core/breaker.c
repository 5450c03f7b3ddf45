/* Counts attempts that ran out of time, and says how long the next may take. */
#include "core/breaker.h"

#include "core/clock.h"

#define FAILURES_MAX 2   /* in a row: the first may be one connection's bad luck */
#define PAUSE_MS     500 /* between probes */
#define SLACK_MS     5   /* the clock is read more than once */
#define PROBE_SHARE  3 /* a probe has this part of the deadline: enough to open a connection on a machine that is busy */

int breaker_begin(struct breaker *breaker, int deadline_ms)
{
	breaker->began = clock_monotonic_ms();
	breaker->patience = deadline_ms;
	if (breaker->failures < FAILURES_MAX)
		return deadline_ms;
	if (breaker->began < breaker->ended + PAUSE_MS)
		return 0;
	breaker->patience = deadline_ms < PROBE_SHARE ? 1 : deadline_ms / PROBE_SHARE;
	return breaker->patience;
}

void breaker_end(struct breaker *breaker, bool answered)
{
	int64_t now = clock_monotonic_ms();

	if (answered) {
		breaker->failures = 0;
	} else if (now + SLACK_MS >= breaker->began + breaker->patience) {
		breaker->ended = now;
		if (breaker->failures < FAILURES_MAX)
			breaker->failures++;
	}
}
