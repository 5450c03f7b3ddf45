"""An order's SQL statements run by pgbench on the databases, as the services compile them in.

An order spans two databases and a pgbench speaks to one. So two run at the same time, each with all the clients and
each through the same number of orders, until the slower one is done: its rate is the rate. That flatters pgbench a
little, since the two halves of an order overlap here, and in a real one they follow each other.
"""
import os
import re
import subprocess
from pathlib import Path

from generated import statements
from measure import Failed
from shop import SERVICE_USER

PGBENCH = "/usr/bin/pgbench"
PORTS = {"pedidos": 5434, "catalogo": 5432}
LINES = (2, 3)
HASH = "'" + 64 * "a" + "'"
# pgbench has no UUIDs, only whole numbers: two of them are one. No statement more than an order has, and no round trip.
DRAW_UUID = "\\set {0}a random(0, 9223372036854775806)\n\\set {0}b random(0, 9223372036854775806)"
UUID = "(lpad(to_hex(:{0}a::bigint), 16, '0') || lpad(to_hex(:{0}b::bigint), 16, '0'))::uuid"


def statement(service, name):
    """A statement as it is compiled in."""
    if name not in statements(service):
        raise Failed(f"db/{service}/statements has no {name} any more")
    return statements(service)[name]


def filled(service, name, *values):
    """The statement with pgbench's variables or literals for $1, $2…, ready to run."""
    one = statement(service, name)
    if one.params != len(values):
        raise Failed(f"{name} takes {one.params} parameters now, and tests/bench/pgbench.py gives it {len(values)}")
    return re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], one.text.strip()) + ";"


def array(kind, values):
    """An array of pgbench's variables or literals."""
    return f"ARRAY[{', '.join(values)}]::{kind}[]"


def draw(lines, products):
    """\\set lines for an order of different products; arrays of these variables: products, quantities."""
    first, count = products
    text = [DRAW_UUID.format("pedido"), DRAW_UUID.format("sessao")]
    for line in range(lines):
        low, high = first + count * line // lines, first + count * (line + 1) // lines - 1
        text += [f"\\set p{line} random({low}, {high})", f"\\set q{line} random(1, 3)"]
    return text, *(array("integer", [f":{letter}{line}" for line in range(lines)]) for letter in "pq")


def order_pedidos(lines, products):
    """What the orders' database does of an order: written down, confirmed, concluded."""
    text, produtos, quantidades = draw(lines, products)
    pedido = UUID.format("pedido")
    nomes, precos = array("text", ["'Bolo de Chocolate da Vovó nº 1'"] * lines), array("numeric", ["12.30"] * lines)
    text += [
        filled(
            "pedidos",
            "pedido_abrir",
            pedido,
            "NULL",
            HASH,
            UUID.format("sessao"),
            "1",
            "'Maria da Silva'",
            "'maria@exemplo.com.br'",
            "'+55 11 91234-5678'",
            "'retirada'",
            "NULL",
            "NULL",
            "NULL",
            produtos,
            quantidades,
        ),
        filled("pedidos", "pedido_confirmar", pedido, produtos, nomes, precos),
        filled("pedidos", "pedido_concluir", pedido, "'finalizar'", "2"),
    ]
    return text


def order_catalogo(lines, products):
    """What the catalogue's database does of an order: reserved, sold."""
    text, produtos, quantidades = draw(lines, products)
    pedido = UUID.format("pedido")
    return text + [
        filled("catalogo", "reserva_fazer", pedido, produtos, quantidades, "1"),
        filled("catalogo", "reserva_confirmar", pedido),
    ]


def write_scripts(directory, products):
    """Service -> its pgbench scripts, files in directory: one for each number of lines, one order a script."""
    files = {}
    Path(directory).chmod(0o755)
    for service, order in (("pedidos", order_pedidos), ("catalogo", order_catalogo)):
        files[service] = [Path(directory) / f"{service}-{lines}.pgbench" for lines in LINES]
        for file, lines in zip(files[service], LINES):
            file.write_text("\n".join(order(lines, products)) + "\n", encoding="utf-8")
    return files


def start(shop, service, files, clients, *length):
    """One pgbench, as the service's role over its socket, for -t transactions a client or -T seconds."""
    command = [
        PGBENCH,
        "-n",
        "-M",
        "prepared",
        "-P",
        "1",
        "-c",
        str(clients),
        *map(str, length),
        "-h",
        str(shop.run),
        "-p",
        str(PORTS[service]),
        "-U",
        service,
    ]
    for file in files:
        command += ["-f", file]
    return subprocess.Popen(
        [*command, service],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=SERVICE_USER if os.geteuid() == 0 else None,
        group=SERVICE_USER if os.geteuid() == 0 else None,
    )


def rate_of(service, process, orders):
    """Orders a second, without the first second: there new connections prepare what those of workers have ready."""
    output, progress = process.communicate()
    whole = re.search(r"^tps = ([\d.]+)", output, re.M)
    if process.returncode or not whole or not re.search(r"failed transactions: 0 ", output):
        raise Failed(f"pgbench on {service} failed ({process.returncode}): {progress or output}")
    seconds = orders / float(whole[1])
    first = re.search(r"^progress: ([\d.]+) s, ([\d.]+) tps", progress, re.M)
    if not first or seconds < 1.5 * float(first[1]):
        return float(whole[1])
    return (orders - float(first[1]) * float(first[2])) / (seconds - float(first[1]))


def run(shop, files, clients, orders):
    """About so many orders in both databases: how many they were, the rate of the slower one, and each one's."""
    times = max(1, round(orders / clients))
    count = times * clients
    running = {service: start(shop, service, scripts, clients, "-t", times) for service, scripts in files.items()}
    rates = {service: rate_of(service, process, count) for service, process in running.items()}
    return {"count": count, "rate": min(rates.values()), **rates}
