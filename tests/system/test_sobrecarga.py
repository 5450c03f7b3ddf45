"""Too much: bursts from one address, ten times more clients than can be served, slow ones. The rest of the shop goes on."""
import collections
import contextlib
import os
import signal
import socket
import time

import pytest

from client import Client
from multidao import Slow, crowd, parsed, request, siege
from shop import Shop, eventually, open_files

pytestmark = pytest.mark.slow

ONE_WORKER = ("catalogo=1", "catalogo-replica=1", "carrinho=1", "pedidos=1")
OTHER, PROXY = "127.0.0.2", "127.0.0.9"
SESSION = request("POST", "/api/carrinho/sessao")
READ = request("GET", "/api/produtos/1")
HEALTH = request("GET", "/health")
QUEUE = 128  # limite_fila
LISTS = 50
MEGABYTES = 1024  # in KiB


@pytest.fixture(name="limited", scope="module")
def fixture_limited():
    """A shop with the limits that it has by itself, but for reads: so many are not sent in no time by every machine. It stands
    behind a proxy for those who come by it."""
    with Shop("--set", f"proxies={PROXY}", limits={"limite_leituras": 50}) as running:
        yield running


@pytest.fixture(name="small", scope="module")
def fixture_small():
    """One worker a pool, and no limit to an address."""
    with Shop(workers=ONE_WORKER) as running:
        yield running


@pytest.fixture(autouse=True)
def fixture_rested(request):  # pylint: disable=redefined-outer-name
    """A second's rest, so that a test does not find an address's allowance spent by the one before."""
    yield
    if "limited" in request.fixturenames:
        time.sleep(1)


def statuses(answers):
    """How often each status came."""
    return collections.Counter(answer.status for answer in answers)


def memory(pids):
    """Resident KiB of some processes."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return total


def nginx(shop):
    """nginx's master and its workers."""
    master = shop.processes()["nginx"]
    with open(f"/proc/{master}/task/{master}/children", encoding="utf-8") as file:
        return [master, *map(int, file.read().split())]


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
        connection.settimeout(60)
        connection.connect(("127.0.0.1", port))
        raw = b""
        for sent in range(0, times, 50):
            connection.sendall(keep * 49 + (last if sent + 50 >= times else keep))
            raw += connection.recv(1 << 20)
        raw += b"".join(iter(lambda: connection.recv(1 << 20), b""))
    return collections.Counter(int(part[:3]) for part in raw.split(b"HTTP/1.1 ")[1:])


def healthy(shop, source):
    """Health is told to an address. It has its own half second for each part, which a busy machine may miss."""
    return eventually(lambda: crowd(shop.port, [HEALTH], source)[0].status == 200)


def refused_well(answer):
    """A refusal says that it is one, when to come again, and is not kept waiting."""
    answer.problem("muitas_requisicoes" if answer.status == 429 else "sobrecarga")
    assert answer.headers["Retry-After"] == "2" and answer.seconds < 5, (answer, answer.seconds)


def test_a_burst_from_one_address(limited):
    """What is allowed is served, the rest is told to wait; whoever else comes, and whatever else he asks, is served."""
    source = "127.0.0.11"
    answers = crowd(limited.port, [SESSION] * 60, source) + crowd(limited.port, [SESSION] * 240, source)
    assert statuses(answers).keys() == {201, 429} and statuses(answers)[201] >= 100, statuses(answers)
    for answer in answers:
        assert answer.status == 201 or refused_well(answer) is None
    assert {answer.status for answer in answers[:60]} == {201}
    assert healthy(limited, source)
    for text in (READ, request("GET", "/"), request("GET", "/api/openapi.yaml")):
        assert crowd(limited.port, [text], source)[0].status == 200
    assert crowd(limited.port, [SESSION], OTHER)[0].status == 201
    # Neither a header nor the service's own port is a way around.
    forged = request("POST", "/api/carrinho/sessao", headers=["X-Forwarded-For: 192.0.2.1"])
    assert 429 in statuses(crowd(limited.port, [forged] * 100, source))
    assert 429 in statuses(crowd(limited.base + 2, [SESSION] * 100, source))
    assert eventually(lambda: crowd(limited.port, [SESSION], source)[0].status == 201, seconds=5)


@pytest.mark.parametrize(
    "number, text, allowed",
    [
        (12, READ, 500),
        (13, request("DELETE", "/api/carrinho/00000000-0000-4000-8000-000000000000"), 500),
        (14, request("POST", "/api/pedidos", {}), 100),
        (15, HEALTH, 500),
    ],
)
def test_what_an_address_may_ask(limited, number, text, allowed):
    """Ten seconds' worth at once, of each kind; less of what changes something."""
    found = pipeline(limited.port, text, allowed * 3, f"127.0.0.{number}")
    assert sum(found.values()) == allowed * 3 and 0 < found[429] <= allowed * 2, found
    assert all(status < 500 for status in found), found


def test_files_are_not_counted(limited):
    """A page is no burden."""
    assert pipeline(limited.port, request("GET", "/estilo.css"), 4000, "127.0.0.16") == {200: 4000}


def test_a_customer_behind_a_proxy_is_himself(limited):
    """And all of an IPv6 network is one customer."""

    def sessions(client):
        text = request("POST", "/api/carrinho/sessao", headers=[f"X-Forwarded-For: 198.51.100.7, {client}"])
        return statuses(crowd(limited.port, [text] * 80, PROXY))

    first = sessions("2001:db8:0:1::1") + sessions("2001:db8:0:1:ffff::2") + sessions("2001:db8:0:1:1:2:3:4")
    assert first[201] >= 100 and first[429] > 0, first
    assert sessions("2001:db8:0:2::1") == {201: 80}
    assert sessions("192.0.2.5") == {201: 80}


def test_slow_bodies(limited):
    """A client has so many requests at a time; he waits alone, and a silent one is cut. Which of them are one too many is for
    nginx's two workers to say: each comes to its own part of the connections when it comes to it."""
    source = "127.0.0.17"
    begin = (
        b"POST /api/pedidos HTTP/1.1\r\nHost: loja\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
    )
    with Slow(limited.port, 70, begin, source) as first:
        # limite_conexoes is 100.
        other = begin.replace(b"/api/pedidos", b"/api/carrinho/sessao")
        with Slow(limited.port, 60, other, source) as second:
            assert eventually(lambda: first.gone() + second.gone() == 30), (first.gone(), second.gone())
            assert all(said.startswith(b"HTTP/1.1 429") for said in first.heard() + second.heard() if said is not None)
            refused = first.gone()
            for _ in range(3):
                first.dribble()
                assert statuses(crowd(limited.port, [READ, SESSION], OTHER)) == {200: 1, 201: 1}
                refused_well(crowd(limited.port, [READ], source)[0])
                assert healthy(limited, OTHER) and healthy(limited, source)
                time.sleep(1)
        assert first.gone() == refused
        assert eventually(lambda: first.gone() == 70, seconds=15), "whoever says no more is cut"
    assert eventually(lambda: crowd(limited.port, [READ], source)[0].status == 200, seconds=5)


def test_slow_headers(limited):
    """Are cut, however busily they dribble; nobody else notices."""
    begin = b"GET /api/produtos HTTP/1.1\r\nHost: loja\r\nX-Lento: "
    with Slow(limited.port, 300, begin, "127.0.0.19") as slow:
        for _ in range(20):
            slow.dribble()
            assert statuses(crowd(limited.port, [READ, SESSION], OTHER)) == {200: 1, 201: 1}
            assert healthy(limited, OTHER)
            if slow.gone() == 300:
                break
            time.sleep(0.5)
        assert slow.gone() == 300


def test_slow_readers(limited):
    """Large lists that are not read: memory has a bound, others are served, and in the end they are cut. As many as the kernel
    does not hold by itself."""
    limited.script("seed", "--products", "600")
    text = request("GET", "/api/produtos?limite=500")
    whole = len(crowd(limited.port, [text], OTHER)[0].body)
    assert whole * LISTS > 2 * 4 * MEGABYTES * 1024, "more than the kernel keeps for a connection"
    kept = text.replace(b"Connection: close\r\n", b"")
    with Slow(limited.port, 20, kept * LISTS, "127.0.0.20", receive=4096) as slow:
        assert eventually(lambda: slow.gone() == len(slow.connections)), "each has the beginning of its answer"
        for _ in range(5):
            answers = crowd(limited.port, [READ, text], OTHER)
            assert [answer.status for answer in answers] == [200, 200] and len(answers[1].body) == whole, answers
            time.sleep(0.2)
        assert healthy(limited, OTHER)
        assert memory(nginx(limited)) < 150 * MEGABYTES
        assert eventually(lambda: slow.cut() == len(slow.connections), seconds=60)


def turned_away(many):
    """What those have been told whom a pool had no room for."""
    return [parsed("recusado", said, 0) for said in many.heard() if said]


def test_a_full_queue(small):
    """What a pool cannot hold is refused at once; the others wait and are served, and other pools do not notice. Each worker of
    nginx keeps its part of the queue, and the kernel does not share connections out evenly."""
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


def test_reads_that_nobody_waits_for(small):
    """Come out of the queue and are not done."""
    log = small.state / "log/catalogo.log"
    done = log.read_text().count("rota=/api/produtos/{int}/estoque status=200")
    gone = log.read_text().count("status=503")
    at_rest = open_files(nginx(small))
    with frozen(small, "catalogo"):
        with Slow(small.port, 30, request("GET", "/api/produtos/7/estoque")):
            assert eventually(
                lambda: open_files(nginx(small)) >= at_rest + 2 * 30
            ), "to each client, and to the pool for him"
        assert eventually(lambda: open_files(nginx(small)) <= at_rest)
    assert eventually(lambda: log.read_text().count("status=503") >= gone + 30)
    assert log.read_text().count("rota=/api/produtos/{int}/estoque status=200") == done


def test_ten_times_too_many(small):
    """Each is served or told to come again, nobody hangs, nothing grows, and afterwards all is as before."""
    product = small.product(estoque=1000000)
    before, at_first = small.workers(), memory(small.workers().values())
    orders = [request("POST", "/api/pedidos", small.checkout(small.cart({product["id"]: 1}))) for _ in range(20)]
    texts = [
        READ,
        request("GET", "/api/produtos?busca=chocolate"),
        SESSION,
        request("GET", "/api/categorias"),
        request("POST", "/api/carrinho/sessao"),
        *orders,
    ]
    answers = siege(small.port, texts, 500, 8)
    found = statuses(answers)
    assert found[200] and found[201] and found[503], found
    assert set(found) <= {200, 201, 503}, (found, [a for a in answers if a.status not in (200, 201, 503)][:5])
    for answer in answers:
        assert answer.seconds < 5, (answer, answer.seconds)
        assert answer.status != 503 or answer.problem("sobrecarga")
    client = Client(small.port)
    assert eventually(
        lambda: client.get("/health").status == 200 and client.post("/api/carrinho/sessao").status == 201, seconds=5
    )
    assert small.workers() == before
    assert memory(before.values()) < at_first + 4 * 8 * MEGABYTES
    assert memory(nginx(small)) < 150 * MEGABYTES
    books, shelf = small.ledger(product["id"])
    assert books == shelf


def test_a_crowd_does_not_hide_health(small):
    """However many ask for it while the door is full, it is the workers who tell."""
    answers = [answer for answer in siege(small.port, [READ, HEALTH], 400, 5) if "/health" in answer.label]
    assert 200 in statuses(answers), statuses(answers)
    for answer in answers:
        assert answer.json["service"] == "confeitaria" and "pedidos" in answer.json, answer
