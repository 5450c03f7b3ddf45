"""Health: of all on the front door, of each part on its own port, and what it says when a part is missing."""
import os
import signal

import pytest
import redis

from client import exact
from shop import eventually

LINES = {
    "catalogo": {"postgres"},
    "catalogo-replica": {"postgres", "replicacao", "atraso_bytes", "atraso_segundos"},
    "carrinho": {"redis", "catalogo"},
    "pedidos": {"postgres", "carrinho", "catalogo"},
}


def health(answer, status=200):
    """The body of a health answer, which has no envelope."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = exact(answer.text)
    assert body["timestamp"].endswith("Z") and (body["status"] == "unhealthy") == (status == 503), answer
    return body


def test_the_front_door(shop):
    """A line a part, all well."""
    body = health(shop.health("healthy"))
    assert body.pop("timestamp")
    assert body == {
        "status": "healthy",
        "service": "confeitaria",
        "catalogo": "healthy",
        "replica": "healthy",
        "carrinho": "healthy",
        "pedidos": "healthy",
    }


@pytest.mark.parametrize("pool", LINES)
def test_each_service_on_its_port(shop, pool):
    """A line a dependency; the replica says how far behind it is."""
    body = health(shop.health("healthy", pool))
    assert body["service"] == pool
    assert set(body) - {"status", "service", "timestamp"} == LINES[pool]
    if pool == "catalogo-replica":
        assert body["atraso_bytes"] >= 0 and body["atraso_segundos"] >= 0


def test_health_is_only_read(shop):
    """405 for anything but GET and HEAD, on the ports too."""
    for client in (shop.public, shop.client(pool="catalogo")):
        assert client.post("/health", {}).problem("metodo_nao_permitido")
        assert client.head("/health").status == 200


def test_the_internal_health_is_not_public(shop):
    """Neither on the front door nor on a service's port."""
    for path in ("/health/catalogo", "/saude", "/health/"):
        for client in (shop.public, shop.client(pool="pedidos")):
            client.get(path).problem("rota_nao_encontrada")


@pytest.mark.slow
@pytest.mark.parametrize(
    "part, pool, line",
    [
        ("pg-catalogo", "catalogo", "postgres"),
        ("pg-replica", "catalogo-replica", "postgres"),
        ("redis", "carrinho", "redis"),
        ("pg-pedidos", "pedidos", "postgres"),
    ],
)
def test_a_store_that_is_frozen(hurried_shop, part, pool, line):
    """Unhealthy, told while it is frozen, however often it is asked; well again afterwards. Workers stay the same."""
    shop = hurried_shop
    before = shop.workers()
    with shop.frozen(part):
        for _ in range(6):
            body = health(shop.client(pool=pool).get("/health"), 503)
            assert body["status"] == "unhealthy" and "unhealthy" in (body.get(line), body.get("workers"))
            assert shop.health("degraded" if part == "pg-replica" else "unhealthy")
    assert shop.recovered()
    assert shop.workers() == before


@pytest.mark.slow
@pytest.mark.parametrize("part", ["pg-catalogo", "pg-pedidos", "redis", "pg-replica"])
def test_a_store_that_dies(shop, part):
    """Its supervisor starts it again; the workers connect again by themselves and nothing that was answered is lost."""
    before = shop.workers()
    product = shop.product(estoque=5)
    session = shop.cart({product["id"]: 1})
    order = shop.order({product["id"]: 1})
    pid = shop.processes()[part]
    os.kill(pid, signal.SIGKILL)
    assert eventually(
        lambda: shop.processes().get(part, pid) != pid
        and answers(shop, part)
        and shop.client().get("/health").json["status"] == "healthy"
    )
    assert shop.client().get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 1
    assert shop.client().get(f"/api/pedidos/{order['id']}").data["status"] == "confirmado"
    assert eventually(lambda: shop.client().get(f"/api/produtos/{product['id']}").status == 200)
    shop.client().post("/api/pedidos", shop.checkout(session)).ok(201)
    assert shop.stock(product["id"]) == 3
    assert shop.recovered()
    assert shop.workers() == before


def answers(shop, part):
    """Whether a store itself answers, asked past everything else."""
    try:
        if part == "redis":
            return shop.redis().ping()
        return shop.value("SELECT 1", part.removeprefix("pg-")) == "1"
    except (AssertionError, redis.exceptions.RedisError):
        return False
