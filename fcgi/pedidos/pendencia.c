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

/*
 * Writes down what is known though the order's end was not reached: that its goods are out of the cart, so that it is in no
 * other order's way, and that it was refused, so that it is left alone for a while, longer each time.
 */
static void falhou(struct request *rq, const struct pedido *pedido, int64_t versao, const char *recusa)
{
	const char *params[] = {pedido->id, versao == 0 ? NULL : sql_of_int(rq->arena, versao), recusa};
	struct sql_rows rows;

	if (recusa == NULL && (versao == 0 || pedido->carrinho_retirado != 0))
		return;
	if (sql_run(rq->stores->db, SQL_PEDIDO_FALHOU, params, rq->arena, &rows) == PROBLEM_NONE && rows.count > 0 &&
	    sql_bool(&rows, 0, 0))
		log_event(LOG_LEVEL_ERRO, "pedido_parado", "numero=%" PRId64 " status=%s motivo=%s", pedido->numero,
		          pedido->status, log_quote(recusa));
}

struct fim pedido_concluir(struct request *rq, struct pedido *pedido)
{
	bool devolver = strcmp(pedido->pendencia, "devolver") == 0;
	int64_t versao = 0;

	const struct fim settled = devolver ? reserva_liberar(rq, pedido->id) : reserva_confirmar(rq, pedido->id);
	const struct fim taken = cesta_retirar(rq, pedido, &versao);
	if (!settled.feito || !taken.feito) {
		const struct fim fim = {.recusa = settled.recusa != NULL ? settled.recusa : taken.recusa};
		falhou(rq, pedido, versao, fim.recusa);
		return fim;
	}
	const char *params[] = {pedido->id, pedido->pendencia, versao == 0 ? NULL : sql_of_int(rq->arena, versao)};
	if (move(rq, SQL_PEDIDO_CONCLUIR, params, pedido) < 0)
		return (struct fim){0};
	pedido->pendencia = NULL;
	if (pedido->carrinho_retirado == 0)
		pedido->carrinho_retirado = versao;
	return (struct fim){.feito = true};
}

struct fim pedido_desfazer(struct request *rq, const struct pedido *pedido)
{
	const char *params[] = {pedido->id};

	/* Given up first, released then: nobody can confirm it any more when its goods go back to the shelf. */
	int64_t given_up = move(rq, SQL_PEDIDO_DESISTIR, params, pedido);
	if (given_up <= 0)
		return (struct fim){.feito = given_up == 0};
	struct fim fim = reserva_liberar(rq, pedido->id);
	if (!fim.feito)
		falhou(rq, pedido, 0, fim.recusa);
	else
		fim.feito = move(rq, SQL_PEDIDO_DESFEITO, params, pedido) >= 0;
	return fim;
}
