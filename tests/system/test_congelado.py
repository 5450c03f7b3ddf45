"""A store that is frozen: connections are taken, nothing is answered. As harmless as a dead one."""
import time

import pytest

from shop import WORKERS, eventually

pytestmark = pytest.mark.slow

POOL_SIZE = 2  # of every pool of a test's shop
assert all(size.endswith(f"={POOL_SIZE}") for size in WORKERS)


class Case:
    """A change that needs the store, sent again and again; and what shows whether it happened."""

    def __init__(self, shop):
        self.shop = shop
        self.product = shop.product(estoque=1000)["id"]
        self.session = shop.cart({self.product: 1})

    def send(self):
        """One change, over a new connection."""
        raise NotImplementedError

    def count(self):
        """How often it has happened."""
        raise NotImplementedError


class Stock(Case):
    """The stock of a product goes up by one."""

    def send(self):
        body = {"quantidade": 1, "operacao": "adicionar"}
        return self.shop.client(self.shop.admin.token).put(f"/api/produtos/{self.product}/estoque", body)

    def count(self):
        return self.shop.stock(self.product)


class Cart(Case):
    """A cart gets one more of a product."""

    def send(self):
        return self.shop.client().post(f"/api/carrinho/{self.session}/adicionar", {"produto_id": self.product})

    def count(self):
        return self.shop.public.get(f"/api/carrinho/{self.session}").data["itens"][0]["quantidade"]


class Order(Case):
    """The cart is ordered, with the same key each time."""

    def send(self):
        return self.shop.client().post(
            "/api/pedidos", self.shop.checkout(self.session), headers={"Idempotency-Key": self.session}
        )

    def count(self):
        return int(
            self.shop.value(
                f"SELECT count(*) FROM pedidos WHERE session_id = '{self.session}' " "AND status = 'confirmado'",
                "pedidos",
            )
        )


@pytest.mark.parametrize("part, case", [("pg-catalogo", Stock), ("redis", Cart), ("pg-pedidos", Order)])
def test_few_wait_and_nothing_is_changed(shop, part, case):
    """Each worker learns it at the cost of two waits; then 503 comes at once. What was not sent did not happen."""
    before, change = shop.workers(), case(shop)
    count, waits, unknown = change.count(), [], 0
    with shop.frozen(part):
        for _ in range(20):
            start = time.monotonic()
            answer = change.send()
            waits.append(time.monotonic() - start)
            assert answer.status == 503 and answer.headers["Retry-After"], answer
            unknown += answer.json["codigo"] == "resultado_desconhecido"
    assert max(waits) < 4
    assert len([wait for wait in waits if wait > 0.5]) <= 2 * POOL_SIZE, waits
    assert unknown <= POOL_SIZE, "only what was sent over a connection that stood may have happened"
    assert shop.recovered()
    assert count <= change.count() <= count + unknown
    assert eventually(lambda: change.send().status < 300, seconds=5)
    assert shop.workers() == before


@pytest.mark.parametrize("part", ["pg-catalogo", "redis"])
def test_an_order_is_made_once_when_what_it_needs_comes_back(shop, part):
    """Another service's store is frozen: refused in time; the same request again is one order."""
    change = Order(shop)
    with shop.frozen(part):
        for _ in range(4):
            start = time.monotonic()
            answer = change.send()
            assert answer.status in (503, 504) and answer.headers["Retry-After"], answer
            assert time.monotonic() - start < 6
    assert eventually(lambda: change.send().status == 201, seconds=10)
    assert shop.recovered()
    assert change.count() == 1
    assert eventually(lambda: shop.stock(change.product) == 999, seconds=20)


def test_a_second_freeze_is_like_the_first(shop):
    """The breaker closes: after a freeze reads are the primary's again, and the next freeze is noticed again."""
    for _ in range(2):
        with shop.frozen("pg-catalogo"):
            for _ in range(6):
                assert shop.client().get("/api/produtos/7/estoque").headers["X-Fonte"] == "replica"
        assert eventually(
            lambda: all(shop.client().get("/api/produtos/7/estoque").headers["X-Fonte"] is None for _ in range(6)),
            seconds=5,
        )
    assert shop.recovered()
