/* An order's way from confirmed to delivered or cancelled: a table says what is allowed, the row who was first. */
#include <string.h>

#include "core/condition.h"
#include "core/idempotency.h"
#include "pedidos/pedidos.h"

/* How often a move is tried again when somebody else moved the order between reading and writing. */
#define TRIES 3

static const struct transicao {
	const char *de;
	const char *para;
	const char *entrega; /* only for orders of this kind; NULL: for all */
} transicoes[] = {
    {"confirmado", "em_preparo", NULL}, {"em_preparo", "pronto", NULL},    {"pronto", "em_rota", "entrega"},
    {"pronto", "entregue", "retirada"}, {"em_rota", "pronto", NULL},       {"em_rota", "entregue", NULL},
    {"confirmado", "cancelado", NULL},  {"em_preparo", "cancelado", NULL}, {"pronto", "cancelado", NULL},
};

static const char *const status_lista[] = {"confirmado", "em_preparo", "pronto", "em_rota",
                                           "entregue",   "cancelado",  NULL};

struct status_body {
	const char *status;
};

static const struct rule status_rules[] = {
    {"status", FIELD_TEXT, offsetof(struct status_body, status), true, .min = 1, .max = 20, .allowed = status_lista},
};

/* A call that moves an order, and what became of it. */
struct mudanca {
	const char *para;
	const char *de; /* only from this state; NULL: from any that the table allows */
	const char *autor;
	const char *chave;   /* Idempotency-Key, or NULL */
	const char *message; /* when it moved */
	bool done;           /* the order is where it was to go */
	bool moved;          /* by this call */
	bool replayed;       /* by an earlier one with this key */
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

/* One try: reads the order, and moves it if it still is of the version that was read and judged. */
static enum problem mudanca_try(struct request *rq, struct response *rs, struct mudanca *mudanca, struct pedido *pedido)
{
	struct sql_rows rows;
	const char *constraint;
	enum problem problem = pedido_read(rq, rq->args[0], pedido);

	if (problem != PROBLEM_NONE)
		return problem;
	mudanca->done = strcmp(pedido->status, mudanca->para) == 0;
	mudanca->replayed = mudanca->done && mudanca->chave != NULL && pedido->cancelamento_chave != NULL &&
	                    strcmp(mudanca->chave, pedido->cancelamento_chave) == 0;
	/* The condition of a repeated call was true the first time, and that call is what made it false. */
	if (!mudanca->replayed && !condition_met(rq, pedido_tag(rq, pedido)))
		return PROBLEM_VERSAO_DIFERENTE;
	if (mudanca->done)
		return PROBLEM_NONE;
	if (!mudanca_allowed(mudanca, pedido))
		return mudanca_refused(rq, rs, mudanca, pedido);
	const char *params[] = {pedido->id, sql_of_int(rq->arena, pedido->versao), mudanca->para, mudanca->autor,
	                        mudanca->chave};
	size_t statement = request_has_right(rq, EQUIPE) ? SQL_PEDIDO_MUDAR_EQUIPE : SQL_PEDIDO_MUDAR;
	problem = sql_try(rq->stores->db, statement, params, rq->arena, &rows, &constraint);
	if (problem == PROBLEM_NONE && constraint != NULL)
		return PROBLEM_CHAVE_REUTILIZADA;
	if (problem != PROBLEM_NONE || rows.count == 0)
		return problem;
	mudanca->done = mudanca->moved = true;
	pedido_row(&rows, 0, pedido);
	return PROBLEM_NONE;
}

/* Moves and answers. A cancelled order gives its stock back now if it can; that it owes so was committed with the move. */
static enum problem status_change(struct request *rq, struct response *rs, struct mudanca *mudanca)
{
	struct pedido pedido = {0};
	enum problem problem = PROBLEM_NONE;

	/* A call that lost a race decides again by what the winner left; one that lost all of them has changed nothing. */
	for (int i = 0; i < TRIES && problem == PROBLEM_NONE && !mudanca->done; i++)
		problem = mudanca_try(rq, rs, mudanca, &pedido);
	if (problem != PROBLEM_NONE)
		return problem;
	if (!mudanca->done)
		return response_problem(
		    rs, PROBLEM_SOBRECARGA,
		    "Outras chamadas mudaram este pedido ao mesmo tempo; esta não alterou nada. Leia o "
		    "pedido e, se ainda for o caso, tente de novo.");
	if (strcmp(pedido.status, "cancelado") == 0 && pedido.pendencia != NULL)
		pedido_concluir(rq, &pedido);
	if (mudanca->replayed)
		idempotency_replayed(rs);
	struct json_out *out = pedido_answer(rq, rs, 200, &pedido);
	json_text(out, "message",
	          mudanca->moved ? mudanca->message
	                         : arena_printf(rq->arena, "O pedido já estava %s; nada mudou", pedido.status));
	return PROBLEM_NONE;
}

enum problem pedido_status_put(struct request *rq, struct response *rs)
{
	struct status_body body = {0};
	enum problem problem = request_body(rq, rs, status_rules, FIELD_COUNT(status_rules), &body, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	struct mudanca mudanca = {.para = body.status, .autor = rq->author, .message = "Status atualizado"};
	return status_change(rq, rs, &mudanca);
}

enum problem pedido_cancelar(struct request *rq, struct response *rs)
{
	struct mudanca mudanca = {
	    .para = "cancelado", .de = "confirmado", .autor = "cliente", .message = "Pedido cancelado"};
	struct idempotency idempotency;
	enum problem problem = idempotency_read(rq, rs, &idempotency);

	mudanca.chave = idempotency.key;
	return problem == PROBLEM_NONE ? status_change(rq, rs, &mudanca) : problem;
}
