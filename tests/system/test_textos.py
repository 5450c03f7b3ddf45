"""One rule for every text that people type: what becomes of it, whichever field it is in.

What no field takes is in entrada_ruim.py, as everything else that is refused.
"""
import random
import unicodedata

import pytest

from shop import CLIENTE, ENTREGA, RETIRADA

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

# What is sent, and what is kept of it.
KEPT = {
    "as it is": ("Pão de Mel", "Pão de Mel"),
    "nfd": ("Pa\u0303o de Lo\u0301", "Pão de Ló"),
    "singleton": ("\u212bngstro\u0308m", "\u00c5ngström"),
    "blanks at the ends": ("  Bolo \t\r\n", "Bolo"),
    "other blanks at the ends": ("\u00a0\u3000\u2003Bolo\u202f\u205f\u2007", "Bolo"),
    "blanks that are letters": ("\u3164Bolo\u2800\uffa0", "Bolo"),
    "blanks inside": ("Bolo  de\u00a0mel", "Bolo  de\u00a0mel"),
    "tab inside": ("Bolo\tde mel", "Bolo de mel"),
    "zero width": ("\ufeffGela\u200bdi\u2060nho", "Geladinho"),
    "soft hyphen": ("Choco\u00adlate", "Chocolate"),
    "direction marks": ("\u202aBolo\u202c \u200e1\u200f \u2066kg\u2069", "Bolo 1 kg"),
    "family": (FAMILY, FAMILY),
    "heart": ("\u2764\ufe0f", "\u2764\ufe0f"),
    "skin": ("\U0001f44b\U0001f3fd", "\U0001f44b\U0001f3fd"),
    "flag": (ENGLAND, ENGLAND),
    "keycap": ("1\ufe0f\u20e3 bolo", "1\ufe0f\u20e3 bolo"),
    "persian": ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    "hangul": ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
    "quotes": ("\"';--<b>&amp;\\", "\"';--<b>&amp;\\"),
}
LINES = {
    "lf": ("Rua A\n1", "Rua A\n1"),
    "crlf": ("Rua A\r\n\r\n1\r\n", "Rua A\n\n1"),
    "cr": ("Rua A\r1", "Rua A\n1"),
    "other breaks": ("Rua A\u20281\u2029\u00852", "Rua A\n1\n\n2"),
}


class Fields:
    """Every field that takes text, by name: sends a text in it, and reads it back."""

    def __init__(self, shop):
        self.shop = shop
        self.product, self.category = shop.product(estoque=100000), shop.category()
        # openapi.yaml counts the characters of what is sent, the shop those of what it keeps.
        self.admin = shop.client(shop.admin.token, checked=False)
        self.public = shop.client(checked=False)

    def product_field(self, name, text):
        """Of a product: made, replaced, changed."""
        admin, body = self.admin, {"nome": "N", "preco": 1, "categoria_id": self.category}
        made = admin.post("/api/produtos", {**body, name: text}).ok(201)
        path = f"/api/produtos/{made['id']}"
        put = admin.put(path, {**body, name: text}).data
        patched = admin.patch(path, {name: text}).data
        assert made[name] == put[name] == patched[name] == self.shop.public.get(path).data[name]
        admin.delete(path).ok()
        return made[name]

    def category_field(self, name, text):
        """Of a category: made, replaced."""
        admin, body = self.admin, {"nome": f"C{random.random()}"}
        made = admin.post("/api/categorias", {**body, name: text}).ok(201)
        path = f"/api/categorias/{made['id']}"
        assert admin.put(path, {**body, name: text}).data[name] == made[name] == self.shop.public.get(path).data[name]
        admin.delete(path).ok()
        return made[name]

    def order(self, **parts):
        """An order, as it is read."""
        session = self.shop.cart({self.product["id"]: 1})
        made = self.public.post("/api/pedidos", self.shop.checkout(session, **parts)).ok(201)
        assert self.shop.public.get(f"/api/pedidos/{made['id']}").data == made
        return made

    def send(self, name, text):
        """What is kept of the text in this field."""
        where, _, field = name.partition(".")
        if where == "produto":
            return self.product_field(field, text)
        if where == "categoria":
            return self.category_field(field, text)
        if where == "cliente":
            return self.order(cliente={**CLIENTE, field: text})["cliente"][field]
        if where == "entrega":
            return self.order(entrega={**ENTREGA, field: text})["entrega"][field]
        return self.order(observacoes=text)["observacoes"]


ONE_LINE = ("produto.nome", "categoria.nome", "cliente.nome")
SEVERAL_LINES = ("produto.descricao", "categoria.descricao", "entrega.endereco", "observacoes")


@pytest.fixture(scope="module", name="fields")
def fixture_fields(shop):
    """Ways to send texts."""
    return Fields(shop)


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("name", ONE_LINE + SEVERAL_LINES)
def test_what_is_kept_of_a_text(fields, name, kind):
    """The same in every field; what is kept is taken again as it is."""
    sent, kept = KEPT[kind]
    assert fields.send(name, sent) == kept
    assert fields.send(name, kept) == kept == unicodedata.normalize("NFC", kept)


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("name", SEVERAL_LINES)
def test_line_breaks_where_they_may_be(fields, name, kind):
    """Whatever they are, they become line feeds."""
    sent, kept = LINES[kind]
    assert fields.send(name, sent) == kept


@pytest.mark.parametrize("name", ["observacoes", "produto.foto_url"])
@pytest.mark.parametrize("text", [None, "", "  ", "\u00a0\u200b", "\n"])
def test_nothing_in_a_field_that_may_be_null(fields, name, text):
    """Is null."""
    assert fields.send(name, text) is None


@pytest.mark.parametrize("text", [None, "", " ", "\u3000"])
def test_no_address_and_no_date_for_a_pick_up(fields, text):
    """Forms send empty fields: they are as if absent. A delivery needs its address all the same."""
    order = fields.order(entrega={**RETIRADA, "endereco": text, "data": text})
    assert order["entrega"] == {**RETIRADA, "endereco": None, "data": None}
    session = fields.shop.cart({fields.product["id"]: 1})
    body = fields.shop.checkout(session, entrega={**ENTREGA, "endereco": text})
    fields.shop.public.post("/api/pedidos", body).problem("campos_invalidos", "entrega.endereco")


def test_an_empty_note_is_no_other_order(fields):
    """The key's order is found again, whether the form sends an empty note or none, however the name is composed."""
    shop, session = fields.shop, fields.shop.cart({fields.product["id"]: 1})
    key = {"Idempotency-Key": session}
    bodies = [
        shop.checkout(session, cliente={**CLIENTE, "nome": nome}, **note)
        for nome, note in (("José", {}), ("Jose\u0301 ", {"observacoes": " "}), ("José", {"observacoes": None}))
    ]
    orders = {shop.public.post("/api/pedidos", body, headers=key).ok(201)["id"] for body in bodies}
    assert len(orders) == 1


@pytest.mark.parametrize("name, most", [("produto.nome", 120), ("categoria.nome", 80), ("cliente.nome", 120)])
def test_lengths_are_of_what_is_kept(fields, name, most):
    """In code points, after NFC and without the blanks at the ends."""
    whole = "ã" * most
    assert fields.send(name, f"  {whole}\u200b ") == whole
    assert fields.send(name, unicodedata.normalize("NFD", whole)) == whole
    assert fields.send(name, "🎂" * most) == "🎂" * most


@pytest.mark.parametrize(
    "email",
    [
        "maria@exemplo.com.br",
        "maria+bolo@exemplo.com.br",
        "m.a-r_i'a@sub.exemplo.com",
        "joão@pães.com.br",
        "a@b.co",
        "maria@xn--pes-boa.com.br",
        "用户@例子.公司",
        "uživatel@doména.cz",
        "!#$%&'*+/=?^_`{|}~-@exemplo.com",
        "maria@" + "a" * 63 + ".com",
        "m" * 64 + "@exemplo.com",
        "maria@1.com",
    ],
)
def test_an_email_that_is_one(fields, email):
    """As input type=email takes them, letters of any script too."""
    assert fields.send("cliente.email", f" {email}\u200b\n") == email


@pytest.mark.parametrize(
    "telefone",
    [
        "+55 11 91234-5678",
        "(11) 98765-4321",
        "(11)98765-4321",
        "(11) 9.8765-4321",
        "11.98765.4321",
        "11 98765 4321",
        "11987654321",
        "5511987654321",
        "+5511987654321",
        "+55 (11) 9 8765-4321",
        "+55(11)98765-4321",
        "0800 123 4567",
        "3456-7890",
        "11/98765-4321",
        "(11) 98765 - 4321",
        "11 98765–4321",
        "11\u00a098765\u20114321",
        "+351 912 345 678",
        "+1 (212) 555-0123",
        "123456789012345",
        "11111112",
    ],
)
def test_a_telephone_in_its_usual_spellings(fields, telefone):
    """Kept as it was written; the marks that telephone books put around it are not."""
    assert fields.send("cliente.telefone", f"\u202a{telefone}\u202c") == telefone


@pytest.mark.parametrize(
    "url",
    [
        "https://exemplo.com.br/f.jpg",
        "HTTP://exemplo.com.br",
        "http://localhost:8080/f?x=1#y",
        "/fotos/0a1b.webp",
        "/",
        "https://exemplo.com.br/pão.jpg",
    ],
)
def test_a_picture_that_is_one(fields, url):
    """http, https, or a path of this shop."""
    assert fields.send("produto.foto_url", f" {url} ") == url


@pytest.mark.parametrize("raw, kept", [("45.9", "45.90"), ("45.900", "45.90"), ("4.59e1", "45.90"), ("1E1", "10.00")])
def test_money_is_read_by_its_value(fields, raw, kept):
    """In a body and in a query; and written with two digits."""
    shop = fields.shop
    body = f'{{"nome": "N", "preco": {raw}, "categoria_id": {fields.category}}}'.encode()
    made = shop.admin.post("/api/produtos", body)
    assert f'"preco":{kept},' in made.text and made.status == 201
    found = shop.public.get(f"/api/produtos?categoria_id={fields.category}&preco_min={raw}&preco_max={raw}")
    assert [one["id"] for one in found.data] == [made.json["data"]["id"]]
    shop.admin.delete(f"/api/produtos/{made.json['data']['id']}").ok()


def test_texts_from_before_the_rule_pass_on_as_they_are(fields):
    """What the database holds is read, put into a cart, ordered and listed: only what comes in is held to the rule."""
    shop, name = fields.shop, " A\u001f\u202eB\u200b\n"
    product = shop.product(estoque=10)
    shop.sql(f"UPDATE produtos SET nome = E' A\\x1f\u202eB\u200b\\n', descricao = E'\\x07' WHERE id = {product['id']}")
    path = f"/api/produtos/{product['id']}"
    assert shop.client(pool="catalogo").get(path).data["nome"] == name
    session = shop.cart({product["id"]: 1})
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["produto"]["nome"] == name
    assert shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["itens"][0]["nome"] == name
    assert shop.admin.patch(path, {"preco": 2}).data["nome"] == name


def test_how_many_are_left_in_words(shop):
    """The numeral and its noun agree, in the cart's words and in the order's."""
    product = shop.product(nome="Quindim", estoque=2)
    session = shop.cart({product["id"]: 2})
    add = f"/api/carrinho/{session}/adicionar"
    for left, words in ((2, "restam 2 unidades"), (1, "resta 1 unidade"), (0, "não resta nenhuma unidade")):
        shop.admin.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": left, "operacao": "definir"}).ok()
        expected = f"Estoque insuficiente: {words} de Quindim"
        problem = shop.public.post(add, {"produto_id": product["id"], "quantidade": 1}).problem("estoque_insuficiente")
        assert problem["detail"] == expected
        if left < 2:
            problem = shop.public.post("/api/pedidos", shop.checkout(session)).problem("estoque_insuficiente")
            assert problem["detail"] == expected
