/* The catalogue's worker: its routes and its health. */
#include "catalogo/catalogo.h"
#include "core/health.h"
#include "core/worker.h"

static enum problem saude(struct request *rq, struct response *rs)
{
	struct sql_rows rows;
	bool up = sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) == PROBLEM_NONE && rows.count == 1;
	const struct health_line lines[] = {{"postgres", up ? HEALTH_HEALTHY : HEALTH_UNHEALTHY}};
	struct json_out *out =
	    health_open(rs, rq->stores->read_only ? "catalogo-replica" : "catalogo", lines, FIELD_COUNT(lines));

	if (up && sql_bool(&rows, 0, 0)) {
		json_int(out, "atraso_bytes", sql_int(&rows, 0, 1));
		json_int(out, "atraso_segundos", sql_int(&rows, 0, 2));
	}
	json_object_end(out);
	return PROBLEM_NONE;
}

static const struct route routes[] = {
    {METHOD_GET, "/api/produtos", produtos_lista, NULL},
    {METHOD_GET, "/api/produtos/{int}", produto_get, NULL},
    {METHOD_GET, "/api/produtos/{int}/estoque", estoque_get, NULL},
    {METHOD_GET, "/api/produtos/categoria/{int}", produtos_da_categoria, NULL},
    {METHOD_GET, "/api/categorias", categorias_lista, NULL},
    {METHOD_GET, "/api/categorias/{int}", categoria_get, NULL},
    {METHOD_POST, "/api/produtos", produto_post, "admin"},
    {METHOD_PUT, "/api/produtos/{int}", produto_put, "admin"},
    {METHOD_PATCH, "/api/produtos/{int}", produto_patch, "admin"},
    {METHOD_DELETE, "/api/produtos/{int}", produto_delete, "admin"},
    {METHOD_PUT, "/api/produtos/{int}/estoque", estoque_put, "admin"},
    {METHOD_POST, "/api/categorias", categoria_post, "admin"},
    {METHOD_PUT, "/api/categorias/{int}", categoria_put, "admin"},
    {METHOD_DELETE, "/api/categorias/{int}", categoria_delete, "admin"},
    {METHOD_POST, "/interno/reservas", reserva_post, "reservas"},
    {METHOD_GET, "/interno/reservas/vencidas", reservas_vencidas, "reservas"},
    {METHOD_GET, "/interno/reservas/{uuid}", reserva_get, "reservas"},
    {METHOD_POST, "/interno/reservas/{uuid}/confirmar", reserva_confirmar, "reservas"},
    {METHOD_POST, "/interno/reservas/{uuid}/liberar", reserva_liberar, "reservas"},
    {METHOD_GET, "/health", saude, NULL},
};

int main(int argc, char **argv)
{
	const struct service service = {
	    .program =
	        {
	            .name = "catalogo",
	            .purpose = WORKER_PURPOSE,
	            .statements = catalogo_statements,
	            .statement_count = CATALOGO_STATEMENT_COUNT,
	        },
	    .routes = routes,
	    .route_count = FIELD_COUNT(routes),
	};

	return worker_main(argc, argv, &service);
}
