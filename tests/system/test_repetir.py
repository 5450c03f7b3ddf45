"""A call about an order is repeated: after a lost answer, by a double click, with an old key, with nothing to do."""
import threading
import uuid
from decimal import Decimal

import pytest

from shop import ENTREGA, eventually

REPLAYED = "Idempotency-Replayed"


def key():
    """A new Idempotency-Key, as a header."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def order(shop, session, headers=None, **fields):
    """Asks for an order of what is in the cart."""
    return shop.public.post("/api/pedidos", shop.checkout(session, **fields), headers=headers)


def fill(shop, session, product, quantidade):
    """Puts something into a cart."""
    body = {"produto_id": product["id"], "quantidade": quantidade}
    shop.public.post(f"/api/carrinho/{session}/adicionar", body).ok()


def in_cart(shop, session):
    """How much is in a cart, of all products."""
    return sum(line["quantidade"] for line in shop.public.get(f"/api/carrinho/{session}").data["itens"])


def fresh(answer):
    """Asserts that an order was made now; returns it."""
    assert answer.headers[REPLAYED] is None and answer.json["message"] == "Pedido recebido", answer
    return answer.ok(201)


def replay(answer):
    """Asserts that the answer says that it is one of an earlier call; returns its order."""
    assert answer.headers[REPLAYED] == "true" and "já tinha sido recebido" in answer.json["message"], answer
    return answer.ok(201)


def named(answer, codigo, pedido):
    """Asserts a refusal that names an order, which can be read then."""
    problem = answer.problem(codigo)
    assert problem["pedido_id"] == pedido["id"] and answer.headers["Location"] == f"/api/pedidos/{pedido['id']}"
    return problem


def test_a_key_belongs_to_its_session(shop):
    """Two customers may think of the same one."""
    product = shop.product(estoque=10)
    first, second = shop.cart({product["id"]: 1}), shop.cart({product["id"]: 2})
    headers = {"Idempotency-Key": "pedido-1"}
    one, two = fresh(order(shop, first, headers)), fresh(order(shop, second, headers))
    assert one["id"] != two["id"] and shop.stock(product["id"]) == 7
    assert replay(order(shop, first, headers)) == one and replay(order(shop, second, headers)) == two
    assert shop.stock(product["id"]) == 7


@pytest.mark.parametrize("headers", [key(), {}], ids=["key", "no key"])
def test_after_a_lost_answer(shop, headers):
    """The same call again is the same order, and says that it is no new one."""
    product = shop.product(estoque=10)
    session = shop.cart({product["id"]: 2})
    made = fresh(order(shop, session, headers))
    again = order(shop, session, headers)
    assert replay(again) == made and f"nº {made['numero']}" in again.json["message"]
    assert again.headers["Location"] == f"/api/pedidos/{made['id']}" and shop.stock(product["id"]) == 8


def test_the_answer_is_there_for_longer_than_the_cart(shop):
    """A cart lives a day; its order's key goes on."""
    session, headers = shop.cart({shop.product()["id"]: 1}), key()
    made = fresh(order(shop, session, headers))
    shop.redis().delete(f"carrinho:{session}")
    assert replay(order(shop, session, headers)) == made


def test_a_second_purchase_with_the_first_ones_key(shop):
    """New goods in the cart are another call: refused, and the first order named. With a new key they are ordered."""
    product = shop.product(estoque=10)
    session, headers = shop.cart({product["id"]: 1}), key()
    made = fresh(order(shop, session, headers))
    fill(shop, session, product, 3)
    problem = named(order(shop, session, headers), "chave_reutilizada", made)
    assert f"nº {made['numero']}" in problem["detail"] and "outra chave" in problem["detail"]
    assert in_cart(shop, session) == 3 and shop.stock(product["id"]) == 9
    shop.public.delete(f"/api/carrinho/{session}").ok()
    assert replay(order(shop, session, headers)) == made
    fill(shop, session, product, 3)
    second = fresh(order(shop, session, key()))
    assert second["numero"] > made["numero"] and in_cart(shop, session) == 0 and shop.stock(product["id"]) == 6


def test_after_cancelling(shop):
    """The key still means the order that was cancelled; goods that came later are another call."""
    product = shop.product(estoque=10)
    session, headers = shop.cart({product["id"]: 1}), key()
    made = fresh(order(shop, session, headers))
    cancelled = shop.public.post(f"/api/pedidos/{made['id']}/cancelar").data
    again = order(shop, session, headers)
    assert replay(again) == cancelled and "cancelado" in again.json["message"]
    fill(shop, session, product, 1)
    named(order(shop, session, headers), "chave_reutilizada", made)
    assert in_cart(shop, session) == 1 and shop.stock(product["id"]) == 10
    fresh(order(shop, session))


def test_what_the_order_left_in_the_cart(shop):
    """Goods that were added while the order was being made are no later cart, but the customer hears of them."""
    product = shop.product(estoque=10)
    session, headers = shop.cart({product["id"]: 2}), key()
    made = fresh(order(shop, session, headers))
    shop.redis().hset(f"carrinho:{session}", f"i:{product['id']}", "1 1700000000000000")
    again = order(shop, session, headers)
    assert replay(again) == made and "itens que não são deste pedido" in again.json["message"]


def test_while_the_order_waits_for_its_reservation(shop):
    """The first call is held up in the catalogue; the second one waits with it, and both get the one order."""
    product = shop.product(estoque=10)
    session, headers = shop.cart({product["id"]: 2}), key()
    answers = []

    def asked():
        answers.append(shop.client().post("/api/pedidos", shop.checkout(session), headers=headers))

    shelf = shop.login("postgres")
    shelf.autocommit = False
    with shelf.cursor() as cursor:
        cursor.execute("SELECT 1 FROM produtos WHERE id = %s FOR UPDATE", [product["id"]])
    threads = [threading.Thread(target=asked) for _ in range(2)]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for number, thread in enumerate(threads):
        thread.start()
        assert eventually(lambda number=number: int(shop.value(waiting)) > number, every=0.02)
    assert shop.value(f"SELECT status FROM pedidos WHERE session_id = '{session}'", "pedidos") == "reservando"
    shelf.commit()
    for thread in threads:
        thread.join()
    assert len({answer.ok(201)["id"] for answer in answers}) == 1 and shop.stock(product["id"]) == 8


@pytest.mark.parametrize("change", ["key", "body"])
def test_an_order_whose_answer_was_lost_is_named(shop, change):
    """Asked for otherwise, the cart is empty; the refusal says which order emptied it."""
    session = shop.cart({shop.product()["id"]: 1})
    made = fresh(order(shop, session, key()))
    fields = {"observacoes": "Outro"} if change == "body" else {}
    problem = named(order(shop, session, key(), **fields), "carrinho_vazio", made)
    assert f"nº {made['numero']}" in problem["detail"]
    shop.public.delete(f"/api/carrinho/{session}").ok()
    named(order(shop, session, observacoes="Mais outro"), "carrinho_vazio", made)


def test_an_empty_cart_that_was_never_ordered(shop):
    """There is no order to be named."""
    answer = order(shop, shop.session())
    assert "pedido_id" not in answer.problem("carrinho_vazio") and answer.headers["Location"] is None


def test_a_cart_that_was_ordered_and_still_holds_the_goods(shop):
    """As a crash may leave it: asked for otherwise, the order is named."""
    product = shop.product(estoque=9)
    session = shop.cart({product["id"]: 1})
    made = fresh(order(shop, session, key()))
    version = shop.value(f"SELECT carrinho_versao FROM pedidos WHERE id = '{made['id']}'", "pedidos")
    shop.redis().hset(f"carrinho:{session}", mapping={f"i:{product['id']}": "1 1700000000000000", "versao": version})
    shop.sql(f"UPDATE pedidos SET carrinho_retirado = NULL WHERE id = '{made['id']}'", "pedidos")
    named(order(shop, session, key()), "carrinho_ja_pedido", made)
    named(order(shop, session, observacoes="Outro"), "carrinho_ja_pedido", made)
    assert shop.stock(product["id"]) == 8


def test_another_body_with_a_key(shop):
    """409, and the order that has the key is named; the same body in other words is the same."""
    session, headers = shop.cart({shop.product()["id"]: 1}), key()
    made = fresh(order(shop, session, headers, observacoes="Sem vela"))
    named(order(shop, session, headers, observacoes="Com vela"), "chave_reutilizada", made)
    body = dict(reversed(shop.checkout(session.upper(), observacoes="Sem vela").items()))
    assert replay(shop.public.post("/api/pedidos", body, headers=headers)) == made


def history(shop, pedido):
    """What was written down of an order: its history and its events."""
    count = "(SELECT count(*) FROM {} WHERE pedido_id = '{}')"
    return shop.sql(f"SELECT {count.format('pedido_historico', pedido)}, {count.format('eventos', pedido)}", "pedidos")


def test_cancelling_with_a_key(shop):
    """Once; the repeat gets the first answer. The key is taken for any other call of the session."""
    product = shop.product(estoque=10)
    session = shop.cart({product["id"]: 1})
    ordering, headers = key(), key()
    made = fresh(order(shop, session, ordering))
    path = f"/api/pedidos/{made['id']}/cancelar"
    shop.public.post(path, headers=ordering).problem("chave_reutilizada")
    assert shop.public.get(f"/api/pedidos/{made['id']}").data == made
    first = shop.public.post(path, headers=headers)
    assert first.data["status"] == "cancelado" and first.headers[REPLAYED] is None
    again = shop.public.post(path, headers=headers)
    assert again.data == first.data and again.headers[REPLAYED] == "true" and again.etag == first.etag
    assert shop.public.post(path, headers=key()).headers[REPLAYED] is None
    fill(shop, session, product, 2)
    order(shop, session, headers).problem("chave_reutilizada")
    second = fresh(order(shop, session))
    shop.public.post(f"/api/pedidos/{second['id']}/cancelar", headers=headers).problem("chave_reutilizada")
    assert shop.stock(product["id"]) == 8 and history(shop, made["id"]) == [["2", "2"]]
    shop.public.post(path, headers={"Idempotency-Key": "é".encode().decode("latin-1")}).problem(
        "parametro_invalido", "Idempotency-Key"
    )


def test_a_refused_cancellation_leaves_its_key_free(shop):
    """Nothing was done with it."""
    session, headers = shop.cart({shop.product()["id"]: 1}), key()
    made = fresh(order(shop, session))
    shop.admin.put(f"/api/pedidos/{made['id']}/status", {"status": "em_preparo"}).ok()
    shop.public.post(f"/api/pedidos/{made['id']}/cancelar", headers=headers).problem("transicao_invalida")
    fill(shop, session, shop.product(), 1)
    fresh(order(shop, session, headers))


def test_what_is_already_so(shop):
    """The status that the order has: 200, and nothing is written down."""
    made = shop.order({shop.product()["id"]: 1}, entrega=ENTREGA)
    path = f"/api/pedidos/{made['id']}"
    for status in ("confirmado", "em_preparo", "pronto", "em_rota", "entregue"):
        moved = shop.admin.put(f"{path}/status", {"status": status})
        written = history(shop, made["id"])
        again = shop.admin.put(f"{path}/status", {"status": status})
        assert again.data == moved.data and again.etag == moved.etag == shop.public.get(path).etag
        assert "já estava" in again.json["message"] and history(shop, made["id"]) == written
    assert written == [["5", "5"]]


def test_a_failed_delivery_comes_back(shop):
    """A failed delivery: back to the counter, and out again, as often as it takes; or it is cancelled after all."""
    product = shop.product(estoque=5)
    steps = ["em_preparo", "pronto", "em_rota", "pronto", "em_rota", "pronto", "em_rota", "pronto"]
    made = shop.order({product["id"]: 1}, entrega=ENTREGA)
    other = shop.order({product["id"]: 1}, entrega=ENTREGA)
    for last, pedido in (("em_rota", made), ("cancelado", other)):
        for status in [*steps, last]:
            moved = shop.admin.put(f"/api/pedidos/{pedido['id']}/status", {"status": status}).data
        assert [step["status"] for step in moved["historico"]] == ["confirmado", *steps, last]
    assert shop.admin.put(f"/api/pedidos/{made['id']}/status", {"status": "entregue"}).data["status"] == "entregue"
    assert shop.stock(product["id"]) == 4


def test_conditions_on_an_order(shop):
    """Each answer has the tag that GET has; a write whose condition is false changes nothing."""
    made = order(shop, shop.cart({shop.product()["id"]: 1}), key())
    path = f"/api/pedidos/{made.ok(201)['id']}"
    seen = shop.public.get(path)
    assert seen.etag == made.etag and shop.public.get(path, headers={"If-None-Match": seen.etag}).status == 304
    shop.public.get(path, headers={"If-Match": '"outra"'}).problem("versao_diferente")
    status = {"status": "em_preparo"}
    for headers in ({"If-Match": '"outra"'}, {"If-None-Match": "*"}, {"If-None-Match": seen.etag}, {"If-Match": ""}):
        shop.admin.put(f"{path}/status", status, headers=headers).problem("versao_diferente")
        shop.public.post(f"{path}/cancelar", headers=headers).problem("versao_diferente")
    assert shop.public.get(path).data == seen.data
    moved = shop.admin.put(f"{path}/status", status, headers={"If-Match": f'"outra", {seen.etag}'})
    assert moved.ok()["status"] == "em_preparo" and moved.etag != seen.etag and moved.etag == shop.public.get(path).etag
    shop.admin.put(f"{path}/status", status, headers={"If-Match": seen.etag}).problem("versao_diferente")
    assert shop.admin.put(f"{path}/status", {"status": "pronto"}, headers={"If-Match": "*"}).ok()


def test_a_repeated_cancellation_with_its_condition(shop):
    """The first one made the condition false; with its key the repeat is answered as the first one was."""
    made = order(shop, shop.cart({shop.product()["id"]: 1}))
    headers = {**key(), "If-Match": made.etag}
    path = f"/api/pedidos/{made.ok(201)['id']}/cancelar"
    first, again = shop.public.post(path, headers=headers), shop.public.post(path, headers=headers)
    assert first.data["status"] == "cancelado" and again.data == first.data and again.headers[REPLAYED] == "true"
    shop.public.post(path, headers={"If-Match": made.etag}).problem("versao_diferente")


def test_of_two_with_the_same_tag_one_moves_the_order(shop):
    """The condition is judged and the order moved in one step."""

    def moved(made, status, answers):
        client = shop.client(shop.admin.token)
        path = f"/api/pedidos/{made.ok(201)['id']}/status"
        answers.append(client.put(path, {"status": status}, headers={"If-Match": made.etag}))

    for _ in range(5):
        made, answers = order(shop, shop.cart({shop.product()["id"]: 1})), []
        threads = [threading.Thread(target=moved, args=(made, to, answers)) for to in ("em_preparo", "cancelado")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200, 412]


def test_the_total_stays_exact(shop):
    """Of an order that is answered again."""
    session, headers = shop.cart({shop.product(preco=12.34)["id"]: 3}), key()
    assert fresh(order(shop, session, headers))["valor_total"] == Decimal("37.02")
    assert replay(order(shop, session, headers))["valor_total"] == Decimal("37.02")
