"""The metrics: numbers that grow by what was asked, and a page that is there while parts are not."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest
import yaml

from client import TOP, Client
from generated import generated
from shop import METRICS, POOLS, eventually
from metricas import Page, text

MONITORING = TOP / "docs/monitoring"
ROUTE = {"pool": "catalogo", "method": "GET", "route": "/api/produtos/{int}/estoque"}


def becomes(shop, condition):
    """The page as soon as it is so."""
    found = eventually(lambda: (page := Page(shop)) and condition(page) and page)
    assert found, text(shop)
    return found


def named(expression):
    """The metrics in an expression of Prometheus."""
    return set(re.findall(r"\bconfeitaria_[a-z_]+\b", expression))


@pytest.fixture(name="audited")
def fixture_audited(shop):
    """A note of a good backup, as `confeitaria backup` leaves it: one of the session's shop would take long. How an
    audit ended, which other tests' carts may spoil."""
    path = shop.state / "data/ultimos/backup"
    audit = shop.script("audit", check=False)
    path.write_text("1767225600 1 1767225600\n", encoding="ascii")
    path.chmod(0o644)
    yield audit.returncode
    path.unlink()


def test_prometheus_takes_the_page(shop, audited):
    """All sources are there, and each metric that rules, dashboard and manual name, and no other is unnamed."""
    page = becomes(
        shop, lambda page: all(value for (name, _), value in page.samples.items() if name.endswith("source_up"))
    )
    assert page.get("confeitaria_last_backup_timestamp_seconds") == 1767225600
    assert page.get("confeitaria_last_audit_ok") == (audited == 0)
    assert page.get("confeitaria_replication_lag_bytes") >= 0 and page.get("confeitaria_replication_streaming") == 1
    release = generated("version.json")
    assert page.get("confeitaria_build_info", version=release["version"], commit=release["commit"]) == 1
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked = set().union(*(named(rule["expr"]) for rule in rules), *map(named, targets))
    assert len(asked) > 20 and asked <= page.names()
    manual = (TOP / "docs/operations.md").read_text(encoding="utf-8")
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in page.names()} <= named(manual)
    if shutil.which("promtool"):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=text(shop), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr


def test_requests_are_counted_by_route_and_status(shop):
    """Each once, in the histogram too."""
    client = shop.client(pool="catalogo")
    before = Page(shop)

    def grown(page, name, **labels):
        return (page.get(name, **labels) or 0) - (before.get(name, **labels) or 0)

    for _ in range(3):
        client.get("/api/produtos/7/estoque").ok()
    client.get("/api/produtos/2147483647/estoque").problem("produto_nao_encontrado")
    requests, durations = "confeitaria_requests_total", "confeitaria_request_duration_seconds"
    page = becomes(shop, lambda page: grown(page, f"{durations}_count", **ROUTE) == 4)
    assert grown(page, requests, **ROUTE, status="200") == 3 and grown(page, requests, **ROUTE, status="404") == 1
    assert grown(page, f"{durations}_bucket", **ROUTE, le="+Inf") == 4
    assert grown(page, f"{durations}_sum", **ROUTE) > 0
    counts = [page.get(f"{durations}_bucket", **ROUTE, le=bound) for bound in ("0.005", "0.1", "1", "+Inf")]
    assert counts == sorted(counts)


def test_what_nginx_answered_alone(shop):
    """Answers that it had kept, and refusals for want of a worker: counted from its log, once, by whichever worker."""
    before = Page(shop)
    product, client = shop.product()["id"], shop.client()

    def grown(page, name, **labels):
        return page.get(name, **labels) - before.get(name, **labels)

    while client.get(f"/api/produtos/{product}").headers["X-Cache"] != "HIT":
        pass
    becomes(shop, lambda page: grown(page, "confeitaria_cache_answers_total", result="hit") >= 1)
    assert grown(Page(shop), "confeitaria_cache_answers_total", result="miss") >= 1
    with shop.stopped(*shop.workers("catalogo-replica")):
        for _ in range(5):
            shop.client(pool="catalogo-replica").get("/api/produtos").problem("servico_indisponivel")
        becomes(shop, lambda page: grown(page, "confeitaria_refused_requests_total", status="503") >= 5)
    pages = [Page(shop) for _ in range(5)]
    refused = [page.get("confeitaria_refused_requests_total", status="503") for page in pages]
    assert (
        refused == sorted(refused)
        and refused[-1] - before.get("confeitaria_refused_requests_total", status="503") < 1000
    )


def test_workers_that_come_and_die(shop):
    """Declared follows `scale`; a kill is a death, a renewal and a stop are none."""
    labels = {"pool": "catalogo-busca"}
    before = becomes(shop, lambda page: page.get("confeitaria_workers", **labels) == 2)
    assert before.get("confeitaria_workers_declared", **labels) == 2
    shop.script("scale", "catalogo-busca", "3")
    page = becomes(shop, lambda page: page.get("confeitaria_workers", **labels) == 3)
    assert page.get("confeitaria_workers_declared", **labels) == 3
    shop.script("scale", "catalogo-busca", "2")
    page = becomes(shop, lambda page: page.get("confeitaria_workers", **labels) == 2)

    def grown(page, name):
        return page.get(f"confeitaria_worker_{name}_total", **labels) - before.get(
            f"confeitaria_worker_{name}_total", **labels
        )

    assert [grown(page, name) for name in ("starts", "renewals", "deaths")] == [1, 0, 0]
    (first, pid), (_, other) = shop.workers("catalogo-busca").items()
    os.kill(pid, signal.SIGKILL)
    os.kill(other, signal.SIGHUP)
    assert eventually(lambda: shop.processes().get(first, pid) != pid)
    becomes(shop, lambda page: [grown(page, name) for name in ("starts", "renewals", "deaths")] == [3, 1, 1])


def test_an_order_that_is_parked(shop):
    """It is shown, with the age of one that waits; the page of /api/sistema is as it was."""
    becomes(shop, lambda page: page.get("confeitaria_orders_parked") == 0)
    parked, owing = (shop.order({shop.product()["id"]: 1})["id"] for _ in range(2))
    later = "proxima_tentativa = now() + interval '1 hour'"
    shop.sql(
        f"""UPDATE pedidos SET pendencia = 'finalizar', {later} WHERE id IN ('{parked}', '{owing}');
            UPDATE pedidos SET parado_em = now(), parado_motivo = 'teste' WHERE id = '{parked}';
            INSERT INTO reservas_paradas VALUES ('{parked}', 6, now() + interval '1 hour', now(), 'teste')""",
        "pedidos",
    )
    try:
        page = becomes(shop, lambda page: page.get("confeitaria_orders_unfinished_oldest_seconds") >= 1)
        assert page.get("confeitaria_orders_parked") == page.get("confeitaria_reservations_parked") == 1
        assert page.get("confeitaria_orders_unfinished") >= 1
    finally:
        shop.sql(
            f"""UPDATE pedidos SET pendencia = NULL, proxima_tentativa = NULL, parado_em = NULL, parado_motivo = NULL
                WHERE id IN ('{parked}', '{owing}');
                DELETE FROM reservas_paradas""",
            "pedidos",
        )
    becomes(shop, lambda page: page.get("confeitaria_orders_parked") == 0)


def test_the_page_answers_while_a_pool_does_not(shop):
    """Both workers of the catalogue wait for a lock, other requests wait for them: the page says so, and what only
    those workers could tell is left out."""
    done = threading.Event()

    def ask():
        client = shop.client(pool="catalogo")
        while not done.is_set():
            client.get("/api/produtos/7/estoque")

    askers = [threading.Thread(target=ask) for _ in range(4)]
    with shop.locked("produtos"):
        try:
            for asker in askers:
                asker.start()
            page = becomes(
                shop,
                lambda page: page.get("confeitaria_workers", pool="catalogo", state="busy") == 2
                and page.get("confeitaria_queue_length", pool="catalogo") >= 2
                and page.get("confeitaria_source_up", source="catalogo") == 0,
            )
            assert page.get("confeitaria_store_up", pool="catalogo") is None
            assert page.get("confeitaria_store_up", pool="carrinho", store="redis") == 1
        finally:
            done.set()
    for asker in askers:
        asker.join()
    becomes(shop, lambda page: page.get("confeitaria_workers", pool="catalogo", state="busy") == 0)
    assert shop.recovered()


def test_who_may_read_it(shop):
    """This machine alone, by a port of its own, and nothing but this."""
    port = shop.base + METRICS
    with socket.create_connection(("127.0.0.1", port)):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port)).close()
    client = Client(port)
    assert client.head("/metrics").status == 200
    assert client.post("/metrics", {}).status == 405
    assert client.get("/").status == client.get("/api/produtos").status == 404
    assert "Access-Control-Allow-Origin" not in client.get("/metrics").headers
    for other in (shop.public, *(shop.client(pool=pool) for pool in ("catalogo", "pedidos"))):
        other.get("/metrics").problem("rota_nao_encontrada")
    assert set(POOLS) == {dict(labels)["pool"] for name, labels in Page(shop).samples if name == "confeitaria_workers"}
