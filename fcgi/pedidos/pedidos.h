/* Orders: how one is made, read, moved along. What its files share. */
#ifndef PEDIDOS_H
#define PEDIDOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field.h"
#include "core/money.h"
#include "core/request.h"
#include "core/response.h"
#include "core/sql.h"
#include "db/pedidos_sql.h"

/* A row of pedidos_vistos: what is answered, then what only this service needs. */
struct pedido {
	const char *id;
	int64_t numero;
	const char *status;
	const char *itens; /* JSON */
	struct money valor_total;
	const char *cliente; /* JSON */
	const char *entrega; /* JSON */
	const char *observacoes;
	int64_t criado_em;
	int64_t atualizado_em;
	const char *historico; /* JSON */
	const char *pendencia; /* finalizar, devolver or NULL: what is still owed to the other services */
	const char *chave;
	const char *corpo; /* hash of the body that made it; NULL: anonymised */
	const char *session_id;
	int64_t carrinho_versao; /* that its cart had when it was ordered */
	const char *entrega_tipo;
	const char *linhas; /* JSON: produto_id and quantidade of each line */
	int64_t versao;     /* how many steps it has made */
	const char *cancelamento_chave;
	int64_t carrinho_retirado; /* the cart's version once the order's goods were out of it; 0: they may be in it */
	int64_t mudanca;           /* the transaction of its last step */
};

/* What a customer orders with; see corpo.c. */
struct corpo {
	const char *session_id;
	struct cliente {
		const char *nome;
		const char *email;
		const char *telefone;
	} cliente;
	struct entrega {
		const char *tipo;
		const char *endereco;
		const char *data; /* a date, or a time as sql_of_time() writes it; NULL: none */
	} entrega;
	const char *observacoes;
	struct money valor_esperado; /* what the customer thinks that it costs; SEM_VALOR: anything */
};

#define SEM_VALOR (-1)

/* A line of a cart, or of a reservation, which knows name and price. */
struct linha {
	int64_t produto_id;
	int64_t quantidade;
	const char *nome;
	struct money preco;
};

struct cesta {
	int64_t versao;
	struct field_array linhas;
};

struct reserva {
	bool recusada; /* the catalogue said no, and took nothing */
	struct field_array linhas;
};

/* corpo.c: reads and checks the body of POST /api/pedidos: PROBLEM_CAMPOS_INVALIDOS and those of request_body(). */
enum problem corpo_read(struct request *rq, struct response *rs, struct corpo *corpo);

/* Complains about a delivery that is past or over a year ahead: PROBLEM_CAMPOS_INVALIDOS, or that of a store. */
enum problem corpo_prazo(struct request *rq, struct response *rs, const struct corpo *corpo);

/* A hash of what the body says, however it was spelled: the same order asked for again has the same one. */
const char *corpo_hash(struct arena *arena, const struct corpo *corpo);

/* servicos.c: what is in the cart. PROBLEM_SESSAO_NAO_ENCONTRADA, or PROBLEM_SERVICO_INDISPONIVEL. */
enum problem cesta_read(struct request *rq, struct response *rs, const char *session_id, struct cesta *cesta);

/*
 * Takes the stock of all lines of an order or of none; again for the same order it takes nothing more. When it was
 * refused for certain, reserva->recusada is true and the problem is why. After any other problem it may have been taken:
 * the order stays as it is, to be asked for again.
 */
enum problem reserva_fazer(struct request *rq, struct response *rs, const struct pedido *pedido,
                           struct reserva *reserva);

/* What a step of an order's end came to. What is not done was logged. */
struct fim {
	bool feito;
	const char *
	    recusa; /* the step and the HTTP status of a refusal that will be the same again; NULL: a failure that passes */
};

/* A reservation becomes a sale, or goes back to the shelf; again it changes nothing. */
struct fim reserva_confirmar(struct request *rq, const char *pedido_id);
struct fim reserva_liberar(struct request *rq, const char *pedido_id);

/* Takes what was ordered out of the cart, once; *versao is then the cart's version after it, 0 when the cart is no more. */
struct fim cesta_retirar(struct request *rq, const struct pedido *pedido, int64_t *versao);

/* The orders (const char *) of some reservations that are open past their time limit. */
enum problem reservas_vencidas(struct request *rq, struct field_array *pedidos);

/*
 * pendencia.c: does what a committed order still owes (pedido->pendencia is not NULL): its reservation, its cart. What fails stays
 * owed; what is refused is tried again later and later, and soon parked: an operator is told. *pedido is then what the order has become.
 */
struct fim pedido_concluir(struct request *rq, struct pedido *pedido);

/* Undoes an order that is `reservando` or `desfazendo`; done too when it was confirmed meanwhile. */
struct fim pedido_desfazer(struct request *rq, const struct pedido *pedido);

/* pedidos.c: runs a statement that returns one order or none; *found says which, *pedido is left alone when none. */
enum problem pedido_run(struct request *rq, size_t statement, const char *const *params, struct pedido *pedido,
                        bool *found);

/* Reads row `row` of a statement that returns orders. */
void pedido_row(const struct sql_rows *rows, size_t row, struct pedido *pedido);

/* The rights of the shop's staff, of which each lets a person see who moved an order. */
#define EQUIPE "admin,atendente"

/* Reads order `id`, as the caller may see it. PROBLEM_PEDIDO_NAO_ENCONTRADO, also for one that is not or never was confirmed. */
enum problem pedido_read(struct request *rq, const char *id, struct pedido *pedido);

/* Writes an order as every call answers it. */
void pedido_write(struct json_out *out, const char *name, const struct pedido *pedido);

/* Answers an order with its tag. */
struct json_out *pedido_answer(struct request *rq, struct response *rs, int status, const struct pedido *pedido);

/*
 * The tag of an order, with its quotes: it names the version of the order, and nothing else of the order ever changes. It is the same
 * for the staff, who see more, so that what a customer has read can be named by the staff, and the other way round.
 */
const char *pedido_tag(struct request *rq, const struct pedido *pedido);

/* A problem about an order names it, in words, as `pedido_id` and by Location: only for one who has the order's session. */
void pedido_name(struct response *rs, const struct pedido *pedido);

/* Handlers; see the route table in main.c. */
enum problem pedidos_post(struct request *rq, struct response *rs);
enum problem pedidos_lista(struct request *rq, struct response *rs);
enum problem pedidos_resumo(struct request *rq, struct response *rs);
enum problem pedidos_producao(struct request *rq, struct response *rs);
enum problem pedido_get(struct request *rq, struct response *rs);
enum problem pedido_status_put(struct request *rq, struct response *rs);
enum problem pedido_cancelar(struct request *rq, struct response *rs);
enum problem eu_get(struct request *rq, struct response *rs);
enum problem sistema(struct request *rq, struct response *rs);
enum problem sistema_proprio(struct request *rq, struct response *rs);

#endif
