"""The catalogue as its readers use it: filters, orders, pages, conditional requests, categories."""
import threading
import unicodedata
import uuid
from decimal import Decimal

import pytest

from shop import eventually


@pytest.fixture(scope="module")
def shelf(shop):
    """A category of forty products; prices and names repeat, so that ties must be broken, and every fifth is gone."""
    lot = shop.category()
    names = ["Ábaco", "abacaxi", "Árvore", "bolo", "Élan", "eclair", "Zebra", "çedilha", "casa", "Casa"]
    return lot, [
        shop.product(
            categoria_id=lot,
            nome=names[i % 10],
            preco=float(Decimal(i % 7 * 150 + 1) / 100),
            estoque=0 if i % 5 == 0 else i,
        )
        for i in range(40)
    ]


def folded(name):
    """A rough dictionary order: letters first, then accents, then case."""
    return unicodedata.normalize("NFD", name.casefold()).encode("ascii", "ignore")


def pages(client, query, limite, path="/api/produtos"):
    """Every page of a list; a list that comes back to where it was would never end."""
    cursor, seen = "", set()
    while cursor not in seen:
        seen.add(cursor)
        answer = client.get(f"{path}?{query}&limite={limite}{cursor}")
        yield answer
        whole = answer.json if "proximo" in answer.json else answer.json["data"]
        if not isinstance(whole, dict) or "proximo" not in whole:
            return
        cursor = f"&cursor={whole['proximo']}"
    raise AssertionError(f"{path}?{query}: the same cursor again")


def test_filters(shop, shelf):
    """Each alone, all together, none that match."""
    lot, products = shelf

    def ask(query):
        answer = shop.public.get(f"/api/produtos?categoria_id={lot}&{query}")
        assert answer.json["total"] == len(answer.data)
        return [p["id"] for p in answer.data]

    def expect(condition):
        return [p["id"] for p in products if condition(p)]

    assert ask("") == expect(lambda p: True)
    assert ask("preco_min=4.51") == expect(lambda p: p["preco"] >= Decimal("4.51"))
    assert ask("preco_min=4.52") == expect(lambda p: p["preco"] >= Decimal("4.52"))
    assert ask("preco_max=4.51") == expect(lambda p: p["preco"] <= Decimal("4.51"))
    assert ask("preco_min=4.51&preco_max=4.51") == expect(lambda p: p["preco"] == Decimal("4.51"))
    assert ask("preco_min=5&preco_max=4") == []
    assert ask("em_estoque=true") == expect(lambda p: p["estoque"] > 0)
    assert ask("em_estoque=false") == expect(lambda p: p["estoque"] == 0)
    some = [products[3]["id"], products[1]["id"], products[30]["id"]]
    assert ask(f"ids={some[0]},{some[1]},{some[2]},{some[0]},2147483647") == sorted(some)
    assert ask("busca=casa") and set(ask("busca=casa")) == set(expect(lambda p: p["nome"].lower() == "casa"))
    assert ask("em_estoque=true&preco_min=1.51&preco_max=6.01&busca=casa&ordem=preco") == [
        p["id"]
        for p in sorted(products, key=lambda p: (p["preco"], p["id"]))
        if p["estoque"] and Decimal("1.51") <= p["preco"] <= Decimal("6.01") and p["nome"].lower() == "casa"
    ]
    assert ask("desconhecido=1&limite=500") == expect(lambda p: True)


@pytest.mark.parametrize(
    "ordem, key, reverse",
    [
        ("nome", lambda p: folded(p["nome"]), False),
        ("preco", lambda p: p["preco"], False),
        ("-preco", lambda p: p["preco"], True),
        ("recentes", lambda p: p["criado_em"], True),
    ],
)
def test_orders(shop, shelf, ordem, key, reverse):
    """Sorted as asked, names as a Brazilian dictionary has them."""
    lot, products = shelf
    listed = shop.public.get(f"/api/produtos?categoria_id={lot}&ordem={ordem}").data
    assert sorted(p["id"] for p in listed) == [p["id"] for p in products]
    keys = [key(p) for p in listed]
    assert keys == sorted(keys, reverse=reverse)


@pytest.mark.parametrize("limite", [1, 7, 39, 40, 41])
@pytest.mark.parametrize("ordem", ["", "nome", "preco", "-preco", "recentes", "busca"])
def test_pages_without_gaps_or_repeats(shop, shelf, ordem, limite):
    """Page by page it is the list as a whole, ties included; `total` counts all."""
    lot, _ = shelf
    query = f"categoria_id={lot}" + {"": "", "busca": "&busca=a"}.get(ordem, f"&ordem={ordem}")
    whole = shop.public.get(f"/api/produtos?{query}&limite=500")
    paged = list(pages(shop.public, query, limite))
    assert [p["id"] for page in paged for p in page.data] == [p["id"] for p in whole.data]
    assert {page.json["total"] for page in paged} == {whole.json["total"]}
    assert all(len(page.data) == limite for page in paged[:-1]) and 0 < len(paged[-1].data) <= limite


def test_pages_of_a_category(shop, shelf):
    """The category's own list has the same pages, with the category."""
    lot, products = shelf
    path = f"/api/produtos/categoria/{lot}"
    category = shop.public.get(f"/api/categorias/{lot}").data
    got, cursor = [], ""
    while cursor is not None and len(got) <= 40:
        data = shop.public.get(f"{path}?limite=9{cursor}").data
        assert data["categoria"] == category and data["total"] == 40
        got += data["produtos"]
        cursor = f"&cursor={data['proximo']}" if "proximo" in data else None
    assert got == products
    shop.public.get("/api/produtos/categoria/2147483647").problem("categoria_nao_encontrada")


@pytest.mark.parametrize("ordem", ["", "nome", "preco", "-preco", "recentes"])
def test_pages_while_products_come_and_go(shop, ordem):
    """What is there from beginning to end is seen once, whatever is made or taken off sale meanwhile."""
    lot = shop.category()
    kept = {
        shop.product(categoria_id=lot, nome=f"Item {i * 7 % 30:02}", preco=1 + i * 11 % 30)["id"] for i in range(30)
    }
    stop, made = threading.Event(), []

    def busy():
        admin = shop.client(token=shop.admin.token)
        i = 0
        while not stop.is_set():
            body = {"nome": f"Item {i * 13 % 30:02}", "preco": 1 + i * 17 % 30, "categoria_id": lot}
            made.append(admin.post("/api/produtos", body).ok(201)["id"])
            if i % 2:
                admin.delete(f"/api/produtos/{made[i // 2]}").ok()
            i += 1

    writer = threading.Thread(target=busy)
    writer.start()
    try:
        query = f"categoria_id={lot}" + (f"&ordem={ordem}" if ordem else "")
        for _ in range(5):
            seen = [p["id"] for page in pages(shop.public, query, 3) for p in page.data]
            assert len(seen) == len(set(seen)), "a product twice"
            assert kept <= set(seen), "a product missing"
    finally:
        stop.set()
        writer.join()
    assert made


def test_a_cursor_is_of_its_order(shop, shelf):
    """Another order's cursor, half of one, or anything else is a 400, not another page."""
    lot, _ = shelf
    cursor = shop.public.get(f"/api/produtos?categoria_id={lot}&ordem=preco&limite=3").json["proximo"]
    assert shop.public.get(f"/api/produtos?categoria_id={lot}&ordem=preco&limite=3&cursor={cursor}").status == 200
    for query in (
        f"ordem=nome&cursor={cursor}",
        f"cursor={cursor}",
        f"ordem=preco&cursor={cursor[:-3]}",
        f"ordem=preco&cursor={cursor}A",
        "ordem=preco&cursor=x",
        "ordem=preco&cursor=",
        "cursor=%FF",
        "ordem=recentes&cursor=" + "A" * 2000,
        "ordem=-preco&cursor=" + cursor,
    ):
        assert shop.public.get(f"/api/produtos?{query}").problem("parametro_invalido", "cursor")


def test_default_page(shop):
    """A hundred, unless asked otherwise; at most five hundred."""
    lot = shop.category()
    shop.sql(
        f"""INSERT INTO produtos (nome, preco, estoque, categoria_id)
                 SELECT 'Muitos ' || n, 1 + n, 1, {lot} FROM generate_series(1, 501) n"""
    )
    answer = shop.public.get(f"/api/produtos?categoria_id={lot}")
    assert len(answer.data) == 100 and answer.json["total"] == 501
    answer = shop.public.get(f"/api/produtos?categoria_id={lot}&limite=500")
    assert len(answer.data) == 500 and answer.json["total"] == 501
    rest = shop.public.get(f"/api/produtos?categoria_id={lot}&limite=500&cursor={answer.json['proximo']}")
    assert len(rest.data) == 1 and "proximo" not in rest.json and rest.json["total"] == 501
    shop.sql(f"UPDATE produtos SET ativo = false WHERE categoria_id = {lot}")


def test_etag(shop):
    """304 as long as nothing of the answer changed, the category's name included."""
    lot = shop.category()
    product = shop.product(categoria_id=lot)
    path = f"/api/produtos/{product['id']}"
    etag = shop.public.get(path).etag
    assert etag.startswith('"') and etag.endswith('"')
    for header in (etag, "W/" + etag, "*", f'"a", {etag}', f'W/"b",{etag} , "c"'):
        answer = shop.public.get(path, headers={"If-None-Match": header})
        assert answer.status == 304 and answer.etag == etag and answer.body == b"" and answer.headers["X-Request-Id"]
    for header in ('"outra"', "sem aspas", '""', ""):
        assert shop.public.get(path, headers={"If-None-Match": header}).data == product

    def changes():
        nonlocal etag
        answer = shop.public.get(path, headers={"If-None-Match": etag})
        assert answer.status == 200 and answer.etag != etag
        etag = answer.etag

    shop.admin.patch(path, {"preco": 3}).ok()
    changes()
    shop.admin.put(path + "/estoque", {"quantidade": 1, "operacao": "adicionar"}).ok()
    changes()
    shop.admin.put(f"/api/categorias/{lot}", {"nome": f"Outra {uuid.uuid4()}"}).ok()
    changes()
    shop.order({product["id"]: 1})
    changes()


@pytest.mark.parametrize(
    "path",
    [
        "/api/produtos",
        "/api/produtos/1",
        "/api/produtos/1/estoque",
        "/api/produtos/categoria/1",
        "/api/categorias",
        "/api/categorias/1",
        "/health",
        "/",
    ],
)
def test_head_is_get_without_a_body(shop, path):
    """Same status, same headers; of /health while all is well."""

    def alike():
        got, head = shop.public.get(path), shop.public.head(path)
        assert head.body == b""
        same = all(head.headers[name] == got.headers[name] for name in ("Content-Type", "Content-Length", "ETag"))
        return same and head.status == got.status == 200

    assert eventually(alike) if path == "/health" else alike()


def test_head_of_a_product_that_is_not_there(shop):
    """404, no body."""
    answer = shop.public.head("/api/produtos/2147483647")
    assert answer.status == 404 and answer.body == b""


def test_categories(shop):
    """Made, read, renamed, deleted."""
    nome = f"Pães {uuid.uuid4()}"
    made = shop.admin.post("/api/categorias", {"nome": nome, "descricao": "Do forno"})
    category = made.ok(201)
    assert (category["nome"], category["descricao"]) == (nome, "Do forno") and made.json["message"]
    path = f"/api/categorias/{category['id']}"
    assert made.headers["Location"] == path
    assert shop.public.get(path).data == category
    listed = shop.public.get("/api/categorias")
    assert category in listed.data and listed.json["total"] == len(listed.data)

    renamed = shop.admin.put(path, {"nome": nome + "!"}).data
    assert renamed["nome"] == nome + "!" and renamed["descricao"] == ""
    assert renamed["atualizado_em"] > category["atualizado_em"]
    assert shop.public.get(path).data == renamed

    deleted = shop.admin.delete(path)
    assert deleted.data is None and deleted.json["message"]
    for answer in (shop.public.get(path), shop.admin.delete(path), shop.admin.put(path, {"nome": "x"})):
        answer.problem("categoria_nao_encontrada")


def test_two_categories_of_one_name(shop):
    """409, and nothing changes."""
    one, other = shop.category(), shop.category()
    nome = shop.public.get(f"/api/categorias/{one}").data["nome"]
    shop.admin.post("/api/categorias", {"nome": nome}).problem("nome_em_uso")
    shop.admin.put(f"/api/categorias/{other}", {"nome": nome}).problem("nome_em_uso")
    assert shop.admin.put(f"/api/categorias/{one}", {"nome": nome}).data["nome"] == nome


def test_a_category_in_use(shop):
    """Is not deleted, not even when its only product is off sale; when it moved, it is."""
    lot = shop.category()
    product = shop.product(categoria_id=lot)
    shop.admin.delete(f"/api/categorias/{lot}").problem("categoria_em_uso")
    shop.admin.delete(f"/api/produtos/{product['id']}").ok()
    shop.admin.delete(f"/api/categorias/{lot}").problem("categoria_em_uso")
    shop.admin.patch(f"/api/produtos/{product['id']}", {"categoria_id": shop.category()}).ok()
    shop.admin.delete(f"/api/categorias/{lot}").ok()


def test_pages_for_people(shop):
    """The shop, the back office, the reference of the API with its description, and what its errors mean."""
    for path in ("/", "/painel", "/api/", "/erros/"):
        page = shop.public.get(path)
        assert page.status == 200 and page.headers["Content-Type"].startswith("text/html"), path
    assert shop.public.get("/api/openapi.yaml").status == 200
    page = shop.public.get("/erros/estoque-insuficiente")
    assert page.status == 200 and "Estoque insuficiente" in page.text
    shop.public.get("/erros/nenhum").problem("rota_nao_encontrada")
    shop.public.get("/nada").problem("rota_nao_encontrada")
