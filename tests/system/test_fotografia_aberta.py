"""Somebody's report keeps its snapshot open while the shop sells: an order reads no more than the order before it."""
import uuid
from contextlib import contextmanager

import pytest

from generated import statements
from shop import CONCILIADORES
from test_crescimento import worker_settings

pytestmark = pytest.mark.slow

ORDERS = 150
TABLES = ("pedidos", "eventos", "reservas")
READ = """SELECT i.relname, pg_stat_get_xact_tuples_returned(i.oid)
          FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = ANY (%s::text[]::regclass[])"""


class Service:
    """A connection as a service's workers have it, but the superuser's, who may know what its transactions read."""

    def __init__(self, shop, database):
        self.connection = shop.login("postgres", database)
        self.cursor = self.connection.cursor()
        self.cursor.execute(worker_settings())
        self.texts = statements(database)
        self.tables = [
            row[0] for row in self.run("SELECT relname FROM pg_class WHERE relname = ANY (%s)", list(TABLES))
        ]
        self.known = set()

    def run(self, text, *values):
        """Its rows."""
        self.cursor.execute(text, values or None)
        return self.cursor.fetchall() if self.cursor.description else []

    def read(self, name, *values):
        """Runs a statement in a transaction of its own, as a worker does; how many entries it read of each index."""
        if name not in self.known:
            self.run(f"PREPARE {name} AS {self.texts[name].text}")
            self.known.add(name)
        self.run("BEGIN")
        before = dict(self.run(READ, self.tables))
        marks = ", ".join(["%s"] * len(values))
        self.run(f"EXECUTE {name}({marks})", *values)
        after = dict(self.run(READ, self.tables))
        self.run("COMMIT")
        return {(name, index): entries - before[index] for index, entries in after.items()}


@contextmanager
def snapshot(shop, database):
    """Meanwhile a report is at work, as scripts/audit is: what it began with must be kept for it."""
    reader = shop.login(database, database)
    reader.cursor().execute("SET idle_in_transaction_session_timeout = 0")
    reader.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    reader.cursor().execute("SELECT count(*) FROM pg_class")
    try:
        yield
    finally:
        reader.close()


def made(services, product, undone):
    """An order, from its first statement to its last; what each read. Or one that is given up."""
    order, session, line = str(uuid.uuid4()), str(uuid.uuid4()), f"{{{product}}}"
    pedidos, catalogo = services
    person = ("0" * 64, session, 1, "Maria", "m@x.br", "11912345678", "retirada", None, None, None, line, "{1}")
    steps = [(pedidos, "pedido_no_caminho", session, 1), (pedidos, "pedido_abrir", order, order, *person)]
    steps.append((catalogo, "reserva_fazer", order, line, "{1}", None))
    if undone:
        steps += [
            (pedidos, "pedido_desistir", order),
            (catalogo, "reserva_liberar", order),
            (pedidos, "pedido_desfeito", order),
        ]
    else:
        steps += [
            (pedidos, "pedido_confirmar", order, line, "{Bolo}", "{10.00}"),
            (catalogo, "reserva_confirmar", order),
            (pedidos, "pedido_falhou", order, 2, None),
            (pedidos, "pedido_concluir", order, "finalizar", 2),
        ]
    found = {}
    for service, name, *values in steps:
        found.update(service.read(name, *values))
    return found


@pytest.fixture(name="services")
def fixture_services(shop):
    """The services' connections, while the conciliador is stopped and both databases have a snapshot open."""
    with shop.stopped(*CONCILIADORES), snapshot(shop, "catalogo"), snapshot(shop, "pedidos"):
        yield Service(shop, "pedidos"), Service(shop, "catalogo")


@pytest.mark.parametrize("undone", [False, True])
def test_an_order_reads_no_more_than_the_order_before(shop, services, undone):
    """Each is found by its key, not among the dead entries of those before it; whatever autovacuum has found out."""
    product = shop.product(estoque=10 * ORDERS)["id"]
    few = [made(services, product, undone) for _ in range(10)][-1]
    grown = {}
    for analysed in (False, True):
        if analysed:
            shop.sql("ANALYZE reservas", "catalogo")
            shop.sql("ANALYZE pedidos; ANALYZE eventos", "pedidos")
        # A plan is for keeps from the sixth call on.
        many = [made(services, product, undone) for _ in range(ORDERS)][-1]
        grown.update({where: (few[where], entries) for where, entries in many.items() if entries > few[where] + 20})
    assert not grown
