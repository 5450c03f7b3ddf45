"""A store that is frozen: connections are taken, nothing is answered. As harmless as a dead one."""
import re
from datetime import datetime

import pytest

from shop import WORKERS, eventually

pytestmark = pytest.mark.slow

PROBE_PAUSE_SECONDS = 0.99  # breaker.c: a second between two probes
POOL_SIZE = 2  # of every pool of a test's shop
assert all(size.endswith(f"={POOL_SIZE}") for size in WORKERS)


@pytest.fixture(name="shop", scope="module")
def fixture_shop(hurried_shop):
    """Who is told no is told so in seconds."""
    return hurried_shop


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


def attempts(shop, part, since):
    """How often each worker waited for a part in vain since then: its process id -> the times at which it gave up."""
    log = {"pg-catalogo": "catalogo.log", "redis": "carrinho.log", "pg-pedidos": "pedidos.log"}[part]
    found = {}
    for line in shop.logs()[log][since[log] :].splitlines():
        told = re.match(r"ts=(\S+)Z .* pid=(\d+) .*event=(?:sql|redis)_(?:lost|not_sent|connect) ", line)
        if told:
            found.setdefault(told[2], []).append(datetime.fromisoformat(told[1]))
    return found


@pytest.mark.parametrize("part, case", [("pg-catalogo", Stock), ("redis", Cart), ("pg-pedidos", Order)])
def test_few_wait_and_nothing_is_changed(shop, part, case):
    """Each worker learns it by two waits, then leaves the store alone but for a probe a second: 503 comes at once. What
    was not sent did not happen."""
    before, change = shop.workers(), case(shop)
    count, sent, unknown = change.count(), 0, 0
    begin = {name: len(text) for name, text in shop.logs().items()}
    with shop.frozen(part):

        def left_alone():
            nonlocal sent, unknown
            answer = change.send()
            assert answer.status == 503 and answer.headers["Retry-After"], answer
            sent += 1
            unknown += answer.json["codigo"] == "resultado_desconhecido"
            waits = attempts(shop, part, begin).values()
            return sent - sum(map(len, waits)) >= 10 and max(map(len, waits), default=0) >= 4

        assert eventually(left_alone, every=0), (sent, attempts(shop, part, begin))
    for pid, times in attempts(shop, part, begin).items():
        pauses = [(later - earlier).total_seconds() for earlier, later in zip(times[1:], times[2:])]
        assert all(pause >= PROBE_PAUSE_SECONDS for pause in pauses), (pid, pauses)
    assert unknown <= POOL_SIZE, "only what was sent over a connection that stood may have happened"
    assert shop.recovered()
    assert count <= change.count() <= count + unknown
    assert eventually(lambda: change.send().status < 300)
    assert shop.workers() == before


@pytest.mark.parametrize("part", ["pg-catalogo", "redis"])
def test_an_order_is_made_once_when_what_it_needs_comes_back(shop, part):
    """Another service's store is frozen: refused meanwhile; the same request again is one order."""
    change = Order(shop)
    with shop.frozen(part):
        for _ in range(4):
            answer = change.send()
            assert answer.status in (503, 504) and answer.headers["Retry-After"], answer
    assert eventually(lambda: change.send().status == 201)
    assert shop.recovered()
    assert change.count() == 1
    assert eventually(lambda: shop.stock(change.product) == 999)


def lose_an_answer(shop, part, send, warm):
    """Freezes a part until a call that it has in hand is answered `resultado_desconhecido`. A call is not done when its
    worker has no connection, or has not prepared its statement there (`warm` does that): then it is tried again."""

    def lost():
        for _ in range(10 * POOL_SIZE):
            warm()
        with shop.frozen(part):
            codes = [send().json["codigo"] for _ in range(2 * POOL_SIZE)]
        return shop.recovered() and "resultado_desconhecido" in codes

    assert eventually(lost)


def test_an_add_whose_answer_was_lost_counts_once_when_it_is_repeated(shop):
    """Redis had taken it in when it was frozen; repeats with the same key, meanwhile and later, add nothing more."""
    change, headers = Cart(shop), {"Idempotency-Key": "minha chave"}

    def send():
        body = {"produto_id": change.product, "quantidade": 2}
        return shop.client().post(f"/api/carrinho/{change.session}/adicionar", body, headers=headers)

    lose_an_answer(shop, "redis", send, change.count)
    assert send().status == 200
    assert change.count() == 3
    assert send().headers["Idempotency-Replayed"] == "true" and change.count() == 3


def test_a_change_of_stock_whose_answer_was_lost_counts_once_when_it_is_repeated(shop):
    """PostgreSQL was frozen with it in hand; repeats with the same key, meanwhile and later, add nothing more."""
    change, headers = Stock(shop), {"Idempotency-Key": "minha chave"}

    def send():
        body, client = {"quantidade": 10, "operacao": "adicionar"}, shop.client(shop.admin.token)
        return client.put(f"/api/produtos/{change.product}/estoque", body, headers=headers)

    def warm():
        shop.admin.put(f"/api/produtos/{change.product}/estoque", {"quantidade": 1000, "operacao": "definir"}).ok()

    lose_an_answer(shop, "pg-catalogo", send, warm)
    assert send().status == 200
    assert change.count() == 1010
    again = send()
    assert again.data["estoque"] == 1010 and again.headers["Idempotency-Replayed"] == "true"
    assert change.count() == 1010


def test_a_second_freeze_is_like_the_first(shop):
    """The breaker closes: after a freeze reads are the primary's again, and the next freeze is noticed again."""
    for _ in range(2):
        with shop.frozen("pg-catalogo"):
            for _ in range(6):
                assert shop.client().get("/api/produtos/7/estoque").headers["X-Fonte"] == "replica"
        assert eventually(
            lambda: all(shop.client().get("/api/produtos/7/estoque").headers["X-Fonte"] is None for _ in range(6))
        )
    assert shop.recovered()
