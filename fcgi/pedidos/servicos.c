/* What an order asks of the other services: the cart's lines, the catalogue's stock. Logs name an order by its number. */
#include <inttypes.h>
#include <string.h>

#include "core/call.h"
#include "core/log.h"
#include "pedidos/pedidos.h"

#define LINHAS_MAX 100

static const struct rule linha_rules[] = {
    {"produto_id", FIELD_INT, offsetof(struct linha, produto_id), true, .min = 1, .max = INT32_MAX},
    {"quantidade", FIELD_INT, offsetof(struct linha, quantidade), true, .min = 1, .max = 9999},
    {"nome", FIELD_TEXT, offsetof(struct linha, nome), true, .min = 1, .max = INT32_MAX},
    {"preco", FIELD_MONEY, offsetof(struct linha, preco), true, .min = 1, .max = 9999999999},
};

/* A cart's line has no name and no price. */
#define LINHA_CESTA_RULES 2

static const struct rule cesta_rules[] = {
    {"versao", FIELD_INT, offsetof(struct cesta, versao), true, .min = 1, .max = INT64_MAX},
    {"itens", FIELD_ARRAY, offsetof(struct cesta, linhas), true, .max = LINHAS_MAX, .rules = linha_rules,
     .rule_count = LINHA_CESTA_RULES, .size = sizeof(struct linha)},
};

static const struct rule reserva_rules[] = {
    {"itens", FIELD_ARRAY, offsetof(struct reserva, linhas), true, .min = 1, .max = LINHAS_MAX, .rules = linha_rules,
     .rule_count = FIELD_COUNT(linha_rules), .size = sizeof(struct linha)},
};

static const struct json_schema cesta_schema = {cesta_rules, FIELD_COUNT(cesta_rules), true};
static const struct json_schema reserva_schema = {reserva_rules, FIELD_COUNT(reserva_rules), true};

static enum problem post(struct request *rq, const char *path, const char *body, struct call_answer *answer)
{
	const struct call call = {.method = "POST", .path = path, .body = body, .request_id = rq->id};

	*answer = (struct call_answer){0};
	return caller_call(rq->stores->caller, &call, rq->arena, answer);
}

/* What is ordered, as both services take it. */
static const char *pedido_body(struct request *rq, const struct pedido *pedido)
{
	return arena_printf(rq->arena, "{\"pedido_id\":\"%s\",\"itens\":%s}", pedido->id, pedido->linhas);
}

/* An answer that no customer caused: our own token or route is wrong. */
static enum problem unexpected(const char *servico, int status)
{
	log_event(LOG_LEVEL_ERRO, "servico_recusou", "servico=%s status=%d", servico, status);
	return PROBLEM_SERVICO_INDISPONIVEL;
}

enum problem cesta_read(struct request *rq, struct response *rs, const char *session_id, struct cesta *cesta)
{
	struct call_answer answer;
	const struct call call = {
	    .method = "GET",
	    .path = arena_printf(rq->arena, "/interno/carrinho/%s", session_id),
	    .request_id = rq->id,
	};
	enum problem problem = caller_call(rq->stores->caller, &call, rq->arena, &answer);

	if (problem != PROBLEM_NONE)
		return problem;
	if (answer.status == 404)
		return call_problem(&answer, rs);
	if (answer.status != 200)
		return unexpected("carrinho", answer.status);
	return call_data(&answer, &cesta_schema, rq->arena, cesta);
}

enum problem reserva_fazer(struct request *rq, struct response *rs, const struct pedido *pedido,
                           struct reserva *reserva)
{
	struct call_answer answer;
	enum problem problem = post(rq, "/interno/reservas", pedido_body(rq, pedido), &answer);

	*reserva = (struct reserva){0};
	if (problem != PROBLEM_NONE) {
		log_event(LOG_LEVEL_AVISO, "reserva_incerta", "numero=%" PRId64 " problema=%s", pedido->numero,
		          problem_info(problem)->codigo);
		return problem;
	}
	reserva->recusada = answer.status == 409;
	if (reserva->recusada)
		return call_problem(&answer, rs);
	if (answer.status != 200)
		return unexpected("catalogo", answer.status);
	return call_data(&answer, &reserva_schema, rq->arena, reserva);
}

/* Posts a step; true when it is done, or when `also` says that there is nothing to do. */
static bool step(struct request *rq, const struct pedido *pedido, const char *path, const char *body, int also)
{
	struct call_answer answer;
	enum problem problem = post(rq, path, body, &answer);

	if (problem == PROBLEM_NONE && (answer.status == 200 || answer.status == also))
		return true;
	log_event(LOG_LEVEL_AVISO, "pedido_por_concluir", "numero=%" PRId64 " passo=%s status=%d problema=%s",
	          pedido->numero, strrchr(path, '/') + 1, answer.status,
	          problem == PROBLEM_NONE ? "-" : problem_info(problem)->codigo);
	return false;
}

void reserva_liberar(struct request *rq, const struct pedido *pedido)
{
	step(rq, pedido, arena_printf(rq->arena, "/interno/reservas/%s/liberar", pedido->id), NULL, 0);
}

void pedido_concluir(struct request *rq, const struct pedido *pedido)
{
	bool devolver = strcmp(pedido->pendencia, "devolver") == 0;
	const char *reserva =
	    arena_printf(rq->arena, "/interno/reservas/%s/%s", pedido->id, devolver ? "liberar" : "confirmar");
	const char *cesta = arena_printf(rq->arena, "/interno/carrinho/%s/retirar", pedido->session_id);
	const char *params[] = {pedido->id, pedido->pendencia};
	struct sql_rows rows;

	bool settled = step(rq, pedido, reserva, NULL, 0);
	/* A cart that has expired holds nothing to take out. */
	bool taken = step(rq, pedido, cesta, pedido_body(rq, pedido), 404);
	if (!settled || !taken)
		return;
	enum problem problem = sql_run(rq->stores->db, SQL_PEDIDO_CONCLUIR, params, rq->arena, &rows);
	if (problem != PROBLEM_NONE)
		log_event(LOG_LEVEL_AVISO, "pedido_por_concluir", "numero=%" PRId64 " passo=concluir problema=%s",
		          pedido->numero, problem_info(problem)->codigo);
}
