/* A session and the whole of its cart: opened, read, emptied, and relieved of what an order bought. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "carrinho/carrinho.h"
#include "core/condition.h"
#include "core/log.h"
#include "core/uuid.h"

struct linha {
	int64_t produto_id;
	int64_t quantidade;
	int64_t adicionado_em;
};

/* A cart as it is kept: a hash with criado_em, atualizado_em, versao, a member `i:<product>` a line; the rest is retirar.lua's. */
struct carrinho {
	const char *session_id;
	int64_t versao;
	int64_t criado_em;
	int64_t atualizado_em;
	struct linha *linhas;
	size_t count;
};

static const struct field linha_fields[] = {
    {"produto_id", FIELD_INT, offsetof(struct linha, produto_id)},
    {"quantidade", FIELD_INT, offsetof(struct linha, quantidade)},
    {"adicionado_em", FIELD_TIME, offsetof(struct linha, adicionado_em)},
};

/* An order needs no more of a line than this many of its fields. */
#define LINHA_PEDIDO_FIELDS 2

static const struct rule linha_rules[] = {
    {"produto_id", FIELD_INT, offsetof(struct linha, produto_id), true, .min = 1, .max = INT32_MAX},
    {"quantidade", FIELD_INT, offsetof(struct linha, quantidade), true, .min = 1, .max = QUANTIDADE_MAX},
};

struct retirada {
	const char *pedido_id;
	int64_t carrinho_versao;
	struct field_array itens;
};

static const struct rule retirada_rules[] = {
    {"pedido_id", FIELD_UUID, offsetof(struct retirada, pedido_id), true},
    {"carrinho_versao", FIELD_INT, offsetof(struct retirada, carrinho_versao), true, .min = 1, .max = INT64_MAX},
    {"itens", FIELD_ARRAY, offsetof(struct retirada, itens), true, .min = 1, .max = LINHAS_MAX, .rules = linha_rules,
     .rule_count = FIELD_COUNT(linha_rules), .size = sizeof(struct linha)},
};

const char *sessao_id(struct request *rq)
{
	static const struct rule rule = {.type = FIELD_UUID};
	const char *id = rq->args[0];

	field_parse(&rule, rq->args[0], rq->arena, &id);
	return id;
}

enum problem sessao_post(struct request *rq, struct response *rs)
{
	char sessao[UUID_TEXT_MAX];
	struct idempotency chave;
	struct mudanca mudanca;
	enum problem problem = idempotency_read(rq, rs, &chave);

	if (problem != PROBLEM_NONE)
		return problem;
	/*
	 * The key has no owner yet: were it kept, two strangers who both send "1" would share a cart. A repeat opens another empty
	 * session, which does no harm.
	 */
	uuid_new(sessao);
	const char *keys[] = {carrinho_key(rq, sessao)};
	const char *args[] = {VIDA_MS};
	const struct kv_call call = {KV_CRIAR, keys, FIELD_COUNT(keys), args, FIELD_COUNT(args)};
	problem = carrinho_script(rq, &call, &mudanca);
	if (problem != PROBLEM_NONE)
		return problem;
	response_header(rs, "Location", "/api/carrinho/%s", sessao);
	struct json_out *out = response_open(rs, 201);
	json_object(out, NULL);
	json_text(out, "session_id", sessao);
	json_time(out, "expira_em", mudanca.atualizado_em + VIDA_US);
	json_object_end(out);
	return PROBLEM_NONE;
}

/* Reads "quantidade adicionado_em" of the member `i:<produto_id>`. */
static bool linha_read(struct request *rq, const char *member, const char *value, struct linha *linha)
{
	const char *blank = strchr(value, ' ');

	return blank != NULL && int_parse(member + 2, 1, INT32_MAX, &linha->produto_id) &&
	       int_parse(arena_copy(rq->arena, value, (size_t)(blank - value)), 1, QUANTIDADE_MAX,
	                 &linha->quantidade) &&
	       int_parse(blank + 1, 0, INT64_MAX, &linha->adicionado_em);
}

static bool member_read(struct request *rq, const char *member, const char *value, struct carrinho *carrinho)
{
	if (strncmp(member, "i:", 2) == 0)
		return linha_read(rq, member, value, &carrinho->linhas[carrinho->count++]);
	if (strcmp(member, "versao") == 0)
		return int_parse(value, 0, INT64_MAX, &carrinho->versao);
	if (strcmp(member, "criado_em") == 0)
		return int_parse(value, 0, INT64_MAX, &carrinho->criado_em);
	if (strcmp(member, "atualizado_em") == 0)
		return int_parse(value, 0, INT64_MAX, &carrinho->atualizado_em);
	return strcmp(member, "retirada") == 0 || strncmp(member, "p:", 2) == 0;
}

/* Oldest line first, then by product. */
static int linha_compare(const void *left, const void *right)
{
	const struct linha *a = left;
	const struct linha *b = right;

	if (a->adicionado_em != b->adicionado_em)
		return a->adicionado_em < b->adicionado_em ? -1 : 1;
	return (a->produto_id > b->produto_id) - (a->produto_id < b->produto_id);
}

/* Reads the whole cart of the path's session. */
static enum problem carrinho_read(struct request *rq, struct carrinho *carrinho)
{
	struct kv_reply reply;
	const char *sessao = sessao_id(rq);
	const char *command[] = {"HGETALL", carrinho_key(rq, sessao)};
	enum problem problem = kv_read(rq->stores->kv, command, FIELD_COUNT(command), rq->arena, &reply);

	if (problem != PROBLEM_NONE)
		return problem;
	if (reply.type != KV_LIST || reply.count == 0)
		return PROBLEM_SESSAO_NAO_ENCONTRADA;
	*carrinho = (struct carrinho){.session_id = sessao};
	carrinho->linhas = arena_array(rq->arena, reply.count, sizeof(struct linha));
	for (size_t i = 0; i + 1 < reply.count; i += 2) {
		const char *member = kv_text_at(&reply, i);
		const char *value = kv_text_at(&reply, i + 1);
		if (member != NULL && value != NULL && member_read(rq, member, value, carrinho))
			continue;
		log_event(LOG_LEVEL_ERRO, "carrinho_ilegivel", "membro=%s", log_quote(member == NULL ? "" : member));
		return PROBLEM_INTERNO;
	}
	qsort(carrinho->linhas, carrinho->count, sizeof(struct linha), linha_compare);
	return PROBLEM_NONE;
}

/* Writes a line at today's price; one that cannot be had now costs nothing. Adds to *total. */
static void linha_write(struct json_out *out, const struct linha *linha, const struct produto *produto,
                        struct money *total)
{
	struct money subtotal = {0};
	bool disponivel = produto != NULL && produto->ativo && produto->estoque >= linha->quantidade &&
	                  money_times(produto->preco, linha->quantidade, &subtotal) && money_add(total, subtotal);

	json_object(out, NULL);
	json_fields(out, linha_fields, FIELD_COUNT(linha_fields), linha);
	json_bool(out, "disponivel", disponivel);
	if (produto == NULL)
		json_null(out, "produto");
	else
		json_struct(out, "produto", produto_fields, PRODUTO_FIELDS, produto);
	json_money(out, "subtotal", subtotal);
	json_object_end(out);
}

static void carrinho_write(struct response *rs, const struct carrinho *carrinho, const struct field_array *produtos)
{
	struct money total = {0};
	struct json_out *out = response_open(rs, 200);

	json_object(out, NULL);
	json_text(out, "session_id", carrinho->session_id);
	json_array(out, "itens");
	for (size_t i = 0; i < carrinho->count; i++) {
		const struct linha *linha = &carrinho->linhas[i];
		linha_write(out, linha, produto_among(produtos, linha->produto_id), &total);
	}
	json_array_end(out);
	json_int(out, "total_itens", (int64_t)carrinho->count);
	json_money(out, "valor_total", total);
	json_time(out, "criado_em", carrinho->criado_em);
	json_time(out, "atualizado_em", carrinho->atualizado_em);
	json_time(out, "expira_em", carrinho->atualizado_em + VIDA_US);
	json_object_end(out);
}

/* The version, which is all that a write of the cart is held against; then, for readers, prices and stock, which are not the cart's. */
static const char *carrinho_tag(struct request *rq, const struct response *rs, const struct carrinho *carrinho)
{
	const char *whole = condition_tag(rq->arena, rs->body.data, rs->body.len);

	return arena_printf(rq->arena, "\"%" PRId64 ".%s", carrinho->versao, whole + 1);
}

enum problem carrinho_get(struct request *rq, struct response *rs)
{
	struct carrinho carrinho;
	struct field_array produtos;
	enum problem problem = carrinho_read(rq, &carrinho);

	if (problem != PROBLEM_NONE)
		return problem;
	int64_t *ids = arena_array(rq->arena, carrinho.count, sizeof(*ids));
	for (size_t i = 0; i < carrinho.count; i++)
		ids[i] = carrinho.linhas[i].produto_id;
	problem = produtos_find(rq, rs, ids, carrinho.count, &produtos);
	if (problem != PROBLEM_NONE)
		return problem;
	carrinho_write(rs, &carrinho, &produtos);
	response_etag(rs, carrinho_tag(rq, rs, &carrinho));
	return PROBLEM_NONE;
}

enum problem carrinho_delete(struct request *rq, struct response *rs)
{
	struct mudanca mudanca;
	const char *sessao = sessao_id(rq);
	const struct escrita escrita = {.sessao = sessao, .script = KV_ESVAZIAR};
	enum problem problem = carrinho_mudar(rq, &escrita, &mudanca);

	return problem == PROBLEM_NONE ? carrinho_mudado(rs, sessao, 0, &mudanca, "Carrinho esvaziado") : problem;
}

enum problem carrinho_interno_get(struct request *rq, struct response *rs)
{
	struct carrinho carrinho;
	enum problem problem = carrinho_read(rq, &carrinho);

	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_text(out, "session_id", carrinho.session_id);
	json_int(out, "versao", carrinho.versao);
	json_array(out, "itens");
	for (size_t i = 0; i < carrinho.count; i++)
		json_struct(out, NULL, linha_fields, LINHA_PEDIDO_FIELDS, &carrinho.linhas[i]);
	json_array_end(out);
	json_object_end(out);
	return PROBLEM_NONE;
}

/* "1:2 7:1": each product and how many of it, in one argument however many there are. */
static const char *linhas_text(struct request *rq, const struct field_array *itens)
{
	const struct linha *linhas = itens->items;
	struct buf text = {0};

	for (size_t i = 0; i < itens->count; i++)
		buf_printf(&text, "%" PRId64 ":%" PRId64 " ", linhas[i].produto_id, linhas[i].quantidade);
	const char *kept = arena_copy(rq->arena, text.data, text.len);
	buf_free(&text);
	return kept;
}

enum problem carrinho_retirar(struct request *rq, struct response *rs)
{
	struct retirada retirada = {0};
	struct mudanca mudanca;
	const char *sessao = sessao_id(rq);
	enum problem problem = request_body(rq, rs, retirada_rules, FIELD_COUNT(retirada_rules), &retirada, NULL);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *args[] = {
	    VIDA_MS,
	    retirada.pedido_id,
	    arena_printf(rq->arena, "%" PRId64, retirada.carrinho_versao),
	    linhas_text(rq, &retirada.itens),
	};
	const char *keys[] = {carrinho_key(rq, sessao)};
	const struct kv_call call = {KV_RETIRAR, keys, FIELD_COUNT(keys), args, FIELD_COUNT(args)};
	problem = carrinho_script(rq, &call, &mudanca);
	if (problem != PROBLEM_NONE)
		return problem;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_text(out, "session_id", sessao);
	json_text(out, "pedido_id", retirada.pedido_id);
	json_int(out, "versao", mudanca.versao);
	json_object_end(out);
	return PROBLEM_NONE;
}
