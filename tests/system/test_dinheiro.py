"""Exact money, end to end: ten thousand random carts against integer centavos."""
import json
import queue
import random
import threading
import time
import uuid
from decimal import Decimal

import pytest

from shop import centavos

CARTS, BY_HTTP, ORDERS, CLIENTS = 10_000, 1_500, 150, 4
# In centavos; the rest at random.
PRICES = [1, 10, 20, 30, 99, 101, 333, 350, 1999, 4590, 9999999999, 9999999998, 123456789]
MICROSECONDS = 1_000_000


@pytest.mark.parametrize(
    "lines, total",
    [
        ([("3.50", 3)], "10.50"),
        ([("0.10", 1), ("0.20", 1)], "0.30"),
        ([("0.10", 3)], "0.30"),
        ([("1.10", 3)], "3.30"),
        ([("0.01", 9999)], "99.99"),
        ([("4.35", 100)], "435.00"),
        ([("1.005", 1)], None),
        ([("19.99", 3), ("0.07", 7)], "60.46"),
        ([("99999999.99", 9999)], "999899999900.01"),
        ([("45.90", 2), ("3.50", 4), ("38.00", 1)], "143.80"),
    ],
)
def test_sums_that_floats_get_wrong(shop, lines, total):
    """In the cart, in the order, in the database: the same digits."""
    lot, cart = shop.category(), {}
    for price, quantity in lines:
        body = f'{{"nome":"Preço {price}","preco":{price},"estoque":9999,"categoria_id":{lot}}}'
        answer = shop.admin.post("/api/produtos", body.encode())
        if total is None:
            answer.problem("campos_invalidos", "preco")
            return
        product = answer.ok(201)
        assert f'"preco":{price},' in answer.text
        cart[product["id"]] = quantity
    session = shop.cart(cart)
    answer = shop.public.get(f"/api/carrinho/{session}")
    assert answer.data["valor_total"] == Decimal(total) and f'"valor_total":{total},' in answer.text
    answer = shop.public.post("/api/pedidos", shop.checkout(session))
    order = answer.ok(201)
    assert f'"valor_total":{total},' in answer.text
    assert [i["subtotal"] for i in order["itens"]] == [Decimal(price) * quantity for price, quantity in lines]
    assert shop.value(f"SELECT valor_total FROM pedidos WHERE id = '{order['id']}'", "pedidos") == total


def test_prices_keep_their_digits(shop):
    """What goes in comes out, with two digits; a filter compares exactly."""
    lot = shop.category()
    for text in ("0.01", "0.1", "0.10", "1", "1.0", "9.99", "0.29", "1.15", "2.675"[:4], "12345678.91", "99999999.99"):
        answer = shop.admin.post("/api/produtos", f'{{"nome":"P","preco":{text},"categoria_id":{lot}}}'.encode())
        assert answer.ok(201)["preco"] == Decimal(text)
        assert f'"preco":{Decimal(text):.2f},' in answer.text
        found = shop.public.get(f"/api/produtos?categoria_id={lot}&preco_min={text}&preco_max={text}")
        assert answer.json["data"]["id"] in [p["id"] for p in found.data]


class Market:
    """Thirty products at random prices, some nearly out of stock, and what a cart of them must cost."""

    def __init__(self, shop, seed):
        self.random = random.Random(seed)
        lot = shop.category()
        prices = PRICES + [self.random.randint(1, 100_000) for _ in range(30 - len(PRICES))]
        stocks = [9999] * 25 + [self.random.randint(0, 30) for _ in range(5)]
        self.price, self.stock = {}, {}
        for price, stock in zip(prices, stocks):
            preco = f"{price // 100}.{price % 100:02}"
            body = f'{{"nome":"Produto a {preco}","preco":{preco},"estoque":{stock},"categoria_id":{lot}}}'
            number = shop.admin.post("/api/produtos", body.encode()).ok(201)["id"]
            self.price[number], self.stock[number] = price, stock

    def lines(self, in_stock=False):
        """A random cart: product -> quantity."""
        numbers = [n for n in self.price if self.stock[n] == 9999] if in_stock else list(self.price)
        chosen = self.random.sample(numbers, min(len(numbers), int(self.random.expovariate(1 / 4)) + 1))
        return {
            n: self.random.choice((1, 1, 2, 3, self.random.randint(1, 40), self.random.randint(1, 9999)))
            for n in chosen
        }

    def check(self, lines, data):
        """The cart's answer against integer centavos."""
        assert {i["produto_id"]: i["quantidade"] for i in data["itens"]} == lines
        total = 0
        for item in data["itens"]:
            number, quantity = item["produto_id"], item["quantidade"]
            there = quantity <= self.stock[number]
            subtotal = self.price[number] * quantity if there else 0
            assert item["disponivel"] is there and centavos(item["subtotal"]) == subtotal, item
            assert centavos(item["produto"]["preco"]) == self.price[number]
            total += subtotal
        assert centavos(data["valor_total"]) == total and data["total_itens"] == len(lines)


def fill(shop, carts):
    """Puts carts where the service keeps them, as it would."""
    pipeline = shop.redis().pipeline(transaction=False)
    now = int(time.time() * MICROSECONDS)
    for session, lines in carts.items():
        members = {"criado_em": now, "atualizado_em": now, "versao": 1 + len(lines)}
        members.update({f"i:{number}": f"{quantity} {now + i}" for i, (number, quantity) in enumerate(lines.items())})
        pipeline.hset(f"carrinho:{session}", mapping=members)
        pipeline.pexpire(f"carrinho:{session}", 86_400_000)
    pipeline.execute()


def in_parallel(shop, jobs, work):
    """Hands the jobs to a few clients; raises the first failure."""
    waiting, failures = queue.SimpleQueue(), []
    for job in jobs:
        waiting.put(job)

    def run():
        client = shop.client(checked=False)
        while not failures:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                work(client, *job)
            except BaseException as error:  # a thread's failure is the test's
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.slow
def test_ten_thousand_random_carts(shop):
    """Every line, every total, exactly; lines that are short cost nothing."""
    market = Market(shop, seed=20261124)
    carts = {
        str(uuid.UUID(int=market.random.getrandbits(128), version=4)): market.lines() for _ in range(CARTS - BY_HTTP)
    }
    fill(shop, carts)

    def look(client, session, lines):
        market.check(lines, client.get(f"/api/carrinho/{session}").data)

    in_parallel(shop, carts.items(), look)

    def whole_way(client, lines):
        session = client.post("/api/carrinho/sessao").ok(201)["session_id"]
        for number, quantity in lines.items():
            body = {"produto_id": number, "quantidade": quantity}
            answer = client.post(f"/api/carrinho/{session}/adicionar", body)
            assert answer.status == (200 if quantity <= market.stock[number] else 409), answer
        taken = {number: quantity for number, quantity in lines.items() if quantity <= market.stock[number]}
        market.check(taken, client.get(f"/api/carrinho/{session}").data)

    in_parallel(shop, [(market.lines(),) for _ in range(BY_HTTP)], whole_way)


@pytest.mark.slow
def test_random_orders(shop):
    """What an order says it costs is what its lines cost, in the answer and in the database."""
    market = Market(shop, seed=7)
    shop.sql("UPDATE produtos SET estoque = 2147483647 WHERE id IN (%s)" % ",".join(map(str, market.price)))
    market.stock = {number: 9999 for number in market.price}
    orders = {str(uuid.UUID(int=market.random.getrandbits(128), version=4)): market.lines() for _ in range(ORDERS)}
    fill(shop, orders)
    totals = {}

    def buy(client, session, lines):
        order = client.post("/api/pedidos", shop.checkout(session), headers={"Idempotency-Key": session}).ok(201)
        assert {i["produto_id"]: i["quantidade"] for i in order["itens"]} == lines
        for item in order["itens"]:
            assert centavos(item["preco_unitario"]) == market.price[item["produto_id"]]
            assert centavos(item["subtotal"]) == market.price[item["produto_id"]] * item["quantidade"]
        assert centavos(order["valor_total"]) == sum(market.price[n] * q for n, q in lines.items())
        totals[order["id"]] = order["valor_total"]

    in_parallel(shop, orders.items(), buy)
    kept = dict(
        shop.sql(
            "SELECT id, valor_total FROM pedidos WHERE session_id IN (%s)"
            % ",".join(f"'{session}'" for session in orders),
            "pedidos",
        )
    )
    assert {number: Decimal(total) for number, total in kept.items()} == totals and len(totals) == ORDERS
    off = shop.value(
        """SELECT count(*) FROM pedidos p WHERE valor_total IS DISTINCT FROM
                        (SELECT sum(preco_unitario * quantidade) FROM pedido_itens i WHERE i.pedido_id = p.id)
                        AND status >= 'confirmado'""",
        "pedidos",
    )
    assert off == "0"


def test_a_total_that_is_too_large_is_not_wrong(shop):
    """A hundred of the dearest lines there can be: refused or right, never wrapped around."""
    lot = shop.category()
    shop.sql(
        f"""INSERT INTO produtos (nome, preco, estoque, categoria_id)
                 SELECT 'Caro ' || n, 99999999.99, 9999, {lot} FROM generate_series(1, 100) n"""
    )
    numbers = [p["id"] for p in shop.public.get(f"/api/produtos?categoria_id={lot}").data]
    session = str(uuid.uuid4())
    fill(shop, {session: {number: 9999 for number in numbers}})
    assert centavos(shop.public.get(f"/api/carrinho/{session}").data["valor_total"]) == 100 * 9999 * 9999999999
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert centavos(order["valor_total"]) == 100 * 9999 * 9999999999
    assert json.dumps(str(order["valor_total"])) == '"99989999990001.00"'
