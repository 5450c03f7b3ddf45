/* A write on a cart: its script, its conditions, its Idempotency-Key, its answer. Scripts refuse before they change anything. */
#include <inttypes.h>
#include <string.h>

#include "carrinho/carrinho.h"
#include "core/condition.h"
#include "core/kv.h"

#define ARGS_MAX 16
/* How many Idempotency-Keys of a session are known, the newest; each for VIDA_MS at least. */
#define CHAVES_MAX "1000"
/* How often a condition is held against a newer version, when others write to the same cart at the same time. */
#define TRIES 10
/* A version that no cart has: the script answers the one that it has, and changes nothing. */
#define VERSAO_NENHUMA 0

/* What a script says it met, other than ok. */
static const struct {
	const char *estado;
	enum problem problem;
} recusas[] = {
    {"sessao", PROBLEM_SESSAO_NAO_ENCONTRADA}, {"item", PROBLEM_ITEM_NAO_ENCONTRADO},
    {"cheio", PROBLEM_CARRINHO_CHEIO},         {"estoque", PROBLEM_ESTOQUE_INSUFICIENTE},
    {"limite", PROBLEM_CAMPOS_INVALIDOS},      {"chave", PROBLEM_CHAVE_REUTILIZADA},
    {"versao", PROBLEM_VERSAO_DIFERENTE},
};

const char *carrinho_key(struct request *rq, const char *sessao)
{
	return arena_printf(rq->arena, "carrinho:%s", sessao);
}

/* {what it met, atualizado_em, quantity, lines, version}, of which it says as much as it knows; or {'versao', version}. */
static enum problem reply_read(const struct kv_reply *reply, struct mudanca *mudanca)
{
	const char *estado = kv_text_at(reply, 0);
	const char *quando = kv_text_at(reply, 1);

	*mudanca = (struct mudanca){0};
	if (estado == NULL)
		return PROBLEM_INTERNO;
	for (size_t i = 0; i < FIELD_COUNT(recusas); i++) {
		if (strcmp(recusas[i].estado, estado) != 0)
			continue;
		kv_int_at(reply, 1, &mudanca->versao);
		return recusas[i].problem;
	}
	if (reply->count > 1 && (quando == NULL || !int_parse(quando, 0, INT64_MAX, &mudanca->atualizado_em)))
		return PROBLEM_INTERNO;
	bool whole =
	    reply->count <= 3 || (kv_int_at(reply, 2, &mudanca->quantidade) && kv_int_at(reply, 3, &mudanca->linhas));
	if (!whole || (reply->count > 4 && !kv_int_at(reply, 4, &mudanca->versao)))
		return PROBLEM_INTERNO;
	mudanca->repetida = strcmp(estado, "repetida") == 0;
	return PROBLEM_NONE;
}

enum problem carrinho_script(struct request *rq, const struct kv_call *call, struct mudanca *mudanca)
{
	struct kv_reply reply;
	enum problem problem = kv_run(rq->stores->kv, call, rq->arena, &reply);

	return problem == PROBLEM_NONE ? reply_read(&reply, mudanca) : problem;
}

static const char *of_versao(struct request *rq, int64_t versao)
{
	return arena_printf(rq->arena, "%" PRId64, versao);
}

/* Runs the script once, on a cart that must have this version, a decimal; "": whichever it has. */
static enum problem run_once(struct request *rq, const struct escrita *escrita, const char *versao,
                             struct mudanca *mudanca)
{
	bool keyed = escrita->chave != NULL && escrita->chave->key != NULL;
	const char *key = carrinho_key(rq, escrita->sessao);
	const char *keys[] = {key, keyed ? arena_printf(rq->arena, "%s:chaves", key) : NULL};
	const char *args[ARGS_MAX] = {VIDA_MS, versao};
	size_t count = 2;

	for (size_t i = 0; i < escrita->arg_count; i++)
		args[count++] = escrita->args[i];
	if (keyed) {
		args[count++] = escrita->chave->key;
		args[count++] = escrita->chave->digest;
		args[count++] = CHAVES_MAX;
	}
	const struct kv_call call = {escrita->script, keys, keyed ? 2 : 1, args, count};
	return carrinho_script(rq, &call, mudanca);
}

enum problem carrinho_mudar(struct request *rq, const struct escrita *escrita, struct mudanca *mudanca)
{
	if (!condition_given(rq))
		return run_once(rq, escrita, "", mudanca);
	enum problem problem = run_once(rq, escrita, of_versao(rq, VERSAO_NENHUMA), mudanca);
	for (int i = 0; i < TRIES && problem == PROBLEM_VERSAO_DIFERENTE; i++) {
		const char *versao = of_versao(rq, mudanca->versao);
		/* The rest of the tag is prices and stock, which a write of the cart leaves alone. */
		if (!condition_met(rq, arena_printf(rq->arena, "\"%s.", versao)))
			return problem;
		problem = run_once(rq, escrita, versao, mudanca);
	}
	return problem;
}

enum problem carrinho_mudado(struct response *rs, const char *sessao, int64_t produto_id, const struct mudanca *mudanca,
                             const char *message)
{
	struct json_out *out = response_open(rs, 200);

	if (mudanca->repetida)
		idempotency_replayed(rs);
	json_object(out, NULL);
	json_text(out, "session_id", sessao);
	if (produto_id != 0) {
		json_int(out, "produto_id", produto_id);
		json_int(out, "quantidade", mudanca->quantidade);
	}
	json_int(out, "total_itens", mudanca->linhas);
	json_time(out, "expira_em", mudanca->atualizado_em + VIDA_US);
	json_object_end(out);
	json_text(out, "message", message);
	return PROBLEM_NONE;
}
