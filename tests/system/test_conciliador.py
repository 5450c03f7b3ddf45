"""The conciliador: what a crash left is ended or undone, events are published in order, a second one takes over."""
import json
import os
import re
import signal
import uuid
from contextlib import contextmanager

import pytest

from shop import CLIENTE, CONCILIADORES, RETIRADA, eventually

STREAM = "pedidos:eventos"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def events(shop, order):
    """What the stream says of an order: (event's id, type, data) in order."""
    number = int(shop.value(f"SELECT numero FROM pedidos WHERE id = '{order}'", "pedidos"))
    entries = [
        (int(entry["id"]), entry["tipo"], json.loads(entry["dados"])) for _, entry in shop.redis().xrange(STREAM)
    ]
    return [entry for entry in entries if entry[2]["numero"] == number]


def outbox(shop, order):
    """What the outbox says of it: (id, type)."""
    rows = shop.sql(f"SELECT id, tipo FROM eventos WHERE pedido_id = '{order}' ORDER BY id", "pedidos")
    return [(int(number), tipo) for number, tipo in rows]


def left_behind(shop, session, products, ago="1 hour", status="reservando"):
    """An order that its worker wrote down, some time ago, before it died; its id."""
    order = str(uuid.uuid4())
    lines = ", ".join(f"('{order}', {line}, {p}, {quantity})" for line, (p, quantity) in enumerate(products.items(), 1))
    shop.sql(
        f"""
        BEGIN;
        INSERT INTO pedidos (id, status, corpo_sha256, session_id, carrinho_versao,
                             cliente_nome, cliente_email, cliente_telefone, entrega_tipo, criado_em, atualizado_em)
        VALUES ('{order}', '{status}', repeat('0', 64), '{session}', 2, '{CLIENTE["nome"]}', '{CLIENTE["email"]}',
                '{CLIENTE["telefone"]}', '{RETIRADA["tipo"]}', now() - interval '{ago}', now() - interval '{ago}');
        INSERT INTO pedido_itens (pedido_id, linha, produto_id, quantidade) VALUES {lines};
        COMMIT""",
        "pedidos",
    )
    return order


def grow_old(shop, order):
    """An hour passes: the conciliador takes it for left behind."""
    shop.sql(f"UPDATE pedidos SET atualizado_em = now() - interval '1 hour' WHERE id = '{order}'", "pedidos")


def status_of(shop, order):
    """The state of an order, whether a client may see it or not."""
    return shop.value(f"SELECT status FROM pedidos WHERE id = '{order}'", "pedidos")


def active(shop):
    """The process that works: the backend that holds the lock says which connection, the log whose."""
    pids = {pid for name, pid in shop.processes().items() if name in CONCILIADORES}
    took = re.findall(r"event=assume pid=(\d+)", shop.logs()["conciliador.log"])
    return next((int(pid) for pid in reversed(took) if int(pid) in pids), None)


def test_events_are_published_in_order(shop):
    """Each once the conciliador has seen it; as they are in the outbox, with the same numbers."""
    order = shop.order({shop.product(preco=12.34)["id"]: 2})["id"]
    for status in ("em_preparo", "pronto", "entregue"):
        shop.admin.put(f"/api/pedidos/{order}/status", {"status": status}).ok()
    assert eventually(lambda: len(events(shop, order)) == 4)
    published = events(shop, order)
    assert [tipo for _, tipo, _ in published] == [
        "pedido.confirmado",
        "pedido.em_preparo",
        "pedido.pronto",
        "pedido.entregue",
    ]
    assert [(number, tipo) for number, tipo, _ in published] == outbox(shop, order)
    assert set(published[0][2]) == {"numero", "status", "valor_total", "em"} and published[0][2]["valor_total"] == 24.68
    unmarked = f"SELECT count(*) FROM eventos WHERE pedido_id = '{order}' AND publicado_em IS NULL"
    assert eventually(lambda: shop.value(unmarked, "pedidos") == "0")


def test_events_hold_nothing_that_opens_an_order(shop):
    """Neither those of now nor those that an older release wrote down and did not publish any more."""
    order = shop.order({shop.product()["id"]: 1})["id"]
    assert eventually(lambda: len(events(shop, order)) == 1)
    added = shop.value(
        f"""INSERT INTO eventos (pedido_id, tipo, dados)
            SELECT pedido_id, tipo, dados || jsonb_build_object('pedido_id', pedido_id)
            FROM eventos WHERE pedido_id = '{order}' RETURNING id""",
        "pedidos",
    )
    assert eventually(lambda: len(events(shop, order)) == 2)
    entries = shop.redis().xrange(STREAM)
    shop.sql(f"DELETE FROM eventos WHERE id = {added}", "pedidos")
    shop.redis().xdel(STREAM, *(name for name, entry in entries if entry["id"] == added))
    for _, entry in entries:
        assert set(entry) == {"id", "tipo", "dados"} and not UUID.search(" ".join(entry.values())), entry


def test_an_order_that_owes_is_concluded(shop):
    """Its reservation becomes a sale, its goods leave the cart, and scripts/status counts it."""
    product = shop.product(estoque=9)["id"]
    session = shop.cart({product: 2})
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["id"]
    before = shop.status()["parts"]["conciliador"]
    shop.redis().hdel(f"carrinho:{session}", "retirada")
    shop.redis().hset(f"carrinho:{session}", f"i:{product}", "3 1700000000000000")
    shop.sql(
        f"""UPDATE pedidos SET pendencia = 'finalizar', atualizado_em = now() - interval '1 hour'
                 WHERE id = '{order}'""",
        "pedidos",
    )
    owes = f"SELECT count(*) FROM pedidos WHERE id = '{order}' AND pendencia IS NOT NULL"
    assert eventually(lambda: shop.value(owes, "pedidos") == "0")
    lines = shop.public.get(f"/api/carrinho/{session}").data["itens"]
    assert [(line["produto_id"], line["quantidade"]) for line in lines] == [(product, 1)]
    assert shop.stock(product) == 7
    assert eventually(lambda: shop.status()["parts"]["conciliador"]["orders_ended"] > before["orders_ended"])


def test_an_order_that_nobody_was_told_of_is_undone(shop):
    """Left waiting for its reservation: the stock is back, the order never was, the cart may be ordered."""
    product = shop.product(estoque=9)["id"]
    session = shop.cart({product: 2})
    order = left_behind(shop, session, {product: 2}, ago="-1 hour")
    shop.sql(f"SELECT reservar('{order}', '{{{product}}}', '{{2}}', interval '1 hour')")
    grow_old(shop, order)
    assert eventually(lambda: status_of(shop, order) == "desfeito")
    assert shop.stock(product) == 9
    assert events(shop, order) == []
    shop.public.get(f"/api/pedidos/{order}").problem("pedido_nao_encontrado")
    shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert shop.stock(product) == 7


def test_an_order_that_is_fresh_is_left_alone(shop):
    """Its worker may still be at it."""
    product = shop.product()["id"]
    order = left_behind(shop, shop.cart({product: 1}), {product: 1}, ago="-1 hour")
    other = left_behind(shop, shop.cart({product: 1}), {product: 1})
    assert eventually(lambda: status_of(shop, other) == "desfeito")
    assert status_of(shop, order) == "reservando"
    grow_old(shop, order)
    assert eventually(lambda: status_of(shop, order) == "desfeito")


def reopened(shop, order, product):
    """Puts an order's reservation back to `reservada`, past its limit, with the books of that moment."""
    shop.sql(
        f"""
        BEGIN;
        DELETE FROM movimentos WHERE pedido_id = '{order}' AND tipo <> 'reserva';
        UPDATE produtos SET estoque = (SELECT saldo FROM movimentos WHERE pedido_id = '{order}') WHERE id = {product};
        UPDATE reservas SET estado = 'reservada', expira_em = now() WHERE pedido_id = '{order}';
        COMMIT"""
    )
    return f"SELECT estado FROM reservas WHERE pedido_id = '{order}'"


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_reservation_that_the_catalogue_forgot_to_settle(shop, cancelled):
    """As its disk may after a power cut: past its limit it goes the way that its order went."""
    product = shop.product(estoque=9)["id"]
    order = shop.order({product: 2})["id"]
    if cancelled:
        shop.public.post(f"/api/pedidos/{order}/cancelar").ok()
    state = reopened(shop, order, product)
    assert eventually(lambda: shop.value(state) == ("liberada" if cancelled else "confirmada"))
    assert shop.stock(product) == (9 if cancelled else 7)


@pytest.mark.parametrize("status", ["desfeito", None])
def test_a_reservation_of_an_order_that_never_was(shop, status):
    """Undone, or not even there: past its limit it goes back to the shelf."""
    product = shop.product(estoque=9)["id"]
    order = left_behind(shop, shop.cart({product: 2}), {product: 2}, status=status) if status else str(uuid.uuid4())
    shop.sql(f"SELECT reservar('{order}', '{{{product}}}', '{{2}}', interval '-1 second')")
    assert eventually(lambda: shop.value(f"SELECT estado FROM reservas WHERE pedido_id = '{order}'") == "liberada")
    assert shop.stock(product) == 9


def test_the_session_itself_clears_its_way(shop):
    """An order of the session that waits for its reservation is undone by the next one, which needs no conciliador."""
    product = shop.product(estoque=3)["id"]
    session = shop.cart({product: 2})
    earlier = left_behind(shop, session, {product: 2}, ago="-1 hour")
    shop.sql(f"SELECT reservar('{earlier}', '{{{product}}}', '{{2}}', interval '1 hour')")
    shop.public.put(f"/api/carrinho/{session}/atualizar/{product}", {"quantidade": 1}).ok()
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    assert order["itens"][0]["quantidade"] == 1 and shop.stock(product) == 2
    assert status_of(shop, earlier) == "desfeito"


def test_a_cart_read_before_an_earlier_order_left_it(shop):
    """Whoever read the cart before what was ordered was out of it must not order that again."""
    product = shop.product()["id"]
    session = shop.cart({product: 1})
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["id"]
    versions = shop.sql(f"SELECT carrinho_versao, carrinho_retirado FROM pedidos WHERE id = '{order}'", "pedidos")
    ordered, taken = (int(version) for version in versions[0])
    assert taken > ordered

    def opened(versao):
        call = f"""pedido_abrir('{uuid.uuid4()}', NULL, repeat('0', 64), '{session}', {versao}, 'Maria', 'm@x.br',
                                '11 99999-0000', 'retirada', NULL, NULL, NULL, '{{{product}}}', '{{1}}')"""
        return shop.sql(f"BEGIN; SELECT id FROM {call}; ROLLBACK", "pedidos")

    assert opened(ordered) == [[order]]
    shop.sql(f"UPDATE pedidos SET carrinho_retirado = {taken + 5} WHERE id = '{order}'", "pedidos")
    assert opened(taken + 4) == []
    assert len(opened(taken + 5)) == 1
    shop.sql(f"UPDATE pedidos SET carrinho_retirado = {taken} WHERE id = '{order}'", "pedidos")


def test_another_one_takes_over(shop):
    """The one that works is killed; the other goes on with what there is."""
    before = eventually(lambda: active(shop))
    assert before
    product = shop.product(estoque=4)["id"]
    os.kill(before, signal.SIGKILL)
    order = left_behind(shop, shop.cart({product: 1}), {product: 1})
    assert eventually(lambda: status_of(shop, order) == "desfeito")
    assert active(shop) not in (None, before)
    assert eventually(lambda: len([name for name in shop.processes() if name in CONCILIADORES]) == 2)


def test_only_one_works(shop):
    """Both look; one holds the lock."""
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 20260101 AND granted"
    assert eventually(lambda: shop.value(locks, "pedidos") == "1")
    both = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'conciliador'"
    assert eventually(lambda: shop.value(both, "pedidos") == "2")


def test_without_one_status_says_so(shop):
    """What it would have mended waits, and is mended when it is back."""
    product = shop.product(estoque=4)["id"]
    shop.supervisor("stop", *CONCILIADORES)
    try:
        order = left_behind(shop, shop.cart({product: 1}), {product: 1})
        paid = shop.order({product: 1})["id"]
        report = shop.status(check=False)
        part = report["parts"]["conciliador"]
        assert report["healthy"] is False and part["status"] == "stopped" and part["processes"] == 0
        assert part["oldest_unfinished_seconds"] >= 3600 and part["events_unpublished"] >= 1
        assert status_of(shop, order) == "reservando" and events(shop, paid) == []
    finally:
        shop.supervisor("start", *CONCILIADORES)
    assert eventually(lambda: status_of(shop, order) == "desfeito" and len(events(shop, paid)) == 1)
    assert eventually(lambda: shop.status(check=False)["healthy"])
    assert shop.status()["parts"]["conciliador"]["oldest_unfinished_seconds"] == 0


@contextmanager
def refused(shop, order):
    """Meanwhile the catalogue's database refuses to give an order's goods back, as it would with a fault of its own."""
    shop.sql(
        f"""
        CREATE FUNCTION recusa() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE TRIGGER recusa BEFORE UPDATE ON reservas FOR EACH ROW
            WHEN (NEW.pedido_id = '{order}' AND NEW.estado = 'liberada') EXECUTE FUNCTION recusa()"""
    )
    try:
        yield
    finally:
        shop.sql("DROP TRIGGER recusa ON reservas; DROP FUNCTION recusa()")


def test_an_end_that_is_refused_is_parked(shop):
    """Tried later and later, then an operator hears of it; it holds up neither its session nor others; and is ended."""
    product = shop.product(estoque=9)["id"]
    session = shop.cart({product: 2})
    order = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
    row = f"""SELECT tentativas, proxima_tentativa IS NOT NULL, (parado_em IS NOT NULL) = (tentativas >= 6),
                     parado_motivo
              FROM pedidos WHERE id = '{order["id"]}'"""
    due = f"""UPDATE pedidos SET atualizado_em = now() - interval '1 hour', proxima_tentativa = NULL
              WHERE id = '{order["id"]}'"""
    said = "event=pedido_parado"
    before = sum(log.count(said) for log in shop.logs().values())
    with refused(shop, order["id"]):
        assert shop.public.post(f"/api/pedidos/{order['id']}/cancelar").data["status"] == "cancelado"
        assert shop.sql(row, "pedidos")[0][1:] == ["t", "t", "liberar 500"]

        # The session goes on, and so does the conciliador with the orders of others.
        shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product}).ok()
        shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
        other = left_behind(shop, shop.cart({product: 1}), {product: 1})
        for tries in range(2, 8):
            shop.sql(due, "pedidos")
            assert eventually(lambda tries=tries: int(shop.sql(row, "pedidos")[0][0]) >= tries)
            assert shop.sql(row, "pedidos")[0][2:] == ["t", "liberar 500"]
        assert eventually(lambda: status_of(shop, other) == "desfeito")

        part = shop.status()["parts"]["conciliador"]
        assert part["orders_parked"] == 1 and part["status"] == "running"
        assert eventually(lambda: shop.status()["parts"]["conciliador"]["oldest_unfinished_seconds"] == 0)
        report = shop.script("audit", check=False)
        assert report.returncode == 1 and f"order {order['numero']} is cancelado and parked since" in report.stderr
        assert sum(log.count(said) for log in shop.logs().values()) == before + 1
        assert shop.stock(product) == 6
    done = shop.script("unpark")
    assert f"will be tried again: {order['numero']}" in done.stdout + done.stderr
    assert eventually(lambda: shop.stock(product) == 8)
    assert eventually(lambda: shop.sql(row, "pedidos") == [["0", "f", "t", ""]])
    assert shop.status()["parts"]["conciliador"]["orders_parked"] == 0
    done = shop.script("unpark")
    assert "will be tried again: none" in done.stdout + done.stderr


def test_a_reservation_that_is_refused_is_parked(shop):
    """It has no order, and the catalogue does not release it: tried less and less, then parked, then ended."""
    product, said = shop.product(estoque=9)["id"], "event=reserva_parada"
    stuck, other = str(uuid.uuid4()), str(uuid.uuid4())
    state = "SELECT estado FROM reservas WHERE pedido_id = '{}'"
    row = f"SELECT tentativas, parado_em IS NOT NULL FROM reservas_paradas WHERE pedido_id = '{stuck}'"
    due = f"UPDATE reservas_paradas SET proxima_tentativa = now() WHERE pedido_id = '{stuck}'"
    before = shop.logs()["conciliador.log"].count(said)
    with refused(shop, stuck):
        shop.sql(f"SELECT reservar('{stuck}', '{{{product}}}', '{{2}}', interval '-1 second')")
        for tries in range(1, 8):
            assert eventually(lambda tries=tries: int((shop.sql(row, "pedidos") or [["0"]])[0][0]) >= tries)
            shop.sql(due, "pedidos")
        # It is left alone for a minute now; others are not.
        shop.sql(f"SELECT reservar('{other}', '{{{product}}}', '{{1}}', interval '-1 second')")
        assert eventually(lambda: shop.value(state.format(other)) == "liberada")
        assert eventually(lambda: shop.sql(row, "pedidos")[0][1] == "t")
        alone = f"""SELECT proxima_tentativa > now() + interval '30 seconds' FROM reservas_paradas
                    WHERE pedido_id = '{stuck}'"""
        assert eventually(lambda: shop.value(alone, "pedidos") == "t")
        assert shop.status()["parts"]["conciliador"]["reservations_parked"] == 1
        report = shop.script("audit", "--wait", "0", check=False)
        assert report.returncode == 1 and f"the unknown order {stuck[:8]}… is parked since" in report.stderr
        assert shop.logs()["conciliador.log"].count(said) == before + 1
        assert shop.value(state.format(stuck)) == "reservada"
    assert "reservations that will be tried again: 1" in shop.script("unpark").stdout
    assert eventually(lambda: shop.value(state.format(stuck)) == "liberada") and shop.stock(product) == 9
    assert eventually(lambda: shop.value("SELECT count(*) FROM reservas_paradas", "pedidos") == "0")
    assert shop.status()["parts"]["conciliador"]["reservations_parked"] == 0


@pytest.mark.slow
def test_an_order_that_cannot_be_undone_is_parked_too(shop):
    """It was given up: its goods are the catalogue's to give back, its session orders again at once."""
    product = shop.product(estoque=9)["id"]
    session = shop.cart({product: 2})
    order = left_behind(shop, session, {product: 2}, ago="-1 hour")
    shop.sql(f"SELECT reservar('{order}', '{{{product}}}', '{{2}}', interval '1 hour')")
    with refused(shop, order):
        shop.public.put(f"/api/carrinho/{session}/atualizar/{product}", {"quantidade": 1}).ok()
        shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
        shop.sql(f"UPDATE pedidos SET tentativas = 5, proxima_tentativa = NULL WHERE id = '{order}'", "pedidos")
        grow_old(shop, order)
        assert eventually(lambda: shop.status()["parts"]["conciliador"]["orders_parked"] == 1)
        assert status_of(shop, order) == "desfazendo"
    shop.script("unpark")
    assert eventually(lambda: status_of(shop, order) == "desfeito") and shop.stock(product) == 8
