"""A Redis that has reached its maxmemory takes nothing new; what is there can be read, taken out and ordered."""
import json
import uuid
from contextlib import contextmanager

from shop import eventually

MIB = 1 << 20


@contextmanager
def full(shop):
    """Meanwhile Redis holds all that it may; afterwards all is well again."""
    carts = shop.redis()
    allowed = carts.config_get("maxmemory")["maxmemory"]
    carts.config_set("maxmemory", 1)
    try:
        yield
    finally:
        carts.config_set("maxmemory", allowed)
    assert shop.recovered()


def quantities(shop, session):
    """What the cart holds."""
    return {
        line["produto_id"]: line["quantidade"] for line in shop.public.get(f"/api/carrinho/{session}").data["itens"]
    }


def refused(answer):
    """The shop has no room, and says when to ask again."""
    answer.problem("sem_espaco")
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 2, answer


def test_redis_has_a_limit(shop):
    """It is the operator's, it is told of, and nothing is thrown away to keep it."""
    settings = shop.redis().config_get("maxmemory*")
    assert (settings["maxmemory"], settings["maxmemory-policy"]) == (str(256 * MIB), "noeviction")
    part = shop.status()["parts"]["redis"]
    assert 0 < int(part["memory_bytes"]) < int(part["memory_max_bytes"]) == 256 * MIB


def test_a_full_redis_takes_nothing_new(shop):
    """No cart and no add; what was refused has changed nothing, and the same call is done when there is room."""
    product, session = shop.product()["id"], shop.session()
    path, key = f"/api/carrinho/{session}/adicionar", str(uuid.uuid4())
    shop.public.post(path, {"produto_id": product, "quantidade": 2}).ok()
    with full(shop):
        refused(shop.public.post("/api/carrinho/sessao"))
        refused(shop.public.post(path, {"produto_id": product}))
        refused(shop.public.post(path, {"produto_id": product}, headers={"Idempotency-Key": key}))
        assert quantities(shop, session) == {product: 2}
    shop.public.post(path, {"produto_id": product}, headers={"Idempotency-Key": key}).ok()
    assert quantities(shop, session) == {product: 3}


def test_carts_of_a_full_redis_can_be_changed_and_emptied(shop):
    """Nothing of this needs room."""
    first, second = shop.product()["id"], shop.product()["id"]
    session, other = shop.cart({first: 5, second: 1}), shop.cart({first: 1})
    with full(shop):
        shop.public.put(f"/api/carrinho/{session}/atualizar/{first}", {"quantidade": 2}).ok()
        shop.public.delete(f"/api/carrinho/{session}/remover/{second}").ok()
        assert quantities(shop, session) == {first: 2}
        shop.public.delete(f"/api/carrinho/{other}").ok()
        assert quantities(shop, other) == {}


def test_a_full_redis_takes_orders_and_their_events_wait(shop):
    """What was ordered leaves the cart, once, also when more of it is left there; events are published afterwards."""
    product, more = shop.product()["id"], shop.product()["id"]
    session, waiting = shop.cart({product: 2}), shop.cart({more: 5})
    retirada = {"pedido_id": str(uuid.uuid4()), "carrinho_versao": 2, "itens": [{"produto_id": more, "quantidade": 2}]}
    cart = shop.internal(shop.secret("pedidos.token"))
    with full(shop):
        order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
        assert quantities(shop, session) == {} and shop.stock(product) == 98
        debt = f"SELECT pendencia IS NULL, carrinho_retirado IS NOT NULL FROM pedidos WHERE id = '{order['id']}'"
        assert eventually(lambda: shop.sql(debt, "pedidos") == [["t", "t"]])
        for _ in range(2):
            cart.post(f"/interno/carrinho/{waiting}/retirar", retirada).ok()
            assert quantities(shop, waiting) == {more: 3}
        unpublished = f"SELECT count(*) FROM eventos WHERE pedido_id = '{order['id']}' AND publicado_em IS NULL"
        assert int(shop.value(unpublished, "pedidos")) > 0 and published(shop, order) == []
    assert eventually(lambda: shop.value(unpublished, "pedidos") == "0")
    assert published(shop, order) == ["pedido.confirmado"]


def published(shop, order):
    """The kinds of an order's events in the stream."""
    entries = shop.redis().xrange("pedidos:eventos")
    return [fields["tipo"] for _, fields in entries if json.loads(fields["dados"])["numero"] == order["numero"]]
