"""What an administrator does: stock, products, prices, orders to their end or back."""
import uuid
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shop import ENTREGA

STEPS = {"retirada": ["em_preparo", "pronto", "entregue"], "entrega": ["em_preparo", "pronto", "em_rota", "entregue"]}
STATES = ["confirmado", "em_preparo", "pronto", "em_rota", "entregue", "cancelado"]


def move(shop, order, status):
    """Asks for a status."""
    return shop.admin.put(f"/api/pedidos/{order['id']}/status", {"status": status})


def test_stock_up_down_and_set(shop):
    """Each change is answered with the product; never below zero; the books hold."""
    product = shop.product(estoque=10)
    path = f"/api/produtos/{product['id']}/estoque"
    for operacao, quantidade, after in (
        ("adicionar", 5, 15),
        ("remover", 15, 0),
        ("definir", 7, 7),
        ("definir", 0, 0),
        ("adicionar", 1, 1),
    ):
        changed = shop.admin.put(path, {"quantidade": quantidade, "operacao": operacao}).data
        assert changed["estoque"] == after and changed["id"] == product["id"]
        assert {**changed, "estoque": 0, "atualizado_em": 0} == {**product, "estoque": 0, "atualizado_em": 0}
        assert shop.stock(product["id"]) == after
    shop.admin.put(path, {"quantidade": 2, "operacao": "remover"}).problem("estoque_insuficiente")
    assert shop.stock(product["id"]) == 1
    assert shop.ledger(product["id"]) == ["1", "1"]
    movements = shop.sql(
        f"""SELECT tipo, quantidade, saldo, autor FROM movimentos
                             WHERE produto_id = {product['id']} ORDER BY id"""
    )
    assert movements == [
        ["inicial", "10", "10", "testes"],
        ["ajuste", "5", "15", "testes"],
        ["ajuste", "-15", "0", "testes"],
        ["ajuste", "7", "7", "testes"],
        ["ajuste", "-7", "0", "testes"],
        ["ajuste", "1", "1", "testes"],
    ]


def test_stock_does_not_overflow(shop):
    """What does not fit is refused, and nothing changes."""
    product = shop.product(estoque=2147483647)
    path = f"/api/produtos/{product['id']}/estoque"
    shop.admin.put(path, {"quantidade": 1, "operacao": "adicionar"}).problem("estoque_insuficiente")
    assert shop.stock(product["id"]) == 2147483647


def test_stock_asked_by_a_customer(shop):
    """Fresh, and 404 for what is not on sale."""
    product = shop.product(estoque=4)
    path = f"/api/produtos/{product['id']}/estoque"
    assert shop.public.get(path).data == {
        "produto_id": product["id"],
        "estoque_atual": 4,
        "quantidade_solicitada": 1,
        "disponivel": True,
    }
    assert shop.public.get(path + "?quantidade=4").data["disponivel"] is True
    assert shop.public.get(path + "?quantidade=5").data["disponivel"] is False
    shop.admin.delete(f"/api/produtos/{product['id']}").ok()
    shop.public.get(path).problem("produto_nao_encontrado")


def test_a_new_product(shop):
    """What is left out has its default; Location leads to it; it is found at once."""
    category = shop.category()
    made = shop.admin.post("/api/produtos", {"nome": "Pão de Mel", "preco": 6.5, "categoria_id": category})
    product = made.ok(201)
    assert made.headers["Location"] == f"/api/produtos/{product['id']}" and made.etag and made.json["message"]
    expected = {
        "nome": "Pão de Mel",
        "descricao": "",
        "preco": Decimal("6.50"),
        "estoque": 0,
        "categoria_id": category,
        "foto_url": None,
        "ativo": True,
    }
    assert {name: product[name] for name in expected} == expected
    assert product["criado_em"] == product["atualizado_em"]
    seen = shop.public.get(made.headers["Location"])
    assert seen.data == product and seen.etag == made.etag
    assert shop.public.get(f"/api/produtos?categoria_id={category}").data == [product]
    whole = {
        "nome": "Ção ' \" \\ <b> 🎂",
        "descricao": "á\nb c",
        "preco": 99999999.99,
        "estoque": 2147483647,
        "categoria_id": category,
        "foto_url": "https://exemplo.com.br/f.jpg",
        "ativo": False,
    }
    hidden = shop.admin.post("/api/produtos", whole).ok(201)
    assert {name: hidden[name] for name in whole} == {**whole, "preco": Decimal("99999999.99")}
    shop.public.get(f"/api/produtos/{hidden['id']}").problem("produto_nao_encontrado")
    assert shop.admin.get(f"/api/produtos/{hidden['id']}").data == hidden
    assert shop.public.get(f"/api/produtos?categoria_id={category}").data == [product]


def test_a_product_of_no_category(shop):
    """The field is named."""
    shop.admin.post("/api/produtos", {"nome": "X", "preco": 1, "categoria_id": 2147483647}).problem(
        "campos_invalidos", "categoria_id"
    )
    product = shop.product()
    shop.admin.patch(f"/api/produtos/{product['id']}", {"categoria_id": 2147483647}).problem(
        "campos_invalidos", "categoria_id"
    )


def test_a_price_changes(shop):
    """PATCH changes what it names; the cart has the new price, at once."""
    product = shop.product(preco=10, estoque=5, descricao="Antes")
    session = shop.cart({product["id"]: 3})
    changed = shop.admin.patch(f"/api/produtos/{product['id']}", {"preco": 12.35}).data
    assert changed["preco"] == Decimal("12.35") and changed["descricao"] == "Antes" and changed["estoque"] == 5
    assert changed["atualizado_em"] > product["atualizado_em"] and changed["criado_em"] == product["criado_em"]
    assert shop.public.get(f"/api/carrinho/{session}").data["valor_total"] == Decimal("37.05")
    assert shop.admin.patch(f"/api/produtos/{product['id']}", {}).data["preco"] == Decimal("12.35")


def test_put_replaces_a_product(shop):
    """What PUT does not name goes back to its default, but stock and sale stay."""
    product = shop.product(descricao="Antes", foto_url="https://exemplo.com.br/a.jpg", estoque=5)
    other = shop.category()
    body = {"nome": "Depois", "preco": 2, "categoria_id": other}
    changed = shop.admin.put(f"/api/produtos/{product['id']}", body).data
    assert (changed["nome"], changed["preco"], changed["categoria_id"]) == ("Depois", 2, other)
    assert (changed["descricao"], changed["foto_url"], changed["estoque"], changed["ativo"]) == ("", None, 5, True)
    assert shop.admin.put(f"/api/produtos/{product['id']}", {**body, "estoque": 9, "ativo": False}).data["estoque"] == 9
    assert shop.ledger(product["id"]) == ["9", "9"]
    photo = shop.admin.patch(f"/api/produtos/{product['id']}", {"foto_url": "https://exemplo.com.br/b.jpg"}).data
    assert photo["foto_url"] == "https://exemplo.com.br/b.jpg"
    assert shop.admin.patch(f"/api/produtos/{product['id']}", {"foto_url": None}).data["foto_url"] is None


def test_if_match(shop):
    """Two administrators at once: the second one reads again."""
    product = shop.product()
    path = f"/api/produtos/{product['id']}"
    seen = shop.public.get(path).etag
    changed = shop.admin.patch(path, {"preco": 11}, headers={"If-Match": seen})
    assert changed.data["preco"] == 11 and changed.etag != seen
    for method, body in (
        ("PATCH", {"preco": 12}),
        ("PUT", {"nome": "N", "preco": 12, "categoria_id": 1}),
        ("DELETE", None),
    ):
        shop.admin.request(method, path, body, headers={"If-Match": seen}).problem("versao_diferente")
    assert shop.public.get(path).data == changed.data
    shop.admin.patch(path, {"preco": 12}, headers={"If-Match": "*"}).ok()
    shop.admin.patch(path, {"preco": 13}, headers={"If-Match": f'"x", {shop.public.get(path).etag}'}).ok()
    before = shop.public.get(path).etag
    shop.admin.patch("/api/produtos/2147483647", {"preco": 14}, headers={"If-Match": before}).problem(
        "produto_nao_encontrado"
    )


def test_if_match_after_a_compressed_answer(shop):
    """A browser asks for gzip, and must be able to give back the ETag that it was given."""
    product = shop.product(descricao="Muito bom. " * 150)
    path = f"/api/produtos/{product['id']}"
    browser = shop.client(checked=False)
    seen = browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert seen.headers["Content-Encoding"] in (None, "gzip")
    shop.admin.patch(path, {"preco": 11}, headers={"If-Match": seen.etag}).ok()
    assert browser.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": seen.etag}).status == 200
    now = browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert browser.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": now.etag}).status == 304


def test_taking_a_product_off_sale(shop):
    """It is kept, only the public does not see it; and it can come back."""
    product = shop.product()
    path = f"/api/produtos/{product['id']}"
    order = shop.order({product["id"]: 1})
    gone = shop.admin.delete(path).data
    assert gone["ativo"] is False and gone["id"] == product["id"]
    shop.public.get(path).problem("produto_nao_encontrado")
    assert shop.admin.get(path).data == gone
    assert shop.public.get(f"/api/produtos?ids={product['id']}").data == []
    assert shop.admin.get(f"/api/produtos?ids={product['id']}").data == []
    assert shop.admin.delete(path).data["ativo"] is False
    assert shop.public.get(f"/api/pedidos/{order['id']}").data["itens"][0]["nome"] == product["nome"]
    back = shop.admin.patch(path, {"ativo": True}).data
    assert back["ativo"] is True and shop.public.get(path).data == back


@pytest.mark.parametrize("tipo", ["retirada", "entrega"])
def test_an_order_to_its_end(shop, tipo):
    """Step by step, each once, none left out; em_rota only for deliveries."""
    product = shop.product(estoque=5)
    order = shop.order({product["id"]: 2}, entrega=ENTREGA if tipo == "entrega" else {"tipo": tipo})
    passed = ["confirmado"]
    for step in STEPS[tipo]:
        allowed = {step, "cancelado"} if passed[-1] != "em_rota" else {step, "pronto"}
        for other in set(STATES) - allowed - {passed[-1]}:
            problem = move(shop, order, other).problem("transicao_invalida")
            assert passed[-1] in problem["detail"]
        moved = move(shop, order, step)
        passed.append(step)
        assert moved.data["status"] == step and moved.json["message"]
        assert [h["status"] for h in moved.data["historico"]] == passed
        assert shop.admin.get(f"/api/pedidos/{order['id']}").data == moved.data
    for other in set(STATES) - {"entregue"}:
        move(shop, order, other).problem("transicao_invalida")
    assert move(shop, order, "entregue").data == moved.data
    shop.public.post(f"/api/pedidos/{order['id']}/cancelar").problem("transicao_invalida")
    times = [h["em"] for h in moved.data["historico"]]
    assert times == sorted(times)
    assert shop.stock(product["id"]) == 3 and shop.ledger(product["id"]) == ["3", "3"]


@pytest.mark.parametrize("steps", [[], ["em_preparo"], ["em_preparo", "pronto"]])
def test_cancelling_gives_the_stock_back_once(shop, steps):
    """From every state before it left the house; a second time moves nothing."""
    product = shop.product(estoque=5)
    order = shop.order({product["id"]: 2}, entrega=ENTREGA)
    for step in steps:
        move(shop, order, step).ok()
    assert shop.stock(product["id"]) == 3
    if steps:
        shop.public.post(f"/api/pedidos/{order['id']}/cancelar").problem("transicao_invalida")
        assert shop.stock(product["id"]) == 3
    cancelled = move(shop, order, "cancelado").data
    assert cancelled["status"] == "cancelado" and shop.stock(product["id"]) == 5
    assert move(shop, order, "cancelado").data == cancelled
    assert shop.admin.post(f"/api/pedidos/{order['id']}/cancelar").data == cancelled
    assert shop.stock(product["id"]) == 5 and shop.ledger(product["id"]) == ["5", "5"]
    assert shop.value(f"SELECT estado FROM reservas WHERE pedido_id = '{order['id']}'") == "liberada"
    assert shop.value(f"SELECT pendencia IS NULL FROM pedidos WHERE id = '{order['id']}'", "pedidos") == "t"


def test_a_cancelled_order_leaves_no_way_on(shop):
    """And its cart is not filled again."""
    product = shop.product()
    session = shop.cart({product["id"]: 1})
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    shop.public.post(f"/api/pedidos/{order['id']}/cancelar").ok()
    for status in set(STATES) - {"cancelado"}:
        move(shop, order, status).problem("transicao_invalida")
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"] == []


def shop_day(moment):
    """The day of a moment in the shop's time zone, which dates without a time mean."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo("America/Sao_Paulo")).date()


def test_the_list_of_orders(shop):
    """Newest first, by state and time, page by page without gaps."""
    product = shop.product(estoque=100)
    orders = [shop.order({product["id"]: 1}) for _ in range(7)]
    start, newest = orders[0]["criado_em"], [o["id"] for o in reversed(orders)]
    shop.public.post(f"/api/pedidos/{orders[3]['id']}/cancelar").ok()
    cancelled = shop.admin.get(f"/api/pedidos/{orders[3]['id']}").data

    whole = shop.admin.get(f"/api/pedidos?desde={start}")
    assert [o["id"] for o in whole.data] == newest and whole.json["total"] == 7 and "proximo" not in whole.json
    assert cancelled in whole.data
    assert shop.admin.get(f"/api/pedidos?desde={start}&status=cancelado").data == [cancelled]
    early = shop.admin.get(f"/api/pedidos?desde={start}&ate={orders[2]['criado_em']}").data
    assert [o["id"] for o in early] == newest[4:]
    assert shop.admin.get("/api/pedidos?ate=1990-01-01").json["total"] == 0
    first, last = (shop_day(order["criado_em"]) for order in (orders[0], orders[-1]))
    today = shop.admin.get(f"/api/pedidos?desde={first}&ate={last}&limite=1")
    assert today.data[0]["id"] == newest[0]

    paged, cursor = [], ""
    while cursor is not None and len(paged) <= 7:
        page = shop.admin.get(f"/api/pedidos?desde={start}&limite=3{cursor}")
        assert page.json["total"] == 7
        paged += [o["id"] for o in page.data]
        cursor = f"&cursor={page.json['proximo']}" if "proximo" in page.json else None
    assert paged == newest


def test_orders_that_never_were_are_not_listed(shop):
    """An order that was refused is in the table, and nobody sees it."""
    product = shop.product(estoque=2)
    session = shop.cart({product["id"]: 2})
    shop.admin.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": 0, "operacao": "definir"}).ok()
    shop.public.post("/api/pedidos", shop.checkout(session)).problem("estoque_insuficiente")
    refused = shop.sql(f"SELECT id, status FROM pedidos WHERE session_id = '{session}'", "pedidos")
    assert [status for _, status in refused] == ["desfeito"]
    shop.public.get(f"/api/pedidos/{refused[0][0]}").problem("pedido_nao_encontrado")
    shop.public.post(f"/api/pedidos/{refused[0][0]}/cancelar").problem("pedido_nao_encontrado")
    assert refused[0][0] not in [o["id"] for o in shop.admin.get("/api/pedidos?limite=500").data]


def test_what_an_order_writes_down(shop):
    """The events for the outbox, and nothing owed any more."""
    product = shop.product()
    order = shop.order({product["id"]: 1})
    move(shop, order, "em_preparo").ok()
    assert shop.sql(f"SELECT tipo FROM eventos WHERE pedido_id = '{order['id']}' ORDER BY id", "pedidos") == [
        ["pedido.confirmado"],
        ["pedido.em_preparo"],
    ]
    past = shop.sql(
        f"""SELECT status, autor FROM pedido_historico
                        WHERE pedido_id = '{order['id']}' ORDER BY id""",
        "pedidos",
    )
    assert past == [["confirmado", "cliente"], ["em_preparo", "testes"]]
    assert shop.value(f"SELECT pendencia IS NULL FROM pedidos WHERE id = '{order['id']}'", "pedidos") == "t"
    assert shop.value(f"SELECT estado FROM reservas WHERE pedido_id = '{order['id']}'") == "confirmada"
    assert shop.sql(f"SELECT tipo, quantidade FROM movimentos WHERE pedido_id = '{order['id']}' ORDER BY id") == [
        ["reserva", "-1"],
        ["venda", "1"],
    ]


def test_the_key_of_an_order_is_kept_by_whoever_was_first(shop):
    """An order made without a key, asked for again with one, is found by that key from then on."""
    product = shop.product(estoque=5)
    session = shop.cart({product["id"]: 1})
    body, key = shop.checkout(session), {"Idempotency-Key": f"chave-{uuid.uuid4()}"}
    first = shop.public.post("/api/pedidos", body).ok(201)
    assert shop.public.post("/api/pedidos", body, headers=key).ok(201) == first
    shop.redis().delete(f"carrinho:{session}")
    assert shop.public.post("/api/pedidos", body, headers=key).ok(201) == first
    assert shop.stock(product["id"]) == 4
