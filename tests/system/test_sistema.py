"""The state of the system as staff watch it (GET /api/sistema): pools, their stores, and each failure as it happens."""
import os
import re
import signal
import subprocess
import threading
from collections import Counter

import pytest

import processes
import rastro
from fastcgi import Request
from shop import eventually

POOLS = ("catalogo", "catalogo-replica", "carrinho", "pedidos")
UNKNOWN = {"papel": None, "servidor": None, "atraso_bytes": None, "atraso_segundos": None}


def state(shop):
    """What the state is now, each service by its name; None when a slow machine gave no answer in time."""
    answer = shop.client(shop.admin.token).get("/api/sistema")
    if answer.status in (503, 504):
        return None
    data = answer.ok()
    names = [service["nome"] for service in data["servicos"]]
    assert names == list(POOLS)
    return {**data, **dict(zip(names, data["servicos"]))}


def becomes(shop, condition):
    """The state as soon as it is so."""
    found = eventually(lambda: (now := state(shop)) and condition(now) and now)
    assert found, state(shop)
    return found


def store(service):
    """What a service says of its only store."""
    (only,) = service["dependencias"]
    return only


def told(shop, pool, *names):
    """What `status` says of a pool."""
    part = shop.status(check=False)["parts"][pool]
    return tuple(part[name] for name in names)


def total(pool, number):
    """Whether a pool has so many workers."""
    return lambda now: now[pool]["trabalhadores"]["total"] == number


def test_all_is_well(shop):
    """Each pool with its workers, none of them busy, and its server with its role."""
    now = becomes(shop, lambda now: now["status"] == "healthy" and store(now["catalogo-replica"])["atraso_bytes"] == 0)
    for pool in POOLS:
        assert now[pool]["status"] == store(now[pool])["status"] == "healthy"
        assert now[pool]["trabalhadores"]["total"] == len(shop.workers(pool))
    healthy = {"nome": "postgres", "status": "healthy", **UNKNOWN}
    assert store(now["catalogo"]) == {**healthy, "papel": "primario", "servidor": "pg-catalogo"}
    assert store(now["pedidos"]) == {**healthy, "papel": "primario", "servidor": "pg-pedidos"}
    replica = store(now["catalogo-replica"])
    assert (replica["papel"], replica["servidor"]) == ("replica", "pg-replica")
    assert replica["atraso_segundos"] >= 0
    redis = store(now["carrinho"])
    assert redis["nome"] == "redis" and redis["memoria_bytes"] > 100_000
    becomes(shop, lambda now: store(now["carrinho"])["chaves"] == shop.redis().dbsize())
    becomes(shop, lambda now: all(now[pool]["trabalhadores"]["ocupados"] == 0 for pool in POOLS))


def test_it_is_for_staff_and_kept_by_none(shop):
    """401 without a token, 403 with a service's; the parts that it asks are on no public port."""
    shop.public.get("/api/sistema").problem("nao_autenticado")
    shop.client(shop.secret("pedidos.token")).get("/api/sistema").problem("nao_autorizado")
    token = shop.script("token", "create", "balcao-sistema", "--right", "atendente").stdout.strip()
    answer = shop.client(token).get("/api/sistema")
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    shop.admin.get("/api/sistema?pool=catalogo").problem("parametro_invalido")
    for client in (shop.admin, shop.client(shop.admin.token, "catalogo")):
        for path in ("/interno/sistema", "/interno/sistema/catalogo"):
            client.get(path).problem("rota_nao_encontrada")


def test_what_orders_still_owe(shop):
    """An order that was refused too often, one that is under way, an event that is not in the stream: counted."""
    before = becomes(shop, lambda now: now["pendencias"]["inacabados"] == 0)["pendencias"]
    with shop.stopped("conciliador:conciliador_00", "conciliador:conciliador_01"):
        parked, owing = (shop.order({shop.product()["id"]: 1})["id"] for _ in range(2))
        shop.sql(
            f"""UPDATE pedidos SET pendencia = 'finalizar' WHERE id IN ('{parked}', '{owing}');
                UPDATE pedidos SET parado_em = now(), parado_motivo = 'teste' WHERE id = '{parked}'""",
            "pedidos",
        )
        now = state(shop)["pendencias"]
        assert now["inacabados"] == before["inacabados"] + 1
        assert now["parados"] == before["parados"] + 1
        assert now["eventos_por_publicar"] >= 2
        ended = f"UPDATE pedidos SET pendencia = NULL, parado_em = NULL WHERE id IN ('{parked}', '{owing}')"
        shop.sql(ended, "pedidos")
    becomes(shop, lambda now: now["pendencias"] == {"inacabados": 0, "parados": 0, "eventos_por_publicar": 0})


def test_a_redis_that_does_not_tell_its_memory(shop):
    """Only this call needs that right. Without it Redis is well all the same, and what it holds is unknown."""
    shop.redis().execute_command("ACL", "SETUSER", "carrinho", "-memory|stats")
    try:
        unknown = {"nome": "redis", "status": "healthy", "memoria_bytes": None, "chaves": None}
        becomes(shop, lambda now: store(now["carrinho"]) == unknown)
    finally:
        shop.redis().execute_command("ACL", "SETUSER", "carrinho", "+memory|stats")
    becomes(shop, lambda now: store(now["carrinho"])["chaves"] is not None)


@pytest.mark.slow
def test_the_primary_is_stopped(shop):
    """The catalogue's own pool is unhealthy at once; the replica's goes on, and says that it hears from no primary."""
    with shop.stopped("pg-catalogo"):
        now = becomes(shop, lambda now: now["catalogo"]["status"] == "unhealthy")
        assert now["status"] == "unhealthy"
        assert store(now["catalogo"]) == {"nome": "postgres", "status": "unhealthy", **UNKNOWN}
        assert now["catalogo"]["trabalhadores"]["total"] == len(shop.workers("catalogo"))
        now = becomes(shop, lambda now: now["catalogo-replica"]["status"] == "degraded")
        replica = store(now["catalogo-replica"])
        assert (replica["papel"], replica["servidor"]) == ("replica", "pg-replica")
        assert replica["atraso_bytes"] >= 0 and replica["atraso_segundos"] >= 0
        assert now["carrinho"]["status"] == now["pedidos"]["status"] == "healthy"
    now = becomes(shop, lambda now: now["status"] == "healthy")
    assert store(now["catalogo"])["servidor"] == "pg-catalogo"


@pytest.mark.slow
def test_the_standby_is_stopped(shop):
    """Its pool reads from the primary, and says so; the shop is degraded."""
    with shop.stopped("pg-replica"):
        now = becomes(shop, lambda now: store(now["catalogo-replica"])["servidor"] == "pg-catalogo")
        assert store(now["catalogo-replica"])["papel"] == "primario"
        assert (now["status"], now["catalogo-replica"]["status"]) == ("degraded", "unhealthy")


@pytest.mark.slow
@pytest.mark.parametrize("part, pool", [("redis", "carrinho"), ("pg-pedidos", "pedidos")])
def test_another_store_is_stopped(shop, part, pool):
    """Only its own service is unhealthy. What orders owe is unknown without their database."""
    with shop.stopped(part):
        now = becomes(shop, lambda now: now[pool]["status"] == "unhealthy")
        assert [name for name in POOLS if now[name]["status"] != "healthy"] == [pool]
        assert set(store(now[pool]).values()) == {store(now[pool])["nome"], "unhealthy", None}
        assert (now["pendencias"] is None) == (part == "pg-pedidos")
    becomes(shop, lambda now: now["status"] == "healthy" and now["pendencias"] is not None)


@pytest.mark.slow
def test_a_pool_is_stopped(shop):
    """Nothing is known of one that does not answer."""
    with shop.stopped(*shop.workers("carrinho")):
        now = becomes(shop, lambda now: now["carrinho"]["status"] == "unhealthy")
        assert now["carrinho"]["trabalhadores"] is None and now["carrinho"]["dependencias"] == []
        assert now["status"] == "unhealthy" and now["catalogo"]["status"] == "healthy"
    becomes(shop, total("carrinho", 2))


@pytest.mark.slow
def test_a_pool_grows_and_shrinks(shop):
    """The number of workers follows scripts/scale."""
    for size in (5, 2):
        shop.script("scale", "carrinho", str(size))
        becomes(shop, total("carrinho", size))


@pytest.mark.slow
@pytest.mark.parametrize("pool", POOLS)
def test_a_worker_is_killed(shop, pool):
    """It is gone from the count; the one that takes its place is counted once."""
    (name, pid), *others = shop.workers(pool).items()
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: shop.processes().get(name, pid) != pid)
    becomes(shop, total(pool, 1 + len(others)))
    shop.supervisor("stop", name)
    becomes(shop, total(pool, len(others)))
    shop.supervisor("start", name)
    becomes(shop, total(pool, 1 + len(others)))


@pytest.mark.slow
def test_status_says_that_workers_died(shop):
    """One that was killed, for good; not one that was stopped and started."""
    (name, pid), *_ = shop.workers("carrinho").items()
    (died,) = told(shop, "carrinho", "died")
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: shop.processes().get(name, pid) != pid)
    shop.supervisor("stop", name)
    shop.supervisor("start", name)
    number = len(shop.workers("carrinho"))
    assert eventually(lambda: told(shop, "carrinho", "busy", "idle", "died") == (0, number, died + 1))


@pytest.mark.slow
def test_a_worker_that_begins_again_is_counted_once(shop):
    """SIGHUP: the same process executes its program again."""
    for pid in shop.workers("carrinho").values():
        os.kill(pid, signal.SIGHUP)
    begun = f"event=renew pid={pid}"  # pylint: disable=undefined-loop-variable
    assert eventually(lambda: begun in shop.logs()["carrinho.log"])
    becomes(shop, total("carrinho", len(shop.workers("carrinho"))))
    becomes(shop, lambda now: now["carrinho"]["trabalhadores"]["ocupados"] == 0)


@pytest.mark.slow
def test_workers_are_busy_while_a_store_makes_them_wait(shop):
    """Two requests that wait for a lock are in two workers' hands, the third one tells; none is busy afterwards."""
    done = threading.Event()

    def ask():
        client = shop.client(pool="catalogo")
        while not done.is_set():
            client.get("/api/produtos/7/estoque")

    shop.script("scale", "catalogo", "3")
    becomes(shop, total("catalogo", 3))
    askers = [threading.Thread(target=ask) for _ in range(2)]
    with shop.locked("produtos"):
        try:
            for asker in askers:
                asker.start()
            becomes(shop, lambda now: now["catalogo"]["trabalhadores"] == {"total": 3, "ocupados": 2})
            assert eventually(lambda: told(shop, "catalogo", "busy", "idle") == (2, 1))
        finally:
            done.set()
    for asker in askers:
        asker.join()
    becomes(shop, lambda now: now["catalogo"]["trabalhadores"]["ocupados"] == 0)
    assert eventually(lambda: told(shop, "catalogo", "busy", "idle") == (0, 3))
    shop.script("scale", "catalogo", "2")
    assert shop.recovered()


@pytest.mark.slow
@pytest.mark.skipif(not rastro.POSSIBLE, reason="root and strace are needed")
def test_a_worker_counts_without_a_system_call(shop, tmp_path):
    """One wait a request and no lock, as strace sees the only worker of a pool."""
    (_, pid), *others = shop.workers("carrinho").items()
    log, requests = tmp_path / "calls", 20
    command = ["strace", "-qq", "-e", "trace=fcntl,epoll_wait,epoll_pwait,accept4", "-e", "signal=none", "-o", log]

    def ask():
        return Request(shop.run / "carrinho.sock", "GET", "/nada", {}).answer()[0]

    with shop.stopped(*(name for name, _ in others)):
        with subprocess.Popen([*command, "-p", str(pid)]) as strace:
            try:
                assert eventually(lambda: processes.traced_by(pid) == strace.pid)
                assert [ask() for _ in range(requests)] == [404] * requests
            finally:
                rastro.detach(strace)
    lines = re.findall(r"^(\w+)\((.*)", log.read_text(encoding="utf-8"), re.M)
    assert not [rest for _, rest in lines if "SETLK" in rest]
    calls = Counter(name.replace("pwait", "wait") for name, _ in lines)
    assert calls["accept4"] >= requests and calls["epoll_wait"] <= calls["accept4"] + 1


@pytest.mark.slow
def test_it_answers_while_everything_else_is_frozen(hurried_shop):
    """Within the time of a request, or it were a 504: every store, every worker of the other pools, all of them."""
    shop = hurried_shop
    becomes(shop, lambda now: now["status"] == "healthy")
    stores = ["pg-catalogo", "pg-replica", "pg-pedidos", "redis"]
    others = [name for pool in POOLS[:-1] for name in shop.workers(pool)]
    for parts in (stores, others, stores + others):
        running = shop.processes()
        pids = [pid for part in parts for pid in processes.family(running[part])]
        frozen = processes.freeze(pids)
        try:
            now = becomes(shop, lambda now: all(now[pool]["status"] == "unhealthy" for pool in POOLS[:-1]))
            silent = parts is not stores
            assert all((now[pool]["trabalhadores"] is None) == silent for pool in POOLS[:-1]), now
            if "pg-pedidos" in parts:
                becomes(shop, lambda now: now["pendencias"] is None and now["pedidos"]["status"] == "unhealthy")
        finally:
            processes.thaw(frozen)
        becomes(shop, lambda now: now["status"] == "healthy")
    assert shop.recovered()
