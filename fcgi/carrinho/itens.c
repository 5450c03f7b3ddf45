/* Lines of a cart: added, changed, removed. The stock is the catalogue's, asked first; a script keeps the count. */
#include <inttypes.h>

#include "carrinho/carrinho.h"

struct item {
	int64_t produto_id;
	int64_t quantidade;
};

static const struct rule adicionar_rules[] = {
    {"produto_id", FIELD_INT, offsetof(struct item, produto_id), true, .min = 1, .max = INT32_MAX},
    {"quantidade", FIELD_INT, offsetof(struct item, quantidade), .min = 1, .max = QUANTIDADE_MAX},
};

static const struct rule atualizar_rules[] = {
    {"quantidade", FIELD_INT, offsetof(struct item, quantidade), true, .min = 1, .max = QUANTIDADE_MAX},
};

static const char *of_int(struct request *rq, int64_t value)
{
	return arena_printf(rq->arena, "%" PRId64, value);
}

static enum problem sem_estoque(struct response *rs, const struct produto *produto)
{
	static const char *const restantes[] = {"não resta nenhuma unidade", "resta 1 unidade", "restam # unidades"};

	return response_problem(rs, PROBLEM_ESTOQUE_INSUFICIENTE, "Estoque insuficiente: %s de %s",
	                        text_count(rs->complaints.arena, produto->estoque, restantes), produto->nome);
}

/* In words why a write was refused; `sought`: what asking the catalogue for the product came to. */
static enum problem recusado(struct response *rs, enum problem problem, enum problem sought,
                             const struct produto *produto)
{
	bool by_product = problem == PROBLEM_ESTOQUE_INSUFICIENTE || problem == PROBLEM_CAMPOS_INVALIDOS;

	if (by_product && sought != PROBLEM_NONE)
		return sought;
	if (problem == PROBLEM_ESTOQUE_INSUFICIENTE)
		return sem_estoque(rs, produto);
	if (problem == PROBLEM_CAMPOS_INVALIDOS)
		complain(&rs->complaints, "quantidade", "somada ao que já está no carrinho, passa de %d",
		         QUANTIDADE_MAX);
	return problem;
}

enum problem item_adicionar(struct request *rq, struct response *rs)
{
	struct item item = {.quantidade = 1};
	struct idempotency chave = {0};
	struct produto produto = {0};
	struct mudanca mudanca;
	enum problem problem = request_body(rq, rs, adicionar_rules, FIELD_COUNT(adicionar_rules), &item, NULL);

	if (problem == PROBLEM_NONE)
		problem = idempotency_read(rq, rs, &chave);
	if (problem != PROBLEM_NONE)
		return problem;
	/* What the key's first call did is answered whatever has become of the product, or of the catalogue: there is no stock then. */
	enum problem sought = produto_find(rq, rs, item.produto_id, &produto);
	if (sought != PROBLEM_NONE && chave.key == NULL)
		return sought;
	rs->detail = NULL;
	const char *args[] = {
	    of_int(rq, item.produto_id), of_int(rq, item.quantidade), of_int(rq, produto.estoque),
	    of_int(rq, QUANTIDADE_MAX),  of_int(rq, LINHAS_MAX),
	};
	const struct escrita escrita = {sessao_id(rq), KV_ADICIONAR, args, FIELD_COUNT(args), &chave};
	problem = carrinho_mudar(rq, &escrita, &mudanca);
	if (problem != PROBLEM_NONE)
		return recusado(rs, problem, sought, &produto);
	return carrinho_mudado(rs, escrita.sessao, item.produto_id, &mudanca, "Produto adicionado ao carrinho");
}

enum problem item_atualizar(struct request *rq, struct response *rs)
{
	struct item item = {.produto_id = request_int(rq, 1)};
	struct produto produto = {0};
	struct mudanca mudanca;
	enum problem problem = request_body(rq, rs, atualizar_rules, FIELD_COUNT(atualizar_rules), &item, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	/* A product that is gone has no stock; but a missing session or line matters more, so the script still runs. */
	enum problem sought = produto_find(rq, rs, item.produto_id, &produto);
	if (sought != PROBLEM_NONE && sought != PROBLEM_PRODUTO_NAO_ENCONTRADO)
		return sought;
	rs->detail = NULL;
	const char *args[] = {of_int(rq, item.produto_id), of_int(rq, item.quantidade), of_int(rq, produto.estoque)};
	const struct escrita escrita = {sessao_id(rq), KV_ATUALIZAR, args, FIELD_COUNT(args), NULL};
	problem = carrinho_mudar(rq, &escrita, &mudanca);
	if (problem != PROBLEM_NONE)
		return recusado(rs, problem, sought, &produto);
	return carrinho_mudado(rs, escrita.sessao, item.produto_id, &mudanca, "Quantidade atualizada");
}

enum problem item_remover(struct request *rq, struct response *rs)
{
	struct mudanca mudanca;
	const char *args[] = {of_int(rq, request_int(rq, 1))};
	const struct escrita escrita = {sessao_id(rq), KV_REMOVER, args, FIELD_COUNT(args), NULL};
	enum problem problem = carrinho_mudar(rq, &escrita, &mudanca);

	if (problem != PROBLEM_NONE)
		return problem;
	return carrinho_mudado(rs, escrita.sessao, request_int(rq, 1), &mudanca, "Produto removido do carrinho");
}
