"""Deadlines on both sides: a server gives up no later than its client, and no work is done for one that has gone."""
import collections
import os
import subprocess
import threading
import time
import uuid
from contextlib import contextmanager

import pytest

from fastcgi import Request
from processes import taken
from shop import SERVICE_USER, WORKERS, eventually

POOL_SIZE = 2  # of every pool of a test's shop
assert all(size.endswith(f"={POOL_SIZE}") for size in WORKERS)
REFUSALS = 2  # of each writer: what a client leaves behind adds up


@contextmanager
def forgotten(shop, product):
    """Meanwhile somebody's transaction holds the product's row."""
    person = shop.login("postgres")
    person.autocommit = False
    with person.cursor() as cursor:
        cursor.execute("SELECT 1 FROM produtos WHERE id = %s FOR UPDATE", [product["id"]])
    try:
        yield
    finally:
        person.close()


def waiting(shop):
    """How many of the catalogue's backends wait for a lock."""
    return int(
        shop.value("SELECT count(*) FROM pg_stat_activity WHERE datname = 'catalogo' AND wait_event_type = 'Lock'")
    )


def change_of_stock(client, product):
    """One more of it, please."""
    return client.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": 1, "operacao": "adicionar"})


class Crowd:
    """Clients that ask again and again, so often or until they are told to stop."""

    def __init__(self):
        self.answers = collections.defaultdict(list)
        self.stop = threading.Event()
        self.threads = []

    def start(self, name, ask, times=None):
        """One more client; its answers are `name`'s."""

        def run():
            while not self.stop.is_set() and len(self.answers[name]) != times:
                self.answers[name].append(ask())

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def end(self):
        """Waits for the last answers."""
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.slow
def test_a_forgotten_transaction_takes_one_row_away_and_nothing_else(shop):
    """Who waits for it is refused for certain, by the server; all others are served, and nothing runs late."""
    held, free, crowd, most = shop.product(estoque=5), shop.product(), Crowd(), 0

    def writing(product):
        client = shop.client(shop.admin.token)
        return lambda: change_of_stock(client, product)

    def reading():
        client = shop.client(pool="catalogo")
        return lambda: client.get(f"/api/categorias/{free['categoria_id']}")

    def ordering():
        return shop.client().post("/api/pedidos", shop.checkout(shop.cart({free["id"]: 1})))

    def refused():
        nonlocal most
        most = max(most, waiting(shop))
        return all(len(crowd.answers[number]) == REFUSALS for number in range(POOL_SIZE))

    with forgotten(shop, held):
        for number in range(POOL_SIZE):
            crowd.start(number, writing(held), REFUSALS)
        for name, ask in {"write": writing(free), "read": reading(), "order": ordering}.items():
            crowd.start(name, ask)
        assert eventually(refused)
        crowd.end()
        assert eventually(lambda: waiting(shop) == 0)
    for number in range(POOL_SIZE):
        for answer in crowd.answers[number]:
            answer.problem("servico_indisponivel")
    for name, status in {"write": 200, "read": 200, "order": 201}.items():
        assert {answer.status for answer in crowd.answers[name]} == {status}, crowd.answers[name]
    assert 1 <= most <= POOL_SIZE
    assert shop.stock(held["id"]) == 5
    change_of_stock(shop.admin, held).ok()


@pytest.mark.slow
def test_a_write_that_could_not_read_says_that_nothing_changed(hurried_shop):
    """A read that the server ends at its deadline is a 504; a write that needs it has changed nothing, and says so."""
    shop = hurried_shop
    order, person = shop.order({shop.product()["id"]: 1}), shop.login("postgres", "pedidos")
    person.autocommit = False
    with person.cursor() as cursor:
        cursor.execute("LOCK TABLE pedidos IN ACCESS EXCLUSIVE MODE")
    path = f"/api/pedidos/{order['id']}"
    shop.client().get(path).problem("tempo_esgotado")
    shop.client().post(f"{path}/cancelar").problem("servico_indisponivel")
    shop.admin.put(f"{path}/status", {"status": "em_preparo"}).problem("servico_indisponivel")
    person.close()
    assert eventually(lambda: shop.client().get(path).status == 200)
    assert shop.client().get(path).data["status"] == "confirmado"


def test_a_statement_ends_with_its_client(shop):
    """A client that dies while it waits for a lock is noticed before it has the lock."""
    product = shop.product(estoque=5)
    # fmt: off
    command = ["psql", "-X", "-q", "-h", str(shop.run), "-p", "5432", "-U", "postgres", "-d", "catalogo", "-c",
               f"UPDATE produtos SET estoque = 9 WHERE id = {product['id']}"]
    # fmt: on
    user = SERVICE_USER if os.geteuid() == 0 else None
    with forgotten(shop, product):
        with subprocess.Popen(command, user=user, group=user, cwd="/") as client:
            assert eventually(lambda: waiting(shop) == 1)
            client.kill()
        assert eventually(lambda: waiting(shop) == 0)
    assert shop.stock(product["id"]) == 5


@pytest.mark.parametrize("database", ["catalogo", "replica", "pedidos"])
def test_a_person_may_forget_a_transaction_for_a_minute(shop, database):
    """Not for ever: its locks keep everybody else out."""
    assert shop.value("SHOW idle_in_transaction_session_timeout", database) == "1min"


def test_a_caller_says_how_long_it_waits_and_a_client_cannot(shop):
    """What another service no longer waits for is not begun; the public's header is ignored."""
    product, headers = shop.product(estoque=5), {"X-Prazo-Ms": "1"}
    body = {"pedido_id": str(uuid.uuid4()), "itens": [{"produto_id": product["id"], "quantidade": 1}]}
    interno = shop.internal(shop.secret("pedidos.token"))
    interno.request("POST", "/interno/reservas", body, headers=headers).problem("servico_indisponivel")
    assert shop.stock(product["id"]) == 5
    shop.public.request("POST", "/api/carrinho/sessao", headers=headers).ok(201)


class Order:
    """The order of a cart, told to a worker as nginx tells it."""

    def __init__(self, shop, product, allowed_ms, since=0):
        self.shop, self.session = shop, shop.cart({product["id"]: 1})
        # fmt: off
        self.request = Request(shop.run / "pedidos.sock", "POST", "/api/pedidos", shop.checkout(self.session),
                               HTTP_IDEMPOTENCY_KEY=self.session, PRAZO_MS=allowed_ms,
                               PRAZO_DESDE=f"{time.time() - since:.3f}")
        # fmt: on

    def states(self):
        """Of all orders of this session."""
        rows = self.shop.sql(f"SELECT status FROM pedidos WHERE session_id = '{self.session}'", "pedidos")
        return [status for status, in rows]

    def again(self):
        """The customer's own second try."""
        headers = {"Idempotency-Key": self.session}
        return self.shop.public.post("/api/pedidos", self.shop.checkout(self.session), headers=headers)


def test_an_order_waits_no_longer_than_its_request_may_take(shop):
    """Nor does the service that it asks, nor that one's database: nothing of it is done later."""
    product = shop.product(estoque=5)
    with forgotten(shop, product):
        patient = threading.Thread(target=change_of_stock, args=(shop.client(shop.admin.token, checked=False), product))
        patient.start()
        assert eventually(lambda: waiting(shop) == 1)
        order = Order(shop, product, allowed_ms=2500)
        status, problem = order.request.answer()
        assert status == 503 and problem["codigo"] == "servico_indisponivel"
        assert patient.is_alive() and waiting(shop) == 1
    patient.join()
    assert shop.stock(product["id"]) == 6 and "confirmado" not in order.states()
    order.again().ok(201)
    assert order.states().count("confirmado") == 1 and shop.stock(product["id"]) == 5


def test_time_in_the_backlog_counts(shop):
    """A request that nginx had for too long before a worker took it is not begun."""
    product = shop.product(estoque=5)
    order = Order(shop, product, allowed_ms=30000, since=31)
    status, problem = order.request.answer()
    assert status == 503 and problem["codigo"] == "servico_indisponivel" and not order.states()
    order.again().ok(201)


def test_an_order_whose_client_has_gone_is_not_confirmed(shop):
    """It stops before the next step, and its customer's second try goes on from there."""
    product, path = shop.product(estoque=5), shop.run / "pedidos.sock"
    with forgotten(shop, product):
        order = Order(shop, product, allowed_ms=28000)
        assert eventually(lambda: waiting(shop) == 1)
        order.request.leave()
    assert eventually(lambda: not any(taken(pid, path) for pid in shop.workers("pedidos").values()))
    assert order.states() == ["reservando"]
    order.again().ok(201)
    assert order.states() == ["confirmado"] and shop.stock(product["id"]) == 4
