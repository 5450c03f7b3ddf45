/* The catalogue's worker: its routes. */
#include "catalogo/catalogo.h"
#include "catalogo/versao.h"
#include "core/worker.h"

static const struct route routes[] = {
    {METHOD_GET, "/api/produtos", produtos_lista, NULL, .cacheable = true},
    {METHOD_GET, "/api/produtos/{int}", produto_get, NULL, .cacheable = true},
    {METHOD_GET, "/api/produtos/{int}/estoque", estoque_get, NULL},
    {METHOD_GET, "/api/produtos/categoria/{int}", produtos_da_categoria, NULL, .cacheable = true},
    {METHOD_GET, "/api/categorias", categorias_lista, NULL, .cacheable = true},
    {METHOD_GET, "/api/categorias/{int}", categoria_get, NULL, .cacheable = true},
    {METHOD_POST, "/api/produtos", produto_post, "admin"},
    {METHOD_PUT, "/api/produtos/{int}", produto_put, "admin", .tagged = true},
    {METHOD_PATCH, "/api/produtos/{int}", produto_patch, "admin", .tagged = true},
    {METHOD_DELETE, "/api/produtos/{int}", produto_delete, "admin", .tagged = true},
    {METHOD_PUT, "/api/produtos/{int}/estoque", estoque_put, "admin", .tagged = true},
    {METHOD_GET, "/api/produtos/{int}/movimentos", movimentos_lista, "admin,atendente"},
    {METHOD_GET, "/api/produtos/{int}/mudancas", mudancas_lista, "admin,atendente"},
    {METHOD_PUT, "/api/produtos/{int}/foto", foto_put, "admin", .tagged = true, .body_max = FOTO_MAX},
    {METHOD_DELETE, "/api/produtos/{int}/foto", foto_delete, "admin", .tagged = true},
    {METHOD_GET, "/fotos/{hash}", foto_get, NULL, .immutable = true},
    {METHOD_POST, "/api/categorias", categoria_post, "admin"},
    {METHOD_PUT, "/api/categorias/{int}", categoria_put, "admin", .tagged = true},
    {METHOD_DELETE, "/api/categorias/{int}", categoria_delete, "admin", .tagged = true},
    {METHOD_POST, "/interno/reservas", reserva_post, "reservas"},
    {METHOD_GET, "/interno/reservas/vencidas", reservas_vencidas, "reservas", .polled = true},
    {METHOD_GET, "/interno/reservas/{uuid}", reserva_get, "reservas"},
    {METHOD_POST, "/interno/reservas/{uuid}/confirmar", reserva_confirmar, "reservas"},
    {METHOD_POST, "/interno/reservas/{uuid}/liberar", reserva_liberar, "reservas"},
    {METHOD_GET, "/interno/sistema", sistema, NULL, .polled = true},
    {METHOD_GET, "/health", saude, NULL, .polled = true},
};

/* Whoever is told of a change, and whoever asks after that, sees it. */
static void on_write(void)
{
	const char *directory = program_settings()->versao;

	if (*directory != '\0')
		versao_mudar(directory);
}

int main(int argc, char **argv)
{
	const struct service service = {
	    .program =
	        {
	            .name = "catalogo",
	            .purpose = WORKER_PURPOSE,
	            .statements = catalogo_statements,
	            .statement_count = CATALOGO_STATEMENT_COUNT,
	            .wrote = on_write,
	        },
	    .routes = routes,
	    .route_count = FIELD_COUNT(routes),
	    .mark = replica_mark,
	};

	return worker_main(argc, argv, &service);
}
