"""Ordinary work on a running system: not one request is lost, whatever is begun anew, renewed, scaled or migrated."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from client import TOP
from imagens import png
from processes import alive, nginx_workers, open_files, peak_kib, rss_kib
from shop import COMMAND_SECONDS, POOLS, Shop, eventually

pytestmark = [pytest.mark.commands, pytest.mark.slow]


class Traffic:
    """Customers and an administrator who never rest; what was not answered as it should be is kept."""

    def __init__(self, shop):
        self.shop, self.stop, self.failed, self.served = shop, threading.Event(), [], 0
        self.product = shop.product(estoque=1000000)["id"]
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(what,))
            for what in (self.reads, self.orders, self.orders, self.writes)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        assert eventually(lambda: self.served > 20)
        return self

    def __exit__(self, kind, *_):
        before = self.served
        done = kind or eventually(lambda: self.served > before + 20 or self.failed)
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert done and not self.failed, self.failed[:3]

    def run(self, what):
        """Again and again, each request on a connection of its own: a kept one may be closed when nginx begins anew."""
        while not self.stop.is_set() and not self.failed:
            client = self.shop.client(self.shop.admin.token, checked=False)
            try:
                for answer in what(client):
                    client.close()
                    if answer.status >= 400:
                        self.failed.append(answer)
                    with self.lock:
                        self.served += 1
            except OSError as error:
                self.failed.append(error)

    def reads(self, client):
        """The shop window."""
        yield client.get(f"/api/produtos/{self.product}")
        yield client.get("/api/produtos?limite=3")
        yield client.get("/api/categorias")

    def orders(self, client):
        """A cart and its order."""
        session = client.post("/api/carrinho/sessao")
        yield session
        cart = session.headers["Location"] or "/api/carrinho/x"
        yield client.post(f"{cart}/adicionar", {"produto_id": self.product, "quantidade": 1})
        yield client.post("/api/pedidos", self.shop.checkout(cart.rpartition("/")[2]))
        yield client.get(cart)

    def writes(self, client):
        """The shopkeeper."""
        yield client.put(f"/api/produtos/{self.product}/estoque", {"quantidade": 1, "operacao": "adicionar"})
        yield client.patch(f"/api/produtos/{self.product}", {"preco": 12.5})


def starts(shop, pool):
    """How often each process of a pool has begun: pid -> times."""
    found = re.findall(r" pid=(\d+) event=start ", shop.logs()[f"{pool}.log"])
    return {pid: found.count(str(pid)) for pid in shop.workers(pool).values()}


def configure(shop, pool, **settings):
    """Makes a pool's configuration the operator's own, with some settings."""
    conf = shop.state / f"etc/{pool}.conf"
    lines = [line for line in conf.read_text().splitlines()[1:] if line.partition(" = ")[0] not in settings]
    conf.write_text("\n".join(lines + [f"{name} = {value}" for name, value in settings.items()]) + "\n")


def test_restart_of_everything(shop):
    """Every worker is renewed as the process that it was, nginx has new workers, the conciliador new processes."""
    pids, nginx = shop.workers(), shop.processes()["nginx"]
    serving = set(nginx_workers(nginx))
    assert eventually(lambda: all(all(starts(shop, pool).values()) for pool in POOLS))
    before = {pool: starts(shop, pool) for pool in POOLS}
    with Traffic(shop):
        done = shop.script("restart")
        assert eventually(lambda: not serving & set(nginx_workers(nginx)))
    assert "beginning nginx anew" in done.stdout
    for pool in POOLS:
        assert starts(shop, pool) == {pid: times + 1 for pid, times in before[pool].items()}
    after = shop.workers()
    assert {name: pid for name, pid in after.items() if "conciliador" not in name} == {
        name: pid for name, pid in pids.items() if "conciliador" not in name
    }
    assert not {pid for name, pid in after.items() if "conciliador" in name} & set(pids.values())


def test_restart_refuses_what_would_not_work(shop):
    """A configuration that nginx or a worker refuses is found before anything is touched."""
    configure(shop, "carrinho", prazo_redis_ms="nunca")
    before = {pool: starts(shop, pool) for pool in POOLS}
    try:
        done = shop.script("restart", check=False)
        assert done.returncode == 1 and "carrinho" in done.stderr and "prazo_redis_ms" in done.stderr
    finally:
        (shop.state / "etc/carrinho.conf").unlink()
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


def test_migration_of_the_schema():
    """Also one that changes the type of a column which prepared statements return."""
    copy = Path(tempfile.mkdtemp(prefix="cft-", dir="/tmp"))
    try:
        for part in ("scripts", "db"):
            shutil.copytree(TOP / part, copy / part)
        (copy / "db/catalogo/migrations/0099_peso.sql").write_text(MIGRATION, encoding="utf-8")
        with Shop() as shop:
            with Traffic(shop):
                migrate = [copy / "scripts/migrate", "--state", shop.state]
                # It waits for its lock for 5 s, gives up without a change, and may be asked again.
                assert eventually(
                    lambda: subprocess.run(
                        migrate, capture_output=True, timeout=COMMAND_SECONDS, check=False
                    ).returncode
                    == 0
                )
                assert eventually(lambda: shop.value("SELECT max(numero) FROM migracoes", "replica") == "99")
            assert shop.value("SELECT max(numero) FROM migracoes") == "99"
    finally:
        shutil.rmtree(copy)
