"""Health: of all on the front door, of each part on its own port, and what it says when a part is missing."""
import os
import signal
import time

import pytest
import redis

from client import exact
from generated import generated
from multidao import crowd, request
from shop import DIRECT, eventually

LINES = {
    "catalogo": {"postgres"},
    "catalogo-replica": {"postgres", "replicacao", "atraso_bytes", "atraso_segundos"},
    "carrinho": {"redis", "catalogo"},
    "pedidos": {"postgres", "carrinho", "catalogo"},
}

RELEASE = generated("version.json")


def health(answer, status=200):
    """The body of a health answer, which has no envelope."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = exact(answer.text)
    assert body["timestamp"].endswith("Z") and (body["status"] == "unhealthy") == (status == 503), answer
    if "workers" not in body:  # nginx's own words when no worker answers
        assert (body["version"], body["commit"]) == (RELEASE["version"], RELEASE["commit"])
    return body


def test_the_front_door(shop):
    """A line a part, all well."""
    body = health(shop.health("healthy"))
    assert {name: value for name, value in body.items() if name not in ("timestamp", "version", "commit")} == {
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
    assert set(body) - {"status", "service", "timestamp", "version", "commit"} == LINES[pool]
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
def test_health_takes_no_worker_that_sells(shop):
    """Without a single worker of carrinho or pedidos all is told of the others, on the ports too."""
    for pool, store in (("pedidos", "postgres"), ("carrinho", "redis")):
        assert health(shop.health("healthy", pool))[store] == "healthy"
        with shop.stopped(*shop.workers(pool)):
            body = health(shop.health("unhealthy"), 503)
            assert (body["service"], body["catalogo"], body[pool]) == ("confeitaria", "healthy", "unhealthy")
            body = health(shop.health("unhealthy", pool), 503)
            assert (body["service"], body["catalogo"], body["workers"]) == (pool, "healthy", "unhealthy")
    assert shop.recovered()
    with shop.stopped(*shop.workers("saude")):
        body = health(shop.health("unhealthy"), 503)
        assert (body["service"], body["workers"]) == ("confeitaria", "unhealthy")
        shop.order({shop.product()["id"]: 1})
    assert shop.recovered()


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
            body = health(shop.health("unhealthy", pool), 503)
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
    assert eventually(lambda: shop.processes().get(part, pid) != pid and answers(shop, part))
    assert shop.recovered()
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


# Stores that answer and refuse writes

READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()"
READ_WRITE = "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()"
REFUSALS = {
    "too few replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    "no memory": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 256mb"),
    "a replica": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "no right": ("ACL SETUSER carrinho -evalsha", "ACL SETUSER carrinho +evalsha"),
}


def is_unhealthy(shop, pool, line, part):
    """The pool's own answer, the front door's and scripts/status say that this store is not well."""
    assert health(shop.health("unhealthy", pool), 503)[line] == "unhealthy"
    assert health(shop.health("unhealthy"), 503)[pool] == "unhealthy"
    report = shop.status(check=False)
    assert report["healthy"] is False and report["parts"]["health"]["status"] == "unhealthy"
    assert part is None or report["parts"][part]["status"] == "refuses writes"


@pytest.mark.slow
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_redis_that_refuses_writes(shop, refusal):
    """It answers PING, and nothing can be put into a cart."""
    product, session = shop.product()["id"], shop.session()
    begin, end = REFUSALS[refusal]
    shop.redis().execute_command(*begin.split())
    try:
        assert shop.redis().ping()
        answer = shop.client().post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 1})
        assert answer.status in (500, 503), answer
        is_unhealthy(shop, "carrinho", "redis", None if refusal == "no right" else "redis")
    finally:
        shop.redis().execute_command(*end.split())
    assert shop.recovered() and shop.status()["healthy"]
    assert shop.redis().exists("carrinho:saude") == 0


@pytest.mark.slow
@pytest.mark.parametrize("database, pool", [("catalogo", "catalogo"), ("pedidos", "pedidos")])
def test_a_database_that_refuses_writes(shop, database, pool):
    """A primary that reads all the same is not healthy for a service that writes."""
    order = shop.checkout(shop.cart({shop.product()["id"]: 1}))
    shop.psql(READ_ONLY, database)
    try:
        is_unhealthy(shop, pool, "postgres", f"pg-{database}")
        assert shop.client().post("/api/pedidos", order).status == 503
    finally:
        shop.psql(READ_WRITE, database)
    assert shop.recovered() and shop.status()["healthy"]
    shop.client().post("/api/pedidos", order).ok(201)


# Asking often


def is_asked_seldom(port):
    """Whether a hundred who ask at once get no more different answers than one a second. When an answer takes longer
    than others wait for it, they ask for themselves: so it is tried again."""

    def seldom():
        begin = time.monotonic()
        found = {answer.json["timestamp"] for answer in crowd(port, [request("GET", "/health")] * 100)}
        return len(found) <= time.monotonic() - begin + 2

    return eventually(seldom)


@pytest.mark.slow
def test_asking_often_costs_nothing(shop):
    """An answer is good for a second, well or not, for all who ask at once; HEAD leaves no empty one."""
    for port in (shop.port, *(shop.base + offset for offset in DIRECT.values())):
        assert crowd(port, [request("HEAD", "/health")])[0].body == b""
        assert is_asked_seldom(port)
    names = shop.workers("carrinho")
    with shop.stopped(*names):
        shop.health("unhealthy")
        assert is_asked_seldom(shop.port)
    assert eventually(lambda: shop.client().get("/health").headers["X-Cache"] == "HIT")
    whole, head = shop.client().get("/health"), shop.client().head("/health")
    assert whole.body and int(head.headers["Content-Length"]) == len(whole.body)
    for method in ("POST", "PUT", "DELETE"):
        shop.client().request(method, "/health", {}).problem("metodo_nao_permitido")
    assert shop.client().request("OPTIONS", "/health").body == b""
