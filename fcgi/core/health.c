/* Health: what is asked of the stores and the other services, and the shape of the answer. */
#include "core/health.h"

#include "core/clock.h"
#include "core/kv.h"
#include "core/program.h"
#include "core/scoreboard.h"
#include "core/version.h"

static const char *const words[] = {"healthy", "degraded", "unhealthy"};

enum problem health_ask(const struct request *rq, const char *path, struct call_answer *answer)
{
	/* Longer than the other service waits for its stores. */
	const struct call call = {"GET", path, NULL, rq->id, program_settings()->prazo_saude_ms * 5 / 4};

	return caller_call(rq->stores->caller, &call, rq->arena, answer);
}

enum health health_of_kv(const struct request *rq, size_t script, const char *key, struct kv_reply *reply)
{
	const struct kv_call call = {.script = script, .keys = &key, .key_count = 1};

	return kv_probe(rq->stores->kv, &call, program_settings()->prazo_saude_ms, rq->arena, reply) == PROBLEM_NONE
	           ? HEALTH_HEALTHY
	           : HEALTH_UNHEALTHY;
}

const char *health_word(enum health state)
{
	return words[state];
}

struct json_out *health_open(struct response *rs, const char *service, const struct health_line *lines, size_t count)
{
	enum health worst = HEALTH_HEALTHY;

	for (size_t i = 0; i < count; i++)
		worst = lines[i].state > worst ? lines[i].state : worst;
	struct json_out *out = response_bare(rs, worst == HEALTH_UNHEALTHY ? 503 : 200);
	json_object(out, NULL);
	json_text(out, "status", words[worst]);
	json_text(out, "service", service);
	json_time(out, "timestamp", clock_now());
	json_text(out, "version", version_number);
	json_text(out, "commit", version_commit);
	for (size_t i = 0; i < count; i++)
		json_text(out, lines[i].name, words[lines[i].state]);
	return out;
}

void health_workforce(struct json_out *out)
{
	struct workforce force;

	if (!scoreboard_count(&force)) {
		json_null(out, "trabalhadores");
		return;
	}
	json_object(out, "trabalhadores");
	json_int(out, "total", force.total);
	json_int(out, "ocupados", force.busy);
	json_object_end(out);
}

struct json_out *health_report(struct response *rs, enum health state)
{
	struct json_out *out = response_open(rs, 200);

	json_object(out, NULL);
	json_text(out, "status", words[state]);
	health_workforce(out);
	return out;
}
