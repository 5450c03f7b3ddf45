"""People and their rights: what each token may ask."""
import pytest


@pytest.fixture(name="atendente", scope="module")
def fixture_atendente(shop):
    """Who serves at the counter."""
    return shop.client(shop.script("token", "create", "balcao", "--right", "atendente").stdout.strip())


def test_who_serves_moves_orders_along(shop, atendente):
    """Reads them, moves them, and is named in their history."""
    order = shop.order({shop.product()["id"]: 1})
    assert order["id"] in [one["id"] for one in atendente.get("/api/pedidos?limite=500").data]
    moved = atendente.put(f"/api/pedidos/{order['id']}/status", {"status": "em_preparo"}).data
    assert moved["status"] == "em_preparo"
    past = shop.sql(
        f"SELECT status, autor FROM pedido_historico WHERE pedido_id = '{order['id']}' ORDER BY id", "pedidos"
    )
    assert past == [["confirmado", "cliente"], ["em_preparo", "balcao"]]


def test_who_serves_sees_every_product_and_changes_none(shop, atendente):
    """Also those that are not on sale."""
    product = shop.product()
    address = f"/api/produtos/{product['id']}"
    atendente.patch(address, {"preco": 1}).problem("nao_autorizado")
    atendente.put(f"{address}/estoque", {"quantidade": 1, "operacao": "adicionar"}).problem("nao_autorizado")
    atendente.delete(address).problem("nao_autorizado")
    shop.admin.delete(address).ok()
    assert atendente.get(address).data["ativo"] is False
    assert product["id"] in [one["id"] for one in atendente.get("/api/produtos?ativo=false&limite=500").data]
    shop.public.get(address).problem("produto_nao_encontrado")
