"""Conditions on a cart: its tag is of what is shown, writes are held against its version; no change, no new tag."""
import pytest

from test_concorrencia import statuses, together


def read(shop, session):
    """The cart as it is shown."""
    return shop.public.get(f"/api/carrinho/{session}")


# fmt: off
WRITES = {
    "adicionar": lambda client, session, product, headers: client.post(
        f"/api/carrinho/{session}/adicionar", {"produto_id": product}, headers=headers),
    "atualizar": lambda client, session, product, headers: client.put(
        f"/api/carrinho/{session}/atualizar/{product}", {"quantidade": 7}, headers=headers),
    "remover": lambda client, session, product, headers: client.delete(
        f"/api/carrinho/{session}/remover/{product}", headers=headers),
    "esvaziar": lambda client, session, product, headers: client.delete(f"/api/carrinho/{session}", headers=headers),
}
# fmt: on


def test_a_tag_is_of_all_that_is_shown(shop):
    """It changes with the cart and with a price or the stock in it, and with nothing else; what is kept is a 304."""
    product, other = shop.product()["id"], shop.product()["id"]
    session = shop.cart({product: 2})
    tag = read(shop, session).etag
    shop.admin.patch(f"/api/produtos/{other}", {"preco": 99}).ok()
    assert read(shop, session).etag == tag
    kept = shop.public.get(f"/api/carrinho/{session}", headers={"If-None-Match": f'"x", W/{tag}'})
    assert kept.status == 304 and kept.etag == tag and kept.body == b""
    shop.public.get(f"/api/carrinho/{session}", headers={"If-Match": tag}).ok()
    tags = [tag]
    for change in (
        lambda: shop.admin.patch(f"/api/produtos/{product}", {"preco": 99}),
        lambda: shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 1, "operacao": "remover"}),
        lambda: shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": other}),
    ):
        change().ok()
        assert shop.public.get(f"/api/carrinho/{session}", headers={"If-None-Match": tags[-1]}).status == 200
        shop.public.get(f"/api/carrinho/{session}", headers={"If-Match": tags[-1]}).problem("versao_diferente")
        tags.append(read(shop, session).etag)
    assert len(set(tags)) == 4


@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_condition_is_false_changes_nothing(shop, write):
    """412; and with the tag of now, among others or as any, it is done."""
    product = shop.product()["id"]

    def send(session, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return WRITES[write](shop.public, session, product, named)

    session = shop.cart({product: 2})
    old = read(shop, session).etag
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product}).ok()
    before = read(shop, session)
    assert before.etag != old
    number = before.etag.split(".")[0].strip('"')
    for headers in (
        {"If_Match": old},
        {"If_Match": ""},
        {"If_Match": f'"{number}"'},
        {"If_Match": f'"{number}0.{"0" * 16}-1"'},
        {"If_Match": before.etag.strip('"')},
        {"If_None_Match": before.etag},
        {"If_None_Match": f'"x",W/{before.etag}'},
        {"If_None_Match": "*"},
        {"If_Match": before.etag, "If_None_Match": before.etag},
    ):
        send(session, **headers).problem("versao_diferente")
        assert read(shop, session).body == before.body
    answer = send(session, If_Match=f'"x" , W/{before.etag}', If_None_Match=old)
    assert answer.ok() and answer.etag is None, "no tag: a write's answer is not what a read shows"
    assert read(shop, session).body != before.body
    for headers in ({"If_Match": "*"}, {"If_None_Match": '"x"'}):
        send(shop.cart({product: 2}), **headers).ok()
    shop.redis().delete(f"carrinho:{session}")
    send(session, If_Match="*").problem("sessao_nao_encontrada")


def test_a_price_does_not_stand_in_the_way_of_a_write(shop):
    """A write is held against the cart; what the catalogue says of a product is another matter."""
    product = shop.product()["id"]
    session = shop.cart({product: 2})
    tag = read(shop, session).etag
    shop.admin.patch(f"/api/produtos/{product}", {"preco": 99}).ok()
    assert read(shop, session).etag != tag
    WRITES["atualizar"](shop.public, session, product, {"If-Match": tag}).ok()


def test_one_wins_with_the_same_tag(shop):
    """Of several writes that began with the same cart, exactly one is done; with any tag all are."""
    product = shop.product(estoque=1000)["id"]
    session = shop.cart({product: 1})
    tag = {"If-Match": read(shop, session).etag}
    answers = together(shop, [lambda client: WRITES["adicionar"](client, session, product, tag)] * 12)
    assert statuses(answers) == {200: 1, 412: 11}
    assert read(shop, session).data["itens"][0]["quantidade"] == 2
    for any_version in ({"If-Match": "*"}, {"If-None-Match": tag["If-Match"]}):
        answers = together(shop, [lambda client, h=any_version: WRITES["adicionar"](client, session, product, h)] * 12)
        assert statuses(answers) == {200: 12}
    assert read(shop, session).data["itens"][0]["quantidade"] == 26


def test_asking_for_what_is_so_changes_nothing(shop):
    """The quantity that is there, a line that is not, an empty cart: 200, the same tag, and no longer life."""
    product, session = shop.product(estoque=5)["id"], shop.session()
    path = f"/api/carrinho/{session}"
    shop.public.post(f"{path}/adicionar", {"produto_id": product, "quantidade": 5}).ok()
    shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 4, "operacao": "remover"}).ok()
    life, store = 600_000, shop.redis()
    store.pexpire(f"carrinho:{session}", life)
    before = read(shop, session)
    same = shop.public.put(f"{path}/atualizar/{product}", {"quantidade": 5}).ok()
    assert (same["quantidade"], same["total_itens"], same["expira_em"]) == (5, 1, before.data["expira_em"])
    shop.public.delete(f"{path}/remover/{2**31 - 1}").ok()
    assert read(shop, session).etag == before.etag and store.pttl(f"carrinho:{session}") <= life
    shop.public.put(f"{path}/atualizar/{product}", {"quantidade": 4}).problem("estoque_insuficiente")
    shop.public.put(f"{path}/atualizar/{product}", {"quantidade": 0}).problem("campos_invalidos", "quantidade")
    shop.public.put(f"{path}/atualizar/{product}", {"quantidade": 1}).ok()
    assert read(shop, session).etag != before.etag and store.pttl(f"carrinho:{session}") > life

    shop.public.delete(path).ok()
    store.pexpire(f"carrinho:{session}", life)
    emptied = read(shop, session)
    assert shop.public.delete(path).ok()["expira_em"] == emptied.data["expira_em"]
    assert read(shop, session).body == emptied.body and read(shop, session).etag == emptied.etag
    assert store.pttl(f"carrinho:{session}") <= life
