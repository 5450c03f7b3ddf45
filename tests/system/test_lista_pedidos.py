"""The administrators' lists of orders: by number, by customer, and by change without a gap."""
import threading
import uuid
from urllib.parse import quote

import pytest

from shop import ENTREGA, eventually


def found(shop, **filters):
    """What a list gives."""
    query = "&".join(f"{name}={quote(str(value))}" for name, value in filters.items())
    return shop.admin.get(f"/api/pedidos?{query}")


def ids(answer):
    """The orders of a page."""
    return [order["id"] for order in answer.data]


def test_by_number(shop):
    """The one that people have; with other filters if they fit."""
    product = shop.product()["id"]
    orders = [shop.order({product: 1}) for _ in range(3)]
    orders = [shop.admin.get(f"/api/pedidos/{order['id']}").data for order in orders]
    answer = found(shop, numero=orders[1]["numero"])
    assert answer.data == [orders[1]] and answer.json["total"] == 1 and "retomar" not in answer.json
    assert found(shop, numero=orders[1]["numero"], status="confirmado").data == [orders[1]]
    assert found(shop, numero=orders[1]["numero"], status="cancelado").data == []
    assert found(shop, numero=orders[1]["numero"], cliente="Maria da Silva", limite=1).data == [orders[1]]
    assert found(shop, numero=9223372036854775807).json["total"] == 0
    for number in ("0", "-1", "1x", "9223372036854775808"):
        found(shop, numero=number).problem("parametro_invalido", "numero")


# fmt: off
@pytest.mark.parametrize("pedaco, is_found", [
    ("Conceição", True), ("conceicao", True), ("CONCEIÇÃO", True), ("conceic\u0327a\u0303o", True), ("nceiçã", True),
    ("Conceição Xyzaba", True), ("xyzaba@", True), ("@Exemplo-xyz", True), ("exemplo-xyz.com.br", True),
    ("(21) 93456-7891", True), ("93456", True), ("934567891", True), ("+55 21", True), ("2193456", True),
    ("Conceição X%", False), ("C_nceição Xy", False), ("Xyzaba\\", False), ("Xyzaba Conceição", False),
    ("93456-7892", False), ("---", False), ("Xyzaba\nconceicao", False),
])
# fmt: on
def test_by_customer(shop, customer, pedaco, is_found):
    """A part of name or e-mail without accents and case, or digits of the telephone; what LIKE means is not meant."""
    if "\n" in pedaco:
        found(shop, cliente=pedaco).problem("parametro_invalido", "cliente")
    else:
        assert (customer["id"] in ids(found(shop, cliente=pedaco, limite=500))) is is_found


@pytest.fixture(name="customer", scope="module")
def fixture_customer(shop):
    """An order of somebody with a name of his own."""
    cliente = {"nome": "Conceição Xyzaba", "email": "xyzaba@exemplo-xyz.com.br", "telefone": "+55 (21) 93456-7891"}
    return shop.order({shop.product()["id"]: 1}, cliente=cliente)


def test_orders_of_a_customer_page_by_page(shop):
    """Newest first; total and pages are exact, with the other filters too."""
    name = f"Zé {uuid.uuid4()}"
    cliente = {"nome": name, "email": "ze@exemplo.com.br", "telefone": "11912345678"}
    product = shop.product(estoque=100)["id"]
    made = [shop.order({product: 1}, cliente=cliente)["id"] for _ in range(5)]
    shop.order({product: 1})
    shop.public.post(f"/api/pedidos/{made[2]}/cancelar").ok()
    seen, answer = [], found(shop, cliente=name, limite=2)
    while "proximo" in answer.json:
        assert answer.json["total"] == 5
        seen += ids(answer)
        answer = found(shop, cliente=name, limite=2, cursor=answer.json["proximo"])
    assert seen + ids(answer) == made[::-1]
    assert ids(found(shop, cliente=name, status="cancelado")) == [made[2]]
    assert found(shop, cliente=name, status="confirmado", limite=1).json["total"] == 4
    assert found(shop, cliente=name, ate="2019-01-01").json["total"] == 0
    found(shop, cliente="xy").problem("parametro_invalido", "cliente")


def test_what_is_not_known_is_refused(shop):
    """A filter that is not applied does harm."""
    for name in ("email", "Status", "q", "cliente[]"):
        found(shop, **{name: "x"}).problem("parametro_invalido", name)
    found(shop, ordem="antigos").problem("parametro_invalido", "ordem")
    found(shop, ordem="recentes", atualizado_desde="2026-01-01").problem("parametro_invalido", "ordem")
    found(shop, atualizado_desde="ontem").problem("parametro_invalido", "atualizado_desde")


class Poller:
    """Keeps a copy of all orders that change, by the cursor that each answer gives."""

    def __init__(self, shop, **filters):
        self.shop, self.filters, self.copy, self.order = shop, {"ordem": "atualizado", "limite": 3, **filters}, {}, []
        self.cursor = {}

    def poll(self):
        """Reads what has changed; the orders that came, in their order."""
        came = []
        while True:
            answer = found(self.shop, **self.filters, **self.cursor)
            came += answer.data
            self.cursor = {"cursor": answer.json["retomar"]}
            assert answer.json["total"] >= len(answer.data)
            if "proximo" not in answer.json:
                break
            assert answer.json["proximo"]
        self.copy |= {order["id"]: order for order in came}
        return [order["id"] for order in came]

    def until(self, *wanted):
        """Polls until these have come, last of all; other tests' may be among them."""
        came = []

        def all_came():
            came.extend(one for one in self.poll() if one in wanted)
            return set(came) == set(wanted)

        assert eventually(all_came), (came, wanted)
        return came


def test_a_poller_sees_each_change(shop):
    """In the order of the changes, whatever their pages; nothing twice without a change."""
    product = shop.product(estoque=100)["id"]
    first = shop.order({product: 1})
    poller = Poller(shop, atualizado_desde=first["atualizado_em"])
    orders = [shop.order({product: 1}, entrega=ENTREGA)["id"] for _ in range(7)]
    assert poller.until(first["id"], *orders) == [first["id"], *orders]
    assert not set(poller.poll()) & set(orders)
    for status in ("em_preparo", "pronto"):
        shop.admin.put(f"/api/pedidos/{orders[2]}/status", {"status": status}).ok()
    shop.public.post(f"/api/pedidos/{orders[0]}/cancelar").ok()
    assert poller.until(orders[2], orders[0]) == [orders[2], orders[0]]
    for order in orders:
        assert poller.copy[order] == shop.admin.get(f"/api/pedidos/{order}").data
    late = Poller(shop, atualizado_desde=poller.copy[orders[2]]["atualizado_em"], status="cancelado")
    assert late.until(orders[0]) == [orders[0]]


def test_what_was_begun_early_and_is_confirmed_late(shop):
    """An order is held up in the catalogue; others pass it. Pollers see it, by cursor and by the newest time."""
    product, other = shop.product(estoque=9)["id"], shop.product(estoque=9)["id"]
    session = shop.cart({product: 1})
    shelf = shop.login("postgres")
    shelf.autocommit = False
    with shelf.cursor() as cursor:
        cursor.execute("SELECT 1 FROM produtos WHERE id = %s FOR UPDATE", [product])
    answers = []

    def order():
        answers.append(shop.client().post("/api/pedidos", shop.checkout(session)))

    held = threading.Thread(target=order)
    held.start()
    written = f"SELECT id FROM pedidos WHERE session_id = '{session}'"
    early = eventually(lambda: shop.sql(written, "pedidos"), every=0.02)[0][0]
    passed = shop.order({other: 1})
    poller = Poller(shop, atualizado_desde=passed["atualizado_em"])
    assert poller.until(passed["id"]) == [passed["id"]]
    shelf.commit()
    held.join()
    made = answers[0].ok(201)
    assert made["id"] == early and made["criado_em"] < passed["criado_em"]
    assert poller.until(early) == [early]
    by_time = Poller(shop, atualizado_desde=passed["atualizado_em"])
    assert early in by_time.until(passed["id"], early)


def test_a_transaction_that_commits_after_a_younger_one(shop):
    """Its change is older, and a poller may not miss it: what is younger waits for it."""
    product = shop.product(estoque=9)["id"]
    early, late = shop.order({product: 1}), shop.order({product: 1})
    poller = Poller(shop, atualizado_desde=early["atualizado_em"])
    poller.until(early["id"], late["id"])
    slow = shop.login("pedidos", "pedidos")
    slow.autocommit = False
    with slow.cursor() as cursor:
        cursor.execute("SELECT id FROM pedido_mudar(%s, 1, 'em_preparo', 'teste', NULL)", [early["id"]])
    moved = shop.admin.put(f"/api/pedidos/{late['id']}/status", {"status": "em_preparo"}).data
    assert not {early["id"], late["id"]} & set(poller.poll())
    slow.commit()
    assert poller.until(early["id"], late["id"]) == [early["id"], late["id"]]
    assert poller.copy[early["id"]]["atualizado_em"] < moved["atualizado_em"]
    naive = Poller(shop, atualizado_desde=moved["atualizado_em"])
    assert naive.until(late["id"]) == [late["id"]]


def test_the_order_of_changes_with_every_filter(shop, customer):
    """They add up, as elsewhere; a cursor belongs to its question."""
    filters = {"numero": customer["numero"], "cliente": "xyzaba", "status": "confirmado", "desde": "2026-01-01"}
    answer = found(shop, ordem="atualizado", **filters)
    assert eventually(lambda: ids(found(shop, ordem="atualizado", **filters)) == [customer["id"]])
    assert found(shop, ordem="atualizado", **{**filters, "cliente": "Maria da Silva"}).data == []
    found(shop, **filters, cursor=answer.json["retomar"]).problem("parametro_invalido", "cursor")
    empty = found(shop, ordem="atualizado", atualizado_desde="9999-01-01")
    assert empty.data == [] and empty.json["total"] == 0
    assert found(shop, ordem="atualizado", atualizado_desde="9999-01-01", cursor=empty.json["retomar"]).data == []
