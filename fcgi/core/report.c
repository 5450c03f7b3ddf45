/* Reads another pool's report by a table of rules. */
#include "core/report.h"

#include "core/health.h"
#include "core/scoreboard.h"

#define UNKNOWN    (-1)
#define SERVER_MAX 63 /* PostgreSQL's names are no longer */

const char *const report_roles[] = {"primario", "replica", NULL};
static const char *const states[] = {"healthy", "degraded", "unhealthy", NULL};

static const struct rule workers_rules[] = {
    {"total", FIELD_INT, offsetof(struct report, workers.total), true, .min = 1, .max = SCOREBOARD_WORKERS},
    {"ocupados", FIELD_INT, offsetof(struct report, workers.busy), true, .max = SCOREBOARD_WORKERS},
};
static const struct rule postgres_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct report, postgres.status), true, .max = 10, .allowed = states},
    {"papel", FIELD_TEXT, offsetof(struct report, postgres.role), .max = 10, .allowed = report_roles},
    {"servidor", FIELD_TEXT, offsetof(struct report, postgres.server), .max = SERVER_MAX},
    {"ouve", FIELD_BOOL, offsetof(struct report, postgres.streaming)},
    {"atraso_bytes", FIELD_INT, offsetof(struct report, postgres.lag_bytes), .max = INT64_MAX},
    {"atraso_segundos", FIELD_INT, offsetof(struct report, postgres.lag_seconds), .max = INT64_MAX},
};
static const struct rule redis_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct report, redis.status), true, .max = 10, .allowed = states},
    {"memoria_bytes", FIELD_INT, offsetof(struct report, redis.memory_bytes), .max = INT64_MAX},
    {"chaves", FIELD_INT, offsetof(struct report, redis.keys), .max = INT64_MAX},
};

/* The inner rules know their places in the whole struct, so each object begins where that does. */
static const struct rule report_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct report, status), true, .max = 10, .allowed = states},
    {"trabalhadores", FIELD_OBJECT, 0, .rules = workers_rules, .rule_count = FIELD_COUNT(workers_rules)},
    {"postgres", FIELD_OBJECT, 0, .rules = postgres_rules, .rule_count = FIELD_COUNT(postgres_rules)},
    {"redis", FIELD_OBJECT, 0, .rules = redis_rules, .rule_count = FIELD_COUNT(redis_rules)},
};
static const struct json_schema report_schema = {report_rules, FIELD_COUNT(report_rules), true};

struct report report_unknown(void)
{
	return (struct report){
	    .status = health_word(HEALTH_UNHEALTHY),
	    .workers = {UNKNOWN, UNKNOWN},
	    .postgres = {.lag_bytes = UNKNOWN, .lag_seconds = UNKNOWN},
	    .redis = {.memory_bytes = UNKNOWN, .keys = UNKNOWN},
	};
}

bool report_ask(const struct request *rq, const char *path, struct report *report, struct call_answer *answer)
{
	*report = report_unknown();
	if (health_ask(rq, path, answer) == PROBLEM_NONE && answer->status == 200 &&
	    call_data(answer, &report_schema, rq->arena, report) == PROBLEM_NONE)
		return true;
	*report = report_unknown();
	return false;
}
