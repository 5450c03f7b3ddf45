/* Stock: whether there is enough, and the administrator's changes to it. */
#include <string.h>

#include "catalogo/catalogo.h"

struct pergunta {
	int64_t quantidade;
};

static const struct rule pergunta_rules[] = {
    {"quantidade", FIELD_INT, offsetof(struct pergunta, quantidade), .min = 1, .max = INT32_MAX},
};

struct ajuste {
	int64_t quantidade;
	const char *operacao;
};

static const char *const operacoes[] = {"adicionar", "remover", "definir", NULL};

static const struct rule ajuste_rules[] = {
    {"quantidade", FIELD_INT, offsetof(struct ajuste, quantidade), true, .max = ESTOQUE_MAX},
    {"operacao", FIELD_TEXT, offsetof(struct ajuste, operacao), true, .min = 1, .max = 20, .allowed = operacoes},
};

enum problem estoque_get(struct request *rq, struct response *rs)
{
	struct pergunta pergunta = {.quantidade = 1};
	struct sql_rows rows;
	enum problem problem = request_query(rq, rs, pergunta_rules, FIELD_COUNT(pergunta_rules), &pergunta, NULL);
	const char *params[] = {sql_of_int(rq->arena, request_int(rq, 0))};

	if (problem == PROBLEM_NONE)
		problem = sql_run(rq->stores->db, SQL_ESTOQUE_GET, params, rq->arena, &rows);
	if (problem != PROBLEM_NONE)
		return problem;
	if (rows.count == 0)
		return PROBLEM_PRODUTO_NAO_ENCONTRADO;
	int64_t estoque = sql_int(&rows, 0, 0);
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_int(out, "produto_id", request_int(rq, 0));
	json_int(out, "estoque_atual", estoque);
	json_int(out, "quantidade_solicitada", pergunta.quantidade);
	json_bool(out, "disponivel", estoque >= pergunta.quantidade);
	json_object_end(out);
	return PROBLEM_NONE;
}

static enum problem ajuste_read(struct request *rq, struct response *rs, struct ajuste *ajuste)
{
	enum problem problem = request_body(rq, rs, ajuste_rules, FIELD_COUNT(ajuste_rules), ajuste, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	if (ajuste->quantidade == 0 && strcmp(ajuste->operacao, "definir") != 0) {
		complain(&rs->complaints, "quantidade", "deve ser um inteiro de 1 a %d (0 só para definir)",
		         ESTOQUE_MAX);
		return PROBLEM_CAMPOS_INVALIDOS;
	}
	return PROBLEM_NONE;
}

enum problem estoque_put(struct request *rq, struct response *rs)
{
	struct ajuste ajuste = {0};
	struct chamada chamada;
	struct versoes versoes;
	struct sql_rows rows;
	enum problem problem = ajuste_read(rq, rs, &ajuste);

	if (problem == PROBLEM_NONE)
		problem = chamada_read(rq, rs, &chamada);
	if (problem == PROBLEM_NONE)
		problem = produto_condition(rq, true, &versoes);
	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    sql_of_int(rq->arena, request_int(rq, 0)),
	    ajuste.operacao,
	    sql_of_int(rq->arena, ajuste.quantidade),
	    versoes.dados,
	    versoes.categoria,
	    versoes.estoque,
	    chamada.autor,
	    chamada.dono,
	    chamada.chave,
	    chamada.resumo,
	};
	problem = sql_run(rq->stores->db, SQL_ESTOQUE_MUDAR, params, rq->arena, &rows);
	if (problem == PROBLEM_NONE)
		problem = mudanca_problem(rs, &rows, COLUMN_SITUACAO);
	if (problem == PROBLEM_ESTOQUE_INSUFICIENTE)
		return response_problem(
		    rs, problem, "Estoque insuficiente: o estoque não pode ficar abaixo de zero nem passar de %d",
		    ESTOQUE_MAX);
	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}
