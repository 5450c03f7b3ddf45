/* The functions that --wrap puts in the place of real ones. */
#include "fake_clock.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "fake_server.h"

#define SLICE_MS 2 /* of real waiting, between two looks whether the server has fallen silent */

/* Names that the linker gives: __wrap_f is called for f, __real_f is f. */
// NOLINTBEGIN(bugprone-reserved-identifier)
int __real_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_clock_gettime(clockid_t id, struct timespec *out);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __wrap_usleep(useconds_t microseconds);
int __wrap_redisSetTimeout(redisContext *context, struct timeval timeout);
void *__wrap_redisCommandArgv(redisContext *context, int argc, const char **argv, const size_t *lengths);

static int64_t now_us = 1000000;
static int64_t real_us; /* 0: as it is */
static int64_t cost_ms;

void fake_clock_advance_ms(int64_t milliseconds)
{
	now_us += milliseconds * 1000;
}

void fake_clock_set_now(int64_t microseconds)
{
	real_us = microseconds;
}

void fake_clock_set_cost_ms(int64_t milliseconds)
{
	cost_ms = milliseconds;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	if (id == CLOCK_REALTIME && real_us != 0) {
		*out = (struct timespec){real_us / 1000000, real_us % 1000000 * 1000};
		return 0;
	}
	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, out);
	*out = (struct timespec){now_us / 1000000, now_us % 1000000 * 1000};
	return 0;
}

int __wrap_usleep(useconds_t microseconds)
{
	now_us += microseconds;
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (timeout == 0)
		return __real_poll(fds, count, 0);
	for (;;) {
		/* Asked first: what the server wrote before it fell silent is there to be read. */
		bool silent = fake_server_silent(fds[0].fd);
		int ready = __real_poll(fds, count, silent ? 0 : SLICE_MS);
		if (ready != 0) {
			fake_clock_advance_ms(cost_ms);
			return ready;
		}
		if (silent) {
			fake_clock_advance_ms(timeout);
			return 0;
		}
	}
}

/* What poll() is with _FORTIFY_SOURCE, for some compilers. */
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return __wrap_poll(fds, count, timeout);
}

static int redis_timeout_ms;

int __wrap_redisSetTimeout(redisContext *context, struct timeval timeout)
{
	(void)context;
	redis_timeout_ms = (int)(timeout.tv_sec * 1000 + timeout.tv_usec / 1000);
	return REDIS_OK;
}

/* As hiredis does it, but that it waits in poll(), not in recv(), which knows nothing of this clock. */
void *__wrap_redisCommandArgv(redisContext *context, int argc, const char **argv, const size_t *lengths)
{
	struct pollfd descriptor = {.fd = context->fd, .events = POLLIN};
	void *reply = NULL;
	int written = 0;

	if (redisAppendCommandArgv(context, argc, argv, lengths) != REDIS_OK)
		return NULL;
	while (!written)
		if (redisBufferWrite(context, &written) != REDIS_OK)
			return NULL;
	if (__wrap_poll(&descriptor, 1, redis_timeout_ms) == 0) {
		context->err = REDIS_ERR_IO;
		snprintf(context->errstr, sizeof(context->errstr), "timed out");
		return NULL;
	}
	return redisGetReply(context, &reply) == REDIS_OK ? reply : NULL;
}
// NOLINTEND(bugprone-reserved-identifier)
