/*
 * One order, exactly once: found or written down, reserved, confirmed, concluded.
 *
 * Each step can be done again by whoever finds the order in its state: a retry with the same key, a double click,
 * another worker at the same moment, the recovery after a crash. The order's row decides; the others read it again.
 */
#include <inttypes.h>
#include <string.h>

#include "core/idempotency.h"
#include "core/uuid.h"
#include "pedidos/pedidos.h"

/* How often the cart is read again after an earlier order of it was brought to its end. */
#define TRIES 3

struct checkout {
	struct request *rq;
	struct response *rs;
	struct corpo corpo;
	const char *chave; /* Idempotency-Key, or NULL */
	const char *hash;  /* of the body */
	bool found;        /* `pedido` is the order */
	bool repeated;     /* it was confirmed before this request came */
	bool leftovers;    /* the cart held more than the order took out of it */
	struct pedido pedido;
};

static enum problem checkout_run(struct checkout *checkout, size_t statement, const char *const *params)
{
	return pedido_run(checkout->rq, statement, params, &checkout->pedido, &checkout->found);
}

/* An order made without a key becomes this key's, so that the key finds it from now on. */
static enum problem checkout_adopt(struct checkout *checkout)
{
	struct sql_rows rows;
	const char *constraint;
	const char *params[] = {checkout->pedido.id, checkout->chave};
	enum problem problem =
	    sql_try(checkout->rq->stores->db, SQL_PEDIDO_ADOTAR, params, checkout->rq->arena, &rows, &constraint);

	if (problem != PROBLEM_NONE)
		return problem;
	if (constraint != NULL)
		return PROBLEM_CHAVE_REUTILIZADA;
	return rows.affected == 1 ? PROBLEM_NONE : PROBLEM_SERVICO_INDISPONIVEL;
}

/* The call that made the order is repeated: unless goods came into the cart after the order's own went out, which is another call. */
static enum problem checkout_replay(struct checkout *checkout)
{
	struct pedido *pedido = &checkout->pedido;
	struct cesta cesta = {0};

	if (strcmp(pedido->status, "reservando") == 0)
		return PROBLEM_NONE;
	checkout->repeated = true;
	if (pedido->pendencia != NULL && !pedido_concluir(checkout->rq, pedido).feito && pedido->carrinho_retirado == 0)
		return PROBLEM_NONE;
	/* Without a cart there is nothing in it: a lost answer can be had again for longer than the cart lives. */
	if (cesta_read(checkout->rq, checkout->rs, pedido->session_id, &cesta) != PROBLEM_NONE)
		checkout->rs->detail = NULL;
	checkout->leftovers = cesta.linhas.count > 0;
	if (!checkout->leftovers || cesta.versao <= pedido->carrinho_retirado)
		return PROBLEM_NONE;
	return response_problem(checkout->rs, PROBLEM_CHAVE_REUTILIZADA,
	                        "Com esta Idempotency-Key já foi feito o pedido nº %" PRId64
	                        ", e depois dele entraram outros itens no carrinho; para pedi-los, use outra chave.",
	                        pedido->numero);
}

/* Whether the order that was found is the one that this request asks for. */
static enum problem checkout_same(struct checkout *checkout)
{
	const struct pedido *pedido = &checkout->pedido;
	bool keyed = checkout->chave != NULL && pedido->chave != NULL;

	/* Of one that was anonymised nothing is kept that this request could differ from. */
	if (pedido->corpo == NULL) {
		checkout->repeated = true;
		return PROBLEM_NONE;
	}
	bool same = strcmp(pedido->corpo, checkout->hash) == 0;

	if (keyed && strcmp(pedido->chave, checkout->chave) == 0)
		return same ? checkout_replay(checkout) : PROBLEM_CHAVE_REUTILIZADA;
	checkout->repeated = strcmp(pedido->status, "reservando") != 0;
	if (!same)
		return PROBLEM_CARRINHO_JA_PEDIDO;
	if (keyed)
		return response_problem(checkout->rs, PROBLEM_CARRINHO_JA_PEDIDO,
		                        "Já existe um pedido deste carrinho com outra Idempotency-Key.");
	return checkout->chave == NULL ? PROBLEM_NONE : checkout_adopt(checkout);
}

/* The cart is empty: perhaps because this very order took everything out of it a moment ago. */
static enum problem checkout_emptied(struct checkout *checkout, int64_t versao)
{
	struct request *rq = checkout->rq;
	const char *params[] = {checkout->corpo.session_id, NULL, sql_of_int(rq->arena, versao - 1)};
	enum problem problem = checkout_run(checkout, SQL_PEDIDO_ACHAR, params);

	if (problem == PROBLEM_NONE && checkout->found && strcmp(checkout->pedido.status, "cancelado") != 0) {
		problem = checkout_same(checkout);
		if (problem != PROBLEM_CARRINHO_JA_PEDIDO)
			return problem;
		problem = PROBLEM_NONE;
	}
	if (problem == PROBLEM_NONE)
		problem = checkout_run(checkout, SQL_PEDIDO_ULTIMO, params);
	if (problem != PROBLEM_NONE || !checkout->found)
		return problem != PROBLEM_NONE ? problem : PROBLEM_CARRINHO_VAZIO;
	return response_problem(checkout->rs, PROBLEM_CARRINHO_VAZIO,
	                        "Não há itens no carrinho para pedir; o último pedido desta sessão é o nº %" PRId64
	                        " (%s).",
	                        checkout->pedido.numero, checkout->pedido.status);
}

/*
 * An earlier order of this session may still have goods in the cart that was read. One that owes something pays it, so that
 * the cart no longer holds what it bought; one that waits for its reservation has been told to nobody: it is undone.
 */
static enum problem checkout_clear_way(struct checkout *checkout, int64_t versao)
{
	struct request *rq = checkout->rq;
	const char *params[] = {checkout->corpo.session_id, sql_of_int(rq->arena, versao)};
	struct pedido earlier;
	bool found;
	enum problem problem = pedido_run(rq, SQL_PEDIDO_NO_CAMINHO, params, &earlier, &found);

	if (problem != PROBLEM_NONE || !found)
		return problem;
	const struct fim fim =
	    earlier.pendencia != NULL ? pedido_concluir(rq, &earlier) : pedido_desfazer(rq, &earlier);
	/* A refused end need not be in the way: only goods in the cart are. The next try finds out. */
	return fim.feito || fim.recusa != NULL ? PROBLEM_NONE : PROBLEM_SERVICO_INDISPONIVEL;
}

/* Writes the order down as `id`, or finds the one that is there already. */
static enum problem checkout_insert(struct checkout *checkout, const char *id, const struct cesta *cesta)
{
	struct arena *arena = checkout->rq->arena;
	const struct corpo *corpo = &checkout->corpo;
	const struct linha *linhas = cesta->linhas.items;
	size_t count = cesta->linhas.count;
	int64_t *produtos = arena_array(arena, count, sizeof(*produtos));
	int64_t *quantidades = arena_array(arena, count, sizeof(*quantidades));

	for (size_t i = 0; i < count; i++) {
		produtos[i] = linhas[i].produto_id;
		quantidades[i] = linhas[i].quantidade;
	}
	const char *params[] = {
	    id,
	    checkout->chave,
	    checkout->hash,
	    corpo->session_id,
	    sql_of_int(arena, cesta->versao),
	    corpo->cliente.nome,
	    corpo->cliente.email,
	    corpo->cliente.telefone,
	    corpo->entrega.tipo,
	    corpo->entrega.endereco,
	    corpo->entrega.data,
	    corpo->observacoes,
	    sql_of_ints(arena, produtos, count),
	    sql_of_ints(arena, quantidades, count),
	};
	struct sql_rows rows;
	const char *constraint;
	enum problem problem = sql_try(checkout->rq->stores->db, SQL_PEDIDO_ABRIR, params, arena, &rows, &constraint);
	checkout->found = problem == PROBLEM_NONE && rows.count > 0;
	if (checkout->found)
		pedido_row(&rows, 0, &checkout->pedido);
	return problem == PROBLEM_NONE && constraint != NULL ? PROBLEM_CHAVE_REUTILIZADA : problem;
}

/* An order of what is in the cart now. */
static enum problem checkout_from_cart(struct checkout *checkout)
{
	struct cesta cesta = {0};
	char id[UUID_TEXT_MAX];
	enum problem problem = cesta_read(checkout->rq, checkout->rs, checkout->corpo.session_id, &cesta);

	if (problem != PROBLEM_NONE)
		return problem;
	if (cesta.linhas.count == 0)
		return checkout_emptied(checkout, cesta.versao);
	uuid_new(id);
	problem = checkout_insert(checkout, id, &cesta);
	if (problem != PROBLEM_NONE)
		return problem;
	if (!checkout->found)
		return checkout_clear_way(checkout, cesta.versao);
	return strcmp(checkout->pedido.id, id) == 0 ? PROBLEM_NONE : checkout_same(checkout);
}

/* The order of this request: of its key, or of the cart. */
static enum problem checkout_find(struct checkout *checkout)
{
	const char *params[] = {checkout->corpo.session_id, checkout->chave, NULL};
	enum problem problem = PROBLEM_NONE;

	if (checkout->chave != NULL)
		problem = checkout_run(checkout, SQL_PEDIDO_ACHAR, params);
	if (problem == PROBLEM_NONE && checkout->found)
		return checkout_same(checkout);
	/* Only of a new order: a repeat may come when the hour of the delivery has passed. */
	if (problem == PROBLEM_NONE)
		problem = corpo_prazo(checkout->rq, checkout->rs, &checkout->corpo);
	for (int i = 0; i < TRIES && problem == PROBLEM_NONE && !checkout->found; i++)
		problem = checkout_from_cart(checkout);
	return problem == PROBLEM_NONE && !checkout->found ? PROBLEM_SERVICO_INDISPONIVEL : problem;
}

/* Somebody else ended the order meanwhile: what has become of it? Only `undone` says that it never was; a store may be away. */
static enum problem checkout_reread(struct checkout *checkout, bool *undone)
{
	const char *id = checkout->pedido.id;
	enum problem problem = pedido_read(checkout->rq, id, &checkout->pedido);

	checkout->rs->detail = NULL;
	*undone = problem == PROBLEM_PEDIDO_NAO_ENCONTRADO;
	return *undone ? PROBLEM_SERVICO_INDISPONIVEL : problem;
}

/* The catalogue refused, so nothing was taken: the order never was, unless somebody else got it through. */
static enum problem checkout_refused(struct checkout *checkout, enum problem why)
{
	struct request *rq = checkout->rq;
	const char *detail = checkout->rs->detail;
	struct sql_rows rows;
	bool undone = true;
	const char *params[] = {checkout->pedido.id};
	enum problem problem = sql_run(rq->stores->db, SQL_PEDIDO_DESFAZER, params, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	/* Released before it was reserved: the order was being undone, and the customer may just ask again. */
	if (rows.affected == 0 || why == PROBLEM_RESERVA_ENCERRADA)
		problem = checkout_reread(checkout, &undone);
	if (!undone || why == PROBLEM_RESERVA_ENCERRADA)
		return problem;
	checkout->rs->detail = detail;
	return why;
}

/* reservando → confirmado, at the prices of the reservation. */
static enum problem checkout_confirm(struct checkout *checkout, const struct reserva *reserva)
{
	struct arena *arena = checkout->rq->arena;
	const struct linha *linhas = reserva->linhas.items;
	size_t count = reserva->linhas.count;
	int64_t *produtos = arena_array(arena, count, sizeof(*produtos));
	const char **nomes = arena_array(arena, count, sizeof(*nomes));
	const char **precos = arena_array(arena, count, sizeof(*precos));

	for (size_t i = 0; i < count; i++) {
		produtos[i] = linhas[i].produto_id;
		nomes[i] = linhas[i].nome;
		precos[i] = sql_of_money(arena, linhas[i].preco);
	}
	const char *params[] = {
	    checkout->pedido.id,
	    sql_of_ints(arena, produtos, count),
	    sql_of_texts(arena, nomes, count),
	    sql_of_texts(arena, precos, count),
	};
	enum problem problem = checkout_run(checkout, SQL_PEDIDO_CONFIRMAR, params);
	if (problem != PROBLEM_NONE || checkout->found)
		return problem;
	bool undone;
	problem = checkout_reread(checkout, &undone);
	/* Undone between our reservation and this: a reservation that nobody else would give back. */
	if (undone)
		reserva_liberar(checkout->rq, checkout->pedido.id);
	return problem;
}

/* Whether the reservation costs what the customer expects; *total is what it costs. */
static bool checkout_expected(const struct checkout *checkout, const struct reserva *reserva, struct money *total)
{
	int64_t expected = checkout->corpo.valor_esperado.centavos;
	const struct linha *linhas = reserva->linhas.items;
	struct money subtotal;

	*total = (struct money){0};
	for (size_t i = 0; i < reserva->linhas.count; i++)
		if (!money_times(linhas[i].preco, linhas[i].quantidade, &subtotal) || !money_add(total, subtotal))
			return false;
	return expected == SEM_VALOR || expected == total->centavos;
}

/* It costs something else now: the order never was, and what was reserved goes back, before the customer hears of it. */
static enum problem checkout_changed(struct checkout *checkout, struct money total)
{
	struct response *rs = checkout->rs;
	char text[MONEY_TEXT_MAX];

	if (!pedido_desfazer(checkout->rq, &checkout->pedido).feito)
		return PROBLEM_SERVICO_INDISPONIVEL;
	money_format(total, text);
	json_money(response_extension(rs), "valor_total", total);
	return response_problem(
	    rs, PROBLEM_VALOR_MUDOU,
	    "O total agora é %s, e não o que foi dado em valor_esperado; nada foi pedido. Para pedir assim, repita "
	    "com o novo valor.",
	    text);
}

/* Brings an order that waits for its reservation to `confirmado`, or undoes it. */
static enum problem checkout_finish(struct checkout *checkout)
{
	struct reserva reserva;
	struct money total;

	if (strcmp(checkout->pedido.status, "reservando") != 0)
		return PROBLEM_NONE;
	enum problem problem = reserva_fazer(checkout->rq, checkout->rs, &checkout->pedido, &reserva);
	if (reserva.recusada)
		return checkout_refused(checkout, problem);
	if (problem == PROBLEM_NONE && !checkout_expected(checkout, &reserva, &total))
		return checkout_changed(checkout, total);
	return problem == PROBLEM_NONE ? checkout_confirm(checkout, &reserva) : problem;
}

/* A refusal that an earlier order is the reason for says which one it is, so that a lost answer can be found again. */
static enum problem checkout_refuse(struct checkout *checkout, enum problem problem)
{
	bool about_order = problem == PROBLEM_CARRINHO_VAZIO || problem == PROBLEM_CARRINHO_JA_PEDIDO ||
	                   problem == PROBLEM_CHAVE_REUTILIZADA;

	if (about_order && checkout->found && strcmp(checkout->pedido.status, "reservando") != 0)
		pedido_name(checkout->rs, &checkout->pedido);
	return problem;
}

static const char *checkout_message(const struct checkout *checkout)
{
	const struct pedido *pedido = &checkout->pedido;
	bool cancelled = strcmp(pedido->status, "cancelado") == 0;

	if (!checkout->repeated)
		return "Pedido recebido";
	return arena_printf(checkout->rq->arena,
	                    "Este é o pedido nº %" PRId64 ", que já tinha sido recebido%s; nada foi pedido de novo.%s",
	                    pedido->numero, cancelled ? " e foi cancelado" : "",
	                    checkout->leftovers ? " O carrinho ainda tem itens que não são deste pedido." : "");
}

static enum problem checkout_answer(struct checkout *checkout)
{
	struct response *rs = checkout->rs;

	if (checkout->pedido.pendencia != NULL)
		pedido_concluir(checkout->rq, &checkout->pedido);
	response_header(rs, "Location", "/api/pedidos/%s", checkout->pedido.id);
	if (checkout->repeated)
		idempotency_replayed(rs);
	struct json_out *out = pedido_answer(checkout->rq, rs, 201, &checkout->pedido);
	json_text(out, "message", checkout_message(checkout));
	return PROBLEM_NONE;
}

enum problem pedidos_post(struct request *rq, struct response *rs)
{
	struct checkout checkout = {.rq = rq, .rs = rs};
	struct idempotency idempotency;
	enum problem problem = corpo_read(rq, rs, &checkout.corpo);

	if (problem == PROBLEM_NONE)
		problem = idempotency_read(rq, rs, &idempotency);
	if (problem != PROBLEM_NONE)
		return problem;
	checkout.chave = idempotency.key;
	checkout.hash = corpo_hash(rq->arena, &checkout.corpo);
	problem = checkout_find(&checkout);
	if (problem == PROBLEM_NONE)
		problem = checkout_finish(&checkout);
	return problem == PROBLEM_NONE ? checkout_answer(&checkout) : checkout_refuse(&checkout, problem);
}
