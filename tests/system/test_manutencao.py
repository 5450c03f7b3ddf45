"""confeitaria maintenance: the front door is closed with words for people and programs, and opened again."""
import threading

import pytest

from shop import DIRECT, eventually
from test_paginas import PERSON

pytestmark = pytest.mark.commands


@pytest.fixture(name="maintenance")
def fixture_maintenance(shop):
    """maintenance(*words) runs it; in the end the shop is open."""
    yield lambda *words: shop.script("maintenance", *words)
    shop.script("maintenance", "off")
    for client in (shop.public, shop.admin):
        client.close()


class Orders(threading.Thread):
    """A customer who orders again and again, each request on a connection of its own."""

    def __init__(self, shop, product):
        super().__init__()
        self.shop, self.product = shop, product
        self.stop, self.made, self.turned_away, self.failed = threading.Event(), 0, 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                if self.ordered():
                    self.made += 1
                else:
                    self.turned_away += 1
        except (AssertionError, OSError) as error:
            self.failed = error

    def asked(self, path, body):
        """The data of an answer, or None when the shop is in maintenance."""
        client = self.shop.client()
        answer = client.post(path, body)
        client.close()
        if answer.status == 503:
            answer.problem("manutencao")
            return None
        assert answer.status in (200, 201), answer
        return answer.data if answer.status == 200 else answer.ok(201)

    def ordered(self):
        """Whether an order was made, in three steps of which each may be refused."""
        cart = self.asked("/api/carrinho/sessao", {})
        session = cart and cart["session_id"]
        line = {"produto_id": self.product, "quantidade": 1}
        return bool(
            cart
            and self.asked(f"/api/carrinho/{session}/adicionar", line)
            and self.asked("/api/pedidos", self.shop.checkout(session))
        )


def closed(shop):
    """The problem that programs get, and its Retry-After."""
    answer = shop.client().get("/api/produtos")
    answer.problem("manutencao")
    return answer.headers["Retry-After"]


def test_the_door_closes_and_opens(shop, maintenance):
    """While customers order: each request is served or told so, none is lost, and the door knows nothing of the parts
    behind it. On twice is on."""
    product = shop.product(estoque=100000)["id"]
    orders = Orders(shop, product)
    orders.start()
    try:
        assert eventually(lambda: orders.made or orders.failed)
        maintenance("on")
        assert eventually(lambda: orders.turned_away or orders.failed)
        made = orders.made
        assert closed(shop) == "300"
        maintenance("on", "--minutes", "20")
        assert closed(shop) == "1200" and orders.made == made
        page = shop.client().get("/painel", headers=PERSON)
        assert page.status == 503 and "Estamos em manutenção" in page.text and page.headers["Retry-After"] == "1200"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        for path in ("/livez", "/favicon.svg", "/estatico/" + page.text.split("/estatico/")[1].split('"')[0]):
            assert shop.client().get(path).status == 200
        assert shop.health("healthy")
        for pool in DIRECT:
            assert shop.client(pool=pool).get("/health").status == 200
        facts = shop.status(check=False)["parts"]["nginx"]
        assert facts["status"] == "maintenance" and facts["maintenance_since"].endswith("Z")
        maintenance("off")
        assert eventually(lambda: orders.made > made or orders.failed)
    finally:
        orders.stop.set()
        orders.join()
    assert orders.failed is None, orders.failed
    assert shop.status()["healthy"]


def test_it_outlives_commands_and_spares_who_is_named(shop, maintenance):
    """A reload makes another nginx of the same door; up is content with a shop that is closed."""
    maintenance("on", "--allow", "203.0.113.7")
    assert "in maintenance since" in shop.up().stderr
    assert closed(shop) == "300"
    maintenance("on", "--allow", "203.0.113.7", "--allow", "127.0.0.1")
    assert eventually(lambda: shop.client().get("/api/produtos").status == 200)
    assert shop.status(check=False)["parts"]["nginx"]["status"] == "maintenance"


@pytest.mark.parametrize(
    "words", [(), ("open",), ("on", "--minutes", "0"), ("on", "--minutes", "1441"), ("on", "--allow", "loja")]
)
def test_what_it_does_not_take(shop, words):
    """Says what it takes, and closes nothing."""
    done = shop.script("maintenance", *words, check=False)
    assert done.returncode == 64 and done.stderr and shop.client().get("/livez").status == 200
    assert not (shop.state / "data/manutencao.conf").exists()
