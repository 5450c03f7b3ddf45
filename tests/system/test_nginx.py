"""What nginx answers by itself: a problem for every status that it can give, a true Allow, Connection: close before it
closes; and clients that close their side get their answer."""
import json
import re
import socket

import pytest

from client import WAIT_SECONDS
from generated import problems
from shop import DIRECT

ALL_OF_IT = ("catalogo", "catalogo-replica", "carrinho", "pedidos")
LONG = b"a" * 9000


class Wire:
    """A connection, spoken to in bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self.stream = self.socket.makefile("rb")

    def ask(self, text, body_follows=True):
        """Sends it; status, headers with names in small letters, body. None when the other side has closed."""
        try:
            self.socket.sendall(text)
            line = self.stream.readline()
        except ConnectionError:
            return None
        if not line:
            return None
        headers = {}
        for header in iter(self.stream.readline, b"\r\n"):
            name, _, value = header.decode().strip().partition(": ")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0)) if body_follows else 0
        return int(line.split()[1]), headers, self.stream.read(length)

    def finish(self, text):
        """Sends it, closes its side, and gives all that comes back."""
        self.socket.sendall(text)
        self.socket.shutdown(socket.SHUT_WR)
        return self.stream.read()

    def close(self):
        """Ends it."""
        self.stream.close()
        self.socket.close()


def request(line, *headers, body=b""):
    """A request of HTTP/1.1, unless its line says otherwise."""
    line = line if b"HTTP/" in line else line + b" HTTP/1.1"
    return b"\r\n".join((line, b"Host: loja", *headers, b"", body))


# fmt: off
# Every status that nginx gives by itself, and how to get it.
OWN = (
    ("requisicao_invalida", request(b"GET /a%00b")),
    ("requisicao_invalida", request(b"GET /../x")),
    ("requisicao_invalida", request(b"GET nada")),
    ("requisicao_invalida", request(b"OPTIONS *")),
    ("requisicao_invalida", request(b"PRI * HTTP/2.0")),
    ("requisicao_invalida", request(b"GET /", b"Host: outra")),
    ("requisicao_invalida", request(b"GET /", b'If-Match: "a"', b'If-Match: "b"')),
    ("requisicao_invalida", request(b"POST /api/pedidos", b"Content-Length: 1", b"Content-Length: 2")),
    ("requisicao_invalida", request(b"POST /api/pedidos HTTP/1.0", b"Transfer-Encoding: chunked")),
    ("rota_nao_encontrada", request(b"GET /nada")),
    ("rota_nao_encontrada", request(b"GET /api/nada")),
    ("rota_nao_encontrada", request(b"GET /problema/versao_http")),
    ("rota_nao_encontrada", request(b"GET /interno/reservas")),
    ("metodo_nao_permitido", request(b"TRACE /api/produtos")),
    ("metodo_nao_permitido", request(b"POST /livez")),
    ("versao_diferente", request(b"GET /", b'If-Match: "x"')),
    ("versao_diferente", request(b"GET /", b"If-Unmodified-Since: Tue, 01 Jan 2019 00:00:00 GMT")),
    ("corpo_grande", request(b"POST /api/pedidos", b"Content-Length: 70000")),
    ("corpo_grande", request(b"POST /health", b"Content-Length: 70000")),
    ("endereco_grande", request(b"GET /" + LONG)),
    ("cabecalhos_grandes", request(b"GET /", b"X-Grande: " + LONG)),
    ("nao_implementado", request(b"POST /api/pedidos", b"Transfer-Encoding: gzip")),
    ("versao_http", request(b"GET / HTTP/2.0")),
    ("versao_http", request(b"GET / HTTP/9.9")),
)
# fmt: on


def checked_problem(answer, codigo):
    """The problem, in the contract's form."""
    status, headers, body = answer
    assert (status, headers["content-type"]) == (problems()[codigo].status, "application/problem+json"), answer
    problem = json.loads(body)
    assert (problem["codigo"], problem["status"], problem["success"]) == (codigo, status, False), answer
    assert problem["request_id"] == headers["x-request-id"] and problem["type"] == f"/erros/{codigo.replace('_', '-')}"
    assert headers["cache-control"] == "no-store" and headers["vary"] == "Accept-Encoding", answer
    assert headers["access-control-allow-origin"] == "*" and headers["x-content-type-options"] == "nosniff"
    return headers


@pytest.mark.parametrize("codigo, text", OWN, ids=[f"{codigo}-{number}" for number, (codigo, _) in enumerate(OWN)])
def test_every_status_is_a_problem(shop, codigo, text):
    """On the front door and on a service's port; and the connection is what the answer says of it."""
    for port in (shop.port, shop.base + DIRECT["pedidos"]):
        if port != shop.port and codigo == "versao_diferente":
            continue  # no files there
        wire = Wire(port)
        answer = wire.ask(text)
        if port != shop.port and b"livez" in text:
            checked_problem(answer, "rota_nao_encontrada")
        else:
            headers = checked_problem(answer, codigo)
            follows = wire.ask(request(b"GET /health"))
            assert (follows is None) == (headers["connection"] == "close"), (answer, follows)
        wire.close()


def test_the_codes_that_nginx_gives_are_all_tried(shop):
    """What its configuration can answer is in the list above, or cannot be had by asking: a part must fail for it."""
    text = (shop.state / "current/nginx/problemas.conf").read_text()
    failing = {
        "erro_interno",
        "servico_fora",
        "servico_indisponivel",
        "sobrecarga",
        "manutencao",
        "tempo_esgotado",
        "muitas_requisicoes",
    }
    assert set(re.findall(r'"codigo":"(\w+)"', text)) == {codigo for codigo, _ in OWN} | failing


# Allow and OPTIONS


def names(allow):
    """A list of methods, each once."""
    found = allow.split(", ")
    assert len(found) == len(set(found))
    return set(found)


def addresses(contract):
    """Path -> methods, of the contract, HEAD and OPTIONS among them."""
    found = {}
    for method, pattern, _ in contract.routes():
        path = pattern.replace("{int}", "7").replace("{uuid}", "00000000-0000-4000-8000-000000000000")
        path = path.replace("{hash}", f"{'0' * 64}.png")
        found.setdefault(path, {"OPTIONS"}).update({method} | ({"HEAD"} if method == "GET" else set()))
    return found


def test_allow_is_true(shop):
    """OPTIONS, nginx's own 405 and a worker's say what the contract has at this address, on each port that has it."""
    pools = {
        "/api/produtos": "catalogo",
        "/fotos": "catalogo",
        "/api/categorias": "catalogo",
        "/api/carrinho": "carrinho",
        "/api/pedidos": "pedidos",
    }
    for path, methods in addresses(shop.contract).items():
        own = [pool for start, pool in pools.items() if path.startswith(start)]
        for pool in (None, *own):
            client = shop.client(pool=pool)
            for query in ("", "?x=1"):
                answer = client.request("OPTIONS", path + query)
                assert answer.status == 204 and answer.body == b"" and names(answer.headers["Allow"]) == methods, answer
                assert answer.headers["Cache-Control"] == "no-store"
                for method in ("TRACE", "PROPFIND"):
                    answer = client.request(method, path + query)
                    answer.problem("metodo_nao_permitido")
                    assert names(answer.headers["Allow"]) == methods, answer
                    client.close()
        for pool in set(pools.values()) - set(own) if own else ():
            shop.client(pool=pool).request("OPTIONS", path).problem("rota_nao_encontrada")


def test_files_are_only_read(shop):
    """405 says so for whatever else is tried, OPTIONS too."""
    for path in ("/", "/robots.txt", "/erros/", "/erros/estoque-insuficiente", "/api/openapi.yaml", "/api", "/api/"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
            client = shop.client()
            answer = client.request(method, path, headers={"Content-Length": "0"})
            answer.problem("metodo_nao_permitido")
            assert names(answer.headers["Allow"]) == {"GET", "HEAD", "OPTIONS"}
        answer = shop.public.request("OPTIONS", path)
        assert answer.status == 204 and names(answer.headers["Allow"]) == {"GET", "HEAD", "OPTIONS"}


def test_options_where_there_is_nothing(shop):
    """404, as for every other method; a preflight is let through, so that its page can read the 404."""
    preflight = {"Origin": "https://loja.example", "Access-Control-Request-Method": "PUT"}
    for path in ("/nada", "/api/nada", "/api/produtos/0", "/api/carrinho/x", "/interno/reservas", "/health/catalogo"):
        shop.public.request("OPTIONS", path).problem("rota_nao_encontrada")
        answer = shop.public.request("OPTIONS", path, headers=preflight)
        assert answer.status == 204 and "PUT" in answer.headers["Access-Control-Allow-Methods"]


# Clients that close their side


@pytest.mark.parametrize("pool", (None, *ALL_OF_IT))
def test_who_has_said_all_is_answered(shop, pool):
    """A client may close its side once it has asked (nc -N): on every port, whatever it asked."""
    port = shop.base + DIRECT[pool] if pool else shop.port
    asked = [request(b"GET /health")]
    if pool in (None, "catalogo", "catalogo-replica"):
        asked += [
            request(b"GET /api/produtos/7"),
            request(b"GET /api/produtos/7/estoque"),
            request(b"HEAD /api/categorias"),
        ]
    if pool in (None, "carrinho"):
        asked.append(request(b"POST /api/carrinho/sessao", b"Content-Length: 0"))
    if pool in (None, "pedidos"):
        asked.append(request(b"GET /api/pedidos"))
    for text in asked:
        wire = Wire(port)
        said = wire.finish(text)
        assert said.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in said, (text, said)
        assert int(said.split()[1]) in (200, 201, 401), (text, said)
        wire.close()


def test_a_half_closed_write_takes_effect_once_and_says_so(shop):
    """Each of twenty is answered, and counts."""
    product, session = shop.product(estoque=1000)["id"], shop.session()
    body = json.dumps({"produto_id": product, "quantidade": 1}).encode()
    head = (b"Content-Type: application/json", b"Content-Length: %d" % len(body))
    for _ in range(20):
        wire = Wire(shop.port)
        said = wire.finish(request(b"POST /api/carrinho/%s/adicionar" % session.encode(), *head, body=body))
        assert said.startswith(b"HTTP/1.1 200 "), said
        wire.close()
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 20


# Liveness


def test_livez_is_nginx_alone(shop):
    """200 while it serves, whatever is away."""
    client = shop.client()
    whole = client.get("/livez").json
    assert whole["status"] == "healthy" and whole["service"] == "nginx" and whole["timestamp"].endswith("Z")
    with shop.stopped(*(name for pool in ALL_OF_IT for name in shop.workers(pool))):
        answer = shop.client().get("/livez")
        assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
        assert shop.client().head("/livez").status == 200
    for path in ("/livez/", "/livezx"):
        client.get(path).problem("rota_nao_encontrada")
    shop.client(pool="catalogo").get("/livez").problem("rota_nao_encontrada")
