"""When the primary's side is gone: reads go on from the replica, writes say so, nothing is changed."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import exact
from shop import eventually

# fmt: off
READS = ("/api/produtos", "/api/produtos?busca=limao", "/api/produtos/7", "/api/produtos/7/estoque?quantidade=2",
         "/api/produtos/categoria/3", "/api/categorias", "/api/categorias/3")
# fmt: on


def writes():
    """A change of every kind that needs the catalogue's primary."""
    return (
        ("PUT", "/api/produtos/7/estoque", {"quantidade": 1, "operacao": "adicionar"}),
        ("PATCH", "/api/produtos/7", {"preco": 1}),
        ("POST", "/api/categorias", {"nome": "Nova"}),
        ("DELETE", "/api/produtos/7", None),
        ("POST", "/api/produtos", {"nome": "N", "preco": 1, "categoria_id": 1}),
    )


def snapshot(shop):
    """What must not change."""
    return (
        shop.sql("SELECT id, nome, preco, estoque, ativo, versao FROM produtos ORDER BY id"),
        shop.sql("SELECT * FROM categorias ORDER BY id"),
    )


def test_the_replica_reads_the_same(shop):
    """What was written is there a moment later; the replica's own port gives the same answers."""
    replica = shop.client(pool="catalogo-replica")
    product = shop.product()
    assert eventually(lambda: replica.get(f"/api/produtos/{product['id']}").status == 200)
    assert replica.get(f"/api/produtos/{product['id']}").etag == shop.public.get(f"/api/produtos/{product['id']}").etag
    for path in READS:
        assert replica.get(path).data == shop.public.get(path).data


def test_the_replica_refuses_writes(shop):
    """503 somente_leitura with Retry-After; nothing is changed. Who may not, hears that first."""
    before = snapshot(shop)
    replica = shop.client(shop.admin.token, "catalogo-replica")
    for method, path, body in writes():
        replica.request(method, path, body).problem("somente_leitura")
        shop.client(pool="catalogo-replica").request(method, path, body).problem("nao_autenticado")
    assert snapshot(shop) == before


def test_an_answer_of_the_replica_says_so(shop):
    """Where it comes from, how far behind it may be, that nobody may keep it; pages of other origins may read that."""
    replica = shop.client(pool="catalogo-replica")
    for path in (*READS, "/api/produtos/999999"):
        answer = replica.get(path)
        assert answer.headers["X-Fonte"] == "replica" and int(answer.headers["X-Atraso-Segundos"]) >= 0
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Accel-Expires"] is None
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"X-Fonte", "X-Atraso-Segundos"} <= set(exposed)
        answer = shop.public.get(path)
        assert answer.headers["X-Fonte"] is None and answer.headers["X-Atraso-Segundos"] is None
    etag = replica.get("/api/produtos/7").etag
    assert replica.get("/api/produtos/7", headers={"If-None-Match": etag}).headers["X-Fonte"] == "replica"


def test_reads_go_on_without_the_primary_pool(shop):
    """No worker of catálogo: GETs are answered by the replica's, writes by a problem, carts are read."""
    session = shop.cart({7: 1})
    before, names = snapshot(shop), sorted({**shop.workers("catalogo"), **shop.workers("catalogo-busca")})
    expected = {path: shop.public.get(path).data for path in READS}
    order = shop.checkout(session)
    with shop.stopped(*names):
        assert shop.workers("catalogo") == {}
        for _ in range(3):
            for path in READS:
                answer = shop.client().get(path)
                assert answer.data == expected[path], path
                assert answer.headers["X-Fonte"] == "replica" or answer.headers["X-Cache"] == "HIT", path
        assert shop.client().head("/api/produtos/7").status == 200
        for method, path, body in writes():
            assert shop.client(shop.admin.token).request(method, path, body).problem("servico_indisponivel")
        assert shop.client().get(f"/api/carrinho/{session}").data["valor_total"] == expected["/api/produtos/7"]["preco"]
        assert shop.client().post("/api/pedidos", order).problem("servico_indisponivel")
        assert snapshot(shop) == before
        health = shop.health("unhealthy", pool="catalogo")
        assert health.status == 503 and exact(health.text)["service"] == "catalogo"
        assert exact(health.text)["workers"] == "unhealthy"
        assert shop.client(pool="catalogo-replica").get("/health").status == 200
        status = shop.status(check=False)
        assert status["healthy"] is False and status["parts"]["catalogo"]["workers"] == 0
    shop.client(shop.admin.token).put("/api/produtos/7/estoque", {"quantidade": 1, "operacao": "adicionar"}).ok()
    shop.client(shop.admin.token).put("/api/produtos/7/estoque", {"quantidade": 1, "operacao": "remover"}).ok()

    def confirmed():
        answer = shop.client().post("/api/pedidos", order)
        return answer.status == 201 and answer.ok(201)["status"] == "confirmado"

    assert eventually(confirmed)


@pytest.mark.slow
def test_reads_go_on_while_the_primary_is_frozen(hurried_shop):
    """The workers live, their database does not answer: reads come from the replica and say so, while it is frozen."""
    shop = hurried_shop
    # Not asked for at the front door before: nginx has no answer of its own.
    path = f"/api/produtos/{shop.product()['id']}"
    replica = shop.client(pool="catalogo-replica")
    assert eventually(lambda: replica.get(path).status == 200)
    expected = replica.get(path).data
    with shop.frozen("pg-catalogo"):
        for _ in range(12):
            answer = shop.client().get(path)
            assert answer.data == expected and answer.headers["X-Fonte"] == "replica"
    assert shop.recovered()
    assert eventually(lambda: shop.client().get(path).headers["X-Fonte"] is None)


@pytest.mark.slow
def test_a_read_that_took_too_long_is_not_asked_again(hurried_shop):
    """PostgreSQL ended it, and would so there: that is a 504, and the replica's workers do not hear of it."""
    shop = hurried_shop
    path = f"/api/produtos/{shop.product()['id']}/estoque"
    with shop.locked("produtos"):

        def ended():
            answer = shop.client().get(path)
            return answer.status == 504 and answer

        answer = eventually(ended)
        answer.problem("tempo_esgotado")
        assert answer.headers["X-Request-Id"] not in shop.logs()["catalogo-replica.log"]
    assert shop.recovered()


@pytest.mark.slow
def test_a_replica_without_its_primary_says_so(shop):
    """Degraded, reads with a lag that grows; healthy again by itself."""
    replica = shop.client(pool="catalogo-replica")
    with shop.stopped("pg-catalogo"):
        assert eventually(lambda: replica.get("/health").json["replicacao"] == "degraded")
        assert eventually(lambda: int(replica.get("/api/produtos/7").headers["X-Atraso-Segundos"] or 0) >= 2)
        answer = shop.client(shop.admin.token).patch("/api/produtos/7", {"preco": 38.00})
        assert answer.problem("somente_leitura")
        assert eventually(lambda: shop.health("unhealthy").json["replica"] == "degraded")
    assert eventually(lambda: replica.get("/api/produtos/7").headers["X-Atraso-Segundos"] == "0")


@pytest.mark.slow
def test_a_replica_that_lags_is_degraded(shop):
    """More than ten seconds behind; the shop is degraded, not unhealthy."""
    replica = shop.client(pool="catalogo-replica")
    shop.sql("SELECT pg_wal_replay_pause()", "replica")
    try:
        product = shop.product()

        def behind():
            body = replica.get("/health").json
            return body["status"] == body["replicacao"] == "degraded" and body.get("atraso_segundos", 0) > 10 and body

        assert eventually(behind)["atraso_bytes"] > 0
        assert shop.health("degraded")
        path = f"/api/produtos/{product['id']}"
        assert replica.get(path).problem("produto_nao_encontrado")
        assert eventually(lambda: int(replica.get(path).headers["X-Atraso-Segundos"] or 0) > 10)
    finally:
        shop.sql("SELECT pg_wal_replay_resume()", "replica")
    assert shop.recovered()
    assert eventually(lambda: replica.get(f"/api/produtos/{product['id']}").status == 200)


SEEMS_LATE = """SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()
                AND clock_timestamp() - pg_last_xact_replay_timestamp() > '11 s'"""


def looked(shop, since):
    """Whether a worker has asked the replica how far it is, after that time."""
    text = "FROM pg_stat_activity WHERE query LIKE '%wal_receiver%pg_last_xact%' AND pid <> pg_backend_pid()"
    return shop.sql(f"SELECT pid {text} AND query_start > '{since}'", "replica")


def first_commit_after_a_quiet_time(shop, asking):
    """What the replica says, asked just before it has replayed that commit, and whether that was no kept answer."""
    shop.sql("SELECT pg_wal_replay_pause()", "replica")
    try:
        product = shop.product()
        assert eventually(lambda: shop.value(SEEMS_LATE, "replica") == "t")
        since = shop.value("SELECT clock_timestamp()", "replica")
        answer = asking.submit(shop.client(pool="catalogo-replica").get, "/health")
        assert eventually(lambda: looked(shop, since) or answer.done())
    finally:
        shop.sql("SELECT pg_wal_replay_resume()", "replica")
    path = f"/api/produtos/{product['id']}"
    assert eventually(lambda: shop.client(pool="catalogo-replica").get(path).status == 200)
    return answer.result().json["replicacao"], answer.result().headers["X-Cache"] != "HIT"


@pytest.mark.slow
def test_a_replica_is_not_late_with_the_first_commit_after_a_quiet_time(shop):
    """Its last commit is old, and it has not replayed the new one yet: that says nothing of how far behind it is."""
    with ThreadPoolExecutor(1) as asking:
        assert eventually(lambda: first_commit_after_a_quiet_time(shop, asking) == ("healthy", True))
    assert shop.recovered()


@pytest.mark.slow
def test_the_replica_follows_again_after_it_was_away(shop):
    """Stopped, written past, started: it has what it missed."""
    with shop.stopped("pg-replica"):
        product = shop.product()
        assert shop.health("degraded").status == 200
        assert shop.health("unhealthy", "catalogo-replica").status == 503
        answer = shop.client(pool="catalogo-replica").get(f"/api/produtos/{product['id']}")
        assert answer.status == 200 and answer.headers["X-Fonte"] is None, "there is the primary to ask"
    assert eventually(lambda: shop.client(pool="catalogo-replica").get(f"/api/produtos/{product['id']}").status == 200)
