"""GET /api/pedidos/resumo: sales by day of the shop's zone, and the products sold most."""
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shop import Shop

ROUTE = "/api/pedidos/resumo"


@pytest.fixture(name="far_shop", scope="module")
def fixture_far_shop():
    """One whose day begins at a quarter past six in the evening (UTC)."""
    with Shop(fuso_horario="Asia/Kathmandu") as running:
        yield running


def ordered_at(shop, when, lines):
    """An order of a time that is long past."""
    order = shop.order(lines)
    shop.sql(f"UPDATE pedidos SET criado_em = '{when}' WHERE id = '{order['id']}'", "pedidos")
    return order["id"]


def summed(shop):
    """Changes that wait to be added up are added up now."""
    shop.psql("SELECT pedidos_somar()", "pedidos")
    for table in ("pedidos_resumo_novas", "produtos_vendidos_novas"):
        assert shop.value(f"SELECT count(*) FROM {table}", "pedidos") == "0"


def between(shop, desde, ate):
    """The answer for these days."""
    data = shop.admin.get(f"{ROUTE}?desde={desde}&ate={ate}").data
    assert (data["desde"], data["ate"]) == (desde, ate)
    return data


def counted(shop, desde, ate, zone):
    """The same days and products from the orders themselves."""
    days = shop.sql(
        f"""SELECT (criado_em AT TIME ZONE '{zone}')::date, status, count(*), sum(valor_total) FROM pedidos
            WHERE status >= 'confirmado' AND (criado_em AT TIME ZONE '{zone}')::date BETWEEN '{desde}' AND '{ate}'
            GROUP BY 1, 2""",
        "pedidos",
    )
    products = shop.sql(
        f"""SELECT produto_id, sum(quantidade), sum(quantidade * preco_unitario)
            FROM pedidos p JOIN pedido_itens i ON i.pedido_id = p.id
            WHERE status >= 'confirmado' AND status <> 'cancelado'
              AND (criado_em AT TIME ZONE '{zone}')::date BETWEEN '{desde}' AND '{ate}'
            GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1 LIMIT 20""",
        "pedidos",
    )
    return days, [(int(one), int(many), Decimal(value)) for one, many, value in products]


def assert_right(shop, desde, ate, zone):
    """What is answered is what the orders say, whether it has been added up or not."""
    data = between(shop, desde, ate)
    days, products = counted(shop, desde, ate, zone)
    first, last = date.fromisoformat(desde), date.fromisoformat(ate)
    assert [day["dia"] for day in data["dias"]] == [str(first + timedelta(n)) for n in range((last - first).days + 1)]
    for day in data["dias"]:
        mine = [(status, int(count), Decimal(value)) for one, status, count, value in days if one == day["dia"]]
        assert day["por_status"] == {status: count for status, count, _ in mine}
        assert day["pedidos"] == sum(count for status, count, _ in mine if status != "cancelado")
        assert day["valor"] == sum((value for status, _, value in mine if status != "cancelado"), Decimal("0.00"))
    assert [(one["produto_id"], one["quantidade"], one["valor"]) for one in data["produtos"]] == products
    return data


def test_each_day_of_the_shop_has_a_row(shop):
    """Days begin at 3 h UTC here; what is cancelled counts in its state only."""
    cake, pie = shop.product(nome="Bolo de Ontem", preco=10.10)["id"], shop.product(preco=0.07)["id"]
    late = ordered_at(shop, "2003-05-02T02:59:59.999999Z", {cake: 1})
    ordered_at(shop, "2003-05-02T03:00:00Z", {cake: 2, pie: 3})
    gone = ordered_at(shop, "2003-05-03T02:59:00Z", {cake: 9})
    shop.public.post(f"/api/pedidos/{gone}/cancelar").ok()
    shop.admin.put(f"/api/pedidos/{late}/status", {"status": "em_preparo"}).ok()
    for _ in range(2):
        data = assert_right(shop, "2003-04-30", "2003-05-03", "America/Sao_Paulo")
        assert data["dias"] == [
            {"dia": "2003-04-30", "pedidos": 0, "valor": Decimal("0.00"), "por_status": {}},
            {"dia": "2003-05-01", "pedidos": 1, "valor": Decimal("10.10"), "por_status": {"em_preparo": 1}},
            {
                "dia": "2003-05-02",
                "pedidos": 1,
                "valor": Decimal("20.41"),
                "por_status": {"confirmado": 1, "cancelado": 1},
            },
            {"dia": "2003-05-03", "pedidos": 0, "valor": Decimal("0.00"), "por_status": {}},
        ]
        assert [one["quantidade"] for one in data["produtos"]] == [3, 3]
        assert data["produtos"][0]["nome"] == "Bolo de Ontem"
        summed(shop)


def test_the_products_sold_most(shop):
    """At most twenty, by pieces, then by value; by the name that they had last."""
    products = [shop.product(preco=1 + n) for n in range(22)]
    for n, product in enumerate(products):
        ordered_at(shop, f"2004-0{1 + n % 3}-15T12:00:00Z", {product["id"]: 1 + n // 2})
    renamed = f"Bolo {uuid.uuid4()}"
    shop.admin.patch(f"/api/produtos/{products[21]['id']}", {"nome": renamed}).ok()
    ordered_at(shop, "2004-04-01T12:00:00Z", {products[21]["id"]: 1})
    for _ in range(2):
        data = assert_right(shop, "2004-01-01", "2004-12-31", "America/Sao_Paulo")
        assert len(data["dias"]) == 366 and len(data["produtos"]) == 20
        assert data["produtos"][0]["nome"] == renamed
        assert_right(shop, "2004-01-15", "2004-01-15", "America/Sao_Paulo")
        assert_right(shop, "2004-01-16", "2004-03-14", "America/Sao_Paulo")
        summed(shop)


def test_days_of_any_zone(far_shop):
    """A day that is no whole number of hours from UTC's, at both of its ends."""
    shop, zone = far_shop, "Asia/Kathmandu"
    products = [shop.product(preco=3 + n)["id"] for n in range(3)]
    start = datetime(2005, 3, 1, 18, 0)
    for n in range(24):
        ordered_at(shop, f"{start + timedelta(minutes=n * 173)}Z", {products[n % 3]: 1 + n % 4})
    for _ in range(2):
        for desde, ate in (("2005-03-01", "2005-03-05"), ("2005-03-02", "2005-03-02"), ("2005-03-03", "2005-03-04")):
            assert_right(shop, desde, ate, zone)
        summed(shop)


def test_without_days_it_is_the_last_thirty(shop):
    """To today, of the shop's zone; an order counts at once."""
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    before = shop.admin.get(ROUTE).data
    product = shop.product(preco=2.50)["id"]
    shop.order({product: 4})
    after = shop.admin.get(ROUTE).data
    if datetime.now(ZoneInfo("America/Sao_Paulo")).date() == today:
        assert (after["desde"], after["ate"]) == (str(today - timedelta(29)), str(today))
        assert after["dias"][-1]["pedidos"] > before["dias"][-1]["pedidos"]
        assert after["dias"][-1]["valor"] >= before["dias"][-1]["valor"] + 10
    assert len(after["dias"]) == 30
    assert shop.admin.get(f"{ROUTE}?ate=2010-03-01").data["desde"] == "2010-01-31"


# fmt: off
@pytest.mark.parametrize("query, campo", [
    ("desde=2026-02-30", "desde"), ("ate=ontem", "ate"), ("desde=2026-01-01T00:00:00Z", "desde"), ("ate=", "ate"),
    ("desde=2024-01-01&ate=2025-01-01", "desde"), ("desde=2024-01-02&ate=2024-01-01", "desde"),
    ("desde=9000-01-01", "desde"), ("dia=2024-01-01", "dia"), ("desde=2024-01-01&desde=2024-01-02", "desde"),
    ("desde=0001-01-01&ate=2024-01-02", "desde"),
])
# fmt: on
def test_a_range_that_is_none(shop, query, campo):
    """Days alone, not the wrong way round, at most 366 of them, nothing else."""
    shop.admin.get(f"{ROUTE}?{query}").problem("parametro_invalido", campo)


def test_it_is_for_administrators(shop):
    """Sales are not the kitchen's business."""
    clerk = shop.client(token=shop.script("token", "create", "caixa-resumo", "--right", "atendente").stdout.strip())
    clerk.get(ROUTE).problem("nao_autorizado")
    shop.public.get(ROUTE).problem("nao_autenticado")
