/*
 * What an order still owes, paid; an order that never came to be, undone. Each step may be done twice and counts once, so it does
 * not matter whether the checkout itself does it, the session's next request, or the conciliador.
 */
#include <inttypes.h>
#include <string.h>

#include "core/log.h"
#include "pedidos/pedidos.h"

/* Runs a statement that moves an order: how many rows it moved, or -1, logged, when the store did not say. */
static int64_t move(struct request *rq, size_t statement, const char *const *params, const struct pedido *pedido)
{
	struct sql_rows rows;
	enum problem problem = sql_run(rq->stores->db, statement, params, rq->arena, &rows);

	if (problem == PROBLEM_NONE)
		return rows.affected;
	log_event(LOG_LEVEL_AVISO, "pedido_por_concluir", "numero=%" PRId64 " passo=banco problema=%s", pedido->numero,
	          problem_info(problem)->codigo);
	return -1;
}

bool pedido_concluir(struct request *rq, struct pedido *pedido)
{
	bool devolver = strcmp(pedido->pendencia, "devolver") == 0;
	int64_t versao = 0;

	bool settled = devolver ? reserva_liberar(rq, pedido->id) : reserva_confirmar(rq, pedido->id);
	bool taken = cesta_retirar(rq, pedido, &versao);
	if (!settled || !taken)
		return false;
	const char *params[] = {pedido->id, pedido->pendencia, versao == 0 ? NULL : sql_of_int(rq->arena, versao)};
	if (move(rq, SQL_PEDIDO_CONCLUIR, params, pedido) < 0)
		return false;
	pedido->pendencia = NULL;
	if (pedido->carrinho_retirado == 0)
		pedido->carrinho_retirado = versao;
	return true;
}

bool pedido_desfazer(struct request *rq, const struct pedido *pedido)
{
	const char *params[] = {pedido->id};

	/* Given up first, released then: nobody can confirm it any more when its goods go back to the shelf. */
	int64_t given_up = move(rq, SQL_PEDIDO_DESISTIR, params, pedido);
	if (given_up <= 0)
		return given_up == 0;
	return reserva_liberar(rq, pedido->id) && move(rq, SQL_PEDIDO_DESFEITO, params, pedido) >= 0;
}
