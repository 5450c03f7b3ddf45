"""GET /api/pedidos/producao: what the kitchen has to make, in the order of its time; who moved an order."""
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shop import Shop

ROUTE = "/api/pedidos/producao"
ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture(name="kitchen", scope="module")
def fixture_kitchen():
    """A shop with no orders but these tests'."""
    with Shop() as running:
        yield running


@pytest.fixture(name="clerk", scope="module")
def fixture_clerk(kitchen):
    """One who moves orders along."""
    return kitchen.client(token=kitchen.script("token", "create", "cozinha", "--right", "atendente").stdout.strip())


def due(kitchen, data=None, days_late=0):
    """The number of an order for a day, a time or no date; made late behind the system's back."""
    order = kitchen.order({kitchen.product()["id"]: 1}, entrega={"tipo": "retirada", "data": data})
    kitchen.sql(
        f"""UPDATE pedidos SET entrega_dia = entrega_dia - {days_late},
                               entrega_data = entrega_data - interval '{days_late} days'
            WHERE id = '{order['id']}'""",
        "pedidos",
    )
    return order["numero"]


def board(client, dia):
    """The numbers that a day's board shows."""
    answer = client.get(f"{ROUTE}?dia={dia}")
    assert answer.json["total"] == len(answer.data)
    return [order["numero"] for order in answer.data]


def test_in_the_order_of_its_time(kitchen, clerk):
    """Late days first, each in its order, then times, then the day's, then those at no date; a day is the shop's."""
    day = datetime.now(ZONE).date() + timedelta(20)
    after = day + timedelta(1)
    without = [due(kitchen), due(kitchen)]
    day_only = due(kitchen, f"{day}")
    late_at_night = due(kitchen, f"{after}T02:59:00Z")
    next_day = due(kitchen, f"{after}T03:00:00Z")
    at_ten = due(kitchen, f"{day}T10:00:00-03:00")
    at_nine = due(kitchen, f"{day}T12:00:00Z")
    late = due(kitchen, f"{day}", days_late=2)
    late_at = due(kitchen, f"{day}T10:00:00-03:00", days_late=2)
    later = due(kitchen, f"{day}T10:00:00-03:00", days_late=1)
    early = due(kitchen, f"{after}")
    wanted = [late_at, late, later, at_nine, at_ten, late_at_night, day_only, *without]
    assert board(clerk, day) == wanted == board(kitchen.admin, day)
    assert board(clerk, after) == [*wanted[:-2], next_day, early, *without]
    assert board(clerk, day - timedelta(3)) == without
    assert set(board(clerk, day - timedelta(2))) == {late_at, late, *without}


def test_only_what_is_open(kitchen, clerk):
    """What is delivered or cancelled is off the board; without a day it is today's."""
    today = datetime.now(ZONE).date()
    order = kitchen.order({kitchen.product()["id"]: 1}, entrega={"tipo": "retirada", "data": str(today)})
    for status in ("em_preparo", "pronto"):
        assert order["numero"] in [one["numero"] for one in clerk.get(ROUTE).data]
        clerk.put(f"/api/pedidos/{order['id']}/status", {"status": status}).ok()
    assert order["numero"] in board(clerk, today)
    clerk.put(f"/api/pedidos/{order['id']}/status", {"status": "entregue"}).ok()
    gone = kitchen.order({kitchen.product()["id"]: 1})
    kitchen.public.post(f"/api/pedidos/{gone['id']}/cancelar").ok()
    assert not {order["numero"], gone["numero"]} & {one["numero"] for one in clerk.get(ROUTE).data}


def test_more_than_a_board_holds(kitchen, clerk):
    """The first 500, and how many there are."""
    order = kitchen.order({kitchen.product()["id"]: 1})["id"]
    copies = """INSERT INTO pedidos (id, status, valor_total, corpo_sha256, cliente_nome, cliente_email,
                                     cliente_telefone, entrega_tipo, session_id, carrinho_versao, entrega_dia)
                SELECT md5('lote' || n)::uuid, 'confirmado', valor_total, corpo_sha256, cliente_nome, cliente_email,
                       cliente_telefone, entrega_tipo, md5('lote' || n)::uuid, 1, '2002-01-01'
                FROM pedidos, generate_series(1, 500) AS n WHERE id = '{}';
                INSERT INTO pedido_itens SELECT md5('lote' || n)::uuid, linha, produto_id, nome, preco_unitario, quantidade
                FROM pedido_itens, generate_series(1, 500) AS n WHERE pedido_id = '{}';
                INSERT INTO pedido_historico (pedido_id, status, autor)
                SELECT md5('lote' || n)::uuid, 'confirmado', 'cliente' FROM generate_series(1, 500) AS n"""
    kitchen.psql(copies.format(order, order), "pedidos")
    there = "SELECT count(*) FROM pedidos WHERE status BETWEEN 'confirmado' AND 'em_rota' AND {}"
    answer = clerk.get(f"{ROUTE}?dia=2002-01-01")
    without = int(kitchen.value(there.format("coalesce(entrega_dia::text, entrega_data::text) IS NULL"), "pedidos"))
    assert len(answer.data) == 500 and answer.json["total"] == 500 + without
    assert {order["entrega"]["data"] for order in answer.data} == {"2002-01-01"}


def test_who_moved_it_is_the_staffs_business(kitchen, clerk):
    """`autor` is the customer or a token's name; the customer never sees it, whatever is sent along."""
    order = kitchen.order({kitchen.product()["id"]: 1})
    address = f"/api/pedidos/{order['id']}"
    moved = clerk.put(f"{address}/status", {"status": "em_preparo"})
    kitchen.admin.put(f"{address}/status", {"status": "pronto"}).ok()
    wanted = [("confirmado", "cliente"), ("em_preparo", "cozinha"), ("pronto", "testes")]
    assert [(step["status"], step["autor"]) for step in moved.data["historico"]] == wanted[:2]
    for client in (kitchen.admin, clerk):
        seen = client.get(address)
        assert [(step["status"], step["autor"]) for step in seen.data["historico"]] == wanted
        listed = client.get(f"/api/pedidos?numero={order['numero']}").data[0]
        assert listed == seen.data
    service, invented = kitchen.client(token=kitchen.secret("pedidos.token")), kitchen.client(token="cft_inventado")
    for client in (kitchen.public, service, invented):
        answer = client.get(address)
        assert [set(step) for step in answer.data["historico"]] == [{"status", "em"}] * 3
        assert answer.etag == seen.etag
    assert "autor" not in order["historico"][0]
    again = kitchen.order({kitchen.product()["id"]: 1})
    cancelled = kitchen.public.post(f"/api/pedidos/{again['id']}/cancelar").data
    assert [set(step) for step in cancelled["historico"]] == [{"status", "em"}] * 2


def test_it_is_for_the_staff(kitchen):
    """And takes one day, nothing else."""
    kitchen.public.get(ROUTE).problem("nao_autenticado")
    kitchen.client(token=kitchen.secret("pedidos.token")).get(ROUTE).problem("nao_autorizado")
    for query in ("dia=hoje", "dia=2026-02-30", "dia=2026-01-01T00:00:00Z", "dia="):
        kitchen.admin.get(f"{ROUTE}?{query}").problem("parametro_invalido", "dia")
    kitchen.admin.get(f"{ROUTE}?limite=3").problem("parametro_invalido", "limite")
