/* Reads the scoreboards one after the other, and writes metric after metric, a sample a pool or a route in each. */
#include "saude/placares.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "saude/exposicao.h"

#define NO_ROUTE "none"

void placares_read(const char *own, struct placar *placares, size_t count)
{
	const char *slash = strrchr(own, '/');
	char path[PATH_MAX];

	for (size_t i = 0; i < count; i++) {
		int len = snprintf(path, sizeof(path), "%.*s/%s", slash == NULL ? 0 : (int)(slash - own), own,
		                   placares[i].pool);
		placares[i].known =
		    slash != NULL && (size_t)len < sizeof(path) && scoreboard_read(path, &placares[i].board);
	}
}

static void workers_write(struct buf *out, const struct placar *placares, size_t count)
{
	static const char name[] = "confeitaria_workers";

	exposicao_metric(out, name, "gauge", "Workers that live, by whether they have a request in hand.");
	for (const struct placar *placar = placares; placar < placares + count; placar++) {
		if (!placar->known)
			continue;
		exposicao_int(out, name, LABELS({"pool", placar->pool}, {"state", "busy"}), placar->board.busy);
		exposicao_int(out, name, LABELS({"pool", placar->pool}, {"state", "idle"}),
		              placar->board.workers - placar->board.busy);
	}
}

/* Counters that a pool has one of. */
static const struct counter {
	const char *name;
	const char *help;
	size_t offset; /* of a uint64_t in struct scoreboard */
} counters[] = {
    {"confeitaria_worker_starts_total", "Workers that began to serve, renewed ones too.",
     offsetof(struct scoreboard, starts)},
    {"confeitaria_worker_renewals_total", "Workers that began anew in the same process.",
     offsetof(struct scoreboard, renewals)},
    {"confeitaria_worker_deaths_total", "Workers that ended without being told to.",
     offsetof(struct scoreboard, deaths)},
};

static void counters_write(struct buf *out, const struct placar *placares, size_t count)
{
	static const char breakers[] = "confeitaria_breakers_open";

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		exposicao_metric(out, counters[i].name, "counter", counters[i].help);
		for (const struct placar *placar = placares; placar < placares + count; placar++) {
			uint64_t value;
			memcpy(&value, (const char *)&placar->board + counters[i].offset, sizeof(value));
			if (placar->known)
				exposicao_int(out, counters[i].name, LABELS({"pool", placar->pool}), (int64_t)value);
		}
	}
	exposicao_metric(out, breakers, "gauge",
	                 "Stores that workers have stopped waiting for, of all workers of the pool.");
	for (const struct placar *placar = placares; placar < placares + count; placar++)
		if (placar->known)
			exposicao_int(out, breakers, LABELS({"pool", placar->pool}), placar->board.breakers);
}

static const char *or_none(const char *text)
{
	return *text == '\0' ? NO_ROUTE : text;
}

/* The answers of a route, by status; those that there are. */
static void statuses_write(struct buf *out, const char *name, const char *pool, const struct scoreboard_route *route)
{
	char status[16];

	for (size_t i = 0; i < SCOREBOARD_STATUSES; i++) {
		if (route->statuses[i] == 0)
			continue;
		snprintf(status, sizeof(status), "%d", scoreboard_statuses[i]);
		exposicao_int(out, name,
		              LABELS({"pool", pool}, {"method", or_none(route->method)},
		                     {"route", or_none(route->pattern)},
		                     {"status", scoreboard_statuses[i] == 0 ? "other" : status}),
		              (int64_t)route->statuses[i]);
	}
}

static void durations_write(struct buf *out, const char *name, const char *pool, const struct scoreboard_route *route)
{
	const struct label plain[] = {
	    {"pool", pool}, {"method", or_none(route->method)}, {"route", or_none(route->pattern)}, {NULL, NULL}};
	int64_t all = (int64_t)route->buckets[SCOREBOARD_BUCKETS - 1];
	char series[64];

	if (all == 0)
		return;
	snprintf(series, sizeof(series), "%s_bucket", name);
	for (size_t i = 0; i < SCOREBOARD_BUCKETS; i++)
		exposicao_int(out, series, LABELS(plain[0], plain[1], plain[2], {"le", scoreboard_bounds[i]}),
		              (int64_t)route->buckets[i]);
	snprintf(series, sizeof(series), "%s_sum", name);
	exposicao_seconds(out, series, plain, (int64_t)route->microseconds);
	snprintf(series, sizeof(series), "%s_count", name);
	exposicao_int(out, series, plain, all);
}

/* Writes something of each route of each pool. */
static void routes_write(struct buf *out, const char *name, const struct placar *placares, size_t count,
                         void (*write)(struct buf *, const char *, const char *, const struct scoreboard_route *))
{
	for (const struct placar *placar = placares; placar < placares + count; placar++)
		for (size_t i = 0; placar->known && i < placar->board.route_count; i++)
			write(out, name, placar->pool, &placar->board.routes[i]);
}

void placares_write(struct buf *out, const struct placar *placares, size_t count)
{
	static const char requests[] = "confeitaria_requests_total";
	static const char durations[] = "confeitaria_request_duration_seconds";

	workers_write(out, placares, count);
	counters_write(out, placares, count);
	exposicao_metric(out, requests, "counter", "Requests that workers answered, by route and status.");
	routes_write(out, requests, placares, count, statuses_write);
	exposicao_metric(out, durations, "histogram", "How long workers took for them, without the time in the queue.");
	routes_write(out, durations, placares, count, durations_write);
}
