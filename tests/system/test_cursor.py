"""Pages: whatever the rows hold, each `proximo` is taken and the pages are the whole; cursors belong to a question."""
import random
import uuid

import pytest

from shop import eventually

# What names may hold, also those from before the text rule: a cursor's own marks, quotes, controls, four-byte letters.
NASTY = (
    "\x1f",
    "A\x1fB",
    "1:a",
    "12:",
    ":",
    "-",
    "\"'\\",
    "'; --",
    " ",
    "\n",
    "\t\r\n",
    "\x01\x7f",
    "\u200b",
    "\u202e",
    "\ufeff",
    "%00",
    "&cursor=x",
    "+/=_-",
    "🎂" * 120,
    "\U0010ffff" * 120,
    "a\u0301",
    "á",
    "{}",
    "null",
)
ORDERS = ("", "ordem=nome", "ordem=preco", "ordem=-preco", "ordem=recentes", "busca=achado", "busca=achado&ordem=nome")


@pytest.fixture(scope="module", name="shelf")
def fixture_shelf(shop):
    """A category with a product of each nasty name and of some mixtures, as the database may hold them."""
    lot, mixing = shop.category(), random.Random(20261126)
    names = list(NASTY) + ["".join(mixing.choices(NASTY[:-6], k=3))[:120] for _ in range(20)]
    for number, nome in enumerate(names):
        assert "$n$" not in nome
        shop.sql(
            f"""INSERT INTO produtos (nome, descricao, preco, estoque, categoria_id)
                VALUES ($n${nome}$n$, 'achado', {number % 5 + 1}.50, 1, {lot})"""
        )
    eventually(lambda: shop.public.get(f"/api/produtos?categoria_id={lot}").json["total"] == len(names))
    return lot, names


def walk(client, path, limite):
    """The rows of all pages."""
    rows, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"{path}&limite={limite}{cursor}")
        rows += answer.data
        assert len(rows) <= answer.json["total"], path
        cursor = f"&cursor={answer.json['proximo']}" if "proximo" in answer.json else None
    return rows


@pytest.mark.parametrize("limite", [1, 7])
@pytest.mark.parametrize("query", ORDERS)
@pytest.mark.parametrize("pool", [None, "catalogo"])
def test_pages_are_the_whole_whatever_the_names(shop, shelf, query, limite, pool):
    """At the front door and behind it."""
    lot, names = shelf
    client, path = shop.client(pool=pool), f"/api/produtos?categoria_id={lot}&{query}"
    whole = client.get(f"{path}&limite=500").data
    assert sorted(one["nome"] for one in whole) == sorted(names)
    assert walk(client, path, limite) == whole


def test_a_cursor_of_another_question(shop, shelf):
    """400 that says so: a page of neither list would mislead."""
    lot, other = shelf[0], shop.category()
    path = f"/api/produtos?categoria_id={lot}&preco_min=1&ordem=nome"
    cursor = shop.public.get(f"{path}&limite=2").json["proximo"]
    for question in (
        f"/api/produtos?categoria_id={lot}&preco_min=1",
        f"/api/produtos?categoria_id={lot}&preco_min=1&ordem=preco",
        f"/api/produtos?categoria_id={lot}&preco_min=2&ordem=nome",
        f"/api/produtos?categoria_id={lot}&ordem=nome",
        f"{path}&preco_max=99",
        f"{path}&em_estoque=true",
        f"{path}&em_estoque=false",
        f"{path}&ids=1",
        f"{path}&busca=achado",
        f"/api/produtos?categoria_id={other}&preco_min=1&ordem=nome",
        f"/api/produtos/categoria/{other}?preco_min=1&ordem=nome",
        "/api/produtos?preco_min=1&ordem=nome",
    ):
        problem = shop.public.get(f"{question}&cursor={cursor}").problem("parametro_invalido", "cursor")
        assert "é de outra consulta" in problem["detalhes"][0]["erro"], question


def test_the_same_question_in_other_words(shop, shelf):
    """The order of the parameters, how a number is written, how long a page is, unknown names: all of no matter."""
    lot = shelf[0]
    first = shop.public.get(f"/api/produtos?categoria_id={lot}&preco_min=1.50&ordem=nome&limite=2")
    cursor, whole = first.json["proximo"], shop.public.get(f"/api/produtos?categoria_id={lot}&ordem=nome").data
    for question in (
        f"ordem=nome&preco_min=1.5&categoria_id={lot}",
        f"ordem=nome&preco_min=15e-1&categoria_id={lot}&utm_source=x",
        f"ordem=%6eome&preco_min=1.50&categoria_id={lot}&busca=",
    ):
        page = shop.public.get(f"/api/produtos?{question}&limite=3&cursor={cursor}")
        assert page.data == whole[2:5] and page.json["total"] == len(whole), question
    page = shop.public.get(f"/api/produtos/categoria/{lot}?ordem=nome&preco_min=1.50&limite=3&cursor={cursor}")
    assert page.data["produtos"] == whole[2:5]


def test_a_cursor_of_other_orders(shop):
    """So too in the administrators' list."""
    product = shop.product(estoque=100)
    orders = [shop.order({product["id"]: 1}) for _ in range(3)]
    path = f"/api/pedidos?desde={orders[0]['criado_em']}"
    cursor = shop.admin.get(f"{path}&limite=1").json["proximo"]
    assert [one["id"] for one in shop.admin.get(f"{path}&limite=2&cursor={cursor}").data][0] == orders[1]["id"]
    for question in (f"{path}&status=confirmado", "/api/pedidos?desde=2026-01-01", f"{path}&ate=2999-01-01"):
        problem = shop.admin.get(f"{question}&cursor={cursor}").problem("parametro_invalido", "cursor")
        assert "é de outra consulta" in problem["detalhes"][0]["erro"], question
    elsewhere = shop.public.get("/api/produtos?limite=1").json["proximo"]
    shop.admin.get(f"{path}&cursor={elsewhere}").problem("parametro_invalido", "cursor")


def test_all_the_products_that_were_asked_for(shop):
    """ids without limite are all there, also after the same question with one was kept by nginx; a limite is obeyed."""
    lot = shop.category()
    made = shop.sql(
        f"""INSERT INTO produtos (nome, preco, estoque, categoria_id)
            SELECT 'Ficha {uuid.uuid4()} ' || n, 1, 1, {lot} FROM generate_series(1, 120) n RETURNING id"""
    )
    ids = [int(row[0]) for row in made if row[0].isdigit()]
    assert len(ids) == 120
    listed = ",".join(map(str, ids))
    for client in (shop.client(), shop.client(pool="catalogo")):
        for _ in range(2):
            some = client.get(f"/api/produtos?ids={listed}&limite=100")
            assert len(some.data) == 100 and some.json["total"] == 120 and "proximo" in some.json
            everything = client.get(f"/api/produtos?ids={listed}")
            assert [one["id"] for one in everything.data] == ids and "proximo" not in everything.json
            of_lot = client.get(f"/api/produtos/categoria/{lot}?ids={listed}")
            assert len(of_lot.data["produtos"]) == 120
    short = ",".join(map(str, ids[:101]))
    for query, many in ((f"ids={short}&limite=100", 100), (f"ids={short}", 101), (f"ids={short}&limite=100", 100)):
        assert len(shop.public.get(f"/api/produtos?{query}").data) == many


def test_an_array_is_not_answered_from_what_is_kept(shop):
    """ids[]= is 400 at the front door, whatever nginx keeps of the whole list or of ids=."""
    for _ in range(2):
        shop.public.get("/api/produtos").ok()
        shop.public.get("/api/produtos?ids=1").ok()
        for written in ("ids[]=1&ids[]=2", "ids%5B%5D=1", "ids[0]=1", "ids=1&ids[]=2"):
            answer = shop.public.get(f"/api/produtos?{written}")
            assert answer.problem("parametro_invalido")["detalhes"][-1]["campo"].startswith("ids["), written
            assert answer.headers["X-Cache"] is None
