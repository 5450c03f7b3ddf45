"""The outbox and the stream of events: a long backlog, consumers that are behind, somebody's open snapshot."""
import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from client import TOP
from shop import CONCILIADORES, Shop, eventually
from test_fotografia_aberta import snapshot

STREAM, KEPT = "pedidos:eventos", 100_000
OWN = "teste:fluxo"  # a stream for the script alone
BACKLOG = 40_000


@pytest.fixture(name="busy", scope="module")
def fixture_busy():
    """A shop of their own: its outbox and its stream are not those of an honest one."""
    with Shop() as shop:
        yield shop


def backlog(shop, count):
    """So many events that are not in the stream yet, of an order that was made for them."""
    order = shop.order({shop.product()["id"]: 1})["id"]
    shop.sql(
        f"""INSERT INTO eventos (pedido_id, tipo, dados)
            SELECT pedido_id, tipo, dados FROM eventos, generate_series(1, {count}) WHERE pedido_id = '{order}'""",
        "pedidos",
    )


def published(shop):
    """Whether the outbox is empty."""
    return shop.value("SELECT count(*) FROM eventos WHERE publicado_em IS NULL", "pedidos") == "0"


def peaks(shop):
    """How much memory each conciliador has ever had, in KiB."""
    pids = [pid for name, pid in shop.processes().items() if name in CONCILIADORES]
    found = (Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in pids)
    return [int(re.search(r"^VmHWM:\s+(\d+)", text, re.M)[1]) for text in found]


@pytest.mark.slow  # and not with a sanitizer, which keeps what was freed
def test_a_long_backlog_needs_no_more_memory(busy):
    """As after hours without Redis: batch by batch, each with the memory of the one before."""
    with busy.stopped(*CONCILIADORES):
        backlog(busy, BACKLOG)
    assert eventually(lambda: published(busy))
    assert len(peaks(busy)) == 2 and max(peaks(busy)) < min(peaks(busy)) + 6000, peaks(busy)


def test_the_outbox_is_not_read_from_its_beginning(busy):
    """What was published under somebody's open snapshot stays in the index, and is not read at each look."""
    reads = "SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'eventos_por_publicar'"

    def counts():
        return [int(number) for number in busy.sql(reads, "pedidos")[0]]

    def little_read():
        scans, entries = counts()
        assert eventually(lambda: counts()[0] >= scans + 4)
        after = counts()
        # Marking a batch as published is two hundred scans of an entry each.
        return after[0] - scans < 50 and after[1] - entries < 1000

    with snapshot(busy, "pedidos"):
        backlog(busy, 3000)
        assert eventually(lambda: published(busy))
        assert eventually(little_read)
        order = busy.order({busy.product()["id"]: 1})
        assert eventually(
            lambda: any(f'"numero": {order["numero"]},' in entry["dados"] for _, entry in last_entries(busy))
        )


def last_entries(shop):
    """The newest of the stream."""
    return shop.redis().xrevrange(STREAM, count=20)


# The script, with a bound of 10.


@pytest.fixture(name="publish")
def fixture_publish(busy):
    """Publishes so many events; what the script says, and how many entries the stream has then."""
    script = (TOP / "db/pedidos/publicar.lua").read_text(encoding="utf-8")
    redis = busy.redis()

    def run(count):
        events = [{"id": str(number), "tipo": "pedido.confirmado", "dados": "{}"} for number in range(count)]
        return redis.eval(script, 1, OWN, "10", json.dumps(events)), redis.xlen(OWN)

    yield run
    redis.delete(OWN)


def test_without_a_group_the_bound_holds(publish):
    """The oldest go."""
    assert publish(4) == ([4, 0], 4)
    assert publish(8) == ([8, 0], 10)
    assert publish(2500) == ([2500, 0], 1510)
    assert publish(1) == ([1, 0], 511)
    assert publish(1) == ([1, 0], 10)


def test_what_a_group_has_not_read_stays(busy, publish):
    """Nor what it has read and not acknowledged; of several groups the one that is most behind counts."""
    redis = busy.redis()
    publish(5)
    redis.xgroup_create(OWN, "fast", id="0")
    assert publish(20) == ([20, 15], 25)
    redis.xgroup_create(OWN, "slow", id="0")
    read = redis.xreadgroup("fast", "one", {OWN: ">"}, count=100)[0][1]
    redis.xack(OWN, "fast", *(name for name, _ in read))
    assert publish(1) == ([1, 16], 26)
    read = redis.xreadgroup("slow", "one", {OWN: ">"}, count=6)[0][1]
    assert publish(1) == ([1, 17], 27)
    # The first that is not acknowledged is the fourth.
    redis.xack(OWN, "slow", *(name for name, _ in read[:3]))
    assert publish(1) == ([1, 15], 25)
    assert redis.xrange(OWN, count=1)[0][0] == read[3][0]
    redis.xgroup_destroy(OWN, "slow")
    redis.xreadgroup("fast", "one", {OWN: ">"}, count=100, noack=True)
    assert publish(1) == ([1, 0], 10)


def test_a_restart_tells_redis_what_is_allowed_now(busy):
    """The conciliador of this version needs more than that of an older one, under which Redis began."""
    busy.redis().execute_command("ACL", "SETUSER", "conciliador", "-xlen")
    busy.order({busy.product()["id"]: 1})
    assert eventually(lambda: "event=redis_refused" in busy.logs()["conciliador.log"])
    assert not published(busy)
    busy.script("restart", "conciliador")
    assert eventually(lambda: published(busy))


@contextmanager
def group(shop):
    """A consumer that reads the stream from its beginning on."""
    shop.redis().xgroup_create(STREAM, "relatorios", id="0")
    try:
        yield
    finally:
        shop.redis().xgroup_destroy(STREAM, "relatorios")


def test_a_consumer_that_is_behind(busy):
    """Nothing that it has not read is lost; status and log say so, until it has read."""
    redis = busy.redis()
    busy.order({busy.product()["id"]: 1})
    assert eventually(lambda: published(busy))
    redis.eval(
        f"for _ = redis.call('XLEN', KEYS[1]), {KEPT} do redis.call('XADD', KEYS[1], '*', 'id', '0') end", 1, STREAM
    )
    with group(busy):
        first = redis.xrange(STREAM, count=1)
        busy.order({busy.product()["id"]: 1})
        assert eventually(lambda: published(busy))
        assert redis.xrange(STREAM, count=1) == first and redis.xlen(STREAM) == KEPT + 2
        report = busy.status(check=False)
        part = report["parts"]["conciliador"]
        assert not report["healthy"] and part["status"] == "consumer behind" and part["stream_entries"] == KEPT + 2
        assert "event=consumer_behind kept=100000 beyond=2" in busy.logs()["conciliador.log"]
        redis.xgroup_setid(STREAM, "relatorios", "$")
        busy.order({busy.product()["id"]: 1})
        assert eventually(lambda: redis.xlen(STREAM) == KEPT)
        assert eventually(lambda: "event=consumer_caught_up" in busy.logs()["conciliador.log"])
    assert busy.status()["parts"]["conciliador"]["status"] == "running"
