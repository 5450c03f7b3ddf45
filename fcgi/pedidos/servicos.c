/* What an order asks of the other services: the cart's lines, the catalogue's stock. Logs name an order by its number. */
#include <inttypes.h>
#include <string.h>

#include "core/call.h"
#include "core/log.h"
#include "pedidos/pedidos.h"

#define LINHAS_MAX   100
#define VENCIDAS_MAX 1000 /* more than the catalogue gives at once */

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

static const struct rule retirada_rules[] = {
    {"versao", FIELD_INT, 0, true, .min = 1, .max = INT64_MAX},
};

static const struct rule vencida_rules[] = {
    {"pedido_id", FIELD_UUID, 0, true},
};

static const struct rule vencidas_rules[] = {
    {"reservas", FIELD_ARRAY, 0, true, .max = VENCIDAS_MAX, .rules = vencida_rules,
     .rule_count = FIELD_COUNT(vencida_rules), .size = sizeof(const char *)},
};

static const struct json_schema retirada_schema = {retirada_rules, FIELD_COUNT(retirada_rules), true};
static const struct json_schema vencidas_schema = {vencidas_rules, FIELD_COUNT(vencidas_rules), true};
static const struct json_schema cesta_schema = {cesta_rules, FIELD_COUNT(cesta_rules), true};
static const struct json_schema reserva_schema = {reserva_rules, FIELD_COUNT(reserva_rules), true};

static enum problem post(struct request *rq, const char *path, const char *body, struct call_answer *answer)
{
	const struct call call = {.method = "POST", .path = path, .body = body, .request_id = rq->id};

	*answer = (struct call_answer){0};
	return caller_call(rq->stores->caller, &call, rq->arena, answer);
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
	const char *body = arena_printf(rq->arena, "{\"pedido_id\":\"%s\",\"numero\":%" PRId64 ",\"itens\":%s}",
	                                pedido->id, pedido->numero, pedido->linhas);
	enum problem problem = post(rq, "/interno/reservas", body, &answer);

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

/* Whether a failure will be the same again: what is wrong with our tokens or with the load passes for all orders at once. */
static bool is_final(int status)
{
	bool passes = status == 401 || status == 403 || status == 408 || status == 429;

	return status == 500 || (status >= 400 && status < 500 && !passes);
}

/* Posts a step of an order's end. */
static struct fim step(struct request *rq, const char *path, const char *body, struct call_answer *answer)
{
	enum problem problem = post(rq, path, body, answer);
	const char *passo = strrchr(path, '/') + 1;

	if (problem == PROBLEM_NONE && answer->status == 200)
		return (struct fim){.feito = true};
	log_event(LOG_LEVEL_AVISO, "pedido_por_concluir", "passo=%s status=%d problema=%s", passo, answer->status,
	          problem == PROBLEM_NONE ? "-" : problem_info(problem)->codigo);
	return (struct fim){.recusa = is_final(answer->status) ? arena_printf(rq->arena, "%s %d", passo, answer->status)
	                                                       : NULL};
}

struct fim reserva_confirmar(struct request *rq, const char *pedido_id)
{
	struct call_answer answer;

	return step(rq, arena_printf(rq->arena, "/interno/reservas/%s/confirmar", pedido_id), NULL, &answer);
}

struct fim reserva_liberar(struct request *rq, const char *pedido_id)
{
	struct call_answer answer;

	return step(rq, arena_printf(rq->arena, "/interno/reservas/%s/liberar", pedido_id), NULL, &answer);
}

struct fim cesta_retirar(struct request *rq, const struct pedido *pedido, int64_t *versao)
{
	struct call_answer answer;
	const char *path = arena_printf(rq->arena, "/interno/carrinho/%s/retirar", pedido->session_id);
	const char *body =
	    arena_printf(rq->arena, "{\"pedido_id\":\"%s\",\"carrinho_versao\":%" PRId64 ",\"itens\":%s}", pedido->id,
	                 pedido->carrinho_versao, pedido->linhas);
	struct fim fim = step(rq, path, body, &answer);

	*versao = 0;
	if (fim.feito)
		fim.feito = call_data(&answer, &retirada_schema, rq->arena, versao) == PROBLEM_NONE;
	/* A cart that has expired holds nothing to take out. */
	else if (answer.status == 404)
		fim = (struct fim){.feito = true};
	return fim;
}

enum problem reservas_vencidas(struct request *rq, struct field_array *pedidos)
{
	struct call_answer answer;
	const struct call call = {.method = "GET", .path = "/interno/reservas/vencidas", .request_id = rq->id};
	enum problem problem = caller_call(rq->stores->caller, &call, rq->arena, &answer);

	*pedidos = (struct field_array){0};
	if (problem != PROBLEM_NONE)
		return problem;
	if (answer.status != 200)
		return unexpected("catalogo", answer.status);
	return call_data(&answer, &vencidas_schema, rq->arena, pedidos);
}
