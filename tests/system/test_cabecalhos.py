"""Headers: what pages of other origins may read, and request ids through every log."""
import re
import uuid

import pytest

from shop import eventually

# Other origins


@pytest.mark.parametrize(
    "path", ["/api/produtos", "/api/produtos/1/estoque", "/api/carrinho/sessao", "/api/pedidos", "/health"]
)
def test_a_preflight(shop, path):
    """nginx answers for the whole API."""
    headers = {
        "Origin": "https://loja.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match",
    }
    answer = shop.public.request("OPTIONS", path, headers=headers)
    assert answer.status == 204 and answer.body == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    wanted = (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent, tracestate"
    )
    for header in wanted.split(", "):
        assert header in answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert answer.headers["Access-Control-Allow-Credentials"] is None
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    direct = shop.client(pool="catalogo").request("OPTIONS", path, headers=headers)
    assert direct.status == 204 and direct.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("GET", "/api/produtos/1", None),
        ("GET", "/api/produtos/9999999", None),
        ("POST", "/api/carrinho/sessao", None),
        ("GET", "/nada", None),
        ("POST", "/api/pedidos", b"x" * 70000),
        ("GET", "/api/pedidos", None),
        ("GET", "/health", None),
    ],
)
def test_pages_of_other_origins_can_read_every_answer(shop, method, path, body):
    """Failures and nginx's own answers included."""
    answer = shop.client().request(method, path, body, headers={"Origin": "https://loja.example"})
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert set(exposed) >= {"X-Request-Id", "ETag", "Location", "Retry-After", "Idempotency-Replayed"}
    assert answer.headers["Set-Cookie"] is None


# Request ids


@pytest.mark.parametrize("given", ["abc", "A-Z_0.9", "x" * 64, "req-2026.11.26-7"])
def test_a_sane_request_id_is_kept(shop, given):
    """It comes back, in the problem as well."""
    assert shop.public.get("/api/categorias", headers={"X-Request-Id": given}).headers.get_all("X-Request-Id") == [
        given
    ]
    assert (
        shop.public.get("/api/produtos/9999999", headers={"X-Request-Id": given}).problem("produto_nao_encontrado")[
            "request_id"
        ]
        == given
    )
    assert (
        shop.public.get("/nada", headers={"X-Request-Id": given}).problem("rota_nao_encontrada")["request_id"] == given
    )


@pytest.mark.parametrize(
    "given", [None, "", "x" * 65, "com espaço".encode().decode("latin-1"), "a b", 'a"b', "a;b", "<b>", "a=b", "../x"]
)
def test_any_other_request_id_is_replaced(shop, given):
    """By one of our own, different each time."""
    ids = [
        shop.public.get("/api/categorias", headers={"X-Request-Id": given}).headers["X-Request-Id"] for _ in range(2)
    ]
    assert ids[0] != ids[1] and all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_a_request_id_is_in_every_log_that_it_touched(shop):
    """An order goes through nginx, pedidos, carrinho and catálogo: one id finds all of it."""
    session = shop.cart({shop.product()["id"]: 1})
    request_id = f"pedido-{uuid.uuid4().hex[:12]}"
    shop.public.post("/api/pedidos", shop.checkout(session), headers={"X-Request-Id": request_id}).ok(201)
    expected = ("acesso.log", "interno.log", "pedidos.log", "carrinho.log", "catalogo.log")
    assert eventually(lambda: all(request_id in shop.logs()[name] for name in expected))
    lines = [line for line in shop.logs()["catalogo.log"].splitlines() if request_id in line]
    assert any("/interno/reservas" in line for line in lines), lines
    for name in expected[2:]:
        for line in shop.logs()[name].splitlines():
            if request_id in line and "event=request" in line:
                assert re.search(r"status=\d{3} us=\d+", line), line


# Traces (https://www.w3.org/TR/trace-context/)

TRACED = ("acesso.log", "interno.log", "pedidos.log", "carrinho.log", "catalogo.log")


def traced_order(shop, *traceparents):
    """Places an order for each header, and gives what the lines of its requests say: log -> trace ids and span ids."""
    asked = {}
    for header in traceparents:
        session, ident = shop.cart({shop.product()["id"]: 1}), f"rastro-{uuid.uuid4().hex[:12]}"
        headers = {"X-Request-Id": ident, "traceparent": header, "tracestate": "a=1"}
        shop.public.post("/api/pedidos", shop.checkout(session), headers=headers).ok(201)
        asked[ident] = header

    def lines(name, ident):
        found = [line for line in shop.logs()[name].splitlines() if f"request_id={ident} " in line]
        return found if name in TRACED[:2] else [line for line in found if " event=request " in line]

    assert eventually(lambda: all(lines(name, ident) for name in TRACED for ident in asked))
    for ident in asked:
        yield {name: [re.findall(r" (?:trace|span)_id=(\S+)", line) for line in lines(name, ident)] for name in TRACED}


def test_a_trace_goes_through_all_services(shop):
    """One trace id, a span id for each request. An id that could be a key goes on, and is not written whole."""
    own, key = "4bf92f3577b3cda6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = (f"00-{own}-00f067aa0ba902b7-01", f"cc-{own}-00f067aa0ba902b7-01-later", f"00-{key}-00f067aa0ba902b7-00")
    for wanted, found in zip((own, own, f"{key[:8]}{{}}"), traced_order(shop, *headers)):
        assert all(ids[:1] == [wanted] for name in TRACED for ids in found[name]), found
        spans = [ids[1] for name in TRACED[2:] for ids in found[name]]
        assert len(set(spans)) == len(spans) >= 3 and all(re.fullmatch("[0-9a-f]{16}", span) for span in spans)


def test_any_other_traceparent_is_as_if_none_had_come(shop):
    """None is made in its place either."""
    own = "4bf92f3577b3cda6a3ce929d0e0e4736"
    headers = (
        f"00-{own}-00f067aa0ba902b7-01-x",
        f"ff-{own}-00f067aa0ba902b7-01",
        f"00-{own.upper()}-00f067aa0ba902b7-01",
    )
    for found in traced_order(shop, *headers):
        assert not [ids for name in TRACED for ids in found[name] if ids], found
