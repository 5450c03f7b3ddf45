"""Repeating an add is safe: with one Idempotency-Key it counts once, and the repeat gets the first answer again."""
import uuid

import pytest

from test_concorrencia import statuses, together

CHAVES_MAX = 1000  # of a session: fcgi/carrinho/escrita.c
KEY_BYTES = 400  # of Redis, at most, however long a key is
DAY_MS = 86_400_000


def key():
    """A new one."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def adding(session, product, quantidade=2):
    """The address and the body of a call."""
    return f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": quantidade}


def quantities(shop, session):
    """What the cart holds."""
    lines = shop.public.get(f"/api/carrinho/{session}").data["itens"]
    return {line["produto_id"]: line["quantidade"] for line in lines}


def test_the_repeat_gets_the_first_answer(shop):
    """Status and body are those of then, whatever has happened to the cart since; only the header tells."""
    product, session, headers = shop.product()["id"], shop.session(), key()
    path, body = adding(session, product)
    first = shop.public.post(path, body, headers=headers)
    assert first.ok()["quantidade"] == 2 and first.headers["Idempotency-Replayed"] is None
    shop.public.post(path, body, headers=key()).ok()
    shop.public.post(path, body).ok()
    before = shop.public.get(f"/api/carrinho/{session}")
    again = shop.public.post(path, body, headers=headers)
    assert again.status == 200 and again.body == first.body and again.headers["Idempotency-Replayed"] == "true"
    after = shop.public.get(f"/api/carrinho/{session}")
    assert after.body == before.body and quantities(shop, session) == {product: 6}


@pytest.mark.parametrize("quantidade", [1, 9999])
def test_fifty_repeats_at_once_count_once(shop, quantidade):
    """All of them get the same answer, and one of them is the first."""
    product, headers = shop.product(estoque=9999)["id"], key()
    path, body = adding(session := shop.session(), product, quantidade)
    answers = together(shop, [lambda client: client.post(path, body, headers=headers)] * 50)
    assert statuses(answers) == {200: 50} and len({answer.body for answer in answers}) == 1
    assert sum(answer.headers["Idempotency-Replayed"] is None for answer in answers) == 1
    assert quantities(shop, session) == {product: quantidade}


def test_another_call_with_the_key_is_refused(shop):
    """Another quantity, another product, another spelling; the cart is as it was, and the key is the first call's."""
    product, other, session, headers = shop.product()["id"], shop.product()["id"], shop.session(), key()
    path, body = adding(session, product)
    first = shop.public.post(path, body, headers=headers)
    for different in (
        {**body, "quantidade": 3},
        {**body, "produto_id": other},
        {"produto_id": product},
        b'{"produto_id":%d,"quantidade":2}  ' % product,
        {**body, "produto_id": 2**31 - 1},
    ):
        shop.public.post(path, different, headers=headers).problem("chave_reutilizada")
    assert quantities(shop, session) == {product: 2}
    assert shop.public.post(path, body, headers=headers).body == first.body


def test_a_key_belongs_to_its_session(shop):
    """Two customers who both send the key 1 have nothing to do with each other."""
    product, headers = shop.product()["id"], {"Idempotency-Key": "1"}
    sessions = [shop.session(), shop.session()]
    for quantidade, session in enumerate(sessions, 1):
        answer = shop.public.post(*adding(session, product, quantidade), headers=headers)
        assert answer.ok()["quantidade"] == quantidade and answer.headers["Idempotency-Replayed"] is None
    opened = [shop.public.post("/api/carrinho/sessao", headers=headers) for _ in range(2)]
    assert len({answer.ok(201)["session_id"] for answer in opened}) == 2


def test_a_refused_call_leaves_its_key_free(shop):
    """It changed nothing: once what stood in its way is gone, the same call with the same key is done."""
    product, session, headers = shop.product(estoque=1)["id"], shop.session(), key()
    path, body = adding(session, product)
    shop.public.post(path, body, headers=headers).problem("estoque_insuficiente")
    shop.public.post(path, body, headers={**headers, "If-Match": '"0.x"'}).problem("versao_diferente")
    shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 5, "operacao": "definir"}).ok()
    done = shop.public.post(path, {**body, "quantidade": 3}, headers=headers)
    assert done.ok()["quantidade"] == 3 and done.headers["Idempotency-Replayed"] is None
    shop.public.post(path, body, headers=headers).problem("chave_reutilizada")


def test_what_was_done_is_answered_when_it_could_not_be_done_now(shop):
    """The product went off sale or is short; the version that the call asked for has passed. A new call is refused."""
    product, session, headers = shop.product(estoque=2)["id"], shop.session(), key()
    path, body = adding(session, product)
    tag = {"If-Match": shop.public.get(f"/api/carrinho/{session}").etag}
    first = shop.public.post(path, body, headers={**headers, **tag})
    assert first.ok()["quantidade"] == 2
    assert shop.public.post(path, body, headers={**headers, **tag}).body == first.body
    shop.public.post(path, body, headers={**key(), **tag}).problem("versao_diferente")
    shop.public.post(path, body, headers=key()).problem("estoque_insuficiente")
    shop.admin.delete(f"/api/produtos/{product}").ok()
    assert shop.public.post(path, body, headers=headers).body == first.body
    shop.public.post(path, body, headers=key()).problem("produto_nao_encontrado")
    shop.redis().delete(f"carrinho:{session}")
    shop.public.post(path, body, headers=headers).problem("sessao_nao_encontrada")


@pytest.mark.parametrize("bad", ["", "k" * 256, "chávê".encode()], ids=["empty", "long", "accents"])
def test_a_key_that_is_none(shop, bad):
    """From 1 to 255 printable characters of ASCII; at both POSTs."""
    product, session = shop.product()["id"], shop.session()
    for path, body in (adding(session, product), ("/api/carrinho/sessao", None)):
        answer = shop.public.post(path, body, headers={"Idempotency-Key": bad})
        answer.problem("parametro_invalido", "Idempotency-Key")
    longest = {"Idempotency-Key": "~" * 255}
    assert shop.public.post(*adding(session, product), headers=longest).ok()["quantidade"] == 2
    assert shop.public.post(*adding(session, product), headers=longest).headers["Idempotency-Replayed"] == "true"


def test_keys_are_bounded_in_number_and_time(shop):
    """The newest thousand of a session are known, for a day after the last of them; the oldest go."""
    product, session = shop.product(estoque=9999)["id"], shop.session()
    path, body = adding(session, product, 1)
    kept, carts = f"carrinho:{session}:chaves", shop.redis()

    def send(number):
        return shop.public.post(path, body, headers={"Idempotency-Key": f"chave {number}".ljust(255, "~")})

    for number in range(CHAVES_MAX):
        send(number).ok()
    members = carts.hlen(kept)
    assert members == 2 * CHAVES_MAX + 1 and carts.memory_usage(kept, samples=0) < KEY_BYTES * CHAVES_MAX
    assert send(0).headers["Idempotency-Replayed"] == "true"
    for number in range(CHAVES_MAX, CHAVES_MAX + 50):
        send(number).ok()
    assert carts.hlen(kept) == members
    assert send(50).headers["Idempotency-Replayed"] == "true"
    assert send(CHAVES_MAX + 49).headers["Idempotency-Replayed"] == "true"
    assert quantities(shop, session) == {product: CHAVES_MAX + 50}
    assert send(49).headers["Idempotency-Replayed"] is None
    carts.pexpire(kept, 600_000)
    send("new").ok()
    assert DAY_MS - 600_000 < carts.pttl(kept) <= DAY_MS


def test_an_add_without_a_key_keeps_nothing(shop):
    """It has no second key in Redis."""
    session = shop.cart({shop.product()["id"]: 1})
    assert not shop.redis().exists(f"carrinho:{session}:chaves")
