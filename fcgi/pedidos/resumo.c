/* What the staff sees at a glance: sales by day, and what the kitchen has to make. */
#include <string.h>

#include "core/clock.h"
#include "core/program.h"
#include "pedidos/pedidos.h"

#define DIAS_MAX     366
#define PRODUCAO_MAX 500

/* A date alone, of a time when there are orders. */
static bool dia_valido(const char *text)
{
	int64_t when;

	return strchr(text, ':') == NULL && strcmp(text, "1970") >= 0 && clock_parse(text, &when);
}

#define DIA_PALAVRAS "deve ser um dia, como 2026-12-24"

struct periodo {
	const char *desde;
	const char *ate;
};

static const struct rule periodo_rules[] = {
    {"desde", FIELD_TEXT, offsetof(struct periodo, desde), .min = 10, .max = 10, .text = TEXT_RAW, .valid = dia_valido,
     .words = DIA_PALAVRAS},
    {"ate", FIELD_TEXT, offsetof(struct periodo, ate), .min = 10, .max = 10, .text = TEXT_RAW, .valid = dia_valido,
     .words = DIA_PALAVRAS},
};

static const struct rule dia_rules[] = {
    {"dia", FIELD_TEXT, 0, .min = 10, .max = 10, .text = TEXT_RAW, .valid = dia_valido, .words = DIA_PALAVRAS},
};

/* Reads the range of days; what was not given is as the statement says. */
static enum problem periodo_read(struct request *rq, struct response *rs, struct periodo *periodo)
{
	enum problem problem = request_query(rq, rs, periodo_rules, FIELD_COUNT(periodo_rules), periodo, NULL);
	struct sql_rows rows;

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {periodo->desde, periodo->ate, program_settings()->fuso_horario};
	problem = sql_run(rq->stores->db, SQL_RESUMO_PERIODO, params, rq->arena, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	*periodo = (struct periodo){sql_text(&rows, 0, 0), sql_text(&rows, 0, 1)};
	int64_t dias = sql_int(&rows, 0, 2);
	if (dias < 1)
		complain(&rs->complaints, "desde", "deve ser um dia até %s", periodo->ate);
	else if (dias > DIAS_MAX)
		complain(&rs->complaints, "desde", "deve estar a no máximo %d dias de %s", DIAS_MAX - 1, periodo->ate);
	return rs->complaints.count == 0 ? PROBLEM_NONE : PROBLEM_PARAMETRO_INVALIDO;
}

enum problem pedidos_resumo(struct request *rq, struct response *rs)
{
	struct periodo periodo = {0};
	struct sql_rows rows;
	enum problem problem = periodo_read(rq, rs, &periodo);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {periodo.desde, periodo.ate, program_settings()->fuso_horario};
	problem = sql_run(rq->stores->db, SQL_RESUMO, params, rq->arena, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_text(out, "desde", periodo.desde);
	json_text(out, "ate", periodo.ate);
	json_raw(out, "dias", sql_text(&rows, 0, 0));
	json_raw(out, "produtos", sql_text(&rows, 0, 1));
	json_object_end(out);
	return PROBLEM_NONE;
}

enum problem pedidos_producao(struct request *rq, struct response *rs)
{
	const char *dia = NULL;
	struct sql_rows rows = {0};
	struct sql_rows count;
	struct pedido pedido;
	enum problem problem = request_query(rq, rs, dia_rules, FIELD_COUNT(dia_rules), &dia, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {dia, program_settings()->fuso_horario, sql_of_int(rq->arena, PRODUCAO_MAX)};
	problem = sql_run(rq->stores->db, SQL_PRODUCAO, params, rq->arena, &rows);
	int64_t total = (int64_t)rows.count;
	if (problem == PROBLEM_NONE && total == PRODUCAO_MAX) {
		problem = sql_run(rq->stores->db, SQL_PRODUCAO_TOTAL, params, rq->arena, &count);
		total = problem == PROBLEM_NONE ? sql_int(&count, 0, 0) : 0;
	}
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_array(out, NULL);
	for (size_t i = 0; i < rows.count; i++) {
		pedido_row(&rows, i, &pedido);
		pedido_write(out, NULL, &pedido);
	}
	json_array_end(out);
	json_int(out, "total", total);
	return PROBLEM_NONE;
}
