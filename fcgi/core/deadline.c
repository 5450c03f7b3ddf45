/* One request's deadline, kept for the stores. */
#include "core/deadline.h"

#include <stddef.h>

#include "core/clock.h"
#include "core/log.h"

#define LEAST_MS 20 /* no store answers in less on a busy machine; what is sent and not waited for would be unknown */

static struct {
	int64_t deadline;
	bool (*abandoned)(void *context);
	void *context;
} request;

void deadline_begin(int64_t deadline, bool (*abandoned)(void *context), void *context)
{
	request.deadline = deadline;
	request.abandoned = abandoned;
	request.context = context;
}

void deadline_end(void)
{
	deadline_begin(0, NULL, NULL);
}

int64_t deadline_within(int64_t milliseconds)
{
	int64_t end = clock_monotonic_ms() + milliseconds;

	return request.deadline != 0 && request.deadline < end ? request.deadline : end;
}

bool deadline_allows(bool effects)
{
	const char *reason = NULL;

	if (request.deadline != 0 && request.deadline - clock_monotonic_ms() < LEAST_MS)
		reason = "deadline";
	else if (effects && request.abandoned != NULL && request.abandoned(request.context))
		reason = "client_gone";
	if (reason != NULL)
		log_event(LOG_LEVEL_AVISO, "step_skipped", "reason=%s", reason);
	return reason == NULL;
}
