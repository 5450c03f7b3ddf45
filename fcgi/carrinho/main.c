/* The cart's worker: its routes. */
#include "carrinho/carrinho.h"
#include "core/worker.h"

static const struct route routes[] = {
    {METHOD_POST, "/api/carrinho/sessao", sessao_post, NULL},
    {METHOD_GET, "/api/carrinho/{uuid}", carrinho_get, NULL},
    {METHOD_DELETE, "/api/carrinho/{uuid}", carrinho_delete, NULL, .tagged = true},
    {METHOD_POST, "/api/carrinho/{uuid}/adicionar", item_adicionar, NULL, .tagged = true},
    {METHOD_PUT, "/api/carrinho/{uuid}/atualizar/{int}", item_atualizar, NULL, .tagged = true},
    {METHOD_DELETE, "/api/carrinho/{uuid}/remover/{int}", item_remover, NULL, .tagged = true},
    {METHOD_GET, "/interno/carrinho/{uuid}", carrinho_interno_get, "retirar"},
    {METHOD_POST, "/interno/carrinho/{uuid}/retirar", carrinho_retirar, "retirar"},
    {METHOD_GET, "/interno/sistema", sistema, NULL, .polled = true},
    {METHOD_GET, "/health", saude, NULL, .polled = true},
};

int main(int argc, char **argv)
{
	const struct service service = {
	    .program =
	        {
	            .name = "carrinho",
	            .purpose = WORKER_PURPOSE,
	            .scripts = carrinho_scripts,
	            .script_count = CARRINHO_SCRIPT_COUNT,
	            .calls = true,
	        },
	    .routes = routes,
	    .route_count = FIELD_COUNT(routes),
	};

	return worker_main(argc, argv, &service);
}
