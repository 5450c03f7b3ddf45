"""scripts/audit: the books of a shop that was at work add up; what is changed behind their back is found and named."""
import re
import subprocess
import uuid
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from client import TOP, WAIT_SECONDS
from shop import COMMAND_SECONDS, CONCILIADORES, ENTREGA, Shop, eventually

pytestmark = pytest.mark.commands

STREAM = "pedidos:eventos"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MARK = "retirada"  # of a cart: db/carrinho/retirar.lua
NOBODY = "00000000-0000-4000-8000-000000000000"

# fmt: off
# Each breaks one thing and mends it again: the check that must find it, where, how, how back, words that name the row.
SPOILS = [
    ("catalogo.estoque", "catalogo", "UPDATE produtos SET estoque = estoque + 1 WHERE id = {product}",
     "UPDATE produtos SET estoque = estoque - 1 WHERE id = {product}", "product {product} (Bolo de Prova) has estoque"),
    ("catalogo.estoque", "catalogo",
     "CREATE TABLE guarda AS SELECT * FROM movimentos WHERE id = {ajuste}; DELETE FROM movimentos WHERE id = {ajuste}",
     "INSERT INTO movimentos OVERRIDING SYSTEM VALUE SELECT * FROM guarda; DROP TABLE guarda",
     "product {product} (Bolo de Prova) has estoque"),
    ("catalogo.identidade", "catalogo",
     "UPDATE reserva_itens SET quantidade = quantidade + 1 WHERE pedido_id = '{kept}'",
     "UPDATE reserva_itens SET quantidade = quantidade - 1 WHERE pedido_id = '{kept}'",
     "product {product} (Bolo de Prova)"),
    ("catalogo.saldo", "catalogo", "UPDATE movimentos SET saldo = saldo + 1 WHERE id = {ajuste}",
     "UPDATE movimentos SET saldo = saldo - 1 WHERE id = {ajuste}", "ledger row {ajuste} (product {product}, ajuste"),
    ("catalogo.negativo", "catalogo",
     """ALTER TABLE produtos DROP CONSTRAINT produtos_estoque_check;
        UPDATE produtos SET estoque = estoque - 9999 WHERE id = {product}""",
     """UPDATE produtos SET estoque = estoque + 9999 WHERE id = {product};
        ALTER TABLE produtos ADD CONSTRAINT produtos_estoque_check CHECK (estoque >= 0)""",
     "product {product} has estoque -"),
    ("catalogo.contagem", "catalogo",
     """INSERT INTO produtos_contagem_novas SELECT categoria_id, true, 10, 1 FROM produtos WHERE id = {product}""",
     """INSERT INTO produtos_contagem_novas SELECT categoria_id, true, 10, -1 FROM produtos WHERE id = {product}""",
     "those in stock, R$ 10 and centavos: 2 active products are counted, expected 1"),
    ("catalogo.reservas", "catalogo", "UPDATE reservas SET estado = 'reservada' WHERE pedido_id = '{kept}'",
     "UPDATE reservas SET estado = 'confirmada' WHERE pedido_id = '{kept}'",
     "the reservation of order {kept_number} is reservada"),
    ("catalogo.reservas", "catalogo",
     "UPDATE movimentos SET tipo = 'liberacao' WHERE pedido_id = '{gone}' AND tipo = 'devolucao'",
     "UPDATE movimentos SET tipo = 'devolucao' WHERE pedido_id = '{gone}' AND tipo = 'liberacao'",
     "the reservation of order {gone_number} is liberada"),
    ("catalogo.reservas", "catalogo", "UPDATE reservas SET estado = 'confirmada' WHERE pedido_id = '{tombstone}'",
     "UPDATE reservas SET estado = 'liberada' WHERE pedido_id = '{tombstone}'",
     "the reservation of the unknown order 7057b57e…"),
    ("catalogo.sem_reserva", "catalogo",
     """INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id)
        VALUES ({product}, 'venda', 1, 1, '{nobody}')""",
     "DELETE FROM movimentos WHERE pedido_id = '{nobody}'", "is of the unknown order 00000000…"),
    ("catalogo.numero", "catalogo",
     "UPDATE movimentos SET pedido_numero = 987654 WHERE pedido_id = '{kept}' AND tipo = 'reserva'",
     """UPDATE movimentos m SET pedido_numero = r.numero FROM reservas r
        WHERE r.pedido_id = m.pedido_id AND m.pedido_id = '{kept}'""", "has order number 987654, its reservation"),
    ("catalogo.fotos", "catalogo",
     "INSERT INTO fotos (url, tipo, bytes) VALUES (foto_endereco('image/png', 'x'), 'image/png', 'x')",
     "DELETE FROM fotos WHERE bytes = 'x'", "no product has the picture /fotos/2d711642b726b04401627ca9fbac32f5"),
    ("pedidos.total", "pedidos", "UPDATE pedidos SET valor_total = valor_total + 0.01 WHERE id = '{kept}'",
     "UPDATE pedidos SET valor_total = valor_total - 0.01 WHERE id = '{kept}'", "order {kept_number} has valor_total"),
    ("pedidos.itens", "pedidos",
     """CREATE TABLE guarda AS SELECT * FROM pedido_itens WHERE pedido_id = '{kept}';
        UPDATE pedido_itens SET nome = NULL, preco_unitario = NULL WHERE pedido_id = '{kept}'""",
     """UPDATE pedido_itens i SET nome = g.nome, preco_unitario = g.preco_unitario FROM guarda g
        WHERE (i.pedido_id, i.linha) = (g.pedido_id, g.linha); DROP TABLE guarda""",
     "order {kept_number} is em_preparo and has 1 lines, 0"),
    ("pedidos.historico", "pedidos",
     "UPDATE pedido_historico SET status = 'pronto' WHERE pedido_id = '{kept}' AND status = 'em_preparo'",
     "UPDATE pedido_historico SET status = 'em_preparo' WHERE pedido_id = '{kept}' AND status = 'pronto'",
     "order {kept_number} is em_preparo"),
    ("pedidos.historico", "pedidos", "UPDATE pedidos SET status = 'entregue' WHERE id = '{kept}'",
     "UPDATE pedidos SET status = 'em_preparo' WHERE id = '{kept}'", "order {kept_number} is entregue"),
    ("pedidos.historico", "pedidos", "UPDATE pedidos SET entrega_tipo = 'retirada' WHERE id = '{delivered}'",
     "UPDATE pedidos SET entrega_tipo = 'entrega' WHERE id = '{delivered}'", "order {delivered_number} is entregue"),
    ("pedidos.eventos", "pedidos",
     """CREATE TABLE guarda AS SELECT * FROM eventos WHERE pedido_id = '{kept}' AND tipo = 'pedido.confirmado';
        DELETE FROM eventos WHERE pedido_id = '{kept}' AND tipo = 'pedido.confirmado'""",
     "INSERT INTO eventos OVERRIDING SYSTEM VALUE SELECT * FROM guarda; DROP TABLE guarda",
     "order {kept_number}: expected the events pedido.confirmado, pedido.em_preparo, found pedido.em_preparo"),
    ("pedidos.eventos", "pedidos",
     """UPDATE eventos SET dados = jsonb_set(dados, '{{numero}}', '0')
        WHERE pedido_id = '{gone}' AND tipo = 'pedido.cancelado'""",
     """UPDATE eventos SET dados = jsonb_set(dados, '{{numero}}', '{gone_number}')
        WHERE pedido_id = '{gone}' AND tipo = 'pedido.cancelado'""", "order {gone_number}: expected the events"),
    ("pedidos.pendencia", "pedidos",
     """ALTER TABLE pedidos DROP CONSTRAINT pedidos_pendencia_do_status;
        UPDATE pedidos SET pendencia = 'devolver' WHERE id = '{kept}'""",
     """UPDATE pedidos SET pendencia = NULL WHERE id = '{kept}';
        ALTER TABLE pedidos ADD CONSTRAINT pedidos_pendencia_do_status CHECK (
            CASE pendencia WHEN 'finalizar' THEN status >= 'confirmado' AND status <> 'cancelado'
                           WHEN 'devolver' THEN status = 'cancelado' ELSE true END)""",
     "order {kept_number} is em_preparo and owes devolver"),
    ("pedidos.contagem", "pedidos",
     "INSERT INTO pedidos_contagem_novas VALUES ('2020-01-01Z', 'em_rota', 1)",
     "INSERT INTO pedidos_contagem_novas VALUES ('2020-01-01Z', 'em_rota', -1)",
     ": 1 orders are counted, expected 0"),
    ("pedidos.resumo", "pedidos",
     "INSERT INTO pedidos_resumo_novas VALUES ('2020-01-01Z', 'em_rota', 1, 10)",
     "INSERT INTO pedidos_resumo_novas VALUES ('2020-01-01Z', 'em_rota', -1, -10)",
     "from 2020-01-01T00:00:00.000000Z on: 1 orders of 10.00 are counted, expected 0 of 0"),
    ("pedidos.reservas", "pedidos",
     "INSERT INTO reservas_paradas VALUES ('{nobody}', 6, now(), now(), 'liberar 500')",
     "DELETE FROM reservas_paradas WHERE pedido_id = '{nobody}'",
     "the reservation of the unknown order 00000000… is parked since"),
    ("pedidos.vendidos", "pedidos",
     "INSERT INTO produtos_vendidos_novas VALUES ('2020-01-01Z', {product}, 'Bolo de Prova', 1, 10)",
     "INSERT INTO produtos_vendidos_novas VALUES ('2020-01-01Z', {product}, 'Bolo de Prova', -1, -10)",
     "from 2020-01-01T00:00:00.000000Z: 1 sold for 10.00 are counted, expected 0 for 0"),
    ("pedidos.clientes", "pedidos",
     "DELETE FROM pedido_clientes WHERE pedido_id = '{kept}'",
     """INSERT INTO pedido_clientes SELECT id, cliente_busca(cliente_nome, cliente_email, cliente_telefone)
        FROM pedidos WHERE id = '{kept}'""",
     "order {kept_number} was not anonymised: expected a row in pedido_clientes"),
    ("reserva.estado", "catalogo", "UPDATE reservas SET estado = 'confirmada' WHERE pedido_id = '{gone}'",
     "UPDATE reservas SET estado = 'liberada' WHERE pedido_id = '{gone}'",
     "order {gone_number} is cancelado and owes nothing: expected its reservation liberada, found it confirmada"),
    ("reserva.estado", "catalogo", "SELECT reserva_liberar('{spare}')",
     """UPDATE reservas SET estado = 'confirmada' WHERE pedido_id = '{spare}';
        DELETE FROM movimentos WHERE pedido_id = '{spare}' AND tipo = 'devolucao';
        UPDATE produtos SET estoque = estoque - 1 WHERE id = {product}""",
     "order {spare_number} is confirmado and owes nothing: expected its reservation confirmada, found it liberada"),
    ("reserva.itens", "pedidos",
     "UPDATE pedido_itens SET preco_unitario = preco_unitario + 1 WHERE pedido_id = '{kept}'",
     "UPDATE pedido_itens SET preco_unitario = preco_unitario - 1 WHERE pedido_id = '{kept}'",
     "order {kept_number}, product {product}"),
    ("reserva.itens", "catalogo", "UPDATE reserva_itens SET nome = 'Outro' WHERE pedido_id = '{kept}'",
     "UPDATE reserva_itens SET nome = 'Bolo de Prova' WHERE pedido_id = '{kept}'",
     "order {kept_number}, product {product}"),
    ("reserva.itens", "pedidos", "UPDATE pedido_itens SET produto_id = 1 WHERE pedido_id = '{kept}'",
     "UPDATE pedido_itens SET produto_id = {product} WHERE pedido_id = '{kept}'",
     "order {kept_number}, product 1: expected the reservation's (no"),
    ("reserva.sem_pedido", "catalogo", "SELECT reservar('{nobody}', ARRAY [{product}], ARRAY [1], '1 hour')",
     """SELECT reserva_liberar('{nobody}'); DELETE FROM movimentos WHERE pedido_id = '{nobody}';
        DELETE FROM reserva_itens WHERE pedido_id = '{nobody}'; DELETE FROM reservas WHERE pedido_id = '{nobody}'""",
     "a reservation is reservada for the unknown order 00000000…"),
]
# fmt: on


def audit(shop, *arguments):
    """Runs it; whatever it says, it gives no key away."""
    if "--wait" not in arguments:
        arguments = (*arguments, "--wait", str(WAIT_SECONDS))
    done = shop.script("audit", *arguments, check=False)
    assert not UUID.search(done.stdout + done.stderr)
    return done


def rows(done):
    """What it says of each check: name -> (rows looked at, result)."""
    lines = re.findall(r"^([a-z]+(?:\.[a-z_]+)?) +(\d+)  (ok|\d+ wrong) ", done.stdout, re.M)
    return {name: (int(count), result) for name, count, result in lines}


def wrong(done):
    """The checks that found something, and the first row of each."""
    named = dict(re.findall(r"^    ([a-z]+(?:\.[a-z_]+)?): (.*)$", done.stderr, re.M))
    assert set(named) == {name for name, (_, result) in rows(done).items() if result != "ok"}
    return named


@contextmanager
def conciliador_stopped(shop):
    """Nobody mends anything meanwhile."""
    shop.supervisor("stop", *CONCILIADORES)
    try:
        yield
    finally:
        shop.supervisor("start", *CONCILIADORES)


@pytest.fixture(name="books", scope="module")
def fixture_books():
    """A shop of its own after a day's work: orders on their way, at their end, cancelled, refused; stock adjusted."""
    with Shop() as shop:
        product = shop.product(nome="Bolo de Prova", estoque=50)["id"]
        shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 7, "operacao": "adicionar"}).ok()
        shop.admin.patch(f"/api/produtos/{product}", {"estoque": 40}).ok()
        session = shop.cart({product: 3})
        kept = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
        gone, spare = shop.order({product: 2}), shop.order({product: 1})
        delivered = shop.order({product: 1, 1: 1}, entrega=ENTREGA)
        shop.public.post(f"/api/pedidos/{gone['id']}/cancelar").ok()
        for order, steps in ((kept, ["em_preparo"]), (delivered, ["em_preparo", "pronto", "em_rota", "entregue"])):
            for step in steps:
                shop.admin.put(f"/api/pedidos/{order['id']}/status", {"status": step}).ok()
        short = shop.cart({2: 1})
        shop.admin.put("/api/produtos/2/estoque", {"quantidade": 0, "operacao": "definir"}).ok()
        shop.public.post("/api/pedidos", shop.checkout(short)).problem("estoque_insuficiente")
        tombstone = "7057b57e" + str(uuid.uuid4())[8:]
        shop.sql(f"SELECT reserva_liberar('{tombstone}')")
        orders = {"kept": kept, "gone": gone, "spare": spare, "delivered": delivered}
        facts = {name: order["id"] for name, order in orders.items()}
        facts |= {f"{name}_number": order["numero"] for name, order in orders.items()}
        facts |= {
            "product": product,
            "nobody": NOBODY,
            "tombstone": tombstone,
            "ajuste": shop.value(f"SELECT min(id) FROM movimentos WHERE produto_id = {product} AND tipo = 'ajuste'"),
        }
        assert audit(shop, "--settled").returncode == 0
        yield SimpleNamespace(shop=shop, facts=facts, session=session)


@pytest.fixture(name="still", scope="module")
def fixture_still(books):
    """The same shop, with nobody who mends what a test breaks."""
    books.shop.supervisor("stop", *CONCILIADORES)
    return books


def entry_of(shop, pedido, tipo):
    """An event's entry in the stream: its name and its fields."""
    event = shop.value(f"SELECT id FROM eventos WHERE pedido_id = '{pedido}' AND tipo = '{tipo}'", "pedidos")
    return next((name, fields) for name, fields in shop.redis().xrange(STREAM) if fields["id"] == event)


def test_a_shop_that_was_at_work_adds_up(books):
    """The table is the identity, product by product; every check looked at something; nothing is left to be done."""
    done = audit(books.shop, "--settled")
    assert done.returncode == 0 and done.stderr == "" and wrong(done) == {}
    line = next(line for line in done.stdout.splitlines() if "Bolo de Prova" in line)
    assert [int(word) for word in line.split()[-5:]] == [50, -10, 0, 5, 35]
    total = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["total"])
    inicial, ajustes, reservado, vendido, estoque = (int(word) for word in total.split()[-5:])
    assert inicial + ajustes == estoque + reservado + vendido and reservado == 0 and vendido == 6
    looked = rows(done)
    assert looked.pop("quieto") == (0, "ok")
    assert len(looked) == 28 and all(count > 0 and result == "ok" for count, result in looked.values()), looked
    orders = dict(re.findall(r"^([a-z_]+) +(\d+)  0$", done.stdout, re.M))
    assert orders.pop("all") == "5"
    assert orders == {"desfeito": "1", "confirmado": "1", "em_preparo": "1", "entregue": "1", "cancelado": "1"}


def test_who_finishes_and_publishes(books):
    """With the conciliador at work a shop settles by itself, and the audit waits for it."""
    shop = books.shop
    with conciliador_stopped(shop):
        shop.order({books.facts["product"]: 1})
        assert audit(shop, "--wait", "0", "--settled").returncode == 1
    assert audit(shop, "--settled").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("spoil", SPOILS, ids=[f"{check}-{number}" for number, (check, *_) in enumerate(SPOILS)])
def test_a_row_that_was_changed_behind_its_back_is_named(still, spoil):
    """Exit 1 and the row; what it says is expected is what makes it right again."""
    check, database, broken, mended, words = spoil
    still.shop.sql(broken.format(**still.facts), database)
    try:
        done = audit(still.shop, "--wait", "0")
    finally:
        still.shop.sql(mended.format(**still.facts), database)
    assert done.returncode == 1
    assert words.format(**still.facts) in wrong(done)[check]
    assert audit(still.shop, "--wait", "0").returncode == 0


def test_the_ledger_does_not_excuse_the_shelf(still):
    """A check between two stores finds what each by itself takes for right: a reservation released with its ledger."""
    spoil = next(spoil for spoil in SPOILS if "reserva_liberar('{spare}')" in spoil[2])
    still.shop.sql(spoil[2].format(**still.facts))
    done = audit(still.shop, "--wait", "0")
    still.shop.sql(spoil[3].format(**still.facts))
    assert list(wrong(done)) == ["reserva.estado"]


def test_the_stream_holds_what_was_published(still):
    """An entry that is gone, out of order, of no event, or says something else; twice is as good as once."""
    shop, facts, stream = still.shop, still.facts, still.shop.redis()
    order, number = facts["delivered"], facts["delivered_number"]
    first, last = (entry_of(shop, order, f"pedido.{status}") for status in ("em_rota", "entregue"))

    stream.xdel(STREAM, last[0])
    found = wrong(audit(shop, "--wait", "0"))
    assert list(found) == ["fluxo.publicados"] and f"(pedido.entregue of order {number})" in found["fluxo.publicados"]
    stream.xadd(STREAM, last[1])
    stream.xadd(STREAM, first[1])
    assert audit(shop, "--wait", "0").returncode == 0

    stream.xdel(STREAM, first[0])
    found = wrong(audit(shop, "--wait", "0"))
    assert list(found) == ["fluxo.ordem"] and f"event {first[1]['id']} of order {number}:" in found["fluxo.ordem"]
    stream.xdel(STREAM, entry_of(shop, order, "pedido.entregue")[0])
    stream.xadd(STREAM, last[1])
    assert audit(shop, "--wait", "0").returncode == 0

    for fields in (
        {**last[1], "id": "999999"},
        {**last[1], "dados": "{}"},
        {"id": "x\ty\\", "tipo": "a\nb"},
        {**last[1], "pedido_id": facts["kept"]},
    ):
        name = stream.xadd(STREAM, fields)
        found = wrong(audit(shop, "--wait", "0"))
        assert list(found) == ["fluxo.estranhos"] and f"entry {name} of the stream" in found["fluxo.estranhos"]
        stream.xdel(STREAM, name)
    stream.xadd(STREAM, {**last[1], "pedido_id": order})  # as an older release published it
    assert audit(shop, "--wait", "0").returncode == 0


def test_a_cart_knows_its_orders(still):
    """A mark that is gone or too old, of another order, of no order; of a cart that has expired nothing is asked."""
    shop, facts, carts = still.shop, still.facts, still.shop.redis()
    cart = f"carrinho:{still.session}"
    whole, life = carts.hgetall(cart), carts.pttl(cart)

    carts.hdel(cart, MARK)
    found = wrong(audit(shop, "--wait", "0"))
    carts.delete(cart)
    expired = audit(shop, "--wait", "0")
    carts.hset(cart, mapping=whole)
    carts.pexpire(cart, life)
    assert list(found) == ["carrinho.marcas"] and f"order {facts['kept_number']} " in found["carrinho.marcas"]
    assert expired.returncode == 0

    for retirada, checks in ((1, {"carrinho.marcas", "carrinho.alheias"}), (9, {"carrinho.alheias"})):
        carts.hset(cart, MARK, f"{retirada} 3")
        found = wrong(audit(shop, "--wait", "0"))
        carts.hset(cart, MARK, whole[MARK])
        assert set(found) == checks and f"an order of its version {retirada}:" in found["carrinho.alheias"]
    carts.hset(cart, MARK, "x\ny")
    found = wrong(audit(shop, "--wait", "0"))
    carts.hset(cart, MARK, whole[MARK])
    assert set(found) == {"carrinho.marcas", "carrinho.alheias"} and "version ???:" in found["carrinho.alheias"]

    carts.hset(cart, f"p:{facts['kept']}", 3)
    carts.hdel(cart, MARK)
    older_release = audit(shop, "--wait", "0")
    carts.hdel(cart, f"p:{facts['kept']}")
    carts.hset(cart, MARK, whole[MARK])
    assert older_release.returncode == 0

    for pedido, words in (
        (facts["gone"], f"order {facts['gone_number']}"),
        (NOBODY, "the unknown order 00000000…"),
        ("x\n%s", "the unknown order x?"),
    ):
        carts.hset(cart, f"p:{pedido}", 1)
        found = wrong(audit(shop, "--wait", "0"))
        carts.hdel(cart, f"p:{pedido}")
        assert list(found) == ["carrinho.alheias"] and f"the mark of {words}" in found["carrinho.alheias"]
    assert audit(shop, "--wait", "0").returncode == 0


def test_more_than_a_page_of_redis(still):
    """Every cart and every entry is looked at, however many there are."""
    shop, stream = still.shop, still.shop.redis()
    before = rows(audit(shop))
    pipe = stream.pipeline()
    names = [f"carrinho:{uuid.uuid4()}" for _ in range(2500)]
    for name in names:
        pipe.hset(name, f"p:{NOBODY}", 1)
    _, fields = stream.xrevrange(STREAM, count=1)[0]
    for _ in range(2500):
        pipe.xadd(STREAM, fields)
    added = pipe.execute()[len(names) :]
    done = audit(shop, "--wait", "0")
    stream.delete(*names)
    stream.xdel(STREAM, *added)
    after = rows(done)
    assert after["carrinho.alheias"] == (before["carrinho.alheias"][0] + 2500, "2500 wrong")
    assert after["fluxo.estranhos"] == (before["fluxo.estranhos"][0] + 2500, "ok")
    assert rows(audit(shop)) == before


def test_what_is_not_settled(still):
    """An order that is not finished is right as it is; --settled wants it finished."""
    shop, kept = still.shop, still.facts["kept"]
    debt = "UPDATE pedidos SET pendencia = {} WHERE id = '{}'"
    shop.sql(debt.format("'finalizar'", kept), "pedidos")
    shop.sql(
        f"""CREATE TABLE guarda AS SELECT * FROM eventos WHERE pedido_id = '{kept}';
                 UPDATE eventos SET publicado_em = NULL WHERE pedido_id = '{kept}'""",
        "pedidos",
    )
    owing, unsettled = audit(shop, "--wait", "0"), audit(shop, "--wait", "0", "--settled")
    shop.sql(debt.format("NULL", kept), "pedidos")
    shop.sql(
        """UPDATE eventos e SET publicado_em = g.publicado_em FROM guarda g WHERE e.id = g.id;
                DROP TABLE guarda""",
        "pedidos",
    )
    assert owing.returncode == 0 and re.search(r"^em_preparo +1  1$", owing.stdout, re.M)
    assert unsettled.returncode == 1
    left = "1 orders that owe finalizar, 2 unpublished events"
    assert wrong(unsettled) == {"quieto": f"expected nothing left to be done, found {left}"}


def test_a_row_in_flight_is_looked_at_again(still):
    """What is wrong for a moment is not wrong; what is wrong inside one database is so at the first look."""
    shop = still.shop
    cart = f"carrinho:{still.session}"
    value = shop.redis().hget(cart, MARK)
    shop.redis().hdel(cart, MARK)
    command = [TOP / "scripts/audit", "--state", shop.state, "--wait", str(WAIT_SECONDS)]

    def pages():
        return shop.redis().info("commandstats")["cmdstat_eval_ro"]["calls"]

    before = pages()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert eventually(lambda: pages() >= before + 4) and running.poll() is None
        shop.redis().hset(cart, MARK, value)
        output, errors = running.communicate(timeout=COMMAND_SECONDS)
    assert running.returncode == 0, output + errors


def test_a_stream_that_was_cut(still):
    """What went out at the stream's end is not asked for; what is missing in the middle of the rest is."""
    stream = still.shop.redis()
    stream.delete(STREAM)
    still.shop.sql("UPDATE eventos SET publicado_em = NULL", "pedidos")
    still.shop.supervisor("start", *CONCILIADORES)
    published = "SELECT bool_and(publicado_em IS NOT NULL) FROM eventos"
    assert eventually(lambda: still.shop.value(published, "pedidos") == "t")
    still.shop.supervisor("stop", *CONCILIADORES)
    stream.xtrim(STREAM, maxlen=4, approximate=False)
    assert audit(still.shop, "--wait", "0").returncode == 0
    (_, _), (missing, fields), *_ = stream.xrange(STREAM)
    stream.xdel(STREAM, missing)
    found = wrong(audit(still.shop, "--wait", "0"))
    stream.delete(STREAM)
    assert list(found) == ["fluxo.publicados"] and f"event {fields['id']} (" in found["fluxo.publicados"]
    assert "fluxo.publicados" in wrong(audit(still.shop, "--wait", "0"))


def test_options(books):
    """Seconds are seconds; nothing else is taken."""
    for arguments in (["--wait", "-1"], ["--wait", "logo"], ["--wait"], ["7"]):
        done = audit(books.shop, *arguments)
        assert done.returncode == 64 and "--help tells the options" in done.stderr


@pytest.mark.slow
def test_a_store_that_is_down(still):
    """Nothing can be said then: neither that it adds up nor that it does not."""
    shop = still.shop
    for store in ("redis", "pg-catalogo"):
        shop.supervisor("stop", store)
        done = audit(shop)
        shop.supervisor("start", store)
        assert done.returncode == 3 and "did not answer" in done.stderr and done.stdout == ""
    shop.script("down")
    done = audit(shop)
    assert done.returncode == 3 and "is not running" in done.stderr
