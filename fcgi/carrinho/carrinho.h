/* The cart: sessions, what is in them, and what the catalogue says of it. What its files share. */
#ifndef CARRINHO_H
#define CARRINHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field.h"
#include "core/idempotency.h"
#include "core/kv.h"
#include "core/money.h"
#include "core/request.h"
#include "core/response.h"
#include "db/carrinho_lua.h"

#define LINHAS_MAX     100
#define QUANTIDADE_MAX 9999
/* A session lives 24 h from its last change: in microseconds, and in milliseconds as the scripts take it. */
#define VIDA_US INT64_C(86400000000)
#define VIDA_MS "86400000"

/* What the cart needs of the catalogue's product, and what it passes through. */
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

/* Asks the catalogue for product `id`: PROBLEM_PRODUTO_NAO_ENCONTRADO, or PROBLEM_SERVICO_INDISPONIVEL. */
enum problem produto_find(struct request *rq, struct response *rs, int64_t id, struct produto *produto);

/* Asks the catalogue for many products (at most LINHAS_MAX) in one call; *produtos lacks those that are gone. */
enum problem produtos_find(struct request *rq, struct response *rs, const int64_t *ids, size_t count,
                           struct field_array *produtos);

/* Asks nothing: the product in the answer of produtos_find(), or NULL. */
const struct produto *produto_among(const struct field_array *produtos, int64_t id);

/* The session of the path, in lower case as it was made. */
const char *sessao_id(struct request *rq);

/* escrita.c: the key of the session's cart in Redis. */
const char *carrinho_key(struct request *rq, const char *sessao);

/* What a script of db/carrinho did. */
struct mudanca {
	int64_t atualizado_em;
	int64_t quantidade; /* of the line, after it */
	int64_t linhas;
	int64_t versao; /* only retirar says it */
	bool repetida;  /* nothing now: all this is what the first call with the Idempotency-Key did */
};

/* Runs a script on a cart; what it refuses comes back as the problem. */
enum problem carrinho_script(struct request *rq, const struct kv_call *call, struct mudanca *mudanca);

/* A client's write: a script, with its own arguments after those that all of them have: life and version. */
struct escrita {
	const char *sessao;
	size_t script;
	const char *const *args;
	size_t arg_count;
	const struct idempotency *chave; /* NULL, or without a key: done however often it is asked for */
};

/*
 * Does a write: carrinho_script(), PROBLEM_VERSAO_DIFERENTE when a condition of the request is false (the cart's version is what it
 * is held against), PROBLEM_CHAVE_REUTILIZADA. A call that its key says was done is PROBLEM_NONE, whatever its conditions.
 */
enum problem carrinho_mudar(struct request *rq, const struct escrita *escrita, struct mudanca *mudanca);

/* Answers what changed; `produto_id` 0 when no single line did. */
enum problem carrinho_mudado(struct response *rs, const char *sessao, int64_t produto_id, const struct mudanca *mudanca,
                             const char *message);

/* Handlers; see the route table in main.c. */
enum problem sessao_post(struct request *rq, struct response *rs);
enum problem carrinho_get(struct request *rq, struct response *rs);
enum problem carrinho_delete(struct request *rq, struct response *rs);
enum problem carrinho_interno_get(struct request *rq, struct response *rs);
enum problem carrinho_retirar(struct request *rq, struct response *rs);
enum problem item_adicionar(struct request *rq, struct response *rs);
enum problem item_atualizar(struct request *rq, struct response *rs);
enum problem item_remover(struct request *rq, struct response *rs);
enum problem saude(struct request *rq, struct response *rs);
enum problem sistema(struct request *rq, struct response *rs);

#endif
