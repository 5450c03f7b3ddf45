/*
 * The state of the whole system, for people who watch it: each pool, its store, what orders are still owed. The other services are asked
 * one after the other, each for the time of a health check: with all of them frozen that is a little more than half of a request's time.
 */
#include <string.h>

#include "core/call.h"
#include "core/clock.h"
#include "core/health.h"
#include "core/json.h"
#include "core/program.h"
#include "core/scoreboard.h"
#include "pedidos/pedidos.h"

#define UNKNOWN (-1)

/* A pool, as it said. A store without a status is one that it does not have; a number below 0 and a text that is NULL are unknown. */
struct servico {
	const char *nome;
	const char *status;
	struct {
		int64_t total;
		int64_t ocupados;
	} trabalhadores;
	struct {
		const char *status;
		const char *papel;
		const char *servidor;
		int64_t atraso_bytes;
		int64_t atraso_segundos;
	} postgres;
	struct {
		const char *status;
		int64_t memoria_bytes;
		int64_t chaves;
	} redis;
};

static const char *const estados[] = {"healthy", "degraded", "unhealthy", NULL};
static const char *const papeis[] = {"primario", "replica", NULL};

#define SERVIDOR_MAX 63 /* PostgreSQL's names are no longer */

static const struct rule trabalhadores_rules[] = {
    {"total", FIELD_INT, offsetof(struct servico, trabalhadores.total), true, .min = 1, .max = SCOREBOARD_WORKERS},
    {"ocupados", FIELD_INT, offsetof(struct servico, trabalhadores.ocupados), true, .max = SCOREBOARD_WORKERS},
};
static const struct rule postgres_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct servico, postgres.status), true, .max = 10, .allowed = estados},
    {"papel", FIELD_TEXT, offsetof(struct servico, postgres.papel), .max = 10, .allowed = papeis},
    {"servidor", FIELD_TEXT, offsetof(struct servico, postgres.servidor), .max = SERVIDOR_MAX},
    {"atraso_bytes", FIELD_INT, offsetof(struct servico, postgres.atraso_bytes), .max = INT64_MAX},
    {"atraso_segundos", FIELD_INT, offsetof(struct servico, postgres.atraso_segundos), .max = INT64_MAX},
};
static const struct rule redis_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct servico, redis.status), true, .max = 10, .allowed = estados},
    {"memoria_bytes", FIELD_INT, offsetof(struct servico, redis.memoria_bytes), .max = INT64_MAX},
    {"chaves", FIELD_INT, offsetof(struct servico, redis.chaves), .max = INT64_MAX},
};

/* The inner rules know their places in the whole struct, so each object begins where that does. */
static const struct rule servico_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct servico, status), true, .max = 10, .allowed = estados},
    {"trabalhadores", FIELD_OBJECT, 0, .rules = trabalhadores_rules, .rule_count = FIELD_COUNT(trabalhadores_rules)},
    {"postgres", FIELD_OBJECT, 0, .rules = postgres_rules, .rule_count = FIELD_COUNT(postgres_rules)},
    {"redis", FIELD_OBJECT, 0, .rules = redis_rules, .rule_count = FIELD_COUNT(redis_rules)},
};
static const struct json_schema servico_schema = {servico_rules, FIELD_COUNT(servico_rules), true};

/* A pool of which nothing is known, which is what one is that does not answer. */
static struct servico silent(const char *nome)
{
	return (struct servico){
	    .nome = nome,
	    .status = health_word(HEALTH_UNHEALTHY),
	    .trabalhadores = {UNKNOWN, UNKNOWN},
	    .postgres = {.atraso_bytes = UNKNOWN, .atraso_segundos = UNKNOWN},
	    .redis = {.memoria_bytes = UNKNOWN, .chaves = UNKNOWN},
	};
}

static struct servico ask(const struct request *rq, const char *nome, const char *path)
{
	struct servico servico = silent(nome);
	struct call_answer answer;

	if (health_ask(rq, path, &answer) != PROBLEM_NONE || answer.status != 200 ||
	    call_data(&answer, &servico_schema, rq->arena, &servico) != PROBLEM_NONE)
		return silent(nome);
	return servico;
}

/* The pool that this worker is of. Its database may be away: what it says of that is what it found. */
static struct servico own(struct request *rq)
{
	struct servico servico = silent("pedidos");
	struct workforce force;
	struct sql_rows rows;
	bool up = sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) == PROBLEM_NONE && rows.count == 1;

	servico.status = health_word(up && sql_bool(&rows, 0, 0) ? HEALTH_HEALTHY : HEALTH_UNHEALTHY);
	servico.postgres.status = servico.status;
	if (up) {
		servico.postgres.papel = papeis[sql_bool(&rows, 0, 1) ? 1 : 0];
		servico.postgres.servidor = sql_text(&rows, 0, 2);
	}
	if (scoreboard_count(&force)) {
		servico.trabalhadores.total = force.total;
		servico.trabalhadores.ocupados = force.busy;
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

static void stores_write(struct json_out *out, const struct servico *servico)
{
	json_array(out, "dependencias");
	if (servico->postgres.status != NULL) {
		json_object(out, NULL);
		json_text(out, "nome", "postgres");
		json_text(out, "status", servico->postgres.status);
		json_text(out, "papel", servico->postgres.papel);
		json_text(out, "servidor", servico->postgres.servidor);
		number(out, "atraso_bytes", servico->postgres.atraso_bytes);
		number(out, "atraso_segundos", servico->postgres.atraso_segundos);
		json_object_end(out);
	}
	if (servico->redis.status != NULL) {
		json_object(out, NULL);
		json_text(out, "nome", "redis");
		json_text(out, "status", servico->redis.status);
		number(out, "memoria_bytes", servico->redis.memoria_bytes);
		number(out, "chaves", servico->redis.chaves);
		json_object_end(out);
	}
	json_array_end(out);
}

static void servico_write(struct json_out *out, const struct servico *servico)
{
	json_object(out, NULL);
	json_text(out, "nome", servico->nome);
	json_text(out, "status", servico->status);
	if (servico->trabalhadores.total < 0) {
		json_null(out, "trabalhadores");
	} else {
		json_object(out, "trabalhadores");
		json_int(out, "total", servico->trabalhadores.total);
		json_int(out, "ocupados", servico->trabalhadores.ocupados);
		json_object_end(out);
	}
	stores_write(out, servico);
	json_object_end(out);
}

/* What orders and events are still owed; null when the database does not say, which is not asked again when it was silent just now. */
static void pendencias_write(struct request *rq, struct json_out *out, bool answers)
{
	struct sql_rows rows;

	if (!answers || sql_run(rq->stores->db, SQL_PENDENCIAS, NULL, rq->arena, &rows) != PROBLEM_NONE ||
	    rows.count != 1) {
		json_null(out, "pendencias");
		return;
	}
	json_object(out, "pendencias");
	json_int(out, "inacabados", sql_int(&rows, 0, 0));
	json_int(out, "parados", sql_int(&rows, 0, 1));
	json_int(out, "eventos_por_publicar", sql_int(&rows, 0, 2));
	json_object_end(out);
}

static bool is(const struct servico *servico, enum health state)
{
	return strcmp(servico->status, health_word(state)) == 0;
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
	pendencias_write(rq, out, servicos[3].postgres.papel != NULL);
	json_object_end(out);
	return PROBLEM_NONE;
}
