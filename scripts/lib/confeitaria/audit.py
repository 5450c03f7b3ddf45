"""Comparing the books: looks at all stores, keeps what is wrong in every look, says so in tables.

A look's rows are those of db/*/audit: livro, teste, erro, status. COPY writes them: no text has a tab or new line.
"""
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import postgres, redis, release
from .say import Refused, paste

PAGE = 1000  # of a scan of Redis
SECONDS = 900  # for a database's part
BLIND = 3  # exit status when nothing can be said
TAGS = ("livro", "teste", "erro", "status")
# What the catalogue's rows of a tag become for the orders' checks.
TABLES = {"reserva": "reservas", "item": "reserva_itens", "erro_pedido": "erros_de_reserva"}
# Of Redis: table, script, its keys, its first cursor.
PAGES = (
    ("marcas", "carrinho/audit/marcas.lua", (), "0"),
    ("fluxo", "pedidos/audit/eventos.lua", ("pedidos:eventos",), "-"),
)


def compare(state, patience, settled):
    """Looks until all adds up or `patience`, in seconds, is over. The last look's rows, and those that are wrong: what
    the first look found wrong inside a database, and every look between two stores, where a row may be in flight."""
    end = time.monotonic() + patience
    rows = look(state, settled)
    wrong = [row for row in rows if row[0] == "erro"]
    while any(row[1] == "entre" for row in wrong) and time.monotonic() < end:
        time.sleep(0.5)
        rows = look(state, settled)
        before = {tuple(row[2:4]) for row in wrong if row[1] == "entre"}
        again = [row for row in rows if row[:2] == ["erro", "entre"] and tuple(row[2:4]) in before]
        wrong = [row for row in wrong if row[1] == "exato"] + again
    return rows, wrong


def look(state, settled):
    """One look at all stores; raises Refused when one does not answer. What they say goes by files: it may be large."""
    sql = release.current(state).share("db")
    with tempfile.TemporaryDirectory(dir=state.tmp, prefix="audit.") as name:
        state.lend(name)
        question, catalogue, orders = (Path(name) / file for file in ("pergunta", "catalogo", "pedidos"))
        with blind(state, "the catalogue's database"):
            write(question, *(read(sql / f"catalogo/audit/{part}.sql") for part in ("produtos", "reservas")))
            ask(state, postgres.cluster_of(state, "catalogo"), "catalogo", question, catalogue)
        with blind(state, "the orders' database or Redis"):
            write(question, *orders_question(state, sql, catalogue, settled))
            ask(state, "pg-pedidos", "pedidos", question, orders)
        return [line.split("\t") for path in (catalogue, orders) for line in tagged(path, TAGS)]


@contextmanager
def blind(state, what):
    """Says that nothing can be said when a store refuses meanwhile."""
    try:
        yield
    except Refused as error:
        words = f"{what} did not answer, so nothing can be said: {error.message}"
        raise Refused(
            words, *error.remedies, f"{paste(state, 'status')} tells how each part is", status=BLIND
        ) from error


def ask(state, cluster, database, question, answer):
    """Runs a file of SQL; what it prints goes into the file `answer`."""
    with open(answer, "wb") as output:
        postgres.psql(state, cluster, "", database, input_file=question, output=output, seconds=SECONDS)


def orders_question(state, sql, catalogue, settled):
    """All that the orders' database is to run, piece by piece: the other stores' rows, then the checks. A store that
    does not answer ends it before them."""
    checks = ("pedidos", "catalogo", "redis", *(("quieto",) if settled else ()))
    yield read(sql / "pedidos/audit/tabelas.sql")
    for tag, table in TABLES.items():
        yield f"COPY {table} FROM STDIN;\n"
        yield from (f"{line.partition(chr(9))[2]}\n" for line in tagged(catalogue, (tag,)))
        yield "\\.\n"
    yield from redis_tables(state, sql)
    yield from (read(sql / f"pedidos/audit/{check}.sql") for check in checks)
    yield "COMMIT;\n"


def redis_tables(state, sql):
    """What Redis has, as rows of the tables of tabelas.sql."""
    for table, script, keys, cursor in PAGES:
        yield f"COPY {table} FROM STDIN;\n"
        yield from pages(state, read(sql / script), keys, cursor)
        yield "\\.\n"


def pages(state, script, keys, cursor):
    """Every page that a script gives of Redis, from that cursor to the cursor 0."""
    while True:
        cursor, _, page = redis.cli(state, "eval_ro", script, str(len(keys)), *keys, cursor, str(PAGE)).partition("\n")
        yield page if not page or page.endswith("\n") else f"{page}\n"
        if cursor.strip() == "0":
            return


def read(path):
    """SQL or a script of the release."""
    return path.read_text(encoding="utf-8")


def write(path, *texts):
    """Puts them into a file; what others wrote into Redis may be anything."""
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.writelines(texts)


def tagged(path, tags):
    """The lines of a file that begin with one of these tags, and a tab."""
    with open(path, encoding="utf-8", newline="\n") as file:
        yield from (line.rstrip("\n") for line in file if line.partition("\t")[0] in tags)


def report(rows, wrong):
    """The tables, a line each: the books, the checks, the orders by state."""
    of = {tag: [row[1:] for row in rows if row[0] == tag] for tag in TAGS}
    bad = [row[2] for row in wrong]
    yield f"{'produto':>8}  {'nome':<32} {'inicial':>9} {'ajustes':>9} {'reservado':>9} {'vendido':>9} {'estoque':>9}"
    yield from ("\t".join(row) for row in of["livro"])
    yield f"\n{'check':<20} {'rows':>9}  {'result':<9} what it says"
    for _, check, count, words in of["teste"]:
        result = f"{bad.count(check)} wrong" if check in bad else "ok"
        yield f"{check:<20} {count:>9}  {result:<9} {words}"
    yield f"\n{'orders':<20} {'count':>9}  unfinished"
    orders = [(status, int(count), int(unfinished)) for status, count, unfinished in of["status"]]
    orders.append(("all", sum(row[1] for row in orders), sum(row[2] for row in orders)))
    yield from (f"{status:<20} {count:>9}  {unfinished}" for status, count, unfinished in orders)


def first_of_each(wrong):
    """`check: words` of the first row that each check found wrong."""
    found = {}
    for _, _, check, _, words in wrong:
        found.setdefault(check, words)
    return [f"{check}: {words}" for check, words in found.items()]
