"""A shared cache with default settings in front of the shop: no client sees anything old, or another one's."""
import contextlib
import itertools
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from calls import photograph
from client import WAIT_SECONDS, Client
from shop import Shop, eventually, port_free

ORIGINS = ("https://loja.example", "https://balcao.example")


class Varnish:
    """`with Varnish(shop.port) as port:` — varnishd before that port; the configuration that it has without one."""

    def __init__(self, behind):
        self.place = Path(tempfile.mkdtemp(prefix="cft-varnish-", dir="/tmp"))
        self.port = next(port for port in iter(lambda: random.randrange(11000, 31000), 0) if port_free(port))
        self.command = ["varnishd", "-F", "-n", self.place, "-j", "none", "-a", f"127.0.0.1:{self.port}"]
        self.command += ["-b", f"127.0.0.1:{behind}", "-s", "malloc,32m"]
        self.process = None

    def answers(self):
        """Whether it listens; it compiles its configuration first."""
        assert self.process.poll() is None, (self.place / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS):
            return True
        return False

    def __enter__(self):
        with (self.place / "log").open("w") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert eventually(self.answers), (self.place / "log").read_text()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)
        shutil.rmtree(self.place, ignore_errors=True)


@pytest.fixture(name="shop", scope="module")
def fixture_shop():
    """A shop for pages of two origins."""
    with Shop(cors_origens=" ".join(ORIGINS)) as running:
        yield running


@pytest.fixture(name="through", scope="module")
def fixture_through(shop):
    """Makes clients that come by way of Varnish."""
    with Varnish(shop.port) as varnish:
        yield lambda token=None: Client(varnish.port, token, shop.contract)


def seen(through, path, **more):
    """What Varnish says, asked again and again: every answer is the shop's own, of now."""
    answers = [through().get(path, **more) for _ in range(3)]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 3, answers
    for answer in answers:
        assert answer.headers["Via"] and answer.headers["Age"] in (None, "0"), answer.headers.as_string()
        assert answer.status == answers[-1].status
    return answers[-1]


def test_nothing_is_answered_from_the_cache(shop, through):
    """Reads of all kinds, what is not there, what is wrong, files, health."""
    order = shop.order({7: 1})
    session = shop.cart({7: 1})
    for path, status in (
        ("/api/produtos", 200), ("/api/produtos?busca=limao", 200), ("/api/produtos/7", 200),
        ("/api/produtos/7/estoque", 200), ("/api/produtos/categoria/3", 200), ("/api/categorias", 200),
        ("/api/categorias/3", 200), (f"/api/carrinho/{session}", 200), (f"/api/pedidos/{order['id']}", 200),
        ("/health", 200), ("/livez", 200), ("/", 200), ("/robots.txt", 200), ("/api/", 200), ("/api/openapi.yaml", 200),
        ("/erros/", 200), ("/erros/estoque-insuficiente", 200),
        ("/api/produtos/987654", 404), ("/api/carrinho/00000000-0000-4000-8000-000000000000", 404), ("/nada", 404),
        ("/api/produtos?ordem=x", 400), ("/api/pedidos", 401), ("/erros", 200),
    ):  # fmt: skip
        assert seen(through, path).status == status, path


def test_a_picture_may_be_kept(shop, through):
    """Its address is a hash of its content, so another picture has another address; a missing one is not kept."""
    call, before = photograph(shop), seen(through, f"/fotos/{'0' * 64}.png")
    url = shop.admin.put(call.target, call.body, headers=call.headers).ok()["foto_url"]
    answers = [through().get(url) for _ in range(3)]
    assert before.status == 404 and {answer.body for answer in answers} == {call.body}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 1, "Varnish asks once"


def test_a_cart_is_what_it_is_now(shop, through):
    """Changed by way of Varnish and past it."""
    product = shop.product()["id"]
    session = through().post("/api/carrinho/sessao").ok(201)["session_id"]
    path = f"/api/carrinho/{session}"
    assert seen(through, path).data["total_itens"] == 0
    through().post(f"{path}/adicionar", {"produto_id": product, "quantidade": 2}).ok()
    assert seen(through, path).data["total_itens"] == 1
    shop.public.put(f"{path}/atualizar/{product}", {"quantidade": 5}).ok()
    assert seen(through, path).data["itens"][0]["quantidade"] == 5
    shop.public.delete(path).ok()
    assert seen(through, path).data["total_itens"] == 0


def test_a_price_and_a_stock_are_those_of_now(shop, through):
    """On every read that shows them."""
    product = shop.product(preco=10, estoque=50)
    ident, category = product["id"], product["categoria_id"]
    lists = [f"/api/produtos?{query}" for query in (f"ids={ident}", f"categoria_id={category}")]

    def prices():
        found = [seen(through, f"/api/produtos/{ident}").data, *(seen(through, path).data[0] for path in lists)]
        found += seen(through, f"/api/produtos/categoria/{category}").data["produtos"]
        return {each["preco"] for each in found}

    assert prices() == {10}
    for price in (11, 12):
        shop.admin.patch(f"/api/produtos/{ident}", {"preco": price}).ok()
        assert prices() == {price}
    shelf = f"/api/produtos/{ident}/estoque"
    assert seen(through, shelf).data["estoque_atual"] == 50
    shop.admin.put(shelf, {"quantidade": 0, "operacao": "definir"}).ok()
    assert seen(through, shelf).data["estoque_atual"] == 0
    shop.admin.put(f"/api/categorias/{category}", {"nome": "Categoria que mudou de nome"}).ok()
    assert "Categoria que mudou de nome" in seen(through, "/api/categorias").text


def test_an_order_is_the_customers_and_as_it_is_now(shop, through):
    """Its states show at once; what holds his name is not left in the cache, by whatever way it was asked."""
    product = shop.product()["id"]
    order = through().post("/api/pedidos", shop.checkout(shop.cart({product: 1}))).ok(201)
    path = f"/api/pedidos/{order['id']}"
    assert seen(through, path).data["status"] == "confirmado"
    shop.public.post(f"{path}/cancelar").ok()
    assert seen(through, path).data["status"] == "cancelado"


def test_what_administrators_see_stays_with_them(shop, through):
    """Whichever came first, with a token or without."""
    hidden = shop.product(ativo=False)["id"]
    token = shop.admin.token
    for path in (f"/api/produtos/{hidden}", "/api/pedidos?limite=3"):
        for _ in range(3):
            assert through(token).get(path).status == 200
            assert through().get(path).status in (401, 404)
            assert through("errado").get(path).status in (401, 404)
    shown = shop.product()["id"]
    assert through(token).get(f"/api/produtos/{shown}").headers["Cache-Control"] == "no-store"
    assert through().get(f"/api/produtos/{shown}").headers["Cache-Control"] == "no-cache"


def test_what_was_not_there_is_there_when_it_is(shop, through):
    """A 404 and a 503 last as long as they are true."""

    def made_where_none_was():
        path = f"/api/produtos/{shop.product()['id'] + 1}"
        before = seen(through, path)
        made = shop.product()["id"]
        return path.endswith(f"/{made}") and before.status == 404 and seen(through, path).status == 200

    assert eventually(made_where_none_was)
    session = shop.session()
    with shop.stopped(*shop.workers("carrinho")):
        assert seen(through, f"/api/carrinho/{session}").status == 503
        assert eventually(lambda: through().get("/health").status == 503)
    assert seen(through, f"/api/carrinho/{session}").status == 200
    assert eventually(lambda: seen(through, "/health").json["status"] == "healthy")


def test_each_gets_the_coding_and_the_origin_that_he_asked_for(shop, through):
    """Vary: compressed or not, a page of one origin or another, in any order."""
    assert shop
    for coding, origin in itertools.product(("gzip", None, "identity", "gzip"), (*ORIGINS, "https://ma.example", None)):
        for path in ("/api/produtos", "/api/produtos/999999", "/api/pedidos", "/erros/", "/health", "/nada"):
            client = through()
            client.contract = None  # reads no compressed answers
            answer = client.get(path, headers={"Accept-Encoding": coding, "Origin": origin})
            assert answer.headers["Content-Encoding"] in ((None, "gzip") if coding == "gzip" else (None,)), answer
            assert answer.headers["Access-Control-Allow-Origin"] == (origin if origin in ORIGINS else None), answer
            assert answer.headers.get_all("Vary") == ["Accept-Encoding, Origin"]
    packed = through()
    packed.contract = None
    assert packed.get("/api/produtos", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"


def test_tags_revalidate_through_it(shop, through):
    """304 for who has it, the new answer when it changed, 412 for who has an old one."""
    product = shop.product()["id"]
    path = f"/api/produtos/{product}"
    etag = through().get(path).etag
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f"W/{etag}"}):
        assert through().get(path, headers=headers).status == 304
    shop.admin.patch(path, {"preco": 99}).ok()
    assert through().get(path, headers={"If-None-Match": etag}).data["preco"] == 99
    through(shop.admin.token).patch(path, {"preco": 1}, headers={"If-Match": etag}).problem("versao_diferente")
    assert seen(through, path).data["preco"] == 99
