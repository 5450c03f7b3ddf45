"""Bad input below JSON: headers that are nonsense, requests that are hardly HTTP, addresses and headers without end."""
import json
import socket
import uuid

import pytest

from client import WAIT_SECONDS
from shop import DIRECT

pytestmark = pytest.mark.usefixtures("same_workers")


def cart(shop):
    """A cart with something in it."""
    return shop.cart({shop.product()["id"]: 1})


@pytest.mark.parametrize("key", ["", " ", "\t", "é", "a" * 256, "\x01", "chave\x7f", "a\tb"])
def test_an_idempotency_key_that_is_none(shop, key):
    """400 before anything is written. nginx may refuse control characters, or drop what is blank, by itself."""
    body = shop.checkout(cart(shop))
    answer = shop.public.post("/api/pedidos", body, headers={"Idempotency-Key": key.encode().decode("latin-1")})
    if key.strip() == "":
        assert answer.status in (201, 400), answer
    elif "\x01" in key:
        assert answer.status == 400, answer
    else:
        answer.problem("parametro_invalido", "Idempotency-Key")


def test_idempotency_keys_that_are_fine(shop):
    """Any printable ASCII, up to 255."""
    for key in ("a", "a b", "~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", "k" * 223 + uuid.uuid4().hex):
        key = key if len(key) > 200 else key + uuid.uuid4().hex
        body = shop.checkout(cart(shop))
        first = shop.public.post("/api/pedidos", body, headers={"Idempotency-Key": key}).ok(201)
        assert shop.public.post("/api/pedidos", body, headers={"Idempotency-Key": key}).ok(201) == first


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    "value",
    ["", '"', "W/", 'W/"', '""', ",", ',,"a",,', "*x", "é".encode().decode("latin-1"), '"' + "a" * 3000, "a" * 3000],
)
def test_a_condition_that_is_nonsense(shop, header, value):
    """Matches nothing, and breaks nothing."""
    path = f"/api/produtos/{shop.product()['id']}"
    if header == "If-None-Match":
        assert shop.public.get(path, headers={header: value}).status == 200
    else:
        assert shop.admin.patch(path, {}, headers={header: value}).status in ((200, 412) if value == "" else (412,))


def test_headers_and_addresses_that_are_too_long(shop):
    """414 and 431, as problems; a little less is fine."""
    shop.client().get("/api/produtos?x=" + "a" * 7000).ok()
    shop.client().get("/api/produtos?x=" + "a" * 9000).problem("endereco_grande")
    shop.client().get("/api/produtos", headers={"X-Grande": "a" * 7000}).ok()
    shop.client().get("/api/produtos", headers={"X-Grande": "a" * 9000}).problem("cabecalhos_grandes")
    shop.client().get("/api/produtos", headers={f"X-{i}": "a" * 7000 for i in range(6)}).problem("cabecalhos_grandes")


def raw(port, text):
    """Sends bytes, and that there are no more if they are unfinished; returns what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(text)
        if text.endswith(b"{"):
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "text, status",
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"get /api/produtos HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/produtos HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/produtos HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"GET api/produtos HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/produtos HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /api/produtos HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (
            b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"GET /api/produtos\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET /api/produtos?busca=\xe9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /api/produtos?busca=caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (
            b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
            400,
        ),
        (
            b"POST /api/pedidos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
            None,
        ),
    ],
)
def test_what_is_hardly_http(shop, text, status):
    """nginx's own refusals are problems too, and no 500."""
    for port in (shop.port, shop.base + DIRECT["pedidos" if b"pedidos" in text else "catalogo"]):
        answer = raw(port, text)
        if status is None:
            assert b" 500 " not in answer.split(b"\r\n", 1)[0]
            continue
        head, _, body = answer.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status, answer
        if status >= 400:
            assert b"application/problem+json" in head and json.loads(body)["success"] is False, answer


@pytest.mark.parametrize("size", [0, 1, 7000, 60000])
def test_a_body_that_nobody_reads(shop, size):
    """Refused before the body is looked at: the answer comes whole."""
    path = f"/api/produtos/{shop.product()['id']}/estoque"
    client = shop.client()
    for _ in range(20):
        client.put(path, body=b"x" * size).problem("nao_autenticado")
