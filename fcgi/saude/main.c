/*
 * Health as clients ask for it, in a pool of its own: it waits for the other pools, so it must not run on workers that sell. Each
 * pool says how its own stores are (/health on the internal listener). The metrics' page, for the same reason.
 */
#include <string.h>

#include "core/call.h"
#include "core/health.h"
#include "core/worker.h"
#include "saude/metricas.h"

/* A pool's own health; `line` is how its store is, or, when no worker of it answers, that. */
struct pool {
	enum health state;
	struct health_line line;
};

static struct pool pool_ask(const struct request *rq, const char *path, const char *store)
{
	struct call_answer answer;
	bool answered = health_ask(rq, path, &answer) == PROBLEM_NONE && answer.status == 200;
	enum health state = HEALTH_UNHEALTHY;

	if (answered)
		state = strstr(answer.body, "\"status\":\"degraded\"") != NULL ? HEALTH_DEGRADED : HEALTH_HEALTHY;
	bool told = answered || (answer.body != NULL && strstr(answer.body, store) != NULL);
	return (struct pool){state, {told ? store : "workers", state}};
}

static struct pool catalogo(const struct request *rq)
{
	return pool_ask(rq, "/health/catalogo", "postgres");
}

static struct pool carrinho(const struct request *rq)
{
	return pool_ask(rq, "/health/carrinho", "redis");
}

static struct pool pedidos(const struct request *rq)
{
	return pool_ask(rq, "/health/pedidos", "postgres");
}

/* The shop sells without its replica, with less to fall back on. Carts need the catalogue. */
static enum problem saude(struct request *rq, struct response *rs)
{
	enum health replica = pool_ask(rq, "/health/replica", "postgres").state;
	enum health produtos = catalogo(rq).state;
	enum health carrinhos = carrinho(rq).state;
	const struct health_line lines[] = {
	    {"catalogo", produtos},
	    {"replica", replica == HEALTH_HEALTHY ? HEALTH_HEALTHY : HEALTH_DEGRADED},
	    {"carrinho", carrinhos > produtos ? carrinhos : produtos},
	    {"pedidos", pedidos(rq).state},
	};

	json_object_end(health_open(rs, "confeitaria", lines, FIELD_COUNT(lines)));
	return PROBLEM_NONE;
}

static enum problem saude_carrinho(struct request *rq, struct response *rs)
{
	const struct health_line lines[] = {carrinho(rq).line, {"catalogo", catalogo(rq).state}};

	json_object_end(health_open(rs, "carrinho", lines, FIELD_COUNT(lines)));
	return PROBLEM_NONE;
}

static enum problem saude_pedidos(struct request *rq, struct response *rs)
{
	const struct health_line lines[] = {
	    pedidos(rq).line,
	    {"carrinho", carrinho(rq).state},
	    {"catalogo", catalogo(rq).state},
	};

	json_object_end(health_open(rs, "pedidos", lines, FIELD_COUNT(lines)));
	return PROBLEM_NONE;
}

static const struct route routes[] = {
    {METHOD_GET, "/saude", saude, NULL, .polled = true},
    {METHOD_GET, "/saude/carrinho", saude_carrinho, NULL, .polled = true},
    {METHOD_GET, "/saude/pedidos", saude_pedidos, NULL, .polled = true},
    {METHOD_GET, "/metrics", metricas, NULL, .polled = true},
};

int main(int argc, char **argv)
{
	const struct service service = {
	    .program = {.name = "saude", .purpose = WORKER_PURPOSE, .calls = true},
	    .routes = routes,
	    .route_count = FIELD_COUNT(routes),
	};

	return worker_main(argc, argv, &service);
}
