"""Ordinary work on a running system: not one request is lost, whatever is begun anew, renewed, scaled or migrated."""
import os
import re
import signal
import socket

import pytest

from generated import staged
from imagens import png
from processes import alive, nginx_workers, open_files, peak_kib, rss_kib
from shop import POOLS, Shop, eventually
from trafego import Traffic

pytestmark = [pytest.mark.commands, pytest.mark.slow]


def starts(shop, pool):
    """How often each process of a pool has begun: pid -> times."""
    found = re.findall(r" pid=(\d+) event=start ", shop.logs()[f"{pool}.log"])
    return {pid: found.count(str(pid)) for pid in shop.workers(pool).values()}


def configure(shop, pool, **settings):
    """Lines of the operator's own for a pool; the file."""
    return shop.own_lines(f"pools.d/{pool}.conf", "".join(f"{name} = {value}\n" for name, value in settings.items()))


def test_restart_of_everything(shop):
    """Every worker is renewed as the process that it was, nginx has new workers, the conciliador new processes."""
    pids, nginx = shop.workers(), shop.processes()["nginx"]
    serving = set(nginx_workers(nginx))
    assert eventually(lambda: all(all(starts(shop, pool).values()) for pool in POOLS))
    before = {pool: starts(shop, pool) for pool in POOLS}
    with Traffic(shop):
        done = shop.script("restart")
        assert eventually(lambda: not serving & set(nginx_workers(nginx)))
    assert "reloading nginx" in done.stdout
    for pool in POOLS:
        assert starts(shop, pool) == {pid: times + 1 for pid, times in before[pool].items()}
    after = shop.workers()
    assert {name: pid for name, pid in after.items() if "conciliador" not in name} == {
        name: pid for name, pid in pids.items() if "conciliador" not in name
    }
    assert not {pid for name, pid in after.items() if "conciliador" in name} & set(pids.values())


def test_restart_refuses_what_would_not_work(shop):
    """A configuration that nginx or a worker refuses is found before anything is touched."""
    own = configure(shop, "carrinho", prazo_redis_ms="nunca")
    before = {pool: starts(shop, pool) for pool in POOLS}
    try:
        done = shop.script("restart", check=False)
        assert done.returncode == 1 and "carrinho" in done.stderr and "prazo_redis_ms" in done.stderr
    finally:
        own.unlink()
        shop.script("restart", "carrinho")
    assert {pool: starts(shop, pool) for pool in POOLS if pool != "carrinho"} == {
        pool: times for pool, times in before.items() if pool != "carrinho"
    }
    assert shop.script("restart", "nada", check=False).returncode == 64


@pytest.mark.parametrize("setting, value", [("requisicoes_max", 20), ("memoria_max_kib", 1)])
def test_a_worker_renews_itself(setting, value):
    """After so many requests, or with so much memory, between two requests: even a pool of one refuses nobody."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        configure(shop, "carrinho", **{setting: value})
        configure(shop, "pedidos", **{setting: value})
        shop.script("restart", "carrinho", "pedidos")
        before = shop.workers()
        with Traffic(shop):
            for pool in ("carrinho", "pedidos"):
                assert eventually(lambda: min(starts(shop, pool).values()) > 4)
        assert shop.workers() == before


def test_a_worker_that_was_large_once_is_not_renewed_for_it():
    """The memory that it has now counts, not its peak, which survives execve(2). scripts/restart reads no log."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        (pid,) = shop.workers("catalogo").values()
        product = f"/api/produtos/{shop.product()['id']}"

        def send(picture):
            for _ in range(5):
                shop.admin.put(f"{product}/foto", picture, headers={"Content-Type": "image/png"}).ok()
            return starts(shop, "catalogo")[pid]

        send(png())
        small = rss_kib([pid])
        send(png(2 * 1024 * 1024))
        limit = (small + peak_kib(pid)) // 2
        assert small + 1024 < limit < peak_kib(pid) - 1024
        configure(shop, "catalogo", memoria_max_kib=limit)
        configure(shop, "carrinho", nivel="aviso")
        shop.script("restart", "catalogo", "carrinho")
        assert send(png()) == 2
        assert send(png(2 * 1024 * 1024)) == send(png()) <= 7


def test_restart_of_pools_of_one():
    """The socket stays open: requests wait there for the moment that it takes."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        with Traffic(shop):
            for _ in range(3):
                shop.script("restart", *POOLS)
        for pool in POOLS:
            assert set(starts(shop, pool).values()) == {4}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_between_a_connection_and_its_request(number):
    """A worker that has a connection on which nothing has come yet does as it is told: it is renewed, or ends."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        name, pid = next(iter(shop.workers("carrinho").items()))
        at_rest, before = open_files([pid]), starts(shop, "carrinho")[pid]
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(shop.run / "carrinho.sock"))
            assert eventually(lambda: open_files([pid]) > at_rest)
            os.kill(pid, number)
            if number == signal.SIGHUP:
                assert eventually(lambda: starts(shop, "carrinho").get(pid) == before + 1)
            else:
                assert eventually(lambda: shop.workers("carrinho").get(name, pid) != pid and not alive(pid))
        shop.session()


def test_a_connection_without_a_request_holds_a_worker_up_for_seconds_only():
    """Then the worker serves others, which have waited behind it."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        pid = shop.workers("carrinho")["carrinho:carrinho_00"]
        at_rest = open_files([pid])
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(shop.run / "carrinho.sock"))
            assert eventually(lambda: open_files([pid]) > at_rest)
            shop.session()
            assert silent.recv(1) == b""
        assert shop.workers("carrinho")["carrinho:carrinho_00"] == pid


def test_scale_of_every_pool(shop):
    """Up and down again."""
    with Traffic(shop):
        for pool in POOLS:
            shop.script("scale", pool, "4")
            assert len(shop.workers(pool)) == 4
        for pool in POOLS:
            shop.script("scale", pool, "2")
            assert len(shop.workers(pool)) == 2


MIGRATION = """
ALTER TABLE produtos ADD peso_gramas integer NOT NULL DEFAULT 0;
ALTER TABLE produtos ALTER preco TYPE numeric(12, 2);
CREATE INDEX produtos_peso ON produtos (peso_gramas);
"""


def test_migration_of_the_schema(place):
    """Also one that changes the type of a column which prepared statements return: the workers go on with it."""
    with Shop() as shop:
        shop.environment["CONFEITARIA_BUILD"] = str(staged(place, {"db/catalogo/migrations/0099_peso.sql": MIGRATION}))
        before = {pool: starts(shop, pool) for pool in POOLS}
        with Traffic(shop):
            # It waits for its lock for 5 s, gives up without a change, and may be asked again.
            assert eventually(lambda: shop.script("restart", "vigia", check=False).returncode == 0)
            assert eventually(lambda: shop.value("SELECT max(numero) FROM migracoes", "replica") == "99")
        assert {pool: starts(shop, pool) for pool in POOLS} == before


def test_the_release_before_runs_on_a_schema_that_says_so(place):
    """Back and forth under traffic over a migration that declares it; over one that does not it is refused, and the
    system runs on as it was."""
    compatible = {
        "db/catalogo/migrations/0098_peso.sql": "-- runs with: 0009\nALTER TABLE produtos ADD peso integer;\n"
    }
    alone = {**compatible, "db/catalogo/migrations/0099_altura.sql": "ALTER TABLE produtos ADD altura integer;\n"}
    with Shop() as shop:
        first = shop.status()["parts"]["release"]["generation"]
        for name, files in (("um", compatible), ("dois", alone)):
            (place / name).mkdir()
            shop.environment["CONFEITARIA_BUILD"] = str(staged(place / name, files))
            with Traffic(shop):
                assert eventually(lambda: shop.script("restart", check=False).returncode == 0)
                newer = shop.status()["parts"]["release"]["generation"]
                done = shop.script("rollback", "--to", str(first), check=False)
            running = shop.status()["parts"]["release"]["generation"]
            if files is compatible:
                assert done.returncode == 0 and running == first, done.stderr
            else:
                assert done.returncode == 1 and running == newer and "has migration 99" in done.stderr
        assert shop.well()
