"""A customer's walk through the front door: look, choose, change one's mind, order, order again by mistake, read it."""
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from client import WAIT_SECONDS
from shop import CLIENTE, ENTREGA

# fmt: off
PRODUCT_FIELDS = {"id", "nome", "descricao", "preco", "estoque", "categoria_id", "categoria_nome", "foto_url", "ativo",
                  "criado_em", "atualizado_em"}
# fmt: on
CATEGORIES = ["Bolos", "Doces Finos", "Tortas", "Salgados", "Sobremesas"]
PER_CATEGORY = [3, 3, 3, 2, 2]
SEEDED = {
    1: ("Bolo de Chocolate", "45.90", "Bolos"),
    4: ("Brigadeiro Gourmet", "3.50", "Doces Finos"),
    7: ("Torta de Limão", "38.00", "Tortas"),
}


def instant(text):
    """A time of the contract."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)


def recent(text, minutes=10):
    """Whether it was just now."""
    return abs(datetime.now(timezone.utc) - instant(text)) < timedelta(minutes=minutes)


def lives_a_day(expira_em, since):
    """A cart lives 24 h from its last change."""
    return instant(expira_em) == instant(since) + timedelta(hours=24)


def test_the_first_stock_is_there(shop):
    """Five categories and thirteen products; three of them fixed."""
    answer = shop.public.get("/api/categorias")
    categories = answer.data
    assert [c["nome"] for c in categories[:5]] == CATEGORIES
    assert [c["id"] for c in categories[:5]] == [1, 2, 3, 4, 5]
    assert answer.json["total"] == len(categories)

    answer = shop.public.get("/api/produtos")
    products = answer.data
    assert answer.json["total"] >= 13
    assert [p["id"] for p in products[:13]] == list(range(1, 14))
    assert [[p["categoria_nome"] for p in products[:13]].count(nome) for nome in CATEGORIES] == PER_CATEGORY
    for p in products[:13]:
        assert set(p) == PRODUCT_FIELDS
        assert len(p["descricao"]) > 30 and p["ativo"] is True and p["preco"] > 0
    by_id = {p["id"]: p for p in products}
    for number, (nome, preco, categoria) in SEEDED.items():
        assert (by_id[number]["nome"], by_id[number]["preco"], by_id[number]["categoria_nome"]) == (
            nome,
            Decimal(preco),
            categoria,
        )


def test_the_first_stock_was_counted(shop):
    """What was on the shelf when the shop opened: the books say."""
    opened = dict(
        shop.sql(
            """SELECT produto_id, quantidade FROM movimentos
                              WHERE tipo = 'inicial' AND produto_id IN (1, 4, 7)"""
        )
    )
    assert opened == {"1": "10", "4": "50", "7": "8"}


def test_money_on_the_wire_has_two_digits(shop):
    """3.50 is written 3.50, not 3.5."""
    assert '"preco":3.50,' in shop.public.get("/api/produtos/4").text
    assert '"preco":38.00,' in shop.public.get("/api/produtos/7").text


@pytest.mark.parametrize("words", ["limao", "LIMÃO", "Lim", "torta limao", "limao torta"])
def test_looking_for_limao_finds_the_lemon_pie(shop, words):
    """Accents, case, prefix, order of words: none matters."""
    found = shop.public.get("/api/produtos?categoria_id=3&busca=" + words.replace(" ", "+").replace("Ã", "%C3%83"))
    assert [p["nome"] for p in found.data] == ["Torta de Limão"]
    assert found.json["total"] == 1


def test_looking_for_limao_over_everything(shop):
    """The best match comes first."""
    assert shop.public.get("/api/produtos?busca=limao").data[0]["nome"] == "Torta de Limão"


def test_a_walk(shop):
    """List, filter, open a session, add, change, remove, order with a key, repeat it, read it, cancel it."""
    me, one, two = shop.client(), shop.product(preco=45.90, estoque=10), shop.product(preco=3.50, estoque=50)
    third = shop.product(preco=38.00, estoque=8)

    # He filters what there is.
    found = me.get(f"/api/produtos?categoria_id={two['categoria_id']}&preco_min=3.50&preco_max=3.50&em_estoque=true")
    assert found.data == [two] and found.json["total"] == 1
    assert me.get(f"/api/produtos/{one['id']}").data == one
    asked = me.get(f"/api/produtos/{third['id']}/estoque?quantidade=5").data
    assert asked == {"produto_id": third["id"], "estoque_atual": 8, "quantidade_solicitada": 5, "disponivel": True}

    # He opens a session: an empty cart.
    opened = me.post("/api/carrinho/sessao")
    session = opened.ok(201)["session_id"]
    assert uuid.UUID(session).version == 4
    assert opened.headers["Location"] == f"/api/carrinho/{session}"
    empty = me.get(f"/api/carrinho/{session}").data
    assert empty["itens"] == [] and empty["total_itens"] == 0 and empty["valor_total"] == 0
    assert empty["session_id"] == session and recent(empty["criado_em"])
    assert lives_a_day(empty["expira_em"], empty["atualizado_em"])
    assert opened.json["data"]["expira_em"] == empty["expira_em"]

    # He adds; what he adds again is added up; the quantity may be left out.
    def add(produto_id, **fields):
        return me.post(f"/api/carrinho/{session}/adicionar", {"produto_id": produto_id, **fields})

    added = add(one["id"], quantidade=2).data
    added.pop("expira_em")
    assert added == {"session_id": session, "produto_id": one["id"], "quantidade": 2, "total_itens": 1}
    assert add(two["id"]).data["quantidade"] == 1
    again = add(two["id"], quantidade=2)
    assert again.data["quantidade"] == 3 and again.data["total_itens"] == 2 and again.json["message"]
    add(third["id"], quantidade=1).ok()

    # He changes his mind.
    changed = me.put(f"/api/carrinho/{session}/atualizar/{one['id']}", {"quantidade": 1})
    assert changed.data["quantidade"] == 1 and changed.data["total_itens"] == 3 and changed.json["message"]
    gone = me.delete(f"/api/carrinho/{session}/remover/{third['id']}")
    assert gone.data["quantidade"] == 0 and gone.data["total_itens"] == 2 and gone.json["message"]
    assert me.delete(f"/api/carrinho/{session}/remover/{third['id']}").data["total_itens"] == 2

    # He looks at his cart.
    answer = me.get(f"/api/carrinho/{session}")
    cart = answer.data
    assert [(i["produto_id"], i["quantidade"], i["disponivel"], i["subtotal"]) for i in cart["itens"]] == [
        (one["id"], 1, True, Decimal("45.90")),
        (two["id"], 3, True, Decimal("10.50")),
    ]
    assert [i["produto"] for i in cart["itens"]] == [one, two]
    assert all(recent(i["adicionado_em"]) for i in cart["itens"])
    assert cart["total_itens"] == 2 and cart["valor_total"] == Decimal("56.40") and '"valor_total":56.40' in answer.text
    assert cart["criado_em"] == empty["criado_em"] and cart["atualizado_em"] > empty["atualizado_em"]
    assert lives_a_day(cart["expira_em"], cart["atualizado_em"])

    # He orders, with a key.
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = shop.checkout(session, entrega=ENTREGA, observacoes="Sem vela, por favor. Já é tarde 🎂")
    first = me.post("/api/pedidos", body, headers=key)
    order = first.ok(201)
    assert first.headers["Location"] == f"/api/pedidos/{order['id']}" and first.json["message"]
    assert uuid.UUID(order["id"]).version == 4 and order["numero"] >= 1
    assert order["status"] == "confirmado" and order["valor_total"] == Decimal("56.40")
    assert order["itens"] == [
        {
            "produto_id": one["id"],
            "nome": one["nome"],
            "preco_unitario": Decimal("45.90"),
            "quantidade": 1,
            "subtotal": Decimal("45.90"),
        },
        {
            "produto_id": two["id"],
            "nome": two["nome"],
            "preco_unitario": Decimal("3.50"),
            "quantidade": 3,
            "subtotal": Decimal("10.50"),
        },
    ]
    assert order["cliente"] == CLIENTE and order["observacoes"] == body["observacoes"]
    assert order["entrega"] == {**ENTREGA, "data": ENTREGA["data"].replace("Z", ".000000Z")}
    assert recent(order["criado_em"]) and [h["status"] for h in order["historico"]] == ["confirmado"]
    assert shop.stock(one["id"]) == 9 and shop.stock(two["id"]) == 47 and shop.stock(third["id"]) == 8

    # The cart is empty, the session lives on.
    after = me.get(f"/api/carrinho/{session}").data
    assert after["itens"] == [] and after["valor_total"] == 0 and after["criado_em"] == cart["criado_em"]

    # The same order again is the same order, and takes nothing.
    repeated = me.post("/api/pedidos", body, headers=key)
    assert repeated.ok(201) == order and repeated.headers["Location"] == first.headers["Location"]
    assert shop.stock(one["id"]) == 9 and shop.stock(two["id"]) == 47

    # Another body with that key is not.
    me.post("/api/pedidos", {**body, "observacoes": "Com vela"}, headers=key).problem("chave_reutilizada")

    # He reads it: only he has its key.
    assert me.get(f"/api/pedidos/{order['id']}").data == order

    # A change of price does not change what was ordered.
    shop.admin.patch(f"/api/produtos/{one['id']}", {"preco": 99.99}).ok()
    assert me.get(f"/api/pedidos/{order['id']}").data == order

    # He cancels it, once; the stock is back, once.
    first = me.post(f"/api/pedidos/{order['id']}/cancelar")
    cancelled = first.data
    assert cancelled["status"] == "cancelado"
    assert [h["status"] for h in cancelled["historico"]] == ["confirmado", "cancelado"]
    again = me.post(f"/api/pedidos/{order['id']}/cancelar")
    assert again.data == cancelled and again.etag == first.etag and again.json["message"] != first.json["message"]
    assert shop.stock(one["id"]) == 10 and shop.stock(two["id"]) == 50
    for number in (one["id"], two["id"], third["id"]):
        books, shelf = shop.ledger(number)
        assert books == shelf


def test_the_direct_ports_take_the_same_walk(shop):
    """Clients of the separate services find them where they were."""
    catalogo, carrinho, pedidos = (shop.client(pool=pool) for pool in ("catalogo", "carrinho", "pedidos"))
    product = shop.product(preco=12.34)
    assert catalogo.get(f"/api/produtos/{product['id']}").data == product
    assert shop.client(pool="catalogo-replica").get("/api/categorias").data[0]["nome"] == "Bolos"
    session = carrinho.post("/api/carrinho/sessao").ok(201)["session_id"]
    carrinho.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"]}).ok()
    order = pedidos.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert order["valor_total"] == Decimal("12.34")
    assert shop.public.get(f"/api/pedidos/{order['id']}").data == order


def test_more_than_there_is(shop):
    """409 says how many are left, and of what."""
    product = shop.product(nome="Rocambole", estoque=3)
    session = shop.cart({product["id"]: 2})
    problem = shop.public.post(
        f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 2}
    ).problem("estoque_insuficiente")
    assert problem["detail"] == "Estoque insuficiente: restam 3 unidades de Rocambole"
    change = f"/api/carrinho/{session}/atualizar/{product['id']}"
    shop.public.put(change, {"quantidade": 4}).problem("estoque_insuficiente")
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 2

    shop.admin.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": 1, "operacao": "definir"}).ok()
    cart = shop.public.get(f"/api/carrinho/{session}").data
    assert cart["itens"][0]["disponivel"] is False and cart["itens"][0]["subtotal"] == 0 and cart["valor_total"] == 0
    assert cart["total_itens"] == 1
    problem = shop.public.post("/api/pedidos", shop.checkout(session)).problem("estoque_insuficiente")
    assert problem["detail"] == "Estoque insuficiente: resta 1 unidade de Rocambole"
    assert shop.stock(product["id"]) == 1
    assert shop.public.get(f"/api/carrinho/{session}").data["total_itens"] == 1

    # Refused is not used up: with stock, the same key works.
    key = {"Idempotency-Key": str(uuid.uuid4())}
    shop.public.post("/api/pedidos", shop.checkout(session), headers=key).problem("estoque_insuficiente")
    shop.admin.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": 2, "operacao": "definir"}).ok()
    assert shop.public.post("/api/pedidos", shop.checkout(session), headers=key).ok(201)["status"] == "confirmado"
    assert shop.stock(product["id"]) == 0


def test_all_lines_or_none(shop):
    """One line that is short leaves the others' stock alone."""
    plenty, short = shop.product(estoque=10), shop.product(estoque=2)
    session = shop.cart({plenty["id"]: 3, short["id"]: 2})
    shop.admin.put(f"/api/produtos/{short['id']}/estoque", {"quantidade": 1, "operacao": "remover"}).ok()
    shop.public.post("/api/pedidos", shop.checkout(session)).problem("estoque_insuficiente")
    assert (shop.stock(plenty["id"]), shop.stock(short["id"])) == (10, 1)


def test_a_product_that_is_gone_stays_in_the_cart_and_costs_nothing(shop):
    """It is marked, cannot be ordered, and can be taken out."""
    gone, there = shop.product(nome="Quindim", preco=8), shop.product(preco=5)
    session = shop.cart({gone["id"]: 1, there["id"]: 2})
    shop.admin.delete(f"/api/produtos/{gone['id']}").ok()
    cart = shop.public.get(f"/api/carrinho/{session}").data
    assert [(i["produto_id"], i["disponivel"], i["subtotal"]) for i in cart["itens"]] == [
        (gone["id"], False, 0),
        (there["id"], True, Decimal(10)),
    ]
    assert cart["itens"][0]["produto"] is None and cart["valor_total"] == 10 and cart["total_itens"] == 2
    problem = shop.public.post("/api/pedidos", shop.checkout(session)).problem("item_indisponivel")
    assert "Quindim" in problem["detail"]
    change = f"/api/carrinho/{session}/atualizar/{gone['id']}"
    shop.public.put(change, {"quantidade": 2}).problem("produto_nao_encontrado")
    shop.public.delete(f"/api/carrinho/{session}/remover/{gone['id']}").ok()
    assert shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["valor_total"] == 10


def test_emptying_a_cart(shop):
    """The session lives on; an empty cart cannot be ordered."""
    session = shop.cart({shop.product()["id"]: 1})
    emptied = shop.public.delete(f"/api/carrinho/{session}")
    assert emptied.data["session_id"] == session and emptied.data["total_itens"] == 0 and emptied.json["message"]
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"] == []
    shop.public.post("/api/pedidos", shop.checkout(session)).problem("carrinho_vazio")


def test_a_full_cart(shop):
    """A hundred different products, and no more; a line holds up to 9999."""
    lot, many = shop.category(), shop.product(estoque=100000)
    products = [shop.product(categoria_id=lot)["id"] for _ in range(100)]
    session = shop.cart({number: 1 for number in products})
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": many["id"]}).problem("carrinho_cheio")
    assert shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": products[0]}).data["quantidade"] == 2
    cart = shop.public.get(f"/api/carrinho/{session}").data
    assert cart["total_itens"] == 100 and cart["valor_total"] == 1010
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert [i["produto_id"] for i in order["itens"]] == products and order["valor_total"] == 1010

    session = shop.cart({many["id"]: 9999})
    one_more = shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": many["id"]})
    one_more.problem("campos_invalidos", "quantidade")
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 9999


def test_a_session_ends_a_day_after_its_last_change(shop):
    """Redis forgets it by itself; a reader then finds nothing, and reading does not prolong it."""
    session = shop.session()
    key, store = f"carrinho:{session}", shop.redis()
    day, since_then = 86_400_000, 1000 * WAIT_SECONDS
    assert day - since_then < store.pttl(key) <= day
    store.pexpire(key, 600_000)
    shop.public.get(f"/api/carrinho/{session}").ok()
    assert store.pttl(key) <= 600_000
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": 4}).ok()
    assert store.pttl(key) > day - since_then
    store.delete(key)
    shop.public.get(f"/api/carrinho/{session}").problem("sessao_nao_encontrada")
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": 4}).problem("sessao_nao_encontrada")
    shop.public.post("/api/pedidos", shop.checkout(session)).problem("sessao_nao_encontrada")


def test_ordering_twice_without_a_key(shop):
    """A double click finds the order it made; a new cart of the same session is a new order."""
    product = shop.product(estoque=10)
    session = shop.cart({product["id"]: 1})
    first = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert shop.public.post("/api/pedidos", shop.checkout(session)).ok(201) == first
    shop.public.post("/api/pedidos", shop.checkout(session, observacoes="Outro")).problem("carrinho_vazio")
    assert shop.stock(product["id"]) == 9
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 2}).ok()
    second = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert second["id"] != first["id"] and second["numero"] > first["numero"] and shop.stock(product["id"]) == 7


def test_the_session_id_may_be_written_in_capitals(shop):
    """A UUID is the same in either case."""
    product = shop.product()
    session = shop.cart({product["id"]: 1})
    assert shop.public.get(f"/api/carrinho/{session.upper()}").data["session_id"] == session
    order = shop.public.post("/api/pedidos", shop.checkout(session.upper())).ok(201)
    assert order["itens"][0]["produto_id"] == product["id"]


def test_changing_what_is_not_in_the_cart(shop):
    """404 item_nao_encontrado; an unknown product 404 produto_nao_encontrado."""
    session, product = shop.session(), shop.product()
    change = f"/api/carrinho/{session}/atualizar/{product['id']}"
    shop.public.put(change, {"quantidade": 1}).problem("item_nao_encontrado")
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": 2147483647}).problem("produto_nao_encontrado")
