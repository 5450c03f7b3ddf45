/* The cart's health, and what its pool reports of itself and of Redis. */
#include "carrinho/carrinho.h"
#include "core/health.h"

#define CHAVE "carrinho:saude"

enum problem saude(struct request *rq, struct response *rs)
{
	struct kv_reply reply;
	const struct health_line line = {"redis", health_of_kv(rq, KV_SAUDE, CHAVE, &reply)};

	json_object_end(health_open(rs, "carrinho", &line, 1));
	return PROBLEM_NONE;
}

/* A number of the script's answer, unless Redis does not tell it. */
static void number(struct json_out *out, const char *name, const struct kv_reply *reply, size_t at)
{
	int64_t value;

	if (kv_int_at(reply, at, &value) && value >= 0)
		json_int(out, name, value);
}

enum problem sistema(struct request *rq, struct response *rs)
{
	struct kv_reply reply;
	enum health redis = health_of_kv(rq, KV_SISTEMA, CHAVE, &reply);
	struct json_out *out = health_report(rs, redis);

	json_object(out, "redis");
	json_text(out, "status", health_word(redis));
	number(out, "memoria_bytes", &reply, 0);
	number(out, "chaves", &reply, 1);
	json_object_end(out);
	json_object_end(out);
	return PROBLEM_NONE;
}
