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

#define FOTO_MAX (INT64_C(2) * 1024 * 1024) /* bytes; nginx and the table of pictures have the same limit */

#define ESTOQUE_MAX INT32_MAX /* that a client may set; what cancelled orders bring back may go beyond */

/* Reads category `id`: PROBLEM_CATEGORIA_NAO_ENCONTRADA, or the store's problems. */
enum problem categoria_read(struct request *rq, int64_t id, struct categoria *categoria);

/* The rights of which each lets a person see products that are not on sale. */
#define EQUIPE "admin,atendente"

/* Who changes something, and the key by which the call may be repeated: parameters of every statement that takes a `chamada`. */
struct chamada {
	const char *autor;
	const char *dono; /* of the key: stands for the token */
	const char *chave;
	const char *resumo;
};

/* Reads the caller and the Idempotency-Key, after the body: the problems of idempotency_read(). */
enum problem chamada_read(struct request *rq, struct response *rs, struct chamada *out);

/*
 * What became of a change, by the word in column `situacao` of the first row: its problem, or PROBLEM_NONE for a change that was
 * done. Also of one that was done earlier with the same key, which the answer then says.
 */
enum problem mudanca_problem(struct response *rs, const struct sql_rows *rows, size_t situacao);

/* The versions that a product must have to be changed, as parameters; NULL: any. */
struct versoes {
	const char *dados;
	const char *categoria;
	const char *estoque;
};

/*
 * Judges the request's conditions by the product of its path as it is now. What they allow is allowed only of that version: the
 * statement sees to it, and also refuses what they forbid, so that a repeated call is answered as the first time. A change that
 * leaves the stock alone passes with a tag from before a sale. PROBLEM_PRODUTO_NAO_ENCONTRADO, or the store's problems.
 */
enum problem produto_condition(struct request *rq, bool estoque, struct versoes *out);

/* What follows the product's columns in the statements that change one. */
enum {
	COLUMN_VERSAO = PRODUTO_FIELDS,
	COLUMN_VERSAO_CATEGORIA,
	COLUMN_VERSAO_ESTOQUE,
	COLUMN_SITUACAO,
};

/* Answers the product in the first row, with its ETag. */
struct json_out *produto_write(struct request *rq, struct response *rs, int status, const struct sql_rows *rows);

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
enum problem movimentos_lista(struct request *rq, struct response *rs);
enum problem mudancas_lista(struct request *rq, struct response *rs);
enum problem foto_get(struct request *rq, struct response *rs);
enum problem foto_put(struct request *rq, struct response *rs);
enum problem foto_delete(struct request *rq, struct response *rs);
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
enum problem sistema(struct request *rq, struct response *rs);

#endif
