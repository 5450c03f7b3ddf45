"""Too much: bursts from one address, ten times as many clients as can be served, slow ones. Others do not notice."""
import asyncio
import collections
import contextlib
import itertools
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import WAIT_SECONDS, Client
from multidao import Slow, ask, crowd, parsed, request, siege
from processes import family, open_files, rss_kib
from shop import Shop, eventually

pytestmark = pytest.mark.slow

ONE_WORKER = ("catalogo=1", "catalogo-busca=1", "catalogo-replica=1", "carrinho=1", "pedidos=1")
PROXY = "127.0.0.9"
SESSION = request("POST", "/api/carrinho/sessao")
READ = request("GET", "/api/produtos/1")
HEALTH = request("GET", "/health")
# What an address may ask, a second: so little that no machine is too slow to ask for more. Ten seconds' worth may come
# at once.
READS, SEARCHES, WRITES, SESSIONS, ORDERS, CONNECTIONS = 5, 2, 20, 1, 1, 100
BURST = 10
# The least that can be set for a day: 1440 of it come back minute by minute, the rest may come at once.
DAY = 1500
QUEUE = 128  # limite_fila
BODY_TIMEOUT_SECONDS = 5  # nginx/limites.conf.in
LISTS = 50
MEGABYTES = 1024  # in KiB
CARTS_MB = 16

ADDRESSES = itertools.count()


def another_address():
    """One that nobody has asked from."""
    number = next(ADDRESSES)
    return f"127.1.{number // 250}.{number % 250 + 1}"


@pytest.fixture(name="limited", scope="module")
def fixture_limited():
    """A shop with limits. It stands behind a proxy for those who come by it."""
    with Shop(
        "--set",
        f"proxies={PROXY}",
        limite_leituras=READS,
        limite_buscas=SEARCHES,
        limite_escritas=WRITES,
        limite_sessoes=SESSIONS,
        limite_pedidos=ORDERS,
        limite_conexoes=CONNECTIONS,
        limite_sessoes_dia=DAY,
        limite_pedidos_dia=DAY,
    ) as running:
        yield running


@pytest.fixture(name="small", scope="module")
def fixture_small():
    """One worker a pool, little memory for carts, and no limit to an address."""
    with Shop(workers=ONE_WORKER, redis_memoria_mb=CARTS_MB) as running:
        yield running


def statuses(answers):
    """How often each status came."""
    return collections.Counter(answer.status for answer in answers)


def nginx(shop):
    """nginx's master and its workers."""
    return family(shop.processes()["nginx"])


@contextlib.contextmanager
def frozen(shop, *pools):
    """The workers of some pools do not get on with anything."""
    pids = [pid for pool in pools for pid in shop.workers(pool).values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def pipeline(port, text, times, source):
    """The same request again and again on one connection; how often each status came back."""
    keep, last = text.replace(b"Connection: close\r\n", b""), text
    with socket.socket() as connection:
        connection.bind((source, 0))
        connection.settimeout(WAIT_SECONDS)
        connection.connect(("127.0.0.1", port))
        raw = b""
        for sent in range(0, times, 50):
            connection.sendall(keep * 49 + (last if sent + 50 >= times else keep))
            raw += connection.recv(1 << 20)
        raw += b"".join(iter(lambda: connection.recv(1 << 20), b""))
    return collections.Counter(int(part[:3]) for part in raw.split(b"HTTP/1.1 ")[1:])


def healthy(shop, source):
    """Whether an address is told of health."""
    return eventually(lambda: crowd(shop.port, [HEALTH], source)[0].status == 200)


def behind_proxy(shop, text, client, count):
    """The same request again and again from this client of the proxy; how often each status came back."""
    forwarded = text.replace(b"\r\n\r\n", f"\r\nX-Forwarded-For: 198.51.100.7, {client}\r\n\r\n".encode(), 1)
    return statuses(crowd(shop.port, [forwarded] * count, PROXY))


def others_are_served(shop):
    """Whoever else comes gets what he wants."""
    return statuses(crowd(shop.port, [READ, SESSION], another_address())) == {200: 1, 201: 1}


def refused_well(answer):
    """A refusal says that it is one, and when to come again."""
    answer.problem("muitas_requisicoes" if answer.status == 429 else "sobrecarga")
    assert answer.headers["Retry-After"] == "2", answer


def test_a_burst_from_one_address(limited):
    """What is allowed is served, the rest is told to wait; whoever else comes, and whatever else he asks, is served."""
    source, allowed = another_address(), SESSIONS * BURST
    answers = crowd(limited.port, [SESSION] * allowed, source) + crowd(limited.port, [SESSION] * 240, source)
    assert statuses(answers).keys() == {201, 429} and statuses(answers)[201] >= allowed, statuses(answers)
    for answer in answers:
        assert answer.status == 201 or refused_well(answer) is None
    assert {answer.status for answer in answers[:allowed]} == {201}
    assert healthy(limited, source)
    for text in (READ, request("GET", "/"), request("GET", "/api/openapi.yaml")):
        assert crowd(limited.port, [text], source)[0].status == 200
    assert others_are_served(limited)
    # Neither a header nor the service's own port is a way around.
    forged = request("POST", "/api/carrinho/sessao", headers=["X-Forwarded-For: 192.0.2.1"])
    assert 429 in statuses(crowd(limited.port, [forged] * 100, source))
    assert 429 in statuses(crowd(limited.base + 2, [SESSION] * 100, source))
    assert eventually(lambda: crowd(limited.port, [SESSION], source)[0].status == 201)


@pytest.mark.parametrize(
    "text, rate",
    [
        (READ, READS),
        (request("GET", "/api/produtos?busca=bolo"), SEARCHES),
        (request("DELETE", "/api/carrinho/00000000-0000-4000-8000-000000000000"), WRITES),
        (request("POST", "/api/pedidos", {}), ORDERS),
        (HEALTH, READS),
    ],
)
def test_what_an_address_may_ask(limited, text, rate):
    """Ten seconds' worth at once, of each kind; less of what changes something."""
    allowed = rate * BURST
    found = pipeline(limited.port, text, allowed * 20, another_address())
    assert sum(found.values()) == allowed * 20 and 0 < found[429] <= allowed * 19, found
    assert all(status < 500 or (text is HEALTH and status == 503) for status in found), found


@pytest.mark.parametrize("target", ["/api/produtos?busca=bolo", "/api/produtos/categoria/1?limite=5&b%75sca=bolo"])
def test_a_client_that_spent_its_searches_reads_on(limited, target):
    """A refused search, whatever its spelling, is no read that was spent; what is not looked for is no search."""
    source = another_address()
    assert pipeline(limited.port, request("GET", target), 200, source)[429] > 0
    for other in ("/api/produtos/1", "/api/produtos?limite=5", "/api/produtos?busca=&ordem=nome"):
        assert crowd(limited.port, [request("GET", other)], source)[0].status == 200
    assert statuses(crowd(limited.port, [request("GET", "/api/produtos?busca=torta")], another_address())) == {200: 1}


def test_files_have_a_limit_of_their_own(limited):
    """A page takes nothing of what the API may be asked."""
    assert pipeline(limited.port, request("GET", "/robots.txt"), 2000, another_address()) == {200: 2000}


def test_a_customer_behind_a_proxy_is_himself(limited):
    """And all of an IPv6 network is one customer."""

    def sessions(client, count):
        return behind_proxy(limited, SESSION, client, count)

    allowed = SESSIONS * BURST
    first = (
        sessions("2001:db8:0:1::1", 80) + sessions("2001:db8:0:1:ffff::2", 80) + sessions("2001:db8:0:1:1:2:3:4", 80)
    )
    assert first[201] >= allowed and first[429] > 0, first
    assert sessions("2001:db8:0:2::1", allowed) == {201: allowed}
    assert sessions("192.0.2.5", allowed) == {201: allowed}
    # A proxy that listens to both writes an IPv4 address so: each is one customer, not all of them together.
    assert sessions("::ffff:192.0.2.6", 80)[429] > 0
    assert sessions("::ffff:192.0.2.7", allowed) == {201: allowed}


@pytest.mark.parametrize(
    "text, done", [(SESSION, 201), (request("POST", "/api/pedidos", {}), 422)], ids=["carts", "orders"]
)
def test_a_day_has_a_limit(limited, text, done):
    """Of carts and of orders, which all networks of 64 bits in one of 48 share: one that has asked for nothing yet is
    refused when the others have spent it. Another neighbourhood is served."""
    allowed, asked = SESSIONS * BURST, 0
    for network in range(1, 1000):
        found = behind_proxy(limited, text, f"2001:db8:{done}:{network:x}::1", allowed)
        assert found.keys() <= {done, 429}, found
        asked += found[done]
        if not found[done]:
            break
    assert network < 1000 - 1 and asked >= DAY - 1440
    assert behind_proxy(limited, text, f"2001:db8:{done + 1}::1", allowed) == {done: allowed}


def slow_bodies(limited):
    """Whether it could be tried: false when this machine did not send a byte in the time that nginx waits for one."""
    source = another_address()
    headers = b"Host: loja\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
    begin = b"POST /api/categorias HTTP/1.1\r\n" + headers + b"{"
    with Slow(limited.port, 70, begin, source) as first, first.dribbling() as first_pause:
        with Slow(limited.port, 60, begin, source) as second, second.dribbling() as second_pause:

            def in_time():
                return max(first_pause[0], second_pause[0]) < BODY_TIMEOUT_SECONDS - 1

            excess = 70 + 60 - CONNECTIONS
            assert eventually(lambda: first.gone() + second.gone() >= excess)
            heard = [said for said in first.heard() + second.heard() if said is not None]
            for _ in range(3):
                assert others_are_served(limited)
                refused = crowd(limited.port, [READ], source)[0]
                assert healthy(limited, another_address()) and healthy(limited, source)
            after = first.gone() + second.gone()
            if not in_time():
                return False
            assert len(heard) == after == excess and all(said.startswith(b"HTTP/1.1 429") for said in heard), heard
            refused_well(refused)
    with Slow(limited.port, 70, begin, another_address()) as silent:
        assert eventually(lambda: silent.gone() == 70), "whoever says no more is cut"
    assert eventually(lambda: crowd(limited.port, [READ], source)[0].status == 200)
    return True


def test_slow_bodies(limited):
    """A client has so many requests at a time; it waits alone, and a silent one is cut. Which of them are one too many
    is for nginx's two workers to say: each comes to its own part of the connections when it comes to it."""
    assert eventually(lambda: slow_bodies(limited))


def test_slow_headers(limited):
    """Are cut, however busily they dribble; nobody else notices."""
    begin = b"GET /api/produtos HTTP/1.1\r\nHost: loja\r\nX-Lento: "
    with Slow(limited.port, 300, begin, another_address()) as slow, slow.dribbling():

        def all_cut():
            assert others_are_served(limited) and healthy(limited, another_address())
            return slow.gone() == 300

        assert eventually(all_cut)


def test_slow_readers(limited):
    """Large lists that are not read: memory has a bound, others are served, and in the end they are cut. As many as the
    kernel does not hold by itself."""
    limited.script("seed", "--products", "600")
    text = request("GET", "/api/produtos?limite=500")
    whole = len(crowd(limited.port, [text], another_address())[0].body)
    assert whole * LISTS > 2 * 4 * MEGABYTES * 1024, "more than the kernel keeps for a connection"
    kept = text.replace(b"Connection: close\r\n", b"")
    with contextlib.ExitStack() as stack:
        # Each from an address of its own: what an address may ask is not the question here.
        slow = [
            stack.enter_context(Slow(limited.port, 1, kept * LISTS, another_address(), receive=4096)) for _ in range(20)
        ]
        assert eventually(lambda: all(one.gone() for one in slow)), "each has the beginning of its answer"
        for _ in range(5):
            answers = crowd(limited.port, [READ, text], another_address())
            assert [answer.status for answer in answers] == [200, 200] and len(answers[1].body) == whole, answers
        assert healthy(limited, another_address())
        assert rss_kib(nginx(limited)) < 150 * MEGABYTES
        assert eventually(lambda: all(one.cut() for one in slow))


def turned_away(many):
    """What those have been told whom a pool had no room for."""
    return [parsed("recusado", said) for said in many.heard() if said]


def test_a_full_queue(small):
    """What a pool cannot hold is refused while it stands still; the others wait and are served, and other pools do not
    notice. Each worker of nginx keeps its part of the queue, and the kernel does not share connections out evenly."""
    before, clients = small.workers(), QUEUE + 40
    with frozen(small, "carrinho"):
        with Slow(small.port, clients, SESSION) as many:
            assert eventually(lambda: many.gone() >= 40)
            assert crowd(small.port, [READ])[0].status == 200
            for answer in turned_away(many):
                assert answer.problem("sobrecarga") and answer.headers["Retry-After"] == "2"
            for pid in small.workers("carrinho").values():
                os.kill(pid, signal.SIGCONT)
            assert eventually(lambda: many.gone() == clients)
            found = statuses(turned_away(many))
            assert found.keys() == {201, 503} and 40 <= found[503] <= 40 + QUEUE // 2, found
    assert small.workers() == before


def test_a_full_queue_does_not_stop_those_who_are_in(small):
    """Whoever is at the till gets what his order needs, however many stand at the door of the catalogue."""
    product = small.product()
    order = request("POST", "/api/pedidos", small.checkout(small.cart({product["id"]: 1})))
    with frozen(small, "catalogo", "catalogo-replica"):
        with Slow(small.port, 2 * QUEUE + 40, READ) as many, Slow(small.port, 1, order) as buyer:
            assert eventually(lambda: many.gone() >= 40)
            assert all(answer.problem("sobrecarga") for answer in turned_away(many))
            assert buyer.gone() == 0
            for pool in ("catalogo", "catalogo-replica"):
                for pid in small.workers(pool).values():
                    os.kill(pid, signal.SIGCONT)
            assert eventually(lambda: buyer.gone() == 1)
            assert buyer.heard()[0].startswith(b"HTTP/1.1 201"), buyer.heard()


def test_searches_hold_up_nobody_else(small):
    """However long they take, and however many wait: carts, orders and other reads have other workers."""
    product = small.product()
    searches = QUEUE // 8  # of each pool that they may go to
    texts = [request("GET", f"/api/produtos?busca=palavra{number}") for number in range(2 * searches + 10)]
    with frozen(small, "catalogo-busca", "catalogo-replica"), contextlib.ExitStack() as stack:
        many = [stack.enter_context(Slow(small.port, 1, text)) for text in texts]
        assert eventually(lambda: sum(one.gone() for one in many) >= 10)
        for one in many:
            assert all(answer.problem("sobrecarga") for answer in turned_away(one))
        order = small.order({product["id"]: 1})
        assert order["status"] == "confirmado"
        assert small.client().get(f"/api/produtos?preco_min=9.99&categoria_id={product['categoria_id']}").data


async def worst_questions(port, clients, over):
    """So many clients ask what costs most and is kept by none, each another thing, until told that it is over."""
    answers = []

    async def one(number):
        for turn in itertools.count():
            if over.is_set():
                return
            words = (
                f"fei dia sel rec cas por {chr(97 + number % 26)}"
                if turn % 2
                else "feito dia selecionado receita casa por"
            )
            target = f"/api/produtos?busca={words.replace(' ', '+')}&limite={100 + turn % 400}&preco_min=0.{number:02}"
            answers.append(await ask(port, request("GET", target), f"127.2.0.{number + 1}"))

    await asyncio.gather(*(one(number) for number in range(clients)))
    return answers


def test_a_customer_beside_the_worst_questions(small):
    """Thirty connections ask for them without a pause: each call of the customer succeeds, and the books are right."""
    small.script("seed", "--products", "5000")
    product, over, orders = small.product(estoque=1000), threading.Event(), 10
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(asyncio.run, worst_questions(small.port, 30, over))
        try:
            for _ in range(orders):
                session = small.cart({product["id"]: 2})
                assert small.client().get(f"/api/carrinho/{session}").data["total_itens"] == 1
                assert small.client().post("/api/pedidos", small.checkout(session)).ok(201)["status"] == "confirmado"
        finally:
            over.set()
        found = statuses(asking.result())
    assert found[200] and set(found) <= {200, 503}, found
    assert small.stock(product["id"]) == 1000 - 2 * orders
    books, shelf = small.ledger(product["id"])
    assert books == shelf


def test_what_nobody_waits_for(hurried_shop):
    """What nginx has given up comes out of the queue and is not done: no read, no write."""
    shop = hurried_shop
    session, before = shop.session(), shop.workers()
    log = shop.state / "log/carrinho.log"
    texts = (request("GET", f"/api/carrinho/{session}"), request("DELETE", f"/api/carrinho/{session}"))
    done = log.read_text().count("status=200")
    with frozen(shop, "carrinho"):
        answers = crowd(shop.port, texts * 15)
        assert statuses(answers).keys() <= {502, 504}, answers
    assert eventually(lambda: log.read_text().count("status=503") >= 30)
    assert log.read_text().count("status=200") == done
    assert shop.workers() == before and shop.recovered()


def test_a_client_that_has_gone_is_no_reason_to_drop_his_request(small):
    """It looks like one that has closed its side and waits: its call is done in its turn, and the queue empties."""
    session, at_rest = small.session(), open_files(nginx(small))
    product = small.product()["id"]
    add = request("POST", f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 1})
    with frozen(small, "carrinho"):
        with Slow(small.port, 30, add):
            # Two connections each: to the client, and to the pool.
            assert eventually(lambda: open_files(nginx(small)) >= at_rest + 2 * 30)
    path = f"/api/carrinho/{session}"
    assert eventually(lambda: [item["quantidade"] for item in Client(small.port).get(path).data["itens"]] == [30])
    assert eventually(lambda: open_files(nginx(small)) <= at_rest)


def test_carts_fill_the_memory_that_they_may_have(small):
    """No more of them are opened then; those that are there are kept, and there is room again when some have gone."""
    session, carts, client = small.cart({small.product()["id"]: 1}), small.redis(), Client(small.port)
    ballast = []
    while carts.info("memory")["used_memory"] < CARTS_MB * MEGABYTES * 1024 - 200 * 1024:
        ballast.append(f"lastro:{len(ballast)}")
        carts.set(ballast[-1], "x" * 50 * 1024)
    before = carts.dbsize()
    opened = [client.post("/api/carrinho/sessao")]
    assert eventually(lambda: opened.append(client.post("/api/carrinho/sessao")) or opened[-1].status != 201, every=0)
    opened.pop().problem("sem_espaco")
    assert len(client.get(f"/api/carrinho/{session}").data["itens"]) == 1
    assert carts.dbsize() == before + len(opened)
    carts.delete(*ballast)
    assert small.recovered()


def test_ten_times_too_many(small):
    """Each is served or told to come again, nobody hangs, nothing grows, and afterwards all is as before."""
    product = small.product(estoque=1000000)
    before, at_first = small.workers(), rss_kib(small.workers().values())
    orders = [request("POST", "/api/pedidos", small.checkout(small.cart({product["id"]: 1}))) for _ in range(20)]
    texts = [
        READ,
        request("GET", "/api/produtos?busca=chocolate"),
        SESSION,
        request("GET", "/api/categorias"),
        request("POST", "/api/carrinho/sessao"),
        *orders,
    ]
    answers = siege(small.port, texts, 500, 5)
    found = statuses(answers)
    assert found[200] and found[201] and found[503], found
    assert set(found) <= {200, 201, 503}, (found, [a for a in answers if a.status not in (200, 201, 503)][:5])
    for answer in answers:
        assert answer.status != 503 or answer.problem("sobrecarga")
    client = Client(small.port)
    assert eventually(lambda: client.get("/health").status == 200 and client.post("/api/carrinho/sessao").status == 201)
    assert small.workers() == before
    assert rss_kib(before.values()) < at_first + 4 * 8 * MEGABYTES
    assert rss_kib(nginx(small)) < 150 * MEGABYTES
    books, shelf = small.ledger(product["id"])
    assert books == shelf


def test_a_crowd_does_not_hide_health(small):
    """However many ask for it while the door is full, it is the workers who tell."""
    answers = [answer for answer in siege(small.port, [READ, HEALTH], 400, 4) if "/health" in answer.label]
    assert 200 in statuses(answers), statuses(answers)
    for answer in answers:
        assert answer.json["service"] == "confeitaria" and "pedidos" in answer.json, answer
