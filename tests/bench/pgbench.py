"""An order's SQL statements run by pgbench, directly on the databases, out of the very files that the services compile in.

An order spans two databases and a pgbench speaks to one. So two run at the same time, each with all the clients and each through
the same number of orders, until the slower one is done: its rate is the rate. That flatters pgbench a little, since the two halves of
an order overlap here, and in a real one they follow each other.
"""
import os
import re
import subprocess
from pathlib import Path

from measure import TOP, Failed

PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
PORTS = {"pedidos": 5434, "catalogo": 5432}
# pgbench cannot make a UUID: the database draws those of so many orders in one statement more, which hardly counts then.
ORDERS_A_SCRIPT = 10
HASH = "'" + 64 * "a" + "'"


def statement(service, name):
    """The text of a statement, without its comments."""
    for file in (TOP / "db" / service / "statements").glob("*.sql"):
        found = re.search(rf"^-- name: {name}\b.*\n((?:(?!-- name:).*\n?)*)", file.read_text(encoding="utf-8"), re.M)
        if found:
            return re.sub(r"^--.*\n", "", found[1], flags=re.M).strip()
    raise Failed(f"db/{service}/statements has no {name} any more")


def filled(service, name, *values):
    """The statement with pgbench's variables or literals for $1, $2…, ready to run."""
    text = statement(service, name)
    numbers = {int(number) for number in re.findall(r"\$(\d+)", text)}
    if numbers != set(range(1, len(values) + 1)):
        raise Failed(f"{name} takes {len(numbers)} parameters now, and tests/bench/pgbench.py gives it {len(values)}")
    return re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], text) + ";"


def array(kind, values):
    """An array of pgbench's variables or literals."""
    return f"ARRAY[{', '.join(values)}]::{kind}[]"


def draw(order, products):
    """\\set lines for two or three different products and their quantities, and the names of these variables."""
    lines, names = 2 + order % 2, []
    first, count = products
    text = []
    for line in range(lines):
        low = first + count * line // lines
        text += [f"\\set p{line} random({low}, {first + count * (line + 1) // lines - 1})", f"\\set q{line} random(1, 3)"]
        names.append((f":p{line}", f":q{line}"))
    return text, [p for p, _ in names], [q for _, q in names]


def order_pedidos(order, products):
    """What the orders' database does of an order: written down, confirmed, concluded."""
    text, ids, quantities = draw(order, products)
    produtos = array("integer", ids)
    text.append(filled("pedidos", "pedido_abrir", f":pedido{order}", "NULL", HASH, f":sessao{order}", "1",
                       "'Maria da Silva'", "'maria@exemplo.com.br'", "'+55 11 91234-5678'", "'retirada'", "NULL", "NULL",
                       "NULL", produtos, array("integer", quantities)))
    text.append(filled("pedidos", "pedido_confirmar", f":pedido{order}", produtos,
                       array("text", ["'Bolo de Chocolate da Vovó nº 1'"] * len(ids)),
                       array("numeric", ["12.30"] * len(ids))))
    text.append(filled("pedidos", "pedido_concluir", f":pedido{order}", "'finalizar'"))
    return text


def order_catalogo(order, products):
    """What the catalogue's database does of an order: reserved, sold."""
    text, ids, quantities = draw(order, products)
    text.append(filled("catalogo", "reserva_fazer", f":pedido{order}", array("integer", ids),
                       array("integer", quantities)))
    text.append(filled("catalogo", "reserva_confirmar", f":pedido{order}"))
    return text


def write_scripts(directory, products):
    """Service -> its pgbench script, a file in directory."""
    files = {}
    for service, order in (("pedidos", order_pedidos), ("catalogo", order_catalogo)):
        ids = ", ".join(f"gen_random_uuid() AS pedido{i}, gen_random_uuid() AS sessao{i}" for i in range(ORDERS_A_SCRIPT))
        lines = [f"SELECT {ids} \\gset"]
        for i in range(ORDERS_A_SCRIPT):
            lines += order(i, products)
        files[service] = Path(directory) / f"{service}.pgbench"
        files[service].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def start(shop, service, file, clients, times):
    """One pgbench, as the service's role over its socket."""
    command = [PGBENCH, "-n", "-M", "prepared", "-c", str(clients), "-t", str(times), "-f", file, "-h", str(shop.run),
               "-p", str(PORTS[service]), "-U", service, service]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=dict(os.environ, PGPASSWORD=shop.secret(service)))


def rate_of(service, process):
    """Orders a second that a pgbench says it made."""
    output, errors = process.communicate()
    rate = re.search(r"^tps = ([\d.]+)", output, re.M)
    if process.returncode or not rate or not re.search(r"failed transactions: 0 ", output):
        raise Failed(f"pgbench on {service} failed ({process.returncode}): {errors or output}")
    return float(rate[1]) * ORDERS_A_SCRIPT


def run(shop, files, clients, orders):
    """About so many orders in both databases: each one's rate."""
    times = max(1, round(orders / clients / ORDERS_A_SCRIPT))
    running = {service: start(shop, service, file, clients, times) for service, file in files.items()}
    return {service: rate_of(service, process) for service, process in running.items()}
