"""One session for months, as a terminal at the counter has: its cart stays small, and no order leaves it twice."""
import uuid

from shop import eventually

MARKS = 3000


def order(shop, session, product):
    """One more of the product is put into the cart and ordered."""
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product}).ok()
    return shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["id"]


def quantities(shop, session):
    """What the cart holds."""
    lines = shop.public.get(f"/api/carrinho/{session}").data["itens"]
    return {line["produto_id"]: line["quantidade"] for line in lines}


def cancel(shop, pedido):
    """The customer cancels: the order's goods leave the cart again, if they have not before."""
    shop.public.post(f"/api/pedidos/{pedido}/cancelar").ok()
    debt = shop.value(f"SELECT coalesce(pendencia::text, '') FROM pedidos WHERE id = '{pedido}'", "pedidos")
    assert debt == "", "the cart has not been asked"


def test_a_cart_remembers_its_orders_in_constant_size(shop):
    """However many were taken out of it; each of them once, even if it is cancelled long after."""
    product, session = shop.product()["id"], shop.session()
    first, key = order(shop, session, product), f"carrinho:{session}"

    def size():
        return sum(len(name) + len(value) for name, value in shop.redis().hgetall(key).items())

    members, bytes_before = shop.redis().hlen(key), size()
    orders = [order(shop, session, product) for _ in range(30)]
    assert shop.redis().hlen(key) == members and size() <= bytes_before + 16
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 5}).ok()
    for pedido in (first, orders[7], orders[-1]):
        cancel(shop, pedido)
        assert quantities(shop, session) == {product: 5}
    assert shop.stock(product) == 100 - 31 + 3


def test_a_lost_answer_of_the_cart_is_the_same_again(shop):
    """The orders service did not hear that the goods are out; asked again, the cart says the version of then."""
    product, session = shop.product()["id"], shop.session()
    pedido = order(shop, session, product)
    left = f"SELECT coalesce(carrinho_retirado, 0), pendencia IS NULL FROM pedidos WHERE id = '{pedido}'"
    version = shop.sql(left, "pedidos")[0][0]
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 2}).ok()
    shop.sql(
        f"""UPDATE pedidos SET pendencia = 'finalizar', carrinho_retirado = NULL,
                                   atualizado_em = now() - interval '1 hour' WHERE id = '{pedido}'""",
        "pedidos",
    )
    assert eventually(lambda: shop.sql(left, "pedidos") == [[version, "t"]])
    assert quantities(shop, session) == {product: 2}


def test_a_cart_of_an_older_release_forgets_its_marks(shop):
    """It has a member for each order until the next order; then those are gone, and stand all the same."""
    product, session = shop.product()["id"], shop.session()
    key, carts = f"carrinho:{session}", shop.redis()
    earlier, last = order(shop, session, product), order(shop, session, product)
    carts.hdel(key, "retirada")
    marks = [earlier, last, *(uuid.uuid4() for _ in range(MARKS))]
    carts.hset(key, mapping={f"p:{mark}": version for version, mark in enumerate(marks, 3)})
    carts.hset(key, "versao", MARKS + 10)
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 3}).ok()
    cancel(shop, earlier)
    assert quantities(shop, session) == {product: 3} and carts.hexists(key, f"p:{last}")
    order(shop, session, product)
    assert quantities(shop, session) == {}
    assert set(carts.hkeys(key)) == {"criado_em", "atualizado_em", "versao", "retirada"}
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 2}).ok()
    cancel(shop, last)
    assert quantities(shop, session) == {product: 2}
