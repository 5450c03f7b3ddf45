"""What the customer agreed to is what is ordered: the total, and when."""
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shop import eventually

SHOP_ZONE = ZoneInfo("America/Sao_Paulo")
KEY = {"Idempotency-Key": "combinado"}


def order(shop, session, headers=None, **fields):
    """Asks for an order of what is in the cart."""
    return shop.public.post("/api/pedidos", shop.checkout(session, **fields), headers=headers)


@pytest.mark.parametrize("esperado", [b"24.68", b"24.680", b"2468e-2"])
def test_the_expected_total(shop, esperado):
    """By its value, however it is spelled."""
    session = shop.cart({shop.product(preco=12.34)["id"]: 2})
    body = str(shop.checkout(session)).replace("'", '"').encode()[:-1] + b', "valor_esperado": ' + esperado + b"}"
    assert shop.public.post("/api/pedidos", body).ok(201)["valor_total"] == Decimal("24.68")


def test_no_expected_total(shop):
    """null is as if it were not there."""
    session = shop.cart({shop.product()["id"]: 1})
    order(shop, session, valor_esperado=None).ok(201)


@pytest.mark.parametrize("headers", [KEY, {}], ids=["key", "no key"])
def test_another_total(shop, headers):
    """Nothing is taken and no order made; the answer says what it costs now, and with that it is ordered."""
    product = shop.product(preco=10, estoque=9)
    session = shop.cart({product["id"]: 3})
    shop.admin.patch(f"/api/produtos/{product['id']}", {"preco": 99.90}).ok()
    for _ in range(2):
        answer = order(shop, session, headers, valor_esperado=30.00)
        problem = answer.problem("valor_mudou")
        assert problem["valor_total"] == Decimal("299.70") and "299.70" in problem["detail"]
        assert answer.headers["Location"] is None and shop.stock(product["id"]) == 9
        assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 3
    states = f"SELECT DISTINCT status FROM pedidos WHERE session_id = '{session}'"
    assert shop.sql(states, "pedidos") == [["desfeito"]]
    made = order(shop, session, headers, valor_esperado=299.70).ok(201)
    assert made["valor_total"] == Decimal("299.70") and shop.stock(product["id"]) == 6
    books, shelf = shop.ledger(product["id"])
    assert books == shelf == "6"


def test_what_another_tab_put_into_the_cart(shop):
    """It changes the total, too."""
    product = shop.product(preco=5)
    session = shop.cart({product["id"]: 1})
    shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"]}).ok()
    assert order(shop, session, valor_esperado=5).problem("valor_mudou")["valor_total"] == 10


def test_the_expected_total_is_part_of_the_call(shop):
    """The same key with another one is another call; a repeat is answered whatever the price is now."""
    product = shop.product(preco=5)
    session = shop.cart({product["id"]: 1})
    made = order(shop, session, KEY, valor_esperado=5).ok(201)
    shop.admin.patch(f"/api/produtos/{product['id']}", {"preco": 6}).ok()
    assert order(shop, session, KEY, valor_esperado=5).ok(201) == made
    order(shop, session, KEY, valor_esperado=6).problem("chave_reutilizada")


@pytest.mark.parametrize("valor", [-1, 1.234, "5.00", True, 1e17])
def test_an_expected_total_that_is_none(shop, valor):
    """Money, not negative."""
    order(shop, shop.session(), valor_esperado=valor).problem("campos_invalidos", "valor_esperado")


def today():
    """The shop's day."""
    return datetime.now(SHOP_ZONE).date()


def delivery(shop, data, headers=None, session=None):
    """Asks for an order to be picked up then."""
    session = session or shop.cart({shop.product()["id"]: 1})
    return order(shop, session, headers, entrega={"tipo": "retirada", "data": data})


def test_a_date_stays_a_date(shop):
    """It does not become a moment, such as the midnight of some zone."""
    for days in (1, 28, 364):
        text = str(today() + timedelta(days=days))
        made = delivery(shop, text).ok(201)
        assert made["entrega"]["data"] == text
        assert shop.public.get(f"/api/pedidos/{made['id']}").data["entrega"]["data"] == text


def test_a_delivery_today(shop):
    """Asked for again when midnight came between the two looks at a calendar."""
    assert eventually(lambda: delivery(shop, str(today())).status == 201)


def test_an_empty_date_is_none(shop):
    """As an empty form field gives it."""
    assert delivery(shop, "").ok(201)["entrega"]["data"] is None


def test_a_time_stays_an_instant(shop):
    """Whatever its offset."""
    when = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=2)
    for text in (when.strftime("%Y-%m-%dT%H:%M:%SZ"), when.astimezone(SHOP_ZONE).isoformat()):
        assert delivery(shop, text).ok(201)["entrega"]["data"] == when.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    assert delivery(shop, datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")).status == 201


@pytest.mark.parametrize("days", [-3, -2, 368, 30000])
def test_past_or_too_far(shop, days):
    """Neither a date nor a time; the cart is left alone."""
    session = shop.cart({shop.product()["id"]: 1})
    day = today() + timedelta(days=days)
    for text in (str(day), f"{day}T12:00:00-03:00"):
        delivery(shop, text, session=session).problem("campos_invalidos", "entrega.data")
    delivery(shop, str(today() + timedelta(days=1)), session=session).ok(201)


def test_yesterday_in_the_shops_zone(shop):
    """A day ends where the shop is."""
    delivery(shop, str(today() - timedelta(days=1))).problem("campos_invalidos", "entrega.data")


def test_every_offending_field_is_named(shop):
    """The past date beside the others."""
    body = {
        "session_id": shop.session(),
        "cliente": {"nome": "", "email": "x", "telefone": "1"},
        "entrega": {"tipo": "entrega", "data": "2001-01-01"},
    }
    shop.public.post("/api/pedidos", body).problem(
        "campos_invalidos", "cliente.nome", "cliente.email", "cliente.telefone", "entrega.endereco", "entrega.data"
    )


def test_a_repeat_when_the_hour_has_passed(shop):
    """The order was made in time, so its lost answer can still be had."""
    session = shop.cart({shop.product()["id"]: 1})
    when = str(today() + timedelta(days=1))
    made = delivery(shop, when, KEY, session).ok(201)
    shop.sql(f"UPDATE pedidos SET entrega_dia = '2020-01-01' WHERE id = '{made['id']}'", "pedidos")
    again = delivery(shop, when, KEY, session)
    assert again.ok(201)["id"] == made["id"] and again.headers["Idempotency-Replayed"] == "true"


def test_an_order_of_an_older_release(shop):
    """It had an instant for a date, and shows it as it always did."""
    made = delivery(shop, None).ok(201)
    shop.sql(f"UPDATE pedidos SET entrega_data = '2026-12-24T00:00:00Z' WHERE id = '{made['id']}'", "pedidos")
    assert shop.public.get(f"/api/pedidos/{made['id']}").data["entrega"]["data"] == "2026-12-24T00:00:00.000000Z"


@pytest.fixture(name="early")
def fixture_early(shop):
    """Of half past midnight in UTC, which is the evening before in the shop; no other order is of that time."""
    made = delivery(shop, None).ok(201)
    moment = "2019-11-25T00:30:05.325499Z"
    change = "UPDATE pedidos SET criado_em = {} WHERE id = '{}'"
    shop.sql(change.format(f"'{moment}'", made["id"]), "pedidos")
    yield made
    shop.sql(change.format(f"'{made['criado_em']}'", made["id"]), "pedidos")


# fmt: off
@pytest.mark.parametrize("desde, ate, found", [
    ("2019-11-24", "2019-11-24", True), ("2019-11-25", "2019-11-25", False), ("2019-11-23", "2019-11-23", False),
    ("2019-11-25T00:30:05Z", "2019-11-25T00:30:05Z", True), ("2019-11-25T00:30:06Z", "2019-11-26", False),
    ("2019-11-24", "2019-11-25T00:30:04Z", False), ("2019-11-24T21:30:05-03:00", "2019-11-24T21:30:05-03:00", True),
    ("2019-11-25T00:30Z", "2019-11-25T00:30Z", True), ("2019-11-24", "2019-11-25T00:29Z", False),
    ("2019-11-25T00:31Z", "2019-11-26", False),
    ("2019-11-25T00:30:05.3Z", "2019-11-25T00:30:05.3Z", True), ("2019-11-24", "2019-11-25T00:30:05.2Z", False),
    ("2019-11-25T00:30:05.325499Z", "2019-11-25T00:30:05.325499Z", True),
    ("2019-11-24", "2019-11-25T00:30:05.325498Z", False), ("2019-11-25T00:30:05.325500Z", "2019-11-26", False),
    ("2019-11-24T21:30-03:00", "2019-11-24T21:30-03:00", True),
])
# fmt: on
def test_from_and_to_are_inclusive(shop, early, desde, ate, found):
    """In the precision in which they are given; a day is the shop's. The page and the total agree."""
    target = f"/api/pedidos?desde={desde.replace('+', '%2B')}&ate={ate}"
    assert [one["id"] for one in shop.admin.get(target).data] == ([early["id"]] if found else [])
    other = delivery(shop, None).ok(201)
    shop.sql(f"UPDATE pedidos SET criado_em = '2019-11-24T12:00:00Z' WHERE id = '{other['id']}'", "pedidos")
    try:
        page = shop.admin.get(f"/api/pedidos?desde=2019-11-24T12:00:00Z&ate={ate}&limite=1").json
        there = shop.admin.get(f"/api/pedidos?desde=2019-11-24T12:00:00Z&ate={ate}").json
        assert page["total"] == there["total"] == len(there["data"])
    finally:
        back = f"UPDATE pedidos SET criado_em = '{other['criado_em']}' WHERE id = '{other['id']}'"
        shop.sql(back, "pedidos")


def test_a_shop_in_another_zone(shop, early):
    """The same orders, and the days of another place: fuso_horario."""
    conf, workers = shop.current / "pedidos.conf", list(shop.workers("pedidos"))
    text = conf.read_text()
    assert "fuso_horario = America/Sao_Paulo\n" in text
    try:
        with shop.stopped(*workers):
            conf.write_text(text.replace("America/Sao_Paulo", "Pacific/Kiritimati"))
        for day, found in (("2019-11-24", []), ("2019-11-25", [early["id"]])):
            answer = shop.admin.get(f"/api/pedidos?desde={day}&ate={day}")
            assert [one["id"] for one in answer.data] == found and answer.json["total"] == len(found)
        there = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
        delivery(shop, str(there + timedelta(days=1))).ok(201)
        delivery(shop, str(there - timedelta(days=1))).problem("campos_invalidos", "entrega.data")
    finally:
        with shop.stopped(*workers):
            conf.write_text(text)


@pytest.mark.parametrize("text", ["2019-11-24T10:20", "2019-11-24T10Z", "2019-11-24T10:20:30", "2019-11-31", "ontem"])
def test_from_that_is_no_time(shop, text):
    """A time without an offset means nothing."""
    shop.admin.get(f"/api/pedidos?desde={text}").problem("parametro_invalido", "desde")


def test_the_first_and_the_last_day(shop):
    """The ends of the calendar are days like others."""
    assert shop.admin.get("/api/pedidos?ate=0001-01-01").json["total"] == 0
    assert shop.admin.get("/api/pedidos?desde=9999-12-31").json["total"] == 0
    shop.admin.get("/api/pedidos?desde=0001-01-01&ate=9999-12-31&limite=1").ok()
