"""The catalogue's side of an order, as pedidos calls it: through nginx's internal socket, with a token of its own."""
import threading
import uuid

import pytest

from shop import CONCILIADORES, eventually


@pytest.fixture(scope="module", autouse=True)
def no_conciliador(shop):
    """It would undo these reservations, which have no order, 15 s later."""
    with shop.stopped(*CONCILIADORES):
        yield


@pytest.fixture(name="interno")
def fixture_interno(shop):
    """The token has the rights `reservas` and `retirar`, and no other."""
    return shop.internal(shop.secret("pedidos.token"))


def body(pedido, *lines):
    """What pedidos sends."""
    itens = [{"produto_id": produto, "quantidade": quantidade} for produto, quantidade in lines]
    return {"pedido_id": pedido, "itens": itens}


def test_a_reservation_to_its_end_and_back(shop, interno):
    """Each step may come twice and counts once."""
    pedido, product = str(uuid.uuid4()), shop.product(estoque=10, preco=3.50)
    produto, place = product["id"], f"/interno/reservas/{pedido}"
    interno.get(place).problem("reserva_nao_encontrada")
    interno.post(f"{place}/confirmar").problem("reserva_nao_encontrada")
    for _ in range(2):
        answer = interno.post("/interno/reservas", body(pedido, (produto, 2), (produto, 1))).data
        assert answer["estado"] == "reservada" and answer["expira_em"] is not None
        items = [(item["produto_id"], item["quantidade"], str(item["preco"])) for item in answer["itens"]]
        assert items == [(produto, 3, "3.50")]
        assert shop.stock(produto) == 7
    for _ in range(2):
        assert interno.post(f"{place}/confirmar").data["estado"] == "confirmada"
        assert shop.stock(produto) == 7
    for _ in range(3):
        assert interno.post(f"{place}/liberar").data["estado"] == "liberada"
        assert shop.stock(produto) == 10
    interno.post("/interno/reservas", body(pedido, (produto, 1))).problem("reserva_encerrada")
    interno.post(f"{place}/confirmar").problem("reserva_encerrada")
    kinds = shop.sql(f"SELECT tipo, quantidade, saldo FROM movimentos WHERE pedido_id = '{pedido}' ORDER BY id")
    assert kinds == [["reserva", "-3", "7"], ["venda", "3", "7"], ["devolucao", "3", "10"]]
    assert shop.ledger(produto) == ["10", "10"]


def test_all_lines_or_none(shop, interno):
    """The line that is short names its product; nothing of the others is taken."""
    plenty, short = shop.product(estoque=10)["id"], shop.product(estoque=2, nome="Bolo Curto")["id"]
    lines = body(str(uuid.uuid4()), (plenty, 5), (short, 2), (short, 1))
    problem = interno.post("/interno/reservas", lines).problem("estoque_insuficiente")
    assert problem["detail"] == "Estoque insuficiente: restam 2 unidades de Bolo Curto"
    shop.admin.delete(f"/api/produtos/{short}").ok()
    interno.post("/interno/reservas", body(str(uuid.uuid4()), (plenty, 5), (short, 1))).problem("item_indisponivel")
    interno.post("/interno/reservas", body(str(uuid.uuid4()), (plenty, 5), (2147483647, 1))).problem(
        "item_indisponivel"
    )
    assert shop.stock(plenty) == 10


def test_the_last_unit_goes_once(shop):
    """Four reach for it at the same moment, for each of thirty products: one has it each time."""
    lot, token = shop.category(), shop.secret("pedidos.token")
    produtos = [shop.product(estoque=1, categoria_id=lot)["id"] for _ in range(30)]
    barrier, won = threading.Barrier(4), []

    def reach(client):
        for produto in produtos:
            pedido = str(uuid.uuid4())
            barrier.wait()
            if client.post("/interno/reservas", body(pedido, (produto, 1))).status == 200:
                won.append((produto, pedido))

    threads = [threading.Thread(target=reach, args=(shop.internal(token),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(produto for produto, _ in won) == produtos
    assert {shop.stock(produto) for produto in produtos} == {0}
    for _, pedido in won:
        shop.internal(token).post(f"/interno/reservas/{pedido}/liberar").ok()


def test_an_order_undone_before_its_reservation_came(shop, interno):
    """The late reservation finds it released and takes nothing."""
    pedido, produto = str(uuid.uuid4()), shop.product(estoque=5)["id"]
    assert interno.post(f"/interno/reservas/{pedido}/liberar").data["estado"] == "liberada"
    interno.post("/interno/reservas", body(pedido, (produto, 1))).problem("reserva_encerrada")
    assert shop.stock(produto) == 5


def waits(shop, text):
    """Whether a connection with this in its statement waits for a lock."""
    return shop.sql(
        f"""SELECT pid FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND query LIKE '%{text}%' AND pid <> pg_backend_pid()"""
    )


def test_a_reservation_that_comes_while_it_is_undone(shop):
    """Its products are locked in id order all the same, so that none waits for one who waits for it."""
    first, last = sorted(shop.product(estoque=9)["id"] for _ in range(2))
    pedido = str(uuid.uuid4())
    # The second is first on its page now, where a plan by hash begins.
    shop.sql(f"UPDATE produtos SET estoque = 8 WHERE id = {last}; UPDATE produtos SET estoque = 8 WHERE id = {first}")
    customer, other, undoing = (shop.login("postgres") for _ in range(3))
    for connection in (customer, other):
        connection.cursor().execute("SET idle_in_transaction_session_timeout = 0")
    customer.autocommit = other.autocommit = False
    other.cursor().execute("SELECT FROM produtos WHERE id = %s FOR NO KEY UPDATE", [first])
    reserving = customer.cursor()
    reserving.execute("INSERT INTO reservas (pedido_id, estado, expira_em) VALUES (%s, 'reservada', now())", [pedido])
    for product in (first, last):
        reserving.execute("INSERT INTO reserva_itens VALUES (%s, %s, 'Bolo', 1, 1)", [pedido, product])
        reserving.execute(
            """INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id)
               VALUES (%s, 'reserva', -1, 8, %s)""",
            [product, pedido],
        )

    def undo():
        cursor = undoing.cursor()
        cursor.execute("SET enable_nestloop = off; SET enable_mergejoin = off; SET enable_indexscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        cursor.execute("SELECT reserva_liberar(%s)", [pedido])

    thread = threading.Thread(target=undo)
    thread.start()
    assert eventually(lambda: waits(shop, "reserva_liberar"))
    customer.commit()
    # It waits for the first product now, and has not locked the second: the other one gets it.
    blocked = f"""SELECT pg_blocking_pids(pid) = ARRAY [{other.info.backend_pid}] FROM pg_stat_activity
                  WHERE pid = {undoing.info.backend_pid}"""
    assert eventually(lambda: shop.sql(blocked) == [["t"]])
    cursor = other.cursor()
    cursor.execute("SET LOCAL lock_timeout = '60s'")
    cursor.execute("SELECT FROM produtos WHERE id = %s FOR NO KEY UPDATE", [last])
    other.commit()
    thread.join()
    assert [shop.ledger(product) for product in (first, last)] == [["9", "9"]] * 2
    for connection in (customer, other, undoing):
        connection.close()


def test_only_pedidos_may_reserve(shop):
    """An administrator is not pedidos, and pedidos is no administrator."""
    line = body(str(uuid.uuid4()), (shop.product()["id"], 1))
    shop.internal(None).post("/interno/reservas", line).problem("nao_autenticado")
    shop.internal(shop.admin.token).post("/interno/reservas", line).problem("nao_autorizado")
    shop.client(token=shop.secret("pedidos.token")).post("/api/categorias", {"nome": "x"}).problem("nao_autorizado")
