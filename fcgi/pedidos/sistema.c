/*
 * The state of the whole system, for people who watch it: each pool, its store, what orders are still owed. The other services are asked
 * one after the other, each for the time of a health check: with all of them frozen that is a little more than half of a request's time.
 * The metrics (fcgi/saude) ask for this pool's own part.
 */
#include <string.h>

#include "core/clock.h"
#include "core/health.h"
#include "core/json.h"
#include "core/report.h"
#include "core/scoreboard.h"
#include "pedidos/pedidos.h"

/* A pool, as it said. */
struct servico {
	const char *nome;
	struct report report;
};

static struct servico ask(const struct request *rq, const char *nome, const char *path)
{
	struct servico servico = {.nome = nome};
	struct call_answer answer;

	report_ask(rq, path, &servico.report, &answer);
	return servico;
}

/* The pool that this worker is of. Its database may be away: what it says of that is what it found. */
static struct servico own(struct request *rq)
{
	struct servico servico = {"pedidos", report_unknown()};
	struct report *report = &servico.report;
	struct workforce force;
	struct sql_rows rows;
	bool up = sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) == PROBLEM_NONE && rows.count == 1;

	report->status = health_word(up && sql_bool(&rows, 0, 0) ? HEALTH_HEALTHY : HEALTH_UNHEALTHY);
	report->postgres.status = report->status;
	if (up) {
		report->postgres.role = report_roles[sql_bool(&rows, 0, 1) ? 1 : 0];
		report->postgres.server = sql_text(&rows, 0, 2);
	}
	if (scoreboard_count(&force)) {
		report->workers.total = force.total;
		report->workers.busy = force.busy;
	}
	return servico;
}

static void number(struct json_out *out, const char *name, int64_t value)
{
	if (value < 0)
		json_null(out, name);
	else
		json_int(out, name, value);
}

static void stores_write(struct json_out *out, const struct report *report)
{
	json_array(out, "dependencias");
	if (report->postgres.status != NULL) {
		json_object(out, NULL);
		json_text(out, "nome", "postgres");
		json_text(out, "status", report->postgres.status);
		json_text(out, "papel", report->postgres.role);
		json_text(out, "servidor", report->postgres.server);
		number(out, "atraso_bytes", report->postgres.lag_bytes);
		number(out, "atraso_segundos", report->postgres.lag_seconds);
		json_object_end(out);
	}
	if (report->redis.status != NULL) {
		json_object(out, NULL);
		json_text(out, "nome", "redis");
		json_text(out, "status", report->redis.status);
		number(out, "memoria_bytes", report->redis.memory_bytes);
		number(out, "chaves", report->redis.keys);
		json_object_end(out);
	}
	json_array_end(out);
}

static void servico_write(struct json_out *out, const struct servico *servico)
{
	const struct report *report = &servico->report;

	json_object(out, NULL);
	json_text(out, "nome", servico->nome);
	json_text(out, "status", report->status);
	if (report->workers.total < 0) {
		json_null(out, "trabalhadores");
	} else {
		json_object(out, "trabalhadores");
		json_int(out, "total", report->workers.total);
		json_int(out, "ocupados", report->workers.busy);
		json_object_end(out);
	}
	stores_write(out, report);
	json_object_end(out);
}

/* A member of `pendencias`, a column each; `interno`: not of the public answer. */
struct pendencia {
	const char *nome;
	bool interno;
};

static const struct pendencia pendencias[] = {
    {"inacabados", false},          {"parados", false},         {"eventos_por_publicar", false},
    {"inacabado_segundos", true},   {"reservas_paradas", true}, {"eventos_segundos", true},
    {"conciliador_segundos", true},
};

/* What orders and events are still owed; null when the database does not say, which is not asked again when it was silent just now. */
static void pendencias_write(struct request *rq, struct json_out *out, bool answers, bool interno)
{
	struct sql_rows rows;

	if (!answers || sql_run(rq->stores->db, SQL_PENDENCIAS, NULL, rq->arena, &rows) != PROBLEM_NONE ||
	    rows.count != 1) {
		json_null(out, "pendencias");
		return;
	}
	json_object(out, "pendencias");
	for (size_t i = 0; i < FIELD_COUNT(pendencias); i++)
		if (interno || !pendencias[i].interno)
			json_int(out, pendencias[i].nome, sql_int(&rows, 0, i));
	json_object_end(out);
}

static bool is(const struct servico *servico, enum health state)
{
	return strcmp(servico->report.status, health_word(state)) == 0;
}

/* As /health of the front door: the shop sells without its replica, with less to fall back on. */
static enum health whole(const struct servico *servicos, size_t count, const struct servico *replica)
{
	enum health worst = HEALTH_HEALTHY;

	for (const struct servico *servico = servicos; servico < servicos + count; servico++) {
		if (!is(servico, HEALTH_HEALTHY) && worst == HEALTH_HEALTHY)
			worst = HEALTH_DEGRADED;
		if (is(servico, HEALTH_UNHEALTHY) && servico != replica)
			worst = HEALTH_UNHEALTHY;
	}
	return worst;
}

enum problem sistema(struct request *rq, struct response *rs)
{
	if (request_no_query(rq, rs) != PROBLEM_NONE)
		return PROBLEM_PARAMETRO_INVALIDO;
	const struct servico servicos[] = {
	    ask(rq, "catalogo", "/interno/sistema/catalogo"),
	    ask(rq, "catalogo-replica", "/interno/sistema/replica"),
	    ask(rq, "carrinho", "/interno/sistema/carrinho"),
	    own(rq),
	};
	struct json_out *out = response_open(rs, 200);

	json_object(out, NULL);
	json_text(out, "status", health_word(whole(servicos, FIELD_COUNT(servicos), &servicos[1])));
	json_time(out, "em", clock_now());
	json_array(out, "servicos");
	for (size_t i = 0; i < FIELD_COUNT(servicos); i++)
		servico_write(out, &servicos[i]);
	json_array_end(out);
	pendencias_write(rq, out, servicos[3].report.postgres.role != NULL, false);
	json_object_end(out);
	return PROBLEM_NONE;
}

enum problem sistema_proprio(struct request *rq, struct response *rs)
{
	const struct servico servico = own(rq);
	const struct report *report = &servico.report;
	struct json_out *out = health_report(rs, is(&servico, HEALTH_HEALTHY) ? HEALTH_HEALTHY : HEALTH_UNHEALTHY);

	json_object(out, "postgres");
	json_text(out, "status", report->status);
	if (report->postgres.role != NULL) {
		json_text(out, "papel", report->postgres.role);
		json_text(out, "servidor", report->postgres.server);
	}
	json_object_end(out);
	pendencias_write(rq, out, report->postgres.role != NULL, true);
	json_object_end(out);
	return PROBLEM_NONE;
}
