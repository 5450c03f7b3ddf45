"""What is off sale: an administrator finds it in every list, with every filter; others do not see it."""
import re
import uuid
from types import SimpleNamespace

import pytest


@pytest.fixture(name="shelf", scope="module")
def fixture_shelf(shop):
    """Nine products of a category, every third of them off sale; one on sale and one off it in another category."""
    category, other, word = shop.category(), shop.category(), f"x{uuid.uuid4().hex[:12]}"
    products = []
    for number in range(9):
        product = shop.product(nome=f"{word} n{number}", preco=10 + number, estoque=number % 2, categoria_id=category)
        if number % 3 == 0:
            product = shop.admin.delete(f"/api/produtos/{product['id']}").data
        products.append(product)
    for sale in (True, False):
        shop.product(categoria_id=other, ativo=sale)
    return SimpleNamespace(category=category, products=products, word=word)


def pages(client, target, limite):
    """All rows of a list, page by page, and the total that each page says."""
    rows, totals, cursor = [], set(), ""
    while cursor is not None:
        page = client.get(f"{target}&limite={limite}{cursor}").json
        data = page["data"] if isinstance(page["data"], dict) else {"produtos": page["data"], **page}
        rows += data["produtos"]
        totals.add(data["total"])
        cursor = f"&cursor={data['proximo']}" if "proximo" in data else None
    return rows, totals


CHOICES = {
    "": lambda p: p["ativo"],
    "true": lambda p: p["ativo"],
    "false": lambda p: not p["ativo"],
    "todos": lambda p: True,
}
FILTERS = {
    "": lambda p: True,
    "&em_estoque=true": lambda p: p["estoque"] > 0,
    "&preco_min=11.50&preco_max=16": lambda p: 11.5 <= p["preco"] <= 16,
    "&busca={word}": lambda p: True,
    "&busca={word}&em_estoque=false": lambda p: p["estoque"] == 0,
    "&ids={ids}": lambda p: p["nome"][-1] in "01234",
}


@pytest.mark.parametrize("ordem", ["", "nome", "preco", "-preco", "recentes"])
@pytest.mark.parametrize("ativo", CHOICES)
def test_every_list_for_an_administrator(shop, shelf, ativo, ordem):
    """Each row once, the right total on every page, with every filter, in both addresses."""
    ids = ",".join(str(product["id"]) for product in shelf.products[:5])
    for query, fits in FILTERS.items():
        query = query.format(word=shelf.word, ids=ids) + (ordem and f"&ordem={ordem}") + (ativo and f"&ativo={ativo}")
        expected = {p["id"]: p for p in shelf.products if CHOICES[ativo](p) and fits(p)}
        for path in (f"/api/produtos?categoria_id={shelf.category}", f"/api/produtos/categoria/{shelf.category}?"):
            for limite in (2, 50):
                rows, totals = pages(shop.admin, path + query, limite)
                assert totals == {len(expected)}, (path, query)
                assert sorted(row["id"] for row in rows) == sorted(expected), (path, query)
                assert all(row == expected[row["id"]] for row in rows)


def test_of_the_whole_catalogue(shop, shelf):
    """Without a filter too, where totals are counted as things change: on sale and off it are all that there is."""
    counts = {
        ativo: shop.admin.get(f"/api/produtos?ativo={ativo}&limite=1").json["total"] for ativo in CHOICES if ativo
    }
    assert shelf and counts["true"] == shop.public.get("/api/produtos?limite=1").json["total"]
    assert counts["false"] == int(shop.value("SELECT count(*) FROM produtos WHERE NOT ativo")) >= 4
    assert counts["todos"] == counts["true"] + counts["false"]


def test_others_are_refused(shop, shelf):
    """401 without a token, 403 with one that is no administrator's; what is on sale everybody may ask for by name."""
    for path in (f"/api/produtos?categoria_id={shelf.category}", f"/api/produtos/categoria/{shelf.category}?"):
        # Twice: nginx keeps the answers of those who have no token.
        for _ in range(2):
            plain = shop.public.get(path).data
            assert shop.public.get(f"{path}&ativo=true").data == plain
            for ativo in ("false", "todos"):
                shop.public.get(f"{path}&ativo={ativo}").problem("nao_autenticado")
                shop.client("nobody").get(f"{path}&ativo={ativo}").problem("nao_autenticado")
                service = shop.client(shop.secret("pedidos.token"))
                service.get(f"{path}&ativo={ativo}").problem("nao_autorizado")
                assert shop.admin.get(f"{path}&ativo={ativo}").data != plain
            assert shop.public.get(path).data == plain
        for wrong in ("", "1", "TRUE", "falso", "true&ativo=false"):
            shop.public.get(f"{path}&ativo={wrong}").problem("parametro_invalido", "ativo")


def test_a_cursor_is_of_one_choice(shop, shelf):
    """A page that goes on with another choice would skip rows."""
    path = f"/api/produtos?categoria_id={shelf.category}&limite=2"
    cursor = shop.admin.get(f"{path}&ativo=todos").json["proximo"]
    shop.admin.get(f"{path}&ativo=false&cursor={cursor}").problem("parametro_invalido", "cursor")
    shop.admin.get(f"{path}&cursor={cursor}").problem("parametro_invalido", "cursor")
    shop.public.get(f"{path}&ativo=todos&cursor={cursor}").problem("nao_autenticado")


def test_a_category_with_only_what_is_off_sale(shop):
    """Deleting it is refused in words that lead to the product, which can be moved; then it is gone."""
    category, other = shop.category(), shop.category()
    product = shop.product(categoria_id=category)
    shop.admin.delete(f"/api/produtos/{product['id']}").ok()
    refused = shop.admin.delete(f"/api/categorias/{category}").problem("categoria_em_uso")
    where = re.search(r"/api/produtos\?\S+", refused["detail"])[0]
    found = shop.admin.get(where).data
    assert [one["id"] for one in found] == [product["id"]] and not found[0]["ativo"]
    shop.admin.patch(f"/api/produtos/{product['id']}", {"categoria_id": other}).ok()
    shop.admin.delete(f"/api/categorias/{category}").ok()
