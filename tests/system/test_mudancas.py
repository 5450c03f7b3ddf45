"""What an administrator's change may count on: judged by what was read, without effect when nothing differs."""
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from client import TOP
from mudancas import given, key_of, path_of, rows_of, sale
from shop import eventually

MOST = 2147483647  # what a client may set a stock to


# Conditions


def test_a_product_that_sells_can_still_be_edited(shop):
    """A tag from before a sale still allows what leaves the stock alone, and nothing that does not."""
    product = shop.product(estoque=20)
    read = shop.public.get(path_of(product))
    seen = read.etag
    sale(shop, product)
    now = shop.public.get(path_of(product)).etag
    assert now != seen and now.split(".")[:3] == seen.split(".")[:3]
    for refused in (
        shop.admin.patch(path_of(product), {"estoque": 5}, headers={"If-Match": seen}),
        shop.admin.patch(path_of(product), {"preco": 11, "estoque": 20}, headers={"If-Match": seen}),
        shop.admin.put(path_of(product), given(read, estoque=20), headers={"If-Match": seen}),
        shop.admin.put(
            path_of(product, "/estoque"), {"quantidade": 9, "operacao": "definir"}, headers={"If-Match": seen}
        ),
    ):
        refused.problem("versao_diferente")
    assert shop.stock(product["id"]) == 19
    edited = shop.admin.patch(path_of(product), {"descricao": "Novo texto"}, headers={"If-Match": seen})
    assert edited.data["descricao"] == "Novo texto" and edited.data["estoque"] == 19
    shop.admin.patch(path_of(product), {"descricao": "De outro"}, headers={"If-Match": seen}).problem(
        "versao_diferente"
    )
    shop.admin.delete(path_of(product), headers={"If-Match": seen}).problem("versao_diferente")
    whole = {"nome": "Outro", "preco": 10, "categoria_id": product["categoria_id"]}
    sale(shop, product)
    assert shop.admin.put(path_of(product), whole, headers={"If-Match": edited.etag}).data["estoque"] == 18


def test_only_what_changed_has_another_version(shop):
    """Text, stock and category have versions of their own in the tag; a cancelled order changes the stock's too."""
    product = shop.product(estoque=5)

    def tag():
        return [int(part) for part in shop.public.get(path_of(product)).etag.strip('"').split(".")]

    number, dados, categoria, estoque = tag()
    assert number == product["id"]
    order = sale(shop, product)
    assert tag() == [number, dados, categoria, estoque + 1]
    shop.public.post(f"/api/pedidos/{order['id']}/cancelar").ok()
    assert eventually(lambda: tag() == [number, dados, categoria, estoque + 2])
    shop.admin.patch(path_of(product), {"preco": 12}).ok()
    assert tag() == [number, dados + 1, categoria, estoque + 2]
    shop.admin.patch(path_of(product), {"estoque": 9}).ok()
    assert tag() == [number, dados + 1, categoria, estoque + 3]
    shop.admin.put(f"/api/categorias/{product['categoria_id']}", {"nome": f"Outra {uuid.uuid4()}"}).ok()
    assert tag() == [number, dados + 1, categoria + 1, estoque + 3]
    shop.admin.patch(path_of(product), {"nome": "Outro", "estoque": 8}).ok()
    assert tag() == [number, dados + 2, categoria + 1, estoque + 4]


def test_the_category_is_part_of_what_was_read(shop):
    """A product whose category was renamed is not what was read."""
    product = shop.product()
    seen = shop.public.get(path_of(product)).etag
    shop.admin.put(f"/api/categorias/{product['categoria_id']}", {"nome": f"Outra {uuid.uuid4()}"}).ok()
    shop.admin.patch(path_of(product), {"preco": 12}, headers={"If-Match": seen}).problem("versao_diferente")


WRITES = [
    ("PUT", "", {"nome": "N", "preco": 12, "categoria_id": 1}),
    ("PATCH", "", {"preco": 12}),
    ("PUT", "/estoque", {"quantidade": 3, "operacao": "definir"}),
    ("PUT", "/estoque", {"quantidade": 3, "operacao": "adicionar"}),
    ("DELETE", "", None),
]


@pytest.mark.parametrize("method, more, body", WRITES)
def test_conditions_of_every_write_of_a_product(shop, method, more, body):
    """A false condition is a 412 and changes nothing; a true one lets the call go on."""
    product = shop.product(estoque=10)
    seen = shop.public.get(path_of(product)).etag
    for condition in (
        {"If-Match": '"1.1.1.1"'},
        {"If-Match": seen.replace('"', "")},
        {"If-Match": f'"{product["id"]}."'},
        {"If-None-Match": "*"},
        {"If-None-Match": f'"x", {seen}'},
        {"If-Match": seen, "If-None-Match": seen},
    ):
        shop.admin.request(method, path_of(product, more), body, headers=condition).problem("versao_diferente")
        now = shop.public.get(path_of(product))
        assert (now.data, now.etag) == (product, seen), condition
    headers = {"If-Match": f'"x", W/{seen}', "If-None-Match": '"x"'}
    changed = shop.admin.request(method, path_of(product, more), body, headers=headers)
    assert changed.ok() != product and changed.etag not in (None, seen)
    assert shop.admin.get(path_of(product)).etag == changed.etag


@pytest.mark.parametrize("method, more, body", WRITES)
def test_one_of_many_with_the_same_tag(shop, method, more, body):
    """Twenty administrators at once, all with the tag that they have read: one is first, the others read again."""
    product = shop.product(estoque=10)
    seen = shop.public.get(path_of(product)).etag
    if body and "preco" in body:
        bodies = [{**body, "preco": 100 + i} for i in range(20)]
    else:
        bodies = [body] * 20

    def change(one):
        client = shop.client(shop.admin.token)
        return client.request(method, path_of(product, more), one, headers={"If-Match": seen}).status

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(change, bodies)) == [200] + [412] * 19


def test_conditions_of_a_category(shop):
    """The tag of a read is honoured by PUT and DELETE."""
    made = shop.admin.post("/api/categorias", {"nome": f"Categoria {uuid.uuid4()}"})
    path = made.headers["Location"]
    seen = shop.public.get(path)
    assert seen.etag == made.etag and seen.data == made.ok(201)
    assert shop.public.get(path, headers={"If-None-Match": seen.etag}).status == 304
    body = {"nome": f"Outra {uuid.uuid4()}"}
    for condition in ({"If-Match": '"nunca"'}, {"If-None-Match": "*"}, {"If-None-Match": seen.etag}):
        shop.admin.put(path, body, headers=condition).problem("versao_diferente")
        shop.admin.delete(path, headers=condition).problem("versao_diferente")
        assert shop.public.get(path).data == seen.data
    changed = shop.admin.put(path, body, headers={"If-Match": seen.etag})
    assert changed.data["nome"] == body["nome"] and changed.etag != seen.etag
    shop.admin.delete(path, headers={"If-Match": seen.etag}).problem("versao_diferente")
    shop.admin.delete(path, headers={"If-Match": changed.etag}).ok()
    shop.admin.delete(path, headers={"If-Match": "*"}).problem("categoria_nao_encontrada")


def test_one_of_many_with_the_same_tag_of_a_category(shop):
    """As for products."""
    category = shop.category()
    path = f"/api/categorias/{category}"
    seen = shop.public.get(path).etag

    def change(number):
        body = {"nome": f"Categoria {category} {number}"}
        return shop.client(shop.admin.token).put(path, body, headers={"If-Match": seen}).status

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(change, range(20))) == [200] + [412] * 19


def test_nothing_to_match_where_something_is_made(shop):
    """If-Match on what makes a new thing names nothing that is there."""
    body = {"nome": f"Categoria {uuid.uuid4()}"}
    shop.admin.post("/api/categorias", body, headers={"If-Match": "*"}).problem("versao_diferente")
    shop.admin.post("/api/categorias", body, headers={"If-None-Match": "*"}).ok(201)


# What is so already


def keeps(shop, method, path, body):
    """Whether a change leaves what nginx has kept. The vigia may see something else change, but not each time."""

    def kept():
        version = shop.version()
        shop.admin.request(method, path, body).ok()
        return shop.version() == version

    return eventually(kept)


def test_what_is_so_already_changes_nothing(shop):
    """No new tag, no other time, no line in the ledger, and what nginx has kept stays."""
    product = shop.product(descricao="Texto", estoque=7, foto_url="https://exemplo.com.br/f.jpg", preco=45.90)
    gone = shop.product()
    shop.admin.delete(path_of(gone)).ok()
    same = {name: product[name] for name in ("nome", "descricao", "categoria_id", "foto_url")} | {"preco": 45.9}
    for thing, method, more, body in (
        (product, "PATCH", "", {}),
        (product, "PATCH", "", {"preco": 45.9}),
        (product, "PATCH", "", {**same, "estoque": 7, "ativo": True}),
        (product, "PUT", "", same),
        (product, "PUT", "", {**same, "estoque": 7}),
        (product, "PUT", "/estoque", {"quantidade": 7, "operacao": "definir"}),
        (gone, "DELETE", "", None),
    ):
        before, lines = shop.admin.get(path_of(thing)), rows_of(shop, thing)
        after = shop.admin.request(method, path_of(thing, more), body)
        assert after.data == before.data and after.etag == before.etag, (method, more, body)
        assert shop.admin.get(path_of(thing)).etag == before.etag and rows_of(shop, thing) == lines

        assert keeps(shop, method, path_of(thing, more), body), (method, more, body)
    seen = shop.public.get(path_of(product)).etag
    assert shop.admin.patch(path_of(product), {"foto_url": None}).etag != seen


def test_a_category_that_is_so_already(shop):
    """As for products."""
    path = f"/api/categorias/{shop.category()}"
    before = shop.public.get(path)
    again = shop.admin.put(path, {"nome": before.data["nome"], "descricao": ""})
    assert again.data == before.data and again.etag == before.etag
    version = shop.version()
    assert keeps(shop, "PUT", path, {"nome": before.data["nome"]})
    changed = shop.admin.put(path, {"nome": before.data["nome"], "descricao": "Outra"})
    assert changed.etag != before.etag and changed.data["atualizado_em"] > before.data["atualizado_em"]
    assert shop.version() != version


def test_the_price_of_an_order_changes_what_is_read_at_once(shop):
    """A change still begins another version of what nginx keeps, with a condition and with a key too."""
    product = shop.product(estoque=1)
    for step in range(3):
        shop.admin.put(path_of(product, "/estoque"), {"quantidade": 1, "operacao": "adicionar"}, headers=key_of()).ok()
        seen = shop.public.get(path_of(product))
        assert seen.data["estoque"] == 2 + step
        shop.admin.patch(path_of(product), {"preco": 20 + step}, headers={"If-Match": seen.etag}).ok()
        assert shop.public.get(path_of(product)).data["preco"] == Decimal(20 + step)


# What was read may be sent back


def test_a_product_is_taken_back_as_it_was_given(shop):
    """By PUT and PATCH: nothing changes; what is read-only is ignored, but another product's number is not."""
    product = shop.product(descricao="Texto", estoque=7, foto_url="https://exemplo.com.br/f.jpg")
    seen = shop.public.get(path_of(product))
    for method in ("PUT", "PATCH"):
        body = seen.body[seen.body.index(b"{", 1) : -1]  # letter by letter
        again = shop.admin.request(method, path_of(product), body, headers={"If-Match": seen.etag})
        assert again.data == seen.data and again.etag == seen.etag
        other = given(seen, categoria_nome="Nenhuma", criado_em="2020-01-01T00:00:00Z")
        assert shop.admin.request(method, path_of(product), other).data == seen.data
        for bad, field in (
            ({"id": product["id"] + 1}, "id"),
            ({"id": "x"}, "id"),
            ({"criado_em": "ontem"}, "criado_em"),
            ({"categoria_nome": 5}, "categoria_nome"),
            ({"total": 1}, "total"),
        ):
            shop.admin.request(method, path_of(product), given(seen, **bad)).problem("campos_invalidos", field)
    edited = shop.admin.put(path_of(product), given(seen, preco=11), headers={"If-Match": seen.etag}).data
    assert {**edited, "atualizado_em": 0} == {**seen.data, "preco": 11, "atualizado_em": 0}
    shop.admin.post("/api/produtos", given(seen)).problem(
        "campos_invalidos", "id", "categoria_nome", "criado_em", "atualizado_em"
    )


def test_a_category_is_taken_back_as_it_was_given(shop):
    """As for products."""
    path = f"/api/categorias/{shop.category()}"
    seen = shop.public.get(path)
    again = shop.admin.put(path, seen.data, headers={"If-Match": seen.etag})
    assert again.data == seen.data and again.etag == seen.etag
    shop.admin.put(path, {**seen.data, "id": seen.data["id"] + 1}).problem("campos_invalidos", "id")
    shop.admin.put(path, {**seen.data, "versao": 1}).problem("campos_invalidos", "versao")


# Stock at its limits


def test_stock_comes_back_above_the_limit(shop):
    """An ERP sets the stock to the most while orders are open: they can be cancelled all the same, and all goes on."""
    full, other = shop.product(estoque=MOST), shop.product(estoque=10)
    session = shop.cart({full["id"]: 1, other["id"]: 4})
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert shop.admin.patch(path_of(full), {"estoque": MOST}).data["estoque"] == MOST
    assert shop.public.post(f"/api/pedidos/{order['id']}/cancelar").data["status"] == "cancelado"
    assert eventually(lambda: shop.stock(full["id"]) == MOST + 1) and eventually(lambda: shop.stock(other["id"]) == 10)
    assert eventually(
        lambda: shop.value(f"SELECT pendencia IS NULL FROM pedidos WHERE id = '{order['id']}'", "pedidos") == "t"
    )
    assert shop.ledger(full["id"]) == [str(MOST + 1)] * 2
    # What was read is taken back, in lists, carts and orders too.
    seen = shop.public.get(path_of(full))
    assert shop.admin.put(path_of(full), given(seen), headers={"If-Match": seen.etag}).etag == seen.etag
    assert shop.public.get(f"/api/produtos?ids={full['id']}&em_estoque=true").data == [seen.data]
    for product in (full, other):
        shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"]}).ok()
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["produto"]["estoque"] == MOST + 1
    assert shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["status"] == "confirmado"
    assert shop.stock(full["id"]) == MOST


def test_one_limit_for_every_way_to_set_a_stock(shop):
    """What one call takes, the others take too; beyond it all refuse."""
    product = shop.product(estoque=MOST)
    path, stock = path_of(product), path_of(product, "/estoque")
    whole = {"nome": "Outro", "preco": 10, "categoria_id": product["categoria_id"]}
    shop.admin.put(stock, {"quantidade": MOST, "operacao": "remover"}).ok()
    assert shop.admin.put(stock, {"quantidade": MOST, "operacao": "adicionar"}).data["estoque"] == MOST
    shop.admin.put(stock, {"quantidade": 1, "operacao": "adicionar"}).problem("estoque_insuficiente")
    assert shop.admin.put(stock, {"quantidade": 0, "operacao": "definir"}).data["estoque"] == 0
    assert shop.admin.put(stock, {"quantidade": MOST, "operacao": "definir"}).data["estoque"] == MOST
    shop.admin.patch(path, {"estoque": 1}).ok()
    assert shop.admin.patch(path, {"estoque": MOST}).data["estoque"] == MOST
    for operacao in ("adicionar", "remover", "definir"):
        shop.admin.put(stock, {"quantidade": MOST + 1, "operacao": operacao}).problem("campos_invalidos", "quantidade")
    for beyond in (MOST + 1, 2**53 - 1, 2**53, 2**63):
        shop.admin.patch(path, {"estoque": beyond}).problem("campos_invalidos", "estoque")
        shop.admin.put(path, {**whole, "estoque": beyond}).problem("campos_invalidos", "estoque")
        shop.admin.post("/api/produtos", {**whole, "estoque": beyond}).problem("campos_invalidos", "estoque")
    assert shop.stock(product["id"]) == MOST


# Names


@pytest.mark.parametrize(
    "alike",
    [
        "p\u00e3es DO dia {}",
        "P\u00e3es  do\u00a0dia {}",
        "Paes do dia {}",
        "Pa\u0303es do dia {}",
        "P\u00e3es\u200b do dia {}",
        "\uff30\u00e3es do dia {}",
    ],
)
def test_names_that_look_alike_are_one(shop, alike):
    """Without case, accents, doubled blanks, invisible characters; composed or not."""
    one = uuid.uuid4()
    made = shop.admin.post("/api/categorias", {"nome": f"P\u00e3es do dia {one}"})
    other = shop.category()
    assert made.ok(201)
    shop.admin.post("/api/categorias", {"nome": alike.format(one)}).problem("nome_em_uso")
    shop.admin.put(f"/api/categorias/{other}", {"nome": alike.format(one)}).problem("nome_em_uso")
    # Its own name may be spelt in another way, and one letter more is another name.
    shop.admin.put(made.headers["Location"], {"nome": alike.format(one)}).ok()
    shop.admin.post("/api/categorias", {"nome": alike.format(one) + "s"}).ok(201)


def test_names_that_were_alike_before(shop):
    """The migration gives the younger ones a number, one that is free and fits."""
    migration = (TOP / "db/catalogo/migrations/0004_administracao.sql").read_text(encoding="utf-8")
    renaming = re.search(r"^DO \$\$.*?^END \$\$;", migration, re.M | re.S)[0]
    one = uuid.uuid4().hex
    long = (one + "x" * 80)[:80]
    names = [f"P\u00e3es {one}", f"paes {one}", f"PAES  {one} (2)", f"P\u00e3es {one}", long, long.upper()]
    rows = ", ".join(f"('{name}')" for name in names)
    found = shop.psql(
        f"""
        BEGIN;
        DROP INDEX categorias_nome_unico;
        INSERT INTO categorias (nome) VALUES {rows};
        {renaming}
        CREATE UNIQUE INDEX categorias_nome_unico ON categorias (nome_comparado(nome));
        SELECT nome || '|' || versao FROM categorias WHERE nome_comparado(nome) LIKE '%{one}%' ORDER BY id;
        ROLLBACK;"""
    ).stdout.splitlines()
    assert [line for line in found if one in line.lower()] == [
        f"{names[0]}|1",
        f"paes {one} (3)|2",
        f"{names[2]}|1",
        f"{names[3]} (4)|2",
        f"{long}|1",
        f"{long.upper()[:71]} (2)|2",
    ]
