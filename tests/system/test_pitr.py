"""Scheduled backups, the archived log, and going back to a moment: a table that was lost is there again."""
import re
import threading
import time
from datetime import datetime, timezone

import pytest

from client import WAIT_SECONDS
from shop import Shop, eventually

pytestmark = [pytest.mark.slow, pytest.mark.commands]


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop that has had its first scheduled backup."""
    with Shop(copias_guardadas=2) as shop:
        shop.script("backup", "--scheduled")
        yield shop


def backups(shop):
    """What status says of them."""
    return shop.status(check=False)["parts"]["backups"]


def bases(shop, service):
    """The base backups of a service."""
    place = shop.state / "backups/repositorio/backup" / service
    return sorted(path.name for path in place.iterdir() if re.match(r"\d{8}-\d{6}F", path.name) and path.is_dir())


def balanced(shop):
    """Nothing is left to be done, and the books balance."""
    done = shop.script("audit", "--settled", "--wait", str(WAIT_SECONDS), check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def refused(shop, *words):
    """What restore says that it does not do."""
    done = shop.script("restore", *words, check=False)
    assert done.returncode and shop.status()["healthy"]
    return done.stderr


def test_times_that_cannot_be(loja):
    """Are refused while nothing has happened yet."""
    assert "is no time" in refused(loja, "--to", "ontem")
    assert "is no time" in refused(loja, "--to", "2026-13-01 10:00")
    assert "says no hour" in refused(loja, "--to", "2026-01-01")
    assert "is not over yet" in refused(loja, "--to", "2999-01-01 10:00")
    assert "no backup of catalogo from before" in refused(loja, "--to", "2020-01-01 10:00")
    assert "give --from BACKUP" in refused(loja, "--to", "2020-01-01 10:00", "--from", "/tmp")


class Customers:
    """Several who buy one of a product over and over; `orders`: (asked, answered, order, cart)."""

    def __init__(self, shop, product, count=3):
        self.shop, self.product = shop, product
        self.orders, self.failures, self.stopping = [], [], threading.Event()
        self.threads = [threading.Thread(target=self.buy) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures

    def buy(self):
        """One of them."""
        client = self.shop.client(checked=False)
        while not self.stopping.is_set() and not self.failures:
            try:
                asked, session = datetime.now(timezone.utc), client.post("/api/carrinho/sessao").ok(201)["session_id"]
                client.post(f"/api/carrinho/{session}/adicionar", {"produto_id": self.product["id"]}).ok()
                order = client.post("/api/pedidos", self.shop.checkout(session)).ok(201)
                self.orders.append((asked, datetime.now(timezone.utc), order, session))
            except Exception as error:  # a thread's failure is the test's
                self.failures.append(error)
        client.close()

    def more(self, count):
        """Waits until they have bought that many more."""
        enough = len(self.orders) + count
        assert eventually(lambda: len(self.orders) >= enough or self.failures)


def test_goes_back_under_traffic(loja):
    """All that was answered before the moment is there, nothing from after it; the books balance, the shop sells on."""
    basket = loja.cart({loja.product(estoque=10)["id"]: 2})
    with Customers(loja, loja.product(estoque=10000)) as customers:
        customers.more(15)
        moment = datetime.now(timezone.utc)
        customers.more(10)
    loja.sql("DROP TABLE eventos CASCADE", "pedidos")
    assert "the books balance" in loja.script("restore", "--to", moment.isoformat()).stdout
    for client in (loja.public, loja.admin):
        client.close()
    before = [(order, cart) for _, answered, order, cart in customers.orders if answered < moment]
    after = [(order, cart) for asked, _, order, cart in customers.orders if asked > moment]
    assert before and after
    for order, cart in before:
        found = loja.public.get(f"/api/pedidos/{order['id']}").data
        assert [found[name] for name in ("numero", "itens", "valor_total")] == [
            order[name] for name in ("numero", "itens", "valor_total")
        ]
        assert loja.public.get(f"/api/carrinho/{cart}").data["itens"] == []
    for order, cart in after:
        assert loja.public.get(f"/api/pedidos/{order['id']}").status == 404
        assert loja.public.get(f"/api/carrinho/{cart}").status == 404
    assert loja.public.get(f"/api/carrinho/{basket}").data["itens"][0]["quantidade"] == 2
    new = loja.public.post("/api/pedidos", loja.checkout(basket)).ok(201)
    assert new["numero"] > max(order["numero"] for _, _, order, _ in customers.orders)
    balanced(loja)
    assert loja.status()["healthy"]


def test_a_repository_that_cannot_be_written(loja):
    """The shop sells on, status says it, and what was held back is archived when it can be."""
    places = [path for path in (loja.state / "backups/repositorio/archive").glob("pedidos/**") if path.is_dir()]
    modes = {path: path.stat().st_mode for path in places}

    def switch():
        loja.order({loja.product()["id"]: 1})
        loja.sql("SELECT pg_switch_wal()", "pedidos")
        return backups(loja)["status"]

    try:
        for path in places:
            path.chmod(0o500)
        assert eventually(lambda: switch() == "pedidos: not archiving", every=1)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert eventually(lambda: switch() == "running", every=1)


def test_keeps_as_many_as_are_wanted(loja):
    """Three full ones leave two; zelador makes one that is due."""
    loja.script("backup", "--scheduled", "--full")
    loja.script("backup", "--scheduled", "--full")
    for service in ("catalogo", "pedidos"):
        assert len(bases(loja, service)) == 2
    known = loja.state / "data/ultimos/copias"
    known.write_text("1000000 1 1000000\n", encoding="ascii")

    def good():
        return int(known.read_text(encoding="ascii").split()[2])

    assert eventually(lambda: time.time() - good() < 3600, every=0.5)
    assert backups(loja)["status"] == "running" and loja.status()["healthy"]
