"""Many at once: whatever the order in which they come, the sums add up."""
import collections
import threading
import uuid

import pytest

from shop import ENTREGA, eventually


def together(shop, calls, token=None):
    """Each call with a client of its own, all let go at the same moment; their results in order."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def one(i, call):
        client = shop.client(token)
        barrier.wait()
        try:
            results[i] = call(client)
        except Exception as error:  # a thread's failure is the test's
            results[i] = error
        finally:
            client.close()

    threads = [threading.Thread(target=one, args=entry) for entry in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def statuses(answers):
    """How often each status came."""
    return collections.Counter(answer.status for answer in answers)


def ordering(body, **options):
    """A customer who orders, and asks again when the answer came too late: it is the same order."""

    def call(client):
        answer = client.post("/api/pedidos", body, **options)
        return client.post("/api/pedidos", body, **options) if answer.status == 504 else answer

    return call


def deadlocks(shop):
    """How often PostgreSQL had to break one."""
    return [shop.value("SELECT sum(deadlocks) FROM pg_stat_database", name) for name in ("catalogo", "pedidos")]


def same_books(shop, *products):
    """The ledger says what is on the shelf, and no reservation stays open."""
    for product in products:
        books, shelf = shop.ledger(product["id"])
        assert books == shelf
    assert eventually(lambda: shop.value("SELECT count(*) FROM reservas WHERE estado = 'reservada'") == "0")


def test_many_want_the_last_ones(shop):
    """Twelve customers, five cakes: five orders, seven refusals, nothing below zero."""
    product = shop.product(estoque=5)
    bodies = [shop.checkout(shop.cart({product["id"]: 1})) for _ in range(12)]
    answers = together(shop, [ordering(body) for body in bodies])
    assert statuses(answers) == {201: 5, 409: 7}
    for answer in answers:
        assert answer.status == 201 or answer.problem("estoque_insuficiente")
    assert shop.stock(product["id"]) == 0
    assert len({answer.json["data"]["id"] for answer in answers if answer.status == 201}) == 5
    same_books(shop, product)


def test_crossed_carts_do_not_wait_for_each_other(shop):
    """The same products in opposite order: no deadlock, all lines or none."""
    one, two, three = shop.product(estoque=6), shop.product(estoque=6), shop.product(estoque=6)
    orders = [(one, two, three), (three, two, one), (two, three, one), (one, three, two)] * 3
    bodies = [shop.checkout(shop.cart({p["id"]: 1 for p in lines})) for lines in orders]
    before = deadlocks(shop)
    answers = together(shop, [ordering(body) for body in bodies])
    assert statuses(answers) == {201: 6, 409: 6}
    assert deadlocks(shop) == before
    assert [shop.stock(p["id"]) for p in (one, two, three)] == [0, 0, 0]
    same_books(shop, one, two, three)


def test_adds_to_one_cart_all_count(shop):
    """Eight adds at once of one product, and of another."""
    one, two = shop.product(), shop.product()
    session = shop.session()

    def add(client, product):
        return client.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 2})

    answers = together(shop, [lambda client, p=p: add(client, p) for p in (one, two) * 4])
    assert statuses(answers) == {200: 8}
    itens = shop.public.get(f"/api/carrinho/{session}").data["itens"]
    assert {i["produto_id"]: i["quantidade"] for i in itens} == {one["id"]: 8, two["id"]: 8}
    assert sorted(a.data["quantidade"] for a in answers if a.data["produto_id"] == one["id"]) == [2, 4, 6, 8]


def test_adds_stop_at_the_stock(shop):
    """The last unit goes into the cart once."""
    product = shop.product(estoque=5)
    session = shop.session()
    path, body = f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"]}
    answers = together(shop, [lambda client: client.post(path, body)] * 9)
    assert statuses(answers) == {200: 5, 409: 4}
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 5


@pytest.mark.parametrize("keyed", [True, False], ids=["same key", "double click"])
@pytest.mark.parametrize("times", [2, 8])
def test_one_order_asked_for_at_once(shop, keyed, times):
    """One order, one taking of stock; every answer is that order, or says to ask again."""
    product = shop.product(estoque=50)
    session = shop.cart({product["id"]: 3})
    body, headers = shop.checkout(session, entrega=ENTREGA), {"Idempotency-Key": str(uuid.uuid4())} if keyed else {}
    answers = together(shop, [ordering(body, headers=headers)] * times)
    assert statuses(answers) == {201: times}, [a for a in answers if a.status != 201]
    assert len({answer.json["data"]["id"] for answer in answers}) == 1
    assert shop.stock(product["id"]) == 47
    assert shop.value(f"SELECT count(*) FROM pedidos WHERE session_id = '{session}'", "pedidos") == "1"
    assert shop.public.get(f"/api/carrinho/{session}").data["itens"] == []
    same_books(shop, product)


def opening(session, key, versao=2, product=1):
    """The statement that writes an order down; returns its id, or that of the order which is there already."""
    return f"""SELECT id FROM pedido_abrir('{uuid.uuid4()}', '{key}', repeat('0', 64), '{session}', {versao}, 'Maria',
        'maria@exemplo.com.br', '11 99999-0000', 'retirada', NULL, NULL, NULL, '{{{product}}}', '{{1}}')"""


def test_a_key_is_one_order_even_before_the_first_is_written(shop):
    """The second transaction waits for the first, which has not committed yet, and then finds its order."""
    first, second = shop.login("pedidos", "pedidos"), shop.login("pedidos", "pedidos")
    first.autocommit = False
    session, key, found = uuid.uuid4(), str(uuid.uuid4()), []
    with first.cursor() as cursor:
        cursor.execute(opening(session, key))
        written = cursor.fetchone()[0]

    def come_second():
        with second.cursor() as cursor:
            cursor.execute(opening(session, key, versao=3))
            found.append(cursor.fetchone()[0])

    thread = threading.Thread(target=come_second)
    thread.start()
    waits = f"SELECT 1 FROM pg_locks WHERE pid = {second.get_backend_pid()} AND NOT granted"
    assert eventually(lambda: shop.sql(waits, "pedidos")) and not found
    first.commit()
    thread.join()
    assert found == [written]
    shop.sql(f"UPDATE pedidos SET status = 'desfeito' WHERE id = '{written}'", "pedidos")


@pytest.mark.parametrize(
    "same, index",
    [
        ("session_id, chave", "pedidos_chave"),
        ("session_id", "pedidos_um_por_vez"),
        ("session_id, carrinho_versao", "pedidos_carrinho"),
    ],
)
def test_the_database_has_the_last_word_on_orders(shop, same, index):
    """A second order of a key, of a version of a cart, or waiting in the same session is refused, whoever writes it."""
    order = shop.order({shop.product()["id"]: 1})["id"]
    status = "reservando" if index == "pedidos_um_por_vez" else "confirmado"
    values = {"chave": f"'{uuid.uuid4()}'", "session_id": f"'{uuid.uuid4()}'", "carrinho_versao": "2"}
    insert = """INSERT INTO pedidos (id, status, valor_total, corpo_sha256,
                                     cliente_nome, cliente_email, cliente_telefone,
                                     entrega_tipo, chave, session_id, carrinho_versao)
                SELECT gen_random_uuid(), '{status}', 1, corpo_sha256, cliente_nome, cliente_email, cliente_telefone,
                       entrega_tipo, {chave}, {session_id}, {carrinho_versao} FROM pedidos WHERE id = '{order}';"""
    one = insert.format(status=status, order=order, **values)
    names = same.split(", ")
    other = {
        name: value if name in names else {"carrinho_versao": "3"}.get(name, f"'{uuid.uuid4()}'")
        for name, value in values.items()
    }
    two = insert.format(status=status, order=order, **other)
    with pytest.raises(AssertionError, match=index):
        shop.sql(f"BEGIN; {one} {two} ROLLBACK", "pedidos")
    shop.sql(f"BEGIN; {one} ROLLBACK", "pedidos")


def test_a_double_click_for_too_much_is_refused_twice(shop):
    """The one that finds the order undone by the other is told why, too."""
    product = shop.product(estoque=5)
    body = shop.checkout(shop.cart({product["id"]: 5}))
    shop.admin.put(f"/api/produtos/{product['id']}/estoque", {"quantidade": 1, "operacao": "remover"}).ok()
    for _ in range(20):
        for answer in together(shop, [lambda client: client.post("/api/pedidos", body)] * 2):
            assert "restam 4" in answer.problem("estoque_insuficiente")["detail"]


def test_one_confirmed_and_the_other_cannot_find_out(shop):
    """A click that loses the race and cannot read what became of the order leaves its reservation alone."""
    product = shop.product(estoque=5)
    session = shop.cart({product["id"]: 2})
    shelf = shop.login("postgres")
    shelf.autocommit = False
    with shelf.cursor() as cursor:
        cursor.execute("SELECT 1 FROM produtos WHERE id = %s FOR UPDATE", [product["id"]])
    loser = threading.Thread(target=shop.client().post, args=("/api/pedidos", shop.checkout(session)))
    loser.start()
    with shop.login("postgres", "pedidos").cursor() as cursor:

        def asked(text):
            cursor.execute(text)
            return cursor.fetchone()

        pedido = eventually(lambda: asked(f"SELECT id FROM pedidos WHERE session_id = '{session}'"), every=0.005)[0]
        asked(f"SELECT id FROM pedido_confirmar('{pedido}', ARRAY[{product['id']}], ARRAY['Bolo'], ARRAY[10.00])")
        with shop.locked("pedido_historico", "pedidos"):
            shelf.commit()
            loser.join()
    assert shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)["id"] == pedido
    state = f"SELECT estado FROM reservas WHERE pedido_id = '{pedido}'"
    assert eventually(lambda: shop.sql(state) == [["confirmada"]])
    assert shop.stock(product["id"]) == 3


def test_one_key_for_different_orders_at_once(shop):
    """A session's: one of them gets it, the others are told. Other sessions may use the same key."""
    product = shop.product(estoque=50)
    headers = {"Idempotency-Key": "pedido-1"}
    sessions = [shop.cart({product["id"]: 1}) for _ in range(3)]
    bodies = [shop.checkout(session, observacoes=words) for session in sessions for words in ("sem vela", "com vela")]
    answers = together(shop, [ordering(body, headers=headers) for body in bodies])
    assert statuses(answers) == {201: 3, 409: 3}
    for answer in answers:
        assert answer.status == 201 or answer.problem("chave_reutilizada")
    assert shop.stock(product["id"]) == 47
    same_books(shop, product)


def test_adding_while_ordering(shop):
    """What is added meanwhile is either ordered or still in the cart, never lost and never counted twice."""
    product = shop.product(estoque=1000)
    for _ in range(6):
        session = shop.cart({product["id"]: 1})

        def order(client):
            return client.post("/api/pedidos", shop.checkout(session))

        def add(client):
            return client.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 10})

        before = shop.stock(product["id"])
        ordered, added = together(shop, [order, add])
        assert added.status == 200 and ordered.status == 201
        bought = ordered.json["data"]["itens"][0]["quantidade"]
        left = [i["quantidade"] for i in shop.public.get(f"/api/carrinho/{session}").data["itens"]]
        assert bought + sum(left) == 11 and before - shop.stock(product["id"]) == bought


def test_stock_changes_at_once(shop):
    """Ups and downs all count; downs that find nothing are refused."""
    product = shop.product(estoque=3)
    path = f"/api/produtos/{product['id']}/estoque"
    up = [lambda client: client.put(path, {"quantidade": 2, "operacao": "adicionar"})] * 6
    assert statuses(together(shop, up, shop.admin.token)) == {200: 6}
    assert shop.stock(product["id"]) == 15
    down = [lambda client: client.put(path, {"quantidade": 4, "operacao": "remover"})] * 6
    answers = together(shop, down, shop.admin.token)
    assert statuses(answers) == {200: 3, 409: 3}
    assert shop.stock(product["id"]) == 3
    same_books(shop, product)


def test_one_wins_if_match(shop):
    """Of several with the same ETag exactly one changes the product."""
    product = shop.product()
    path = f"/api/produtos/{product['id']}"
    headers = {"If-Match": shop.public.get(path).etag}
    answers = together(
        shop,
        [lambda client, i=i: client.patch(path, {"preco": 20 + i}, headers=headers) for i in range(8)],
        shop.admin.token,
    )
    assert statuses(answers) == {200: 1, 412: 7}
    winner = next(answer for answer in answers if answer.status == 200)
    assert shop.public.get(path).data == winner.data


def test_cancelling_at_once(shop):
    """The customer clicks, the shopkeeper clicks: it is cancelled once, the stock is back once."""
    product = shop.product(estoque=9)
    order = shop.order({product["id"]: 4})

    def customer(client):
        return client.post(f"/api/pedidos/{order['id']}/cancelar")

    def shopkeeper(client):
        return client.put(f"/api/pedidos/{order['id']}/status", {"status": "cancelado"})

    answers = together(shop, [customer, shopkeeper] * 4, shop.admin.token)
    assert statuses(answers) == {200: 8}
    assert sum(answer.json["message"] in ("Pedido cancelado", "Status atualizado") for answer in answers) == 1
    steps = shop.public.get(f"/api/pedidos/{order['id']}").data["historico"]
    assert [step["status"] for step in steps] == ["confirmado", "cancelado"] and shop.stock(product["id"]) == 9
    same_books(shop, product)


def test_cancelling_while_preparing(shop):
    """Either it is cancelled or it is prepared; the stock says which."""
    product = shop.product(estoque=100)
    for _ in range(5):
        before = shop.stock(product["id"])
        order = shop.order({product["id"]: 2})
        path = f"/api/pedidos/{order['id']}"
        answers = together(
            shop,
            [
                lambda client: client.post(f"{path}/cancelar"),
                lambda client: client.put(f"{path}/status", {"status": "em_preparo"}),
            ],
            shop.admin.token,
        )
        assert statuses(answers) == {200: 1, 409: 1}
        status = shop.public.get(path).data["status"]
        assert status == ("cancelado" if answers[0].status == 200 else "em_preparo")
        assert shop.stock(product["id"]) == before - (0 if status == "cancelado" else 2)
    same_books(shop, product)


def test_a_move_that_loses_every_race(shop):
    """The move is allowed; others were always faster. It says so, and not that the order may not get there."""
    order = shop.order({shop.product()["id"]: 1})["id"]
    path, body = f"/api/pedidos/{order}/status", {"status": "em_preparo"}
    # What loses the race finds that its row is of another version: no row is changed.
    shop.sql(
        f"""CREATE FUNCTION perde() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER perde BEFORE UPDATE ON pedidos FOR EACH ROW
                WHEN (NEW.id = '{order}' AND NEW.status = 'em_preparo') EXECUTE FUNCTION perde()""",
        "pedidos",
    )
    try:
        answer = shop.admin.put(path, body)
        assert answer.problem("sobrecarga")["status"] == 503 and answer.headers["Retry-After"]
        assert "ao mesmo tempo" in answer.json["detail"]
    finally:
        shop.sql("DROP TRIGGER perde ON pedidos; DROP FUNCTION perde()", "pedidos")
    assert shop.public.get(f"/api/pedidos/{order}").data["status"] == "confirmado"
    assert shop.admin.put(path, body).data["status"] == "em_preparo"


def test_the_same_category_name_at_once(shop):
    """The database has the last word."""
    nome = f"Única {uuid.uuid4()}"
    answers = together(shop, [lambda client: client.post("/api/categorias", {"nome": nome})] * 6, shop.admin.token)
    assert statuses(answers) == {201: 1, 409: 5}


@pytest.mark.slow
def test_a_busy_afternoon(shop):
    """Customers and shopkeepers do everything at once for a while; in the end all books agree."""
    lot = shop.category()
    products = [shop.product(categoria_id=lot, estoque=15) for _ in range(5)]

    def customer(client, number):
        done = collections.Counter()
        for i in range(12):
            session = client.post("/api/carrinho/sessao").ok(201)["session_id"]
            for k in range(1 + (number + i) % 3):
                product = products[(number * 7 + i * 3 + k) % 5]
                client.post(
                    f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 1 + i % 3}
                )
            answer = client.post("/api/pedidos", shop.checkout(session), headers={"Idempotency-Key": f"{session}-{i}"})
            done[answer.status] += 1
            if answer.status == 201 and i % 3 == 0:
                client.post(f"/api/pedidos/{answer.json['data']['id']}/cancelar").ok()
        return done

    def shopkeeper(client):
        for i in range(25):
            operacao = "remover" if i % 3 == 0 else "adicionar"
            answer = client.put(
                f"/api/produtos/{products[i % 5]['id']}/estoque",
                {"quantidade": 1 + i % 4, "operacao": operacao},
                headers={"Authorization": f"Bearer {shop.admin.token}"},
            )
            assert answer.status in (200, 409), answer

    results = together(shop, [lambda client, n=n: customer(client, n) for n in range(5)] + [shopkeeper] * 2)
    total = sum(results[:5], collections.Counter())
    assert set(total) <= {201, 409} and total[201] > 5, total
    same_books(shop, *products)
    sold = dict(
        shop.sql(
            """SELECT i.produto_id, sum(i.quantidade)
                            FROM pedido_itens i JOIN pedidos p ON p.id = i.pedido_id
                            WHERE p.status >= 'confirmado' AND p.status <> 'cancelado' GROUP BY 1""",
            "pedidos",
        )
    )
    kept = dict(
        shop.sql(
            """SELECT i.produto_id, sum(i.quantidade)
                            FROM reserva_itens i JOIN reservas r ON r.pedido_id = i.pedido_id
                            WHERE r.estado = 'confirmada' GROUP BY 1"""
        )
    )
    for product in products:
        assert sold.get(str(product["id"])) == kept.get(str(product["id"]))
        assert shop.stock(product["id"]) >= 0
