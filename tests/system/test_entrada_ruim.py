"""Bad input, everywhere: every call gets every kind of nonsense, and answers with the status and the words it deserves.

What a call takes is a row of CALLS; what is wrong with it comes from the tables of nonsense. None of it may be a 500,
and in the end every worker must be the process that it was in the beginning.
"""
import copy
import gzip
import json
import uuid
from posixpath import normpath
from urllib.parse import unquote

import pytest

from client import exact
from entrada_ruim import (
    BAD_INTS,
    BAD_UUIDS,
    BARE,
    CALLS,
    EMAIL,
    EVERY,
    FOTO,
    MISSING_INT,
    MISSING_UUID,
    NOT_JSON,
    NOT_JSON_TYPES,
    NO_OBJECT,
    RULE,
    STOCK,
    TELEFONE,
    TIME,
    TOKENS,
    Call,
)
from shop import CLIENTE, Shop

SERVICES = {"/produtos": "catalogo", "/categorias": "catalogo", "/carrinho": "carrinho"}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "LINK", "XYZ"]


pytestmark = pytest.mark.usefixtures("same_workers")


class World:
    """What the paths' placeholders stand for, and how to call."""

    def __init__(self, shop):
        self.shop = shop
        self.product, self.category = shop.product(estoque=1000), shop.category()
        order = shop.order({self.product["id"]: 1})
        self.names = {
            "produto": self.product["id"],
            "item": self.product["id"],
            "categoria": self.category,
            "pedido": order["id"],
        }

    def path(self, call, **names):
        """The call's path, with a fresh cart."""
        if "{sessao}" in call.path and "sessao" not in names:
            names["sessao"] = self.session()
        return call.path.format(**{**self.names, **names})

    def session(self):
        """A cart with something in it."""
        return self.shop.cart({self.product["id"]: 1})

    def body(self, call):
        """A body that the call takes."""
        raw = json.dumps(call.body)
        if "{sessao}" in raw:
            raw = raw.replace("{sessao}", self.session())
        return json.loads(raw.replace("{novo}", f"Nome {uuid.uuid4()}"))

    def client(self, call):
        """Somebody who may."""
        return self.shop.admin if call.admin else self.shop.public


@pytest.fixture(name="shop", scope="module")
def fixture_shop():
    """Its own shop: what its logs hold, these tests have caused."""
    with Shop() as running:
        yield running


@pytest.fixture(scope="module", name="world")
def fixture_world(shop):
    """One product, one category, one order, for all."""
    return World(shop)


def with_field(body, name, raw):
    """The body as bytes, with the field's value replaced by raw JSON."""
    body, mark = copy.deepcopy(body), "@@aqui@@"
    *parents, last = name.split(".")
    node = body
    for parent in parents:
        node = node[parent]
    node[last] = mark
    return json.dumps(body, ensure_ascii=False).replace(f'"{mark}"', raw).encode()


def without_field(body, name):
    """The body without the field."""
    body = copy.deepcopy(body)
    *parents, last = name.split(".")
    node = body
    for parent in parents:
        node = node[parent]
    del node[last]
    return body


def would_take(shop, call, path, body):
    """Whether openapi.yaml says that the body is fine."""
    _, operation = shop.contract.operation(call.method, path)
    try:
        return not shop.contract.schemas.errors(shop.contract.request_schema(operation), exact(body))
    except (ArithmeticError, ValueError):
        return False


def by_id(call):
    """The name of a test."""
    return str(call)


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_the_call_itself_is_good(world, call):
    """The rows of the table are right: what they say is taken, is."""
    answer = world.client(call).request(call.method, world.path(call), world.body(call))
    assert answer.status in (200, 201), answer


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_every_field_with_every_nonsense(world, call):
    """422, and the field is named; openapi.yaml would not take it either."""
    path, body, client = world.path(call), world.body(call), world.client(call)
    for name, kind in call.fields.items():
        for raw in kind.bad:
            sent = with_field(body, name, raw)
            problem = client.request(call.method, path, sent).problem("campos_invalidos")
            named = {line["campo"] for line in problem["detalhes"]}
            assert name in named and all(one == name or one.startswith(name + ".") for one in named), (
                name,
                raw[:60],
                problem,
            )
    for name in call.fields:
        kind = call.fields[name]
        loose = [raw for raw in kind.bad if would_take(world.shop, call, path, with_field(body, name, raw))]
        semantic = {raw for raw in kind.bad if kind in (TIME, EMAIL, TELEFONE, FOTO) or "\\u0000" in raw or raw in RULE}
        semantic |= {"2147483648"} if kind is STOCK else set()
        assert set(loose) <= semantic | {"5.0", "1e3", "1e400", "0e999999999"}, f"openapi.yaml takes {name}: {loose}"


@pytest.mark.parametrize("call", [call for call in CALLS if call.required], ids=by_id)
def test_a_field_that_is_missing(world, call):
    """Each alone, and all at once: every one is named."""
    path, body, client = world.path(call), world.body(call), world.client(call)
    for name in call.required:
        client.request(call.method, path, without_field(body, name)).problem("campos_invalidos", name)
    problem = client.request(call.method, path, {}).problem("campos_invalidos")
    assert {line["campo"] for line in problem["detalhes"]} == {name for name in call.required if "." not in name}


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_field_that_nobody_knows(world, call):
    """Named, together with what else is wrong; names that differ only in case are unknown too."""
    path, body, client = world.path(call), world.body(call), world.client(call)
    first = next(iter(body))
    for name in ("desconhecido", "id", first.upper(), first + " ", "", "__proto__", "é", "a" * 300):
        client.request(call.method, path, {**body, name: 1}).problem("campos_invalidos", name)
    problem = client.request(call.method, path, {**body, "x": 1, "y": None}).problem("campos_invalidos", "x", "y")
    assert all("desconhecido" in line["erro"] for line in problem["detalhes"])
    if "cliente" in body:
        nested = {**body, "cliente": {**CLIENTE, "cpf": "1"}, "z": 1}
        client.request(call.method, path, nested).problem("campos_invalidos", "cliente.cpf", "z")


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_thousand_fields_that_nobody_knows(world, call):
    """The first hundred are named: the answer is no longer than what was asked."""
    body = {**world.body(call), **{f"x{number}": number for number in range(1000)}}
    problem = world.client(call).request(call.method, world.path(call), body).problem("campos_invalidos")
    assert len(problem["detalhes"]) == 100
    assert {line["campo"] for line in problem["detalhes"]} <= body.keys()


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_what_is_no_json(world, call):
    """400: broken, too deep, a name twice, not UTF-8, nothing. JSON that is no object, or has a NUL in a name: 422."""
    path, client = world.path(call), world.client(call)
    client.request(call.method, path).problem("json_invalido")
    for body in NOT_JSON:
        answer = client.request(call.method, path, body)
        assert answer.problem("json_invalido"), body[:60]
    for body in NO_OBJECT:
        problem = client.request(call.method, path, body).problem("campos_invalidos", "")
        assert problem["detalhes"][0]["erro"], body


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_byte_order_mark_before_the_body(world, call):
    """Some editors and languages write one: it is ignored."""
    body = b"\xef\xbb\xbf" + json.dumps(world.body(call)).encode()
    client = world.shop.client(world.shop.admin.token if call.admin else None, checked=False)
    answer = client.request(call.method, world.path(call), body)
    assert answer.status in (200, 201, 409), answer


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_body_that_is_compressed(world, call):
    """415 that says what would do (RFC 9110, section 15.5.16); identity is no compression."""
    path, client, plain = world.path(call), world.client(call), json.dumps({"desconhecido": 1}).encode()
    for body in (gzip.compress(plain), plain):
        answer = client.request(call.method, path, body, headers={"Content-Encoding": "gzip"})
        assert "Content-Encoding" in answer.problem("tipo_nao_suportado")["detail"]
        assert answer.headers["Accept-Encoding"] == "identity"
    client.request(call.method, path, plain, headers={"Content-Encoding": "identity"}).problem("campos_invalidos")


@pytest.mark.parametrize("call", [call for call in EVERY if call.admin and call.method != "GET"], ids=by_id)
def test_a_parameter_on_an_administrators_write(world, call):
    """400: none of them has any, and one that is not heeded does harm. Customers' calls ignore it."""
    path = world.path(call)
    problem = world.client(call).request(call.method, path + "?forcar=1&x", world.body(call) if call.body else None)
    assert problem.problem("parametro_invalido", "forcar", "x")


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_body_of_another_type(world, call):
    """415; application/json is fine with parameters and in capitals."""
    path, client = world.path(call), world.client(call)
    for kind in NOT_JSON_TYPES:
        client.request(call.method, path, world.body(call), headers={"Content-Type": kind}).problem(
            "tipo_nao_suportado"
        )
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"):
        client.request(call.method, path, {"desconhecido": 1}, headers={"Content-Type": kind}).problem(
            "campos_invalidos"
        )


@pytest.mark.parametrize("call", EVERY, ids=by_id)
def test_a_body_that_is_too_large(world, call):
    """413, whoever asks, in whatever pieces it comes; 64 KiB sharp are taken where a body is."""
    path = world.path(call)
    for body in (b" " * 70000, b'{"nome": "' + b"a" * 70000 + b'"}', b" " * 65537):
        world.shop.client().request(call.method, path, body).problem("corpo_grande")
    pieces = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(18)) + b"0\r\n\r\n"
    world.shop.client().request(call.method, path, pieces, headers={"Transfer-Encoding": "chunked"}).problem(
        "corpo_grande"
    )
    if call.body:
        body = json.dumps(world.body(call)).encode()
        whole = world.client(call).request(call.method, path, body + b" " * (65536 - len(body)))
        assert whole.status in (200, 201, 409), whole


@pytest.mark.parametrize("call", CALLS, ids=by_id)
def test_a_body_in_pieces(world, call):
    """Chunked is as good as a Content-Length."""
    body = json.dumps(world.body(call)).encode()
    pieces = (
        b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
        + b"0\r\n\r\n"
    )
    client = world.shop.client(world.shop.admin.token if call.admin else None, checked=False)
    answer = client.request(call.method, world.path(call), pieces, headers={"Transfer-Encoding": "chunked"})
    assert answer.status in (200, 201, 409), answer


@pytest.mark.parametrize(
    "call", [call for call in BARE if call.method != "GET" and "produto}" not in call.path], ids=by_id
)
def test_a_body_where_none_is_read(world, call):
    """Does no harm."""
    client = world.shop.client(checked=False)
    answer = client.request(
        call.method, world.path(call), b'{"qualquer": "coisa"', headers={"Content-Type": "text/plain"}
    )
    assert answer.status in ((401,) if call.admin else (200, 201, 409)), answer


def test_a_wrong_method(world):
    """405, and Allow says which there are; on the front door and on the service's own port."""
    allowed = {}
    for call in EVERY:
        allowed.setdefault(call.path, set()).add(call.method)
    for template, methods in allowed.items():
        path = world.path(Call("", template))
        service = next((name for word, name in SERVICES.items() if word in path), "pedidos")
        for method in METHODS:
            if method in methods:
                continue
            for pool in (None, service):
                answer = world.shop.client(world.shop.admin.token, pool).request(method, path, {})
                answer.problem("metodo_nao_permitido")
                given = answer.headers["Allow"].split(", ")
                expected = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
                assert set(given) == expected and len(given) == len(expected), answer
    assert world.shop.public.head("/api/carrinho/sessao").status == 405


@pytest.mark.parametrize("call", [call for call in EVERY if "{" in call.path], ids=by_id)
def test_an_id_that_is_not_one(world, call):
    """404 of no route, however it is written; never the route of another id."""
    client = world.shop.client(world.shop.admin.token)
    for name in ("produto", "categoria", "item", "sessao", "pedido"):
        if "{%s}" % name not in call.path:
            continue
        for bad in BAD_UUIDS if name in ("sessao", "pedido") else BAD_INTS:
            path = world.path(call, **{name: bad})
            answer = client.request(call.method, path, call.body)
            if normpath(unquote(path)) == "/api":  # nginx resolves the dots: the page of the reference
                assert answer.status == 405 or answer.headers["Content-Type"].startswith("text/html"), answer
            else:
                assert answer.problem("rota_nao_encontrada"), bad


@pytest.mark.parametrize("call", EVERY, ids=by_id)
def test_an_address_that_is_almost_right(world, call):
    """A slash too many, dots, other letters, slashes in disguise: no route."""
    client = world.shop.client(world.shop.admin.token, checked=False)
    path = world.path(call)
    for wrong in (
        path + "/",
        path + "//",
        path + "/x",
        path + "x",
        path + "%20",
        path + "%2F",
        path.replace("/api", "/API"),
        "/api/." + path[4:],
        path.replace("/", "%2F")[3:].join(("/", "")),
        "/api/x/.." + path[4:],
        "/api/x/%2e%2e" + path[4:],
        path + ";a=1",
        path.replace("/api/", "/api//") if "/api/" in path else path + "/x",
    ):
        if wrong == path:
            continue
        answer = client.request(call.method, wrong, call.body)
        assert answer.status in (404, 405), (wrong, answer)
        assert answer.problem("rota_nao_encontrada" if answer.status == 404 else "metodo_nao_permitido"), wrong
        assert answer.status == 404 or not wrong.startswith("/api"), (wrong, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/api/produtos/%00",
        "/api/produtos/1%00",
        "/api/produtos/%",
        "/api/produtos/%zz",
        "/api/produtos/%1",
        "/%00",
        "/%zz",
        "/api/carrinho/%00/adicionar",
        "/api/pedidos/%zz/status",
        "/api/produtos?busca=%zz",
    ],
)
def test_an_address_with_broken_escapes(shop, path):
    """400, also where nginx answers by itself."""
    for pool in (None, "catalogo") if "produtos" in path else (None,):
        shop.client(pool=pool).get(path).problem("requisicao_invalida")


def test_percent_encoding_of_ordinary_letters(shop):
    """Is the same address."""
    assert shop.public.get("/api/%70rodutos/%31").data["id"] == 1
    assert shop.public.get("/%61pi/produtos/1/estoqu%65").data["produto_id"] == 1


@pytest.mark.parametrize(
    "call, names, codigo",
    [
        (call, names, codigo)
        for call in EVERY
        for template, names, codigo in (
            ("{produto}", {"produto": MISSING_INT}, "produto_nao_encontrado"),
            ("{categoria}", {"categoria": MISSING_INT}, "categoria_nao_encontrada"),
            ("{sessao}", {"sessao": MISSING_UUID}, "sessao_nao_encontrada"),
            ("{pedido}", {"pedido": MISSING_UUID}, "pedido_nao_encontrado"),
        )
        if template in call.path
    ],
    ids=lambda value: str(value) if isinstance(value, Call) else "",
)
def test_an_id_of_nothing(world, call, names, codigo):
    """404 that says of what."""
    body = world.body(call) if call.body else None
    world.client(call).request(call.method, world.path(call, **names), body).problem(codigo)


def test_things_of_a_body_that_are_not_there(world):
    """Unknown products and sessions in a body are found missing too."""
    shop = world.shop
    shop.public.post(f"/api/carrinho/{world.session()}/adicionar", {"produto_id": MISSING_INT}).problem(
        "produto_nao_encontrado"
    )
    shop.public.put(f"/api/carrinho/{world.session()}/atualizar/{MISSING_INT}", {"quantidade": 1}).problem(
        "item_nao_encontrado"
    )
    shop.public.delete(f"/api/carrinho/{world.session()}/remover/{MISSING_INT}").ok()
    shop.public.post("/api/pedidos", shop.checkout(MISSING_UUID)).problem("sessao_nao_encontrada")


@pytest.mark.parametrize("call", [call for call in EVERY if call.admin], ids=by_id)
def test_no_token_or_a_wrong_one(world, call):
    """401 before anything else is looked at; 403 with a token for something else."""
    path = world.path(call)
    for token in TOKENS:
        header = token.format(token=world.shop.admin.token) if token else token
        for body in (call.body, b"{", None):
            answer = world.shop.client().request(call.method, path, body, headers={"Authorization": header})
            assert answer.problem("nao_autenticado"), token
    service = world.shop.client(world.shop.secret("pedidos.token"))
    service.request(call.method, path, call.body).problem("nao_autorizado")
    service.request(call.method, path, b"{").problem("nao_autorizado")
    lower = {"Authorization": f"bearer {world.shop.admin.token}"}
    if call.body:
        world.shop.client().request(call.method, path, {"desconhecido": 1}, headers=lower).problem("campos_invalidos")


def test_every_worker_is_the_one_it_was(shop, same_workers):
    """After all of this."""
    assert shop.workers() == same_workers
    assert shop.health("healthy")
    assert not shop.sanitizer_reports()
    for name, log in shop.logs().items():
        assert "codigo=erro_interno" not in log and " status=500 " not in log, name
