/* The catalogue: products, categories, stock and its reservations. What its files share. */
#ifndef CATALOGO_H
#define CATALOGO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/field.h"
#include "core/money.h"
#include "core/request.h"
#include "core/response.h"
#include "core/sql.h"
#include "db/catalogo_sql.h"

struct produto {
	int64_t id;
	const char *nome;
	const char *descricao;
	struct money preco;
	int64_t estoque;
	int64_t categoria_id;
	const char *categoria_nome;
	const char *foto_url;
	bool ativo;
	int64_t criado_em;
	int64_t atualizado_em;
};

#define PRODUTO_FIELDS 11
extern const struct field produto_fields[PRODUTO_FIELDS];

struct categoria {
	int64_t id;
	const char *nome;
	const char *descricao;
	int64_t criado_em;
	int64_t atualizado_em;
};

#define CATEGORIA_FIELDS 5
extern const struct field categoria_fields[CATEGORIA_FIELDS];

/* Reads category `id`: PROBLEM_CATEGORIA_NAO_ENCONTRADA, or the store's problems. */
enum problem categoria_read(struct request *rq, int64_t id, struct categoria *categoria);

/* The name of the administrator whose token came with the request, NULL when there is none or it is no administrator's. */
const char *administrador(struct request *rq);

/* Answers product `id` as the administrator sees it. */
enum problem produto_answer(struct request *rq, struct response *rs, int64_t id);

/* Says on an answer of the replica's pool that it is one, how far behind it may be, and that nobody may keep it. */
void replica_mark(struct request *rq, struct response *rs);

/* Handlers; see the route table in main.c. */
enum problem produtos_lista(struct request *rq, struct response *rs);
enum problem produtos_da_categoria(struct request *rq, struct response *rs);
enum problem produto_get(struct request *rq, struct response *rs);
enum problem produto_post(struct request *rq, struct response *rs);
enum problem produto_put(struct request *rq, struct response *rs);
enum problem produto_patch(struct request *rq, struct response *rs);
enum problem produto_delete(struct request *rq, struct response *rs);
enum problem estoque_get(struct request *rq, struct response *rs);
enum problem estoque_put(struct request *rq, struct response *rs);
enum problem categorias_lista(struct request *rq, struct response *rs);
enum problem categoria_get(struct request *rq, struct response *rs);
enum problem categoria_post(struct request *rq, struct response *rs);
enum problem categoria_put(struct request *rq, struct response *rs);
enum problem categoria_delete(struct request *rq, struct response *rs);
enum problem reserva_post(struct request *rq, struct response *rs);
enum problem reserva_get(struct request *rq, struct response *rs);
enum problem reservas_vencidas(struct request *rq, struct response *rs);
enum problem reserva_confirmar(struct request *rq, struct response *rs);
enum problem reserva_liberar(struct request *rq, struct response *rs);
enum problem saude(struct request *rq, struct response *rs);

#endif
