/* What the changes of administrators have in common: who makes them, the key, and what became of them. */
#include <string.h>

#include "catalogo/catalogo.h"
#include "core/auth.h"
#include "core/idempotency.h"

enum problem chamada_read(struct request *rq, struct response *rs, struct chamada *out)
{
	struct idempotency key;
	char hash[AUTH_HASH_MAX] = "";
	enum problem problem = idempotency_read(rq, rs, &key);

	/* Not the name: another token may have it one day. */
	if (key.key != NULL)
		auth_hash(request_header(rq, "HTTP_AUTHORIZATION"), hash);
	*out = (struct chamada){rq->author, arena_copy(rq->arena, hash, strlen(hash)), key.key, key.digest};
	return problem;
}

enum problem mudanca_problem(struct response *rs, const struct sql_rows *rows, size_t situacao)
{
	static const struct {
		const char *situacao;
		enum problem problem;
	} problems[] = {
	    {"reutilizada", PROBLEM_CHAVE_REUTILIZADA},          {"versao", PROBLEM_VERSAO_DIFERENTE},
	    {"insuficiente", PROBLEM_ESTOQUE_INSUFICIENTE},      {"sem_produto", PROBLEM_PRODUTO_NAO_ENCONTRADO},
	    {"sem_categoria", PROBLEM_CATEGORIA_NAO_ENCONTRADA},
	};
	const char *word = sql_text(rows, 0, situacao);

	if (strcmp(word, "repetida") == 0)
		idempotency_replayed(rs);
	if (strcmp(word, "chaves_demais") == 0)
		return response_problem(
		    rs, PROBLEM_MUITAS_REQUISICOES,
		    "Há Idempotency-Keys demais das últimas 24 horas; nada foi alterado. Tente de novo mais tarde.");
	if (strcmp(word, "limite") == 0) {
		complain(&rs->complaints, "estoque", "deve ser um inteiro de 0 a %d", ESTOQUE_MAX);
		return PROBLEM_CAMPOS_INVALIDOS;
	}
	for (size_t i = 0; i < FIELD_COUNT(problems); i++)
		if (strcmp(problems[i].situacao, word) == 0)
			return problems[i].problem;
	return PROBLEM_NONE;
}
