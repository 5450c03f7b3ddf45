/*
 * What a pool reports of itself and of its stores (health_report(), core/health.h), as another service reads it through the internal
 * listener.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/call.h"
#include "core/request.h"

/* A store without a status is one that the pool does not have; a number below 0 and a text that is NULL are unknown. */
struct report {
	const char *status; /* a health_word(), also of the stores */
	struct {
		int64_t total;
		int64_t busy;
	} workers;
	struct {
		const char *status;
		const char *role;   /* report_roles */
		const char *server; /* its name */
		bool streaming;     /* a standby that hears from its primary */
		int64_t lag_bytes;
		int64_t lag_seconds;
	} postgres;
	struct {
		const char *status;
		int64_t memory_bytes;
		int64_t keys;
	} redis;
};

/* primario, replica, NULL */
extern const char *const report_roles[];

/* Of a pool that does not answer: unhealthy, and nothing else is known. */
struct report report_unknown(void);

/*
 * Asks a pool for its report, no longer than health_ask() does. False when there was none: *report is report_unknown() then. Else *answer has
 * what else is in it, for call_data().
 */
bool report_ask(const struct request *rq, const char *path, struct report *report, struct call_answer *answer);

#endif
