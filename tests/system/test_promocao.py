"""The primary is lost for good: the standby is promoted, workers follow, what was the primary becomes the standby."""
import os
import shutil
import signal
import threading
import time
import uuid

import pytest

from processes import alive
from shop import PRODUCT_DEADLINES, Shop, eventually

pytestmark = [pytest.mark.slow, pytest.mark.commands]

DATABASE = {"pg-catalogo": "catalogo", "pg-replica": "replica"}


@pytest.fixture(name="shop", scope="module")
def fixture_shop():
    """Its own shop: these tests change which cluster is what."""
    with Shop(**PRODUCT_DEADLINES) as running:
        yield running


class Traffic:
    """Customers, meanwhile: one who asks for a product's stock, which nothing keeps, one who raises it by one
    again and again."""

    def __init__(self, shop):
        self.shop, self.stop = shop, threading.Event()
        self.product = shop.product(estoque=0)["id"]
        replica = shop.client(pool="catalogo-replica")
        assert eventually(lambda: replica.get(f"/api/produtos/{self.product}").status == 200)
        self.reads, self.writes = [], []
        self.threads = [
            threading.Thread(target=self.go, args=one)
            for one in (
                (shop.client(checked=False), self.reads, "GET", f"/api/produtos/{self.product}/estoque", None),
                (
                    shop.client(shop.admin.token, checked=False),
                    self.writes,
                    "PUT",
                    f"/api/produtos/{self.product}/estoque",
                    {"quantidade": 1, "operacao": "adicionar"},
                ),
            )
        ]

    def go(self, client, seen, *request):
        """One customer, until it is over."""
        while not self.stop.is_set():
            seen.append(client.request(*request))
            time.sleep(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def done(self):
        """How many writes were acknowledged, and how many may have happened."""
        return (
            len([answer for answer in self.writes if answer.status == 200]),
            len(
                [
                    answer
                    for answer in self.writes
                    if answer.status != 200 and answer.json["codigo"] == "resultado_desconhecido"
                ]
            ),
        )

    def another(self, seen, *statuses):
        """Waits for an answer, given from now on, of one of these statuses."""
        begin = len(seen)
        return eventually(lambda: [answer for answer in seen[begin:] if answer.status in statuses])


def role(shop, cluster):
    """What a cluster is, as scripts/status says."""
    return shop.status(check=False)["parts"][cluster]["role"]


def stock_in(shop, cluster, product):
    """The stock of a product as one cluster has it; None when it has not heard of it yet."""
    rows = shop.sql(f"SELECT estoque FROM produtos WHERE id = {product}", DATABASE[cluster])
    return int(rows[0][0]) if rows else None


def lose(shop, cluster):
    """The cluster dies and cannot be started again: its data are somewhere else."""
    os.rename(shop.state / "data" / cluster, shop.state / "tmp" / cluster)
    os.kill(shop.processes()[cluster], signal.SIGKILL)
    shop.supervisor("stop", cluster)


def assert_pair(shop, primary, standby):
    """One primary, one standby that follows, all is well; reads of the replica's pool are the standby's."""
    assert shop.recovered(), shop.status(check=False)
    parts = shop.status()["parts"]
    assert parts[primary]["role"] == "primary" and parts[standby]["role"] == "standby"
    assert parts[standby]["replication"] == "streaming" and "replication" not in parts[primary]
    name = f"Categoria {uuid.uuid4()}"
    number = shop.category(name)
    replica = shop.client(pool="catalogo-replica")
    assert eventually(lambda: replica.get(f"/api/categorias/{number}").status == 200)
    assert eventually(lambda: replica.get(f"/api/categorias/{number}").headers["X-Fonte"] == "replica")
    stored = f"SELECT nome FROM categorias WHERE id = {number}"
    assert eventually(lambda: shop.sql(stored, DATABASE[standby]) == [[name]])


def test_the_primary_is_lost_for_good(shop):
    """Under traffic: reads go on, writes are refused, a command brings them back; no worker was restarted."""
    workers = shop.workers()
    refused = shop.script("promote", check=False)
    assert refused.returncode == 1 and "answers" in refused.stderr
    assert role(shop, "pg-catalogo") == "primary"
    with Traffic(shop) as traffic:
        assert traffic.another(traffic.writes, 200)
        lose(shop, "pg-catalogo")
        assert traffic.another(traffic.writes, 503)
        assert eventually(lambda: traffic.another(traffic.reads, 200)[-1].headers["X-Fonte"] == "replica")
        assert shop.health("degraded", "catalogo-replica")
        saved = stock_in(shop, "pg-replica", traffic.product)
        acknowledged = traffic.done()[0]
        shop.script("promote")
        assert traffic.another(traffic.writes, 200)
        assert eventually(lambda: traffic.another(traffic.reads, 200)[-1].headers["X-Fonte"] is None)
    assert {answer.status for answer in traffic.reads} == {200}
    assert {answer.status for answer in traffic.writes} <= {200, 503}
    done, unknown = traffic.done()
    assert saved + done - acknowledged <= stock_in(shop, "pg-replica", traffic.product) <= done + unknown
    assert shop.workers() == workers
    assert shop.health("degraded")
    assert shop.health("healthy", "catalogo")


def test_a_new_standby_is_made(shop):
    """By one command, of nothing; it follows, and serves reads. Again it does nothing."""
    workers = shop.workers()
    shop.script("standby")
    assert_pair(shop, "pg-replica", "pg-catalogo")
    assert shop.workers() == workers
    pid = shop.processes()["pg-catalogo"]
    shop.script("standby")
    assert shop.processes()["pg-catalogo"] == pid
    shutil.rmtree(shop.state / "tmp" / "pg-catalogo")


def test_the_roles_outlive_a_stop(shop):
    """scripts/down, scripts/up: each comes back as what it was; every other command finds the primary."""
    product = shop.product(estoque=7)["id"]
    shop.restart()
    assert_pair(shop, "pg-replica", "pg-catalogo")
    assert shop.stock(product) == 7
    shop.script("seed", "--products", "3")
    shop.script("migrate")
    shop.script("audit")
    shop.script("backup", "--to", shop.state / "backups" / "copia")
    shop.script("restart", "catalogo-replica")


def test_a_frozen_primary_is_fenced(shop):
    """It is killed before the other is promoted, and is nobody's primary when it could go on; then the standby."""
    workers = shop.workers()
    with Traffic(shop) as traffic, shop.frozen("pg-replica") as family:
        assert traffic.another(traffic.writes, 503)
        shop.script("promote")
        assert not [pid for pid in family if alive(pid)]
        assert traffic.another(traffic.writes, 200)
    assert "pg-replica" not in shop.processes()
    shop.restart()
    assert "pg-replica" not in shop.processes() and role(shop, "pg-catalogo") == "primary"
    assert shop.health("degraded").json["replica"] == "degraded"
    assert "winding" in shop.script("standby").stdout
    assert_pair(shop, "pg-catalogo", "pg-replica")
    assert set(workers) == set(shop.workers())


def test_a_forced_promotion_loses_nothing(shop):
    """The primary answers: it is stopped gently, so the standby has all that was ever acknowledged."""
    workers = shop.workers()
    old, new = sorted(DATABASE, key=lambda cluster: role(shop, cluster) != "primary")
    with Traffic(shop) as traffic:
        assert traffic.another(traffic.writes, 200)
        shop.script("promote", "--force")
        assert traffic.another(traffic.writes, 200)
    done, unknown = traffic.done()
    assert done <= stock_in(shop, new, traffic.product) <= done + unknown
    assert {answer.status for answer in traffic.reads} == {200}
    assert "winding" in shop.script("standby").stdout
    assert_pair(shop, new, old)
    assert shop.workers() == workers


def test_what_only_the_old_primary_had_is_undone(shop):
    """A commit that never reached the standby: gone with the promotion, on both; a copy, when one is asked for."""
    product = shop.product(estoque=1)["id"]
    assert eventually(lambda: stock_in(shop, "pg-catalogo", product) == 1)
    shop.supervisor("stop", "pg-catalogo")
    shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 5, "operacao": "definir"}).ok()
    shop.supervisor("stop", "pg-replica")
    shop.supervisor("start", "pg-catalogo")
    assert eventually(lambda: role(shop, "pg-catalogo") == "standby")
    shop.script("promote")
    assert eventually(lambda: shop.client().get(f"/api/produtos/{product}").status == 200)
    assert shop.stock(product) == 1
    assert "winding" in shop.script("standby").stdout
    assert_pair(shop, "pg-catalogo", "pg-replica")
    assert stock_in(shop, "pg-replica", product) == 1
    shop.script("standby", "--copy")
    assert (shop.state / "data/pg-replica.antigo").is_dir()
    assert_pair(shop, "pg-catalogo", "pg-replica")


def test_the_data_are_lost_while_the_system_is_down(shop):
    """scripts/up makes no empty primary beside a standby that has everything; promoted, that is the shop."""
    product = shop.product(estoque=3)["id"]
    assert eventually(lambda: stock_in(shop, "pg-replica", product) == 3)
    shop.script("down")
    refused = shop.script("promote", check=False)
    assert refused.returncode == 1 and "not running" in refused.stderr
    shutil.rmtree(shop.state / "data/pg-catalogo")
    refused = shop.script("up", *shop.options, check=False)
    assert refused.returncode == 1 and "scripts/promote" in refused.stderr
    assert not (shop.state / "data/pg-catalogo").exists()
    shop.script("promote")
    shop.restart()
    assert_pair(shop, "pg-replica", "pg-catalogo")
    assert shop.stock(product) == 3
