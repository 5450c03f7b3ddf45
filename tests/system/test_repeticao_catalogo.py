"""An administrator's call that is repeated with its Idempotency-Key: done once, and answered as the first time."""
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from mudancas import key_of, path_of, rows_of, sale
from shop import eventually


def replay(first, again, status):
    """Asserts that the second answer is the first one again."""
    assert again.ok(status) == first.ok(status) and again.json == first.json
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name], name
    assert first.headers["Idempotency-Replayed"] is None
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_repeated_change_of_stock_counts_once(shop):
    """And is answered as the first time, whatever has happened since; also one whose condition is no longer true."""
    product = shop.product(estoque=49)
    path, key = path_of(product, "/estoque"), key_of()
    body = {"quantidade": 10, "operacao": "adicionar"}
    headers = {**key, "If-Match": shop.public.get(path_of(product)).etag}
    first = shop.admin.put(path, body, headers=headers)
    assert first.data["estoque"] == 59
    sale(shop, product)
    shop.admin.patch(
        path_of(product), {"preco": 45.5, "nome": "Outro", "foto_url": "https://exemplo.com.br/f.jpg"}
    ).ok()
    replay(first, shop.admin.put(path, body, headers=headers), 200)
    replay(first, shop.admin.put(path, body, headers=key), 200)
    assert shop.stock(product["id"]) == 58 and rows_of(shop, product) == 4
    assert shop.admin.put(path, body, headers=key_of()).data["estoque"] == 68


def test_a_repeated_product_is_made_once(shop):
    """The same product, with the address that it was given."""
    body = {"nome": f"Produto {uuid.uuid4()}", "preco": 45.9, "estoque": 3, "categoria_id": shop.category()}
    key = key_of()
    first = shop.admin.post("/api/produtos", body, headers=key)
    shop.admin.patch(first.headers["Location"], {"preco": 50, "estoque": 1}).ok()
    again = shop.admin.post("/api/produtos", body, headers=key)
    replay(first, again, 201)
    assert str(again.ok(201)["preco"]) == "45.90"
    assert shop.public.get(f"/api/produtos?categoria_id={body['categoria_id']}").json["total"] == 1


def test_a_repeated_category_is_made_once(shop):
    """Not refused because of its own name."""
    body, key = {"nome": f"Categoria {uuid.uuid4()}"}, key_of()
    first = shop.admin.post("/api/categorias", body, headers=key)
    replay(first, shop.admin.post("/api/categorias", body, headers=key), 201)
    shop.admin.post("/api/categorias", body, headers=key_of()).problem("nome_em_uso")
    shop.admin.delete(first.headers["Location"]).ok()
    replay(first, shop.admin.post("/api/categorias", body, headers=key), 201)


def test_a_key_is_for_one_call(shop):
    """Another body, another address or another call with it is a conflict, and does nothing."""
    one, two, key = shop.product(estoque=1), shop.product(estoque=1), key_of()
    body = {"quantidade": 1, "operacao": "adicionar"}
    shop.admin.put(path_of(one, "/estoque"), body, headers=key).ok()
    for method, path, other in (
        ("PUT", path_of(one, "/estoque"), {**body, "quantidade": 2}),
        ("PUT", path_of(two, "/estoque"), body),
        ("POST", "/api/produtos", {"nome": "P", "preco": 1, "categoria_id": one["categoria_id"]}),
        ("POST", "/api/categorias", {"nome": f"Categoria {uuid.uuid4()}"}),
    ):
        shop.admin.request(method, path, other, headers=key).problem("chave_reutilizada")
    assert shop.stock(one["id"]) == 2 and shop.stock(two["id"]) == 1
    assert shop.public.get(f"/api/produtos?categoria_id={one['categoria_id']}").json["total"] == 1


def test_a_refused_call_leaves_its_key_free(shop):
    """What changed nothing may be asked again, also otherwise."""
    product, key = shop.product(estoque=1), key_of()
    path = path_of(product, "/estoque")
    shop.admin.put(path, {"quantidade": 2, "operacao": "remover"}, headers=key).problem("estoque_insuficiente")
    shop.admin.put(path, {"quantidade": 0, "operacao": "remover"}, headers=key).problem("campos_invalidos")
    shop.admin.put("/api/produtos/2147483647/estoque", {"quantidade": 2, "operacao": "remover"}, headers=key).problem(
        "produto_nao_encontrado"
    )
    shop.admin.put(path, {"quantidade": 1, "operacao": "remover"}, headers={**key, "If-Match": '"x"'}).problem(
        "versao_diferente"
    )
    orphan = {"nome": "P", "preco": 1, "categoria_id": 2147483647}
    shop.admin.post("/api/produtos", orphan, headers=key).problem("campos_invalidos", "categoria_id")
    name = shop.public.get(f"/api/categorias/{product['categoria_id']}").data["nome"]
    shop.admin.post("/api/categorias", {"nome": name}, headers=key).problem("nome_em_uso")
    done = shop.admin.put(path, {"quantidade": 1, "operacao": "remover"}, headers=key)
    assert done.data["estoque"] == 0 and done.headers["Idempotency-Replayed"] is None


def test_keys_belong_to_their_token(shop):
    """Two administrators may use the same key; also one whose token has the name of another that was revoked."""
    product, key = shop.product(estoque=0), key_of()
    body = {"quantidade": 1, "operacao": "adicionar"}
    for after in (1, 2):
        token = shop.script("token", "create", "passageiro").stdout.strip()
        changed = shop.client(token).put(path_of(product, "/estoque"), body, headers=key)
        assert changed.data["estoque"] == after
        shop.script("token", "revoke", "passageiro")
    shop.public.put(path_of(product, "/estoque"), body, headers=key).problem("nao_autenticado")


@pytest.mark.parametrize("key", ["", "x" * 256, "chave\u00e9"])
def test_a_bad_key_is_refused(shop, key):
    """And nothing is changed."""
    product = shop.product(estoque=1)
    shop.admin.put(
        path_of(product, "/estoque"),
        {"quantidade": 1, "operacao": "adicionar"},
        headers={"Idempotency-Key": key.encode("utf-8")},
    ).problem("parametro_invalido", "Idempotency-Key")
    assert shop.stock(product["id"]) == 1


def at_once(shop, number, call):
    """The answers of so many administrators who ask the same at the same moment."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: call(shop.client(shop.admin.token)), range(number)))


def test_thirty_repeats_at_once_count_once(shop):
    """One is first, the others wait for it and get its answer."""
    product, category, key = shop.product(estoque=0), shop.category(), key_of()
    body = {"nome": f"Produto {uuid.uuid4()}", "preco": 1, "categoria_id": category}
    name = {"nome": f"Categoria {uuid.uuid4()}"}
    for status, call in (
        (
            200,
            lambda client: client.put(
                path_of(product, "/estoque"), {"quantidade": 7, "operacao": "adicionar"}, headers=key
            ),
        ),
        (
            201,
            lambda client: client.post(
                "/api/produtos", body, headers={"Idempotency-Key": key["Idempotency-Key"] + "p"}
            ),
        ),
        (
            201,
            lambda client: client.post(
                "/api/categorias", name, headers={"Idempotency-Key": key["Idempotency-Key"] + "c"}
            ),
        ),
    ):
        answers = at_once(shop, 30, call)
        assert len({str(answer.ok(status)) for answer in answers}) == 1
        assert sorted(answer.headers["Idempotency-Replayed"] or "" for answer in answers) == [""] + ["true"] * 29
    assert shop.stock(product["id"]) == 7 and rows_of(shop, product) == 2
    assert shop.public.get(f"/api/produtos?categoria_id={category}").json["total"] == 1


def test_old_keys_are_swept_and_young_ones_kept(shop):
    """A key lives for a day; what is older goes as others come, about one call in fifty takes them along."""
    product, key = shop.product(estoque=0), key_of()
    path, body = path_of(product, "/estoque"), {"quantidade": 1, "operacao": "adicionar"}
    shop.admin.put(path, body, headers=key).ok()
    shop.psql(
        f"""UPDATE chaves SET criado_em = now() - interval '23 hours 50 minutes'
            WHERE chave = '{key["Idempotency-Key"]}'"""
    )
    shop.psql(
        """INSERT INTO chaves (dono, chave, resumo, resposta, criado_em)
           SELECT 'ninguem', n::text, '', '{}', now() - interval '25 hours' FROM generate_series(1, 1500) AS n"""
    )

    def swept():
        shop.admin.put(path, body, headers=key_of()).ok()
        return shop.value("SELECT count(*) FROM chaves WHERE dono = 'ninguem'") == "0"

    assert eventually(swept, every=0)
    assert shop.admin.put(path, body, headers=key).headers["Idempotency-Replayed"] == "true"


def test_a_million_keys_are_enough(shop):
    """Then a call with another one is refused, without effect; those that are there still work, as do calls without."""
    product, key = shop.product(estoque=0), key_of()
    path, body = path_of(product, "/estoque"), {"quantidade": 1, "operacao": "adicionar"}
    shop.admin.put(path, body, headers=key).ok()
    shop.psql(
        """INSERT INTO chaves (dono, chave, resumo, resposta, numero, criado_em) OVERRIDING SYSTEM VALUE
           SELECT 'ninguem', 'a primeira', '', '{}', max(numero) - 1000000, now() - interval '23 hours 59 minutes'
           FROM chaves"""
    )
    try:
        shop.admin.put(path, body, headers=key_of()).problem("muitas_requisicoes")
        assert shop.admin.put(path, body, headers=key).headers["Idempotency-Replayed"] == "true"
        assert shop.admin.put(path, body).data["estoque"] == 2
    finally:
        shop.psql("DELETE FROM chaves WHERE dono = 'ninguem'")
    assert shop.admin.put(path, body, headers=key_of()).data["estoque"] == 3
