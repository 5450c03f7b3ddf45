"""nginx's cache of the catalogue's answers: which questions it answers, what it never keeps, and how large it gets."""
import contextlib
import http.client
import itertools
import os
import random
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from client import TOP, WAIT_SECONDS
from shop import eventually

# fmt: off
READS = ("/api/produtos", "/api/produtos?busca=limao", "/api/produtos?categoria_id=3&ordem=preco", "/api/produtos/7",
         "/api/produtos/categoria/3", "/api/categorias", "/api/categorias/3")
# fmt: on

# Questions which are the same to the worker.
EQUAL = (
    ("/api/produtos", "/api/produtos?limite=100"),
    ("/api/produtos", "/api/produtos?busca="),
    ("/api/produtos", "/api/produtos?utm_source=cartaz&fbclid=x"),
    ("/api/produtos?busca=bolo&ordem=preco", "/api/produtos?ordem=preco&limite=100&busca=bolo"),
    ("/api/produtos?ids=1,2&em_estoque=true", "/api/produtos?em_estoque=true&lixo=1&ids=1,2"),
    ("/api/produtos/7", "/api/produtos/7?busca=bolo"),
    ("/api/categorias", "/api/categorias?limite=3"),
    ("/api/produtos/categoria/3?ordem=nome", "/api/produtos/categoria/3?limite=100&ordem=nome"),
)

# fmt: off
# Questions which are not, or not certainly; what nginx makes of some of them is not what the worker does.
LISTS = ("", "?", "?busca=bolo", "?busca=torta", "?busca=bolo+torta", "?busca=bolo%20torta",
         "?busca=bolo%26ordem=preco", "?busca=bolo&ordem=preco", "?ordem=preco&busca=bolo", "?ordem=-preco",
         "?ordem=preco", "?ordem=nome", "?ordem=", "?ordem", "?Busca=bolo", "?BUSCA=bolo&busca=torta",
         "?busca=torta&BUSCA=bolo", "?%62usca=bolo", "?busca%3Dbolo", "?busca", "?busca=", "?busca=bolo&busca=torta",
         "?busca=torta&busca=bolo", "?busca=bolo&busca=bolo", "?busca=bolo&busca=", "?busca=bolo#torta",
         "?busca=bolo;ordem=preco", "?busca=%00", "?busca=%zz", "?busca=%", "?busca=b%6Flo", "?busca=BOLO",
         "?busca=+", "?busca=bolo&", "?&busca=bolo", "?x=busca=bolo", "?x&busca=bolo", "?xbusca=bolo",
         "?busca=bolo&x=%", "?limite=1", "?limite=100", "?limite=0100", "?limite=", "?limite=2&limite=2",
         "?limite=101", "?limite=1&limite=2", "?limite", "?Limite=1", "?limite=1%30", "?ids=1", "?ids=1,2",
         "?ids=2,1", "?ids[]=1", "?ids%5B%5D=1", "?ids[0]=1&ids=2", "?limite[]=1", "?ids=1,2&limite=100",
         "?ids=1&ids=2", "?ids=1%2C2", "?ids=", "?ids=1,2&limite=1", "?categoria_id=1",
         "?categoria_id=2", "?categoria_id=1&categoria_id=2", "?categoria_id=", "?em_estoque=true",
         "?em_estoque=false", "?em_estoque=", "?preco_min=10", "?preco_max=10", "?preco_min=10&preco_max=40",
         "?preco_min=", "?preco_max=10&preco_min=40", "?cursor=x", "?cursor=", "?cursor", "?1&2&3",
         "?" + "&".join(f"p{i}=1" for i in range(65)), "?" + "&".join("a" * i + "=1" for i in range(1, 31)),
         "?busca=" + "bolo+" * 45, "?ids=" + ",".join("123456789"))
PATHS = ("//api/produtos", "/api//produtos", "/api/produtos/", "/api/produtos/1", "/api/produtos/01",
         "/api/produtos/1/", "/api/produtos/1?x=%", "/api/produtos/%31", "/api/produtos/1%3Fx", "/api/produtos/1;x",
         "/api/produtos/2", "/api/produtos/4294967297", "/api/produtos/1/estoque",
         "/api/produtos/1/estoque?quantidade=2", "/api/produtos/categoria/1", "/api/produtos/categoria/1?busca=bolo",
         "/api/produtos/categoria/1?categoria_id=2", "/api/produtos/categoria/2", "/api/produtos/categoria/1/",
         "/api/produtos/./1", "/api/x/../produtos", "/api/categorias", "/api/categorias/1",
         "/api/categorias/1?busca=x", "/api/categorias/2", "/api/categorias/", "/api/categoriasx", "/api/produtosx")
# fmt: on


def asked(client, path, **more):
    """How the answer came: HIT, MISS, or None where no cache was asked."""
    return client.get(path, **more).headers["X-Cache"]


def kept(client, path):
    """The answer, once it is kept; a change at the wrong moment may come in between."""
    found = []

    def hit():
        found[:] = [client.get(path)]
        return found[0].headers["X-Cache"] == "HIT"

    assert eventually(hit, every=0), found
    return found[0]


def change(shop):
    """A change of the catalogue, acknowledged: nothing that was kept is found any more."""
    shop.admin.put("/api/produtos/7/estoque", {"quantidade": 1, "operacao": "adicionar"}).ok()


def shares(shop, first, second):
    """Whether the answer to the first question answers the second; the vigia may empty the cache in between."""

    def once():
        change(shop)
        return asked(shop.public, first) == "MISS" and asked(shop.public, second) == "HIT"

    return eventually(once)


def files(shop):
    """The kept answers: a list of sizes."""
    sizes = []
    for place, _, names in os.walk(shop.cache / "c"):
        for name in names:
            try:
                sizes.append((Path(place) / name).stat().st_size)
            except FileNotFoundError:
                pass
    return sizes


def without_id(answer):
    """What must be the same of two answers to the same question."""
    body = answer.text.replace(answer.headers["X-Request-Id"], "")
    return answer.status, body, answer.etag, answer.headers["Content-Type"], answer.headers["Location"]


@pytest.mark.parametrize("path", READS)
def test_the_second_reader_costs_no_worker_anything(shop, path):
    """The same answer, with a request id of its own that no worker has heard of."""
    first = shop.client().get(path)
    ident = uuid.uuid4().hex[:12]
    eventually(lambda: asked(shop.public, path) == "HIT", every=0)
    second = shop.client().get(path, headers={"X-Request-Id": ident})
    while second.headers["X-Cache"] != "HIT":
        ident = uuid.uuid4().hex[:12]
        second = shop.client().get(path, headers={"X-Request-Id": ident})
    assert second.headers["X-Request-Id"] == ident
    assert without_id(first) == without_id(second)
    assert eventually(lambda: ident in shop.logs()["acesso.log"])
    assert ident not in shop.logs()["catalogo.log"] and ident not in shop.logs()["catalogo-replica.log"]


@pytest.mark.parametrize("one, other", EQUAL)
def test_equal_questions_share_an_answer(shop, one, other):
    """Whatever the order of the parameters, with defaults or without, with what nobody knows."""
    assert shares(shop, one, other) and shares(shop, other, one)
    assert without_id(shop.public.get(one)) == without_id(shop.public.get(other))


def test_different_questions_have_their_own_answers(shop):
    """Each question, asked again and again between all the others, gets what the worker says of it itself."""
    worker, front = shop.client(pool="catalogo", checked=False), shop.client(checked=False)
    questions = [f"/api/produtos{query}" for query in LISTS] + list(PATHS)
    # Outside the API's places nginx itself answers, and differently at the two doors.
    questions = [path for path in questions if worker.get(path).headers["X-Cache"] is None]
    expected = {path: without_id(worker.get(path)) for path in questions}
    hits = 0
    for seed in range(4):
        random.Random(seed).shuffle(questions)
        for path in questions:
            answer = front.get(path)
            assert without_id(answer) == expected[path], path
            hits += answer.headers["X-Cache"] == "HIT"
    assert hits > len(READS)


@pytest.mark.parametrize(
    "query",
    [
        "?Busca=bolo",
        "?%62usca=bolo",
        "?busca=bolo&busca=bolo",
        "?busca",
        "?limite=",
        "?x=%zz",
        "?busca=bolo#torta",
        "?x",
        "?busca=" + "a" * 513,
    ],
)
def test_what_is_asked_in_an_odd_way_is_asked_of_the_worker(shop, query):
    """And leaves nothing."""
    assert asked(shop.client(checked=False), f"/api/produtos{query}") is None
    assert asked(shop.client(checked=False), "/api/produtos/7/estoque") is None


def test_errors_are_not_kept(shop):
    """Each has its own request id, and what is not there now may be there next."""
    for path in ("/api/produtos/2147483647", "/api/produtos?ordem=x", "/api/categorias/2147483647"):
        first, second = shop.public.get(path), shop.public.get(path)
        assert first.status in (400, 404) and first.headers["X-Cache"] is None and second.headers["X-Cache"] is None
        assert first.json["request_id"] != second.json["request_id"]


def test_conditions_are_weighed_against_the_kept_answer(shop):
    """304 for a client that has it, in every way of saying so; others get the whole; neither is kept for the other."""
    product = shop.product()
    path = f"/api/produtos/{product['id']}"
    etag = shop.public.get(path, headers={"If-None-Match": '"x"'}).etag
    kept(shop.public, path)
    for condition in (etag, f"W/{etag}", f'"a", {etag}', "*"):
        answer = shop.public.get(path, headers={"If-None-Match": condition})
        assert (answer.status, answer.body, answer.etag) == (304, b"", etag)
    assert shop.public.get(path, headers={"If-None-Match": '"x"'}).data["id"] == product["id"]
    refused = shop.public.get(path, headers={"If-Match": '"x"'})
    assert (refused.status, refused.json["codigo"]) == (412, "versao_diferente")
    for name, value in (
        ("If-Match", etag),
        ("If-Unmodified-Since", "Tue, 01 Jan 2019 00:00:00 GMT"),
        ("Range", "bytes=0-9"),
        ("If-Modified-Since", "Tue, 01 Jan 2036 00:00:00 GMT"),
    ):
        assert shop.public.get(path, headers={name: value}).data["id"] == product["id"], name
    # The first to ask has it already.
    shop.admin.patch(path, {"nome": "Bolo novo"}).ok()
    etag = shop.admin.get(path).etag
    assert shop.public.get(path, headers={"If-None-Match": etag}).status == 304
    assert shop.public.get(path).data["nome"] == "Bolo novo"


def test_head_leaves_the_body_to_those_who_want_it(shop):
    """HEAD before GET, GET before HEAD."""
    for path in READS:
        change(shop)
        head = shop.public.head(path)
        whole = shop.public.get(path)
        again = shop.public.head(path)
        assert head.body == again.body == b"" and head.status == again.status == 200
        assert head.headers["Content-Length"] == again.headers["Content-Length"] == str(len(whole.body))


def test_compressed_or_not(shop):
    """Both are made from the same kept answer."""
    kept(shop.public, "/api/produtos")
    plain = shop.public.get("/api/produtos")
    packed = shop.client(checked=False).get("/api/produtos", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and plain.headers["Content-Encoding"] is None
    assert "Accept-Encoding" in packed.headers["Vary"]


def raw(shop, path, authorizations):
    """A GET with several Authorization headers."""
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=WAIT_SECONDS)
    connection.putrequest("GET", path)
    for value in authorizations:
        connection.putheader("Authorization", value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_what_administrators_see_stays_with_them(shop):
    """A product that is not on sale: never to the public, whoever asked first, however the token came."""
    product = shop.product(ativo=False)
    path = f"/api/produtos/{product['id']}"
    bearer = f"Bearer {shop.admin.token}"
    for authorizations in ([bearer], ["", bearer], [bearer, ""], ["Basic eDp5", bearer], [bearer, bearer]):
        change(shop)
        assert raw(shop, path, authorizations).headers["X-Cache"] != "HIT"
        assert shop.public.get(path).problem("produto_nao_encontrado")
    answer = shop.admin.get(path)
    assert answer.data["ativo"] is False and answer.headers["X-Cache"] is None
    kept(shop.public, "/api/produtos")
    assert asked(shop.admin, "/api/produtos") is None


def test_the_replica_leaves_nothing(shop):
    """Its answers may be behind: each is asked for anew, and none is there when the primary is back."""
    names = sorted(shop.workers("catalogo") | shop.workers("catalogo-busca"))
    change(shop)
    with shop.stopped(*names):
        for _ in range(3):
            for path in READS:
                answer = shop.client().get(path)
                assert answer.status == 200 and answer.headers["X-Cache"] == "MISS", answer
    for path in READS:
        assert asked(shop.client(), path) == "MISS"


def test_a_change_by_hand_is_seen(shop):
    """In psql, past every worker: the vigia makes a new version, and what was kept is not found any more."""
    product = shop.product(preco=10)
    path = f"/api/produtos/{product['id']}"
    session = shop.cart({product["id"]: 1})
    for preco in (11, 12, 13):
        kept(shop.public, path)
        before = shop.version()
        shop.sql(f"UPDATE produtos SET preco = {preco} WHERE id = {product['id']}")
        # A cart asks the workers themselves.
        assert shop.public.get(f"/api/carrinho/{session}").data["valor_total"] == preco
        assert eventually(lambda: shop.version() != before)
        assert shop.public.get(path).data["preco"] == preco


@pytest.mark.slow
def test_without_the_vigia_an_answer_is_kept_for_seconds_only(shop):
    """What nobody told of is seen when the answer is too old, and not before: it was the vigia in the test above."""
    product = shop.product(preco=10)
    path = f"/api/produtos/{product['id']}"
    shop.supervisor("stop", "vigia")
    prices = itertools.count(11)

    def outlived_a_change():
        """False when the answer became too old before it could be asked for again."""
        old, new = kept(shop.public, path).data["preco"], next(prices)
        shop.sql(f"UPDATE produtos SET preco = {new} WHERE id = {product['id']}")
        answer = shop.public.get(path)
        return answer.headers["X-Cache"] == "HIT" and answer.data["preco"] == old and new

    try:
        new = eventually(outlived_a_change)
        assert new and eventually(lambda: shop.public.get(path).data["preco"] == new)
    finally:
        shop.supervisor("start", "vigia")


def test_the_vigia_mends_the_link_and_sweeps(shop):
    """A link that leads nowhere would stop every read; names that nobody uses any more go, the one in use does not."""
    place = shop.cache
    assert place.stat().st_mode & 0o777 == 0o700
    (place / "v1-1").mkdir()
    os.symlink("v1-1", place / "l1-1")
    for name in ("v1-1", "l1-1", os.readlink(place / "atual")):
        with contextlib.suppress(FileNotFoundError):  # swept already
            os.utime(place / name, (1, 1), follow_symlinks=False)
    assert eventually(lambda: not (place / "v1-1").exists() and not (place / "l1-1").is_symlink())
    assert (place / "atual").is_dir()
    (place / "atual").unlink()
    assert eventually(lambda: shop.client().get("/api/produtos").status == 200 and (place / "atual").is_dir())


def test_nobody_can_fill_it(shop):
    """Parameters that nobody knows make no entry; questions without end are gone soon."""
    client = shop.client(checked=False)
    kept(client, "/api/produtos/categoria/2")
    before = len(files(shop))
    for number in range(300):
        client.get(f"/api/produtos/categoria/2?lixo={number}&{'x' * (number % 50 + 1)}=1")
    assert len(files(shop)) <= before + 50
    for number in range(1500):
        assert client.get(f"/api/produtos?busca=nada{number}&limite=1").status == 200
    assert eventually(lambda: client.get("/api/produtos?busca=nada0&limite=1").status == 200 and files(shop), every=0)
    assert sum(files(shop)) < 32 * 1024 * 1024
    assert asked(client, "/api/categorias") in ("HIT", "MISS")
    assert eventually(lambda: len(files(shop)) < 100)


@pytest.mark.slow
def test_no_read_fails_however_fast_the_catalogue_changes(shop, tmp_path):
    """Each change makes all of nginx's answers new ones; it must not run out of room for their names."""
    product, asking = shop.product()["id"], tmp_path / "asking"
    there = shop.public.get("/api/produtos?limite=12").data
    asking.write_text("".join(f"GET /api/produtos/{each['id']}\n" for each in there), encoding="utf-8")
    with subprocess.Popen(
        [
            "wrk",
            "-t1",
            "-c24",
            "-d8s",
            "--timeout",
            f"{WAIT_SECONDS}s",
            "-s",
            TOP / "tests/bench/ask.lua",
            f"http://127.0.0.1:{shop.port}",
            "--",
            asking,
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as wrk:
        while wrk.poll() is None:
            shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 1, "operacao": "adicionar"}).ok()
        said = wrk.stdout.read()
    assert re.search(r"^RESULT [1-9]\d* \d+ 0 ", said, re.M) and "were errors" not in said, said


def test_a_cart_counts_with_the_stock_of_now(shop):
    """Putting into a cart looks a product up in the same cache, and never goes by a stock that was."""
    product, session = shop.product(estoque=1)["id"], shop.session()
    add, shelf = f"/api/carrinho/{session}/adicionar", f"/api/produtos/{product}/estoque"
    for stock in range(1, 30):
        shop.public.post(add, {"produto_id": product, "quantidade": 1}).ok()
        shop.public.post(add, {"produto_id": product, "quantidade": 1}).problem("estoque_insuficiente")
        assert kept(shop.public, f"/api/produtos/{product}").data["estoque"] == stock
        shop.public.post(add, {"produto_id": product, "quantidade": 1}).problem("estoque_insuficiente")
        shop.admin.put(shelf, {"quantidade": 1, "operacao": "adicionar"}).ok()
