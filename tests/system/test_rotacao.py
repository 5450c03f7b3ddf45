"""Logs as an operator has them: rotated by logrotate with Debian's habits, opened again on a signal, what was slow."""
import gzip
import os
import re
import secrets
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shop import AS_SERVICE_USER, eventually
from test_logs import PAIR, ask_carts, found, lines

pytestmark = pytest.mark.commands

# Rotation by the operator's own logrotate, with Debian's habits

HABITS = """
{files} {{
    daily
    rotate 14
    ifempty
    missingok
    dateext
    dateformat -%Y%m%d-%s
    compress
    delaycompress
    olddir {older}
    {create}
    sharedscripts
    postrotate
        kill -USR1 {pids}
    endscript
}}
"""
IDLE = ("saude", "vigia", "conciliador")


def as_owner(*command, given=""):
    """Runs a command as the user whose logs they are."""
    command = [*(AS_SERVICE_USER if os.geteuid() == 0 else ()), *map(str, command)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr


def has_open(pid, path):
    """Whether a process has the file open that has this name now."""
    try:
        return any(os.path.samestat(path.stat(), one.stat()) for one in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # it has closed one meanwhile, or the file is still to be made
        return False


def is_safe_from_usr1(pid):
    """Whether the kernel throws the signal away where no program has asked for it, or keeps it until it is read."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    masks = [int(mask, 16) for mask in re.findall(r"Sig(?:Ign|Blk):\s+(\w+)", status)]
    return any(mask >> (signal.SIGUSR1 - 1) & 1 for mask in masks)


def cart_lines(shop, *places):
    """How many reads of carts are in the pool's log and in files of these places, compressed or not."""
    texts = [
        gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
        for place in places
        for file in place.iterdir()
    ]
    words = " rota=/api/carrinho/{uuid} "
    return len(lines(shop, "carrinho.log", words)) + sum(words in line for text in texts for line in text.splitlines())


@pytest.mark.parametrize("create", ["create 0640", "nocreate"])
def test_an_operators_logrotate_breaks_nothing(shop, create):
    """No line is lost and nothing restarts; also who writes nothing lets go of the old file."""
    log, older = shop.state / "log", shop.state / "tmp" / create.replace(" ", "-")
    before = {name: pid for name, pid in shop.processes().items() if name.split(":")[0] in ("carrinho", *IDLE)}
    files = " ".join(f'"{log}/{name}.log"' for name in ("carrinho", *IDLE))
    config = HABITS.format(files=files, older=older, create=create, pids=" ".join(map(str, before.values())))
    shop.supervisor("stop", "zelador")
    try:
        as_owner("mkdir", older)
        as_owner("tee", older.with_suffix(".conf"), given=config)
        seen = cart_lines(shop)
        with ThreadPoolExecutor(1) as customer:
            asked = customer.submit(ask_carts, shop, 60)
            for _ in range(2):
                words = ("--force", "--state", older.with_suffix(".status"), older.with_suffix(".conf"))
                as_owner("/usr/sbin/logrotate", *words)
                rotated = int(time.time())
                for name, pid in before.items():
                    assert eventually(lambda: has_open(pid, log / f"{name.split(':')[0]}.log")), name
                assert eventually(lambda: int(time.time()) > rotated)  # the older files are named by the second
            asked.result()
        assert eventually(lambda: cart_lines(shop, older) == seen + 60)
    finally:
        shop.supervisor("start", "zelador")
    assert eventually(lambda: "zelador" in shop.processes())
    assert {name: pid for name, pid in shop.processes().items() if name in before} == before


def test_a_signal_to_open_logs_again_does_nothing_else(shop):
    """At no moment of a program's life: also while it begins anew."""
    workers, before = shop.workers("carrinho"), set(lines(shop, "carrinho.log", " event="))
    for pid in (shop.supervisord, *shop.workers().values(), shop.processes()["vigia"]):
        assert is_safe_from_usr1(pid)
    shop.supervisor("hangup", *workers)
    for _ in range(100):
        for pid in workers.values():
            os.kill(pid, signal.SIGUSR1)

    def new(event):
        return set(lines(shop, "carrinho.log", f" event={event} ")) - before

    assert eventually(lambda: len(new("start")) == len(workers))
    ask_carts(shop, 4)
    assert len(new("renew")) == len(workers) and not new("stop")
    assert shop.workers("carrinho") == workers


# What is slow


def test_what_is_slow_is_written_without_its_values(shop):
    """An order that waits for a product's row: by pedidos, by catálogo with its statement, by PostgreSQL itself."""
    product = shop.product()["id"]
    session, ident = shop.cart({product: 1}), f"lento-{secrets.token_hex(6)}"
    waits = """SELECT count(*) FROM pg_stat_activity
               WHERE datname = 'catalogo' AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '1.1 s'"""
    person = shop.login("postgres")
    person.autocommit = False
    with person.cursor() as cursor, ThreadPoolExecutor(1) as customer:
        cursor.execute("SELECT 1 FROM produtos WHERE id = %s FOR UPDATE", [product])
        headers = {"X-Request-Id": ident}
        asked = customer.submit(shop.public.post, "/api/pedidos", shop.checkout(session), headers=headers)
        assert eventually(lambda: shop.value(waits) == "1")
        person.rollback()
        order = asked.result().ok(201)
    person.close()

    def slow(name, event):
        (line,) = lines(shop, name, ident, f" event={event} ")
        return dict(PAIR.findall(line))

    assert eventually(lambda: lines(shop, "pedidos.log", ident, " event=slow_request "))
    statement, reserved = slow("catalogo.log", "slow_statement"), slow("catalogo.log", "slow_request")
    assert (statement["store"], statement["rows"]) == ("postgres", "1") and int(statement["us"]) > 1000000
    assert reserved["rota"] == "/interno/reservas" and int(reserved["sql_us"]) > 1000000
    ordered = slow("pedidos.log", "slow_request")
    assert (ordered["rota"], ordered["status"]) == ("/api/pedidos", "201") and int(ordered["calls_us"]) > 1000000
    assert eventually(lambda: lines(shop, "pg-catalogo.log", " duration: ", f" {statement['statement']}: "))
    keys = (session, order["id"])
    assert not [name for name, text in shop.logs().items() if found(keys, text)]
