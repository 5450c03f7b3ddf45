/* The orders' worker: its routes, and how its database is. */
#include "core/health.h"
#include "core/worker.h"
#include "pedidos/pedidos.h"

static enum health health_of_db(struct request *rq)
{
	struct sql_rows rows;
	bool up = sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) == PROBLEM_NONE && rows.count == 1 &&
	          sql_bool(&rows, 0, 0);

	return up ? HEALTH_HEALTHY : HEALTH_UNHEALTHY;
}

static enum problem saude(struct request *rq, struct response *rs)
{
	const struct health_line line = {"postgres", health_of_db(rq)};

	json_object_end(health_open(rs, "pedidos", &line, 1));
	return PROBLEM_NONE;
}

static const struct route routes[] = {
    {METHOD_POST, "/api/pedidos", pedidos_post, NULL},
    {METHOD_GET, "/api/pedidos", pedidos_lista, "admin,atendente"},
    {METHOD_GET, "/api/pedidos/resumo", pedidos_resumo, "admin"},
    {METHOD_GET, "/api/pedidos/producao", pedidos_producao, "admin,atendente"},
    {METHOD_GET, "/api/pedidos/{uuid}", pedido_get, NULL},
    {METHOD_PUT, "/api/pedidos/{uuid}/status", pedido_status_put, "admin,atendente", .tagged = true},
    {METHOD_POST, "/api/pedidos/{uuid}/cancelar", pedido_cancelar, NULL, .tagged = true},
    {METHOD_GET, "/api/eu", eu_get, "admin,atendente"},
    {METHOD_GET, "/api/sistema", sistema, "admin,atendente"},
    {METHOD_GET, "/interno/sistema", sistema_proprio, NULL, .polled = true},
    {METHOD_GET, "/health", saude, NULL, .polled = true},
};

int main(int argc, char **argv)
{
	const struct service service = {
	    .program =
	        {
	            .name = "pedidos",
	            .purpose = WORKER_PURPOSE,
	            .statements = pedidos_statements,
	            .statement_count = PEDIDOS_STATEMENT_COUNT,
	            .calls = true,
	        },
	    .routes = routes,
	    .route_count = FIELD_COUNT(routes),
	};

	return worker_main(argc, argv, &service);
}
