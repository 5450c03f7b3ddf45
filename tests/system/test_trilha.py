"""The trail of a product: who moved its stock, and who changed its price and whether it is on sale."""
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from shop import CONCILIADORES, eventually

LISTS = ("movimentos", "mudancas")


def trail(shop, product, name, query=""):
    """All of a list, newest first."""
    return shop.admin.get(f"/api/produtos/{product}/{name}{query}").ok()


@pytest.fixture(name="people", scope="module")
def fixture_people(shop):
    """Clients with tokens of their own: name -> client."""
    clients = {}
    for name, right in (("ana", "admin"), ("bia", "admin"), ("caio", "atendente")):
        words = shop.script("token", "create", f"{name}-trilha", "--right", right).stdout.split()
        clients[name] = shop.client(max(words, key=len))
    return clients


def test_every_change_of_price_and_sale_state_names_who_made_it(shop, people):
    """By PATCH, PUT and DELETE; newest first, with the values before and after."""
    product = shop.product(nome="Torta da trilha", preco=10, estoque=1)
    address = f"/api/produtos/{product['id']}"
    assert trail(shop, product["id"], "mudancas") == []
    people["ana"].patch(address, {"preco": 12.5}).ok()
    people["bia"].delete(address).ok()
    body = {"nome": "Torta da trilha", "preco": 9.9, "categoria_id": product["categoria_id"], "ativo": True}
    changed = people["ana"].put(address, body).ok()
    rows = trail(shop, product["id"], "mudancas")
    assert '"antes":12.50,"depois":9.90' in shop.admin.get(f"{address}/mudancas").text
    ids = [row.pop("id") for row in rows]
    times = [row.pop("em") for row in rows]
    assert ids == sorted(ids, reverse=True) and times == sorted(times, reverse=True)
    assert times[:2] == [changed["atualizado_em"]] * 2
    assert rows[2:] == [
        {"campo": "ativo", "antes": True, "depois": False, "autor": "bia-trilha"},
        {"campo": "preco", "antes": 10, "depois": 12.5, "autor": "ana-trilha"},
    ]
    assert sorted(rows[:2], key=lambda row: row["campo"]) == [
        {"campo": "ativo", "antes": False, "depois": True, "autor": "ana-trilha"},
        {"campo": "preco", "antes": 12.5, "depois": Decimal("9.90"), "autor": "ana-trilha"},
    ]


def test_what_changes_nothing_leaves_no_row(shop, people):
    """The same price written in another way, other fields, a refused change, a condition that is false."""
    product = shop.product(preco=45.90)
    address = f"/api/produtos/{product['id']}"
    for body in ({"preco": 45.9}, {"ativo": True}, {"nome": "Outro nome"}, {"estoque": 3}, {"foto_url": None}):
        people["ana"].patch(address, body).ok()
    people["ana"].patch(address, {"preco": -1}).problem("campos_invalidos")
    people["ana"].patch(address, {"preco": 1}, headers={"If-Match": '"x"'}).problem("versao_diferente")
    people["ana"].patch(address, {"preco": 1, "categoria_id": 2147483647}).problem("campos_invalidos")
    people["caio"].patch(address, {"preco": 1}).problem("nao_autorizado")
    assert trail(shop, product["id"], "mudancas") == []


def test_changes_at_the_same_time_are_a_chain(shop, people):
    """Each one's value before is the one's before it, and the last is the price."""
    product = shop.product(preco=1)["id"]

    def change(number):
        name = ("ana", "bia")[number % 2]
        client = shop.client(people[name].token)
        client.patch(f"/api/produtos/{product}", {"preco": number + 2, "ativo": number % 3 > 0}).ok()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(24)))
    rows = trail(shop, product, "mudancas")[::-1]
    now = shop.admin.get(f"/api/produtos/{product}").ok()
    for field, first in (("preco", 1), ("ativo", True)):
        chain = [first]
        for row in rows:
            if row["campo"] == field:
                assert row["antes"] == chain[-1] and row["autor"] in ("ana-trilha", "bia-trilha")
                chain.append(row["depois"])
        assert chain[-1] == now[field]
    assert {row["autor"] for row in rows if row["campo"] == "preco" and row["depois"] == 2} == {"ana-trilha"}


def test_the_ledger_names_who_set_the_stock_and_which_order_took_it(shop, people):
    """An order by its number, which is not its key; what came back too."""
    product = shop.product(estoque=10)["id"]
    people["bia"].put(f"/api/produtos/{product}/estoque", {"quantidade": 5, "operacao": "adicionar"}).ok()
    people["ana"].patch(f"/api/produtos/{product}", {"estoque": 12}).ok()
    order = shop.order({product: 2})
    expected = [
        ("venda", 2, 10, None),
        ("reserva", -2, 10, None),
        ("ajuste", -3, 12, "ana-trilha"),
        ("ajuste", 5, 15, "bia-trilha"),
        ("inicial", 10, 10, shop.admin.get("/api/eu").ok()["nome"]),
    ]

    def seen():
        rows = trail(shop, product, "movimentos")
        return [(row["tipo"], row["quantidade"], row["saldo"], row["autor"]) for row in rows]

    assert eventually(lambda: seen() == expected), seen()
    shop.public.post(f"/api/pedidos/{order['id']}/cancelar").ok()
    assert eventually(lambda: seen() == [("devolucao", 2, 12, None), *expected])
    answer = shop.admin.get(f"/api/produtos/{product}/movimentos")
    assert order["id"] not in answer.text
    assert [row["pedido_numero"] for row in answer.json["data"]] == [order["numero"]] * 3 + [None] * 3


def test_the_number_of_an_order_goes_from_its_reservation_into_the_ledger(shop):
    """Into each row of it; without a number there is none, and what is no number is refused."""
    product = shop.product(estoque=10)["id"]
    interno = shop.internal(shop.secret("pedidos.token"))

    def reserve(**more):
        order = str(uuid.uuid4())
        body = {"pedido_id": order, "itens": [{"produto_id": product, "quantidade": 1}], **more}
        return f"/interno/reservas/{order}", interno.post("/interno/reservas", body)

    with shop.stopped(*CONCILIADORES):  # one would undo what has no order
        sold, left, old = reserve(numero=4711)[0], reserve(numero=9007199254740991)[0], reserve()[0]
        for step in (f"{sold}/confirmar", f"{left}/liberar", f"{old}/confirmar", f"{sold}/liberar"):
            interno.post(step).ok()
    rows = [(row["tipo"], row["pedido_numero"]) for row in trail(shop, product, "movimentos")]
    assert rows == [
        ("devolucao", 4711),
        ("venda", None),
        ("liberacao", 9007199254740991),
        ("venda", 4711),
        ("reserva", None),
        ("reserva", 9007199254740991),
        ("reserva", 4711),
        ("inicial", None),
    ]
    for numero in (0, -1, "7", 1.5, 9007199254740992, True):
        reserve(numero=numero)[1].problem("campos_invalidos", "numero")


@pytest.mark.parametrize("name", LISTS)
def test_pages_follow_each_other_and_belong_to_their_list(shop, name):
    """Without a gap when rows come in between; a cursor of another list or product is refused."""
    product, other = shop.product(preco=1, estoque=1)["id"], shop.product()["id"]
    address = f"/api/produtos/{product}"
    for number in range(2, 9):
        shop.admin.patch(address, {"preco": number, "estoque": number}).ok()
    whole = trail(shop, product, name)
    first = shop.admin.get(f"{address}/{name}?limite=3").json
    assert (first["total"], first["data"]) == (len(whole), whole[:3])
    shop.admin.patch(address, {"preco": 99, "estoque": 99}).ok()
    rows, page = list(first["data"]), first
    while "proximo" in page:
        page = shop.admin.get(f"{address}/{name}?limite=3&cursor={page['proximo']}").json
        assert page["total"] == len(whole)
        rows += page["data"]
    assert rows == whole
    wrong = "mudancas" if name == "movimentos" else "movimentos"
    cursor = first["proximo"]
    for target in (f"/api/produtos/{other}/{name}", f"{address}/{wrong}"):
        shop.admin.get(f"{target}?cursor={cursor}").problem("parametro_invalido", "cursor")
    for query in ("limite=0", "limite=501", "limite=x", "cursor=", "cursor=x", "ativo=todos"):
        shop.admin.get(f"{address}/{name}?{query}").problem("parametro_invalido", query.partition("=")[0])


@pytest.mark.parametrize("name", LISTS)
def test_who_may_read_it(shop, people, name):
    """Staff; of products off sale too, and of those that exist alone."""
    product = shop.product(ativo=False)["id"]
    address = f"/api/produtos/{product}/{name}"
    shop.public.get(address).problem("nao_autenticado")
    shop.client(shop.secret("pedidos.token")).get(address).problem("nao_autorizado")
    answer = people["caio"].get(address)
    assert answer.ok() == trail(shop, product, name)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Cache"] is None
    assert people["caio"].get(address, headers={"If-None-Match": answer.etag}).status == 304
    shop.admin.get(f"/api/produtos/2147483647/{name}").problem("produto_nao_encontrado")


def test_the_replica_shows_it_and_no_key_of_an_order(shop):
    """While the primary is away; its role cannot read what opens an order."""
    product = shop.product(preco=3)["id"]
    shop.admin.patch(f"/api/produtos/{product}", {"preco": 4}).ok()
    written = shop.value("SELECT pg_current_wal_lsn()")
    assert eventually(lambda: shop.value(f"SELECT pg_last_wal_replay_lsn() >= '{written}'", "replica") == "t")
    replica = shop.client(shop.admin.token, pool="catalogo-replica")
    for name in LISTS:
        assert replica.get(f"/api/produtos/{product}/{name}").ok() == trail(shop, product, name)
    for column, seen in (("pedido_id", "f"), ("pedido_numero", "t"), ("autor", "t")):
        assert (
            shop.value(f"SELECT has_column_privilege('catalogo_leitura', 'movimentos', '{column}', 'SELECT')") == seen
        )


def test_the_trail_cannot_be_rewritten_by_the_workers(shop):
    """Only the functions that make a change add rows."""
    for table in ("mudancas", "movimentos"):
        for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            assert shop.value(f"SELECT has_table_privilege('catalogo', '{table}', '{right}')") == "f"
            if right in ("INSERT", "UPDATE"):
                assert shop.value(f"SELECT has_any_column_privilege('catalogo', '{table}', '{right}')") == "f"
