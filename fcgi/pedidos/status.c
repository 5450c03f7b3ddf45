/* An order's way from confirmed to delivered or cancelled: a table says what is allowed, the row who was first. */
#include <string.h>

#include "core/auth.h"
#include "pedidos/pedidos.h"

/* How often a move is tried again when somebody else moved the order between reading and writing. */
#define TRIES 3

static const struct transicao {
	const char *de;
	const char *para;
	const char *entrega; /* only for orders of this kind; NULL: for all */
} transicoes[] = {
    {"confirmado", "em_preparo", NULL}, {"em_preparo", "pronto", NULL}, {"pronto", "em_rota", "entrega"},
    {"pronto", "entregue", "retirada"}, {"em_rota", "entregue", NULL},  {"confirmado", "cancelado", NULL},
    {"em_preparo", "cancelado", NULL},  {"pronto", "cancelado", NULL},
};

static const char *const status_lista[] = {"confirmado", "em_preparo", "pronto", "em_rota",
                                           "entregue",   "cancelado",  NULL};

struct status_body {
	const char *status;
};

static const struct rule status_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct status_body, status), true, .min = 1, .max = 20, .allowed = status_lista},
};

/* A wish to move an order. */
struct mudanca {
	const char *para;
	const char *de; /* only from this state; NULL: from any that the table allows */
	const char *autor;
};

static bool transicao_applies(const struct transicao *transicao, const struct pedido *pedido)
{
	return strcmp(transicao->de, pedido->status) == 0 &&
	       (transicao->entrega == NULL || strcmp(transicao->entrega, pedido->entrega_tipo) == 0);
}

static bool mudanca_allowed(const struct mudanca *mudanca, const struct pedido *pedido)
{
	if (mudanca->de != NULL && strcmp(mudanca->de, pedido->status) != 0)
		return false;
	for (size_t i = 0; i < FIELD_COUNT(transicoes); i++)
		if (transicao_applies(&transicoes[i], pedido) && strcmp(transicoes[i].para, mudanca->para) == 0)
			return true;
	return false;
}

/* Says where the order stands and, to an administrator, where it may go. */
static enum problem mudanca_refused(struct request *rq, struct response *rs, const struct mudanca *mudanca,
                                    const struct pedido *pedido)
{
	const char *words = "";

	if (mudanca->de != NULL)
		return response_problem(rs, PROBLEM_TRANSICAO_INVALIDA,
		                        "O pedido está %s e só pode ser cancelado pelo cliente enquanto está %s.",
		                        pedido->status, mudanca->de);
	for (size_t i = 0; i < FIELD_COUNT(transicoes); i++)
		if (transicao_applies(&transicoes[i], pedido))
			words =
			    arena_printf(rq->arena, "%s%s%s", words, *words == '\0' ? "" : ", ", transicoes[i].para);
	if (*words == '\0')
		return response_problem(rs, PROBLEM_TRANSICAO_INVALIDA, "O pedido está %s e não muda mais.",
		                        pedido->status);
	return response_problem(rs, PROBLEM_TRANSICAO_INVALIDA,
	                        "O pedido está %s e não pode passar a %s; pode passar a: %s.", pedido->status,
	                        mudanca->para, words);
}

/* Moves the order if it may go there; whoever lost a race decides again by what the winner left. */
static enum problem pedido_mover(struct request *rq, struct response *rs, const struct mudanca *mudanca,
                                 struct pedido *pedido)
{
	bool moved = false;

	for (int i = 0; i < TRIES && !moved; i++) {
		enum problem problem = pedido_read(rq, rq->args[0], pedido);
		if (problem != PROBLEM_NONE)
			return problem;
		if (!mudanca_allowed(mudanca, pedido))
			return mudanca_refused(rq, rs, mudanca, pedido);
		const char *params[] = {pedido->id, pedido->status, mudanca->para, mudanca->autor};
		problem = pedido_run(rq, SQL_PEDIDO_MUDAR, params, pedido, &moved);
		if (problem != PROBLEM_NONE)
			return problem;
	}
	return moved ? PROBLEM_NONE : PROBLEM_TRANSICAO_INVALIDA;
}

/* Moves and answers. A cancelled order gives its stock back now if it can; that it owes so was committed with the move. */
static enum problem status_change(struct request *rq, struct response *rs, const struct mudanca *mudanca,
                                  const char *message)
{
	struct pedido pedido;
	enum problem problem = pedido_mover(rq, rs, mudanca, &pedido);

	if (problem != PROBLEM_NONE)
		return problem;
	if (strcmp(pedido.status, "cancelado") == 0)
		pedido_concluir(rq, &pedido);
	struct json_out *out = response_open(rs, 200);
	pedido_write(out, NULL, &pedido);
	json_text(out, "message", message);
	return PROBLEM_NONE;
}

/* The name of the administrator whose token came with the request, for the order's history. */
static const char *administrador(struct request *rq)
{
	const char *name = NULL;

	auth_check(rq->stores->auth, request_header(rq, "HTTP_AUTHORIZATION"), "admin", &name);
	return arena_printf(rq->arena, "%s", name == NULL ? "administrador" : name);
}

enum problem pedido_status_put(struct request *rq, struct response *rs)
{
	struct status_body body = {0};
	enum problem problem = request_body(rq, rs, status_rules, FIELD_COUNT(status_rules), &body, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	const struct mudanca mudanca = {.para = body.status, .autor = administrador(rq)};
	return status_change(rq, rs, &mudanca, "Status atualizado");
}

enum problem pedido_cancelar(struct request *rq, struct response *rs)
{
	const struct mudanca mudanca = {.para = "cancelado", .de = "confirmado", .autor = "cliente"};

	return status_change(rq, rs, &mudanca, "Pedido cancelado");
}
