"""Conditional reads: nginx's kept answers and the workers judge alike, for every condition on every address."""
import itertools

import pytest

from calls import photograph
from shop import eventually

# fmt: off
# The public reads: path, its service's pool, whether nginx may have kept the answer.
READS = (("/api/produtos", "catalogo", True), ("/api/produtos?busca=limao&limite=2", "catalogo", True),
         ("/api/produtos/{produto}", "catalogo", True), ("/api/produtos/{produto}/estoque", "catalogo", False),
         ("/api/produtos/categoria/{categoria}", "catalogo", True), ("/api/categorias", "catalogo", True),
         ("/api/categorias/{categoria}", "catalogo", True),
         ("/fotos/{foto}", "catalogo", True), ("/api/produtos/{produto}/movimentos", "catalogo", False),
         ("/api/produtos/{produto}/mudancas", "catalogo", False), ("/api/produtos/2147483647", "catalogo", False),
         ("/api/produtos?ordem=x", "catalogo", False), ("/api/carrinho/{sessao}", "carrinho", False),
         ("/api/pedidos/{pedido}", "pedidos", False), ("/api/pedidos", "pedidos", False), ("/health", "pedidos", False))

# Lists of tags: whether {etag} is in them.
LISTS = (("{etag}", True), ("W/{etag}", True), ('"x", {etag}', True), ('{etag},"x"', True), (",,{etag}", True),
         ('"x" ,\tW/{etag}\t,', True), ("*", True), ('"x"', False), ('"x","y"', False), ('W/"x"', False), ("", False),
         (",", False), ("x", False), ('"', False), ('"x, {etag}', False), ('"x, {etag}"', False), ("{etag}x", False),
         ("w/{etag}", False), ("*, {etag}", False), ("*x", False))
# fmt: on

DATES = ("Tue, 01 Jan 2019 00:00:00 GMT", "Fri, 01 Jan 2038 00:00:00 GMT", "", "ontem")


def conditions():
    """(headers, status of a read that is 200 without them)."""
    yield {}, 200
    for text, listed in LISTS:
        yield {"If-Match": text}, 200 if listed else 412
        yield {"If-None-Match": text}, 304 if listed else 200
    for name, date in itertools.product(("If-Modified-Since", "If-Unmodified-Since"), DATES):
        yield {name: date}, 200
        yield {name: date, "If-None-Match": "{etag}"}, 304
        yield {name: date, "If-None-Match": '"x"'}, 200
        yield {name: date, "If-Match": "{etag}"}, 200
        yield {name: date, "If-Match": '"x"'}, 412
    yield {"If-Match": "{etag}", "If-None-Match": "{etag}"}, 304
    yield {"If-Match": "", "If-None-Match": "{etag}"}, 412
    yield {"If-Match": "{etag}", "If-None-Match": ""}, 200
    yield {"Range": "bytes=0-3"}, 200
    yield {"Range": "bytes=999999-"}, 200
    yield {"Range": "bytes=0-3", "If-Range": "{etag}"}, 200
    yield {"Range": "bytes=0-3", "If-None-Match": "{etag}"}, 304


@pytest.fixture(name="things", scope="module")
def fixture_things(shop):
    """A product, its category, a picture, a cart and an order: what the addresses name."""
    product = shop.product(nome="Torta de limão das condições")
    order = shop.order({product["id"]: 1})
    session = shop.cart({product["id"]: 1})
    call = photograph(shop)
    photo = shop.admin.put(call.target, call.body, headers=call.headers).ok()["foto_url"].removeprefix("/fotos/")
    things = {"produto": product["id"], "categoria": product["categoria_id"], "sessao": session, "pedido": order["id"]}
    return {**things, "foto": photo}


def relevant(answer):
    """What must be the same, wherever the answer comes from."""
    names = ("ETag", "Cache-Control", "Vary", "Content-Type", "Content-Length", "Last-Modified", "Accept-Ranges",
             "Content-Range", "WWW-Authenticate", "Retry-After", "Allow", "Content-Encoding")  # fmt: skip
    volatile = ("timestamp", "request_id")
    if answer.headers.get_content_subtype() not in ("json", "problem+json"):
        body = answer.body
    else:
        body = answer.body and {name: value for name, value in answer.json.items() if name not in volatile}
    return answer.status, {name: answer.headers.get_all(name) for name in names}, body


@pytest.mark.parametrize("path, pool, kept", READS, ids=[path for path, *_ in READS])
def test_every_condition_on_every_read(shop, things, path, pool, kept):
    """Status and headers are those of the worker, and right; a 304 says what a 200 would; GET and HEAD agree."""
    path = path.format(**things)
    front, worker = shop.client(), shop.client(pool=pool)
    assert not kept or eventually(lambda: front.get(path).headers["X-Cache"] == "HIT", every=0)
    whole = worker.get(path)
    etag, judged_by_nginx = whole.etag, 0
    for headers, status in conditions():
        headers = {name: value.format(etag=etag) for name, value in headers.items()}
        expected = status if whole.status == 200 and etag else whole.status
        for method in ("GET", "HEAD"):
            asked, own = front.request(method, path, headers=headers), worker.request(method, path, headers=headers)
            if path == "/health":  # of the whole and of one service
                asked = shop.client(pool=pool).request(method, path, headers=headers)
            assert relevant(asked) == relevant(own), (headers, asked, own)
            assert asked.status == expected, (headers, asked)
            judged_by_nginx += asked.headers["X-Cache"] is not None and path != "/health"
            if asked.status == 304:
                same = ("ETag", "Cache-Control", "Vary")
                assert [asked.headers[name] for name in same] == [whole.headers[name] for name in same]
                assert asked.body == b"" and asked.headers["ETag"], asked
            if method == "HEAD":
                assert asked.body == b""
    assert judged_by_nginx > 30 if kept else judged_by_nginx == 0


def test_a_compressed_answer_has_a_tag_that_revalidates_it(shop, things):
    """nginx marks it as weak: it is good for a 304 all the same, kept or not."""
    path = "/api/produtos"
    for client in (shop.client(checked=False), shop.client(pool="catalogo", checked=False)):
        packed = client.get(path, headers={"Accept-Encoding": "gzip", "Via": "1.1 cache"})
        assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Vary"] == "Accept-Encoding"
        headers = {"Accept-Encoding": "gzip", "If-None-Match": packed.etag}
        answer = client.get(path, headers=headers)
        while answer.status == 200 and answer.etag != packed.etag:  # somebody changed the catalogue
            headers["If-None-Match"] = answer.etag
            answer = client.get(path, headers=headers)
        assert answer.status == 304 and answer.headers["Vary"] == "Accept-Encoding", answer
        assert answer.headers["Cache-Control"] == "no-cache"
    assert things


def test_a_refusal_by_nginx_ends_the_connection_and_says_so(shop, things):
    """An empty If-Match on a kept answer, any that fails on a file: a client must not use this connection again."""
    for path in ("/", "/robots.txt", "/api/openapi.yaml", f"/api/produtos/{things['produto']}"):
        for condition in ("", '"x"'):
            answer = shop.client().get(path, headers={"If-Match": condition})
            answer.problem("versao_diferente")
            if answer.headers["Connection"] != "close":
                assert path.startswith("/api/produtos/") and condition, "a worker's own"


def test_files_are_revalidated(shop):
    """By tag and by date: they have one."""
    for path in ("/", "/robots.txt", "/api/", "/api/openapi.yaml", "/erros/", "/erros/estoque-insuficiente"):
        whole = shop.public.get(path)
        assert whole.status == 200 and whole.headers["Cache-Control"] == "no-cache" and whole.etag
        assert whole.headers["Accept-Ranges"] is None
        assert shop.public.get(path, headers={"Range": "bytes=999999-"}).body == whole.body
        for headers in (
            {"If-None-Match": whole.etag},
            {"If-None-Match": f'"x", W/{whole.etag}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": whole.headers["Last-Modified"]},
            {"If-None-Match": whole.etag, "If-Modified-Since": whole.headers["Last-Modified"]},
        ):
            answer = shop.public.get(path, headers=headers)
            assert (answer.status, answer.body, answer.etag) == (304, b"", whole.etag), (path, headers)
            assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["Vary"] == "Accept-Encoding"
        assert shop.public.get(path, headers={"If-None-Match": '"x"'}).body == whole.body
