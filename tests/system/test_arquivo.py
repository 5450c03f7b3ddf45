"""scripts/archive: what is long past goes into files, the books still balance, a kill at any moment loses nothing."""
import csv
import gzip
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from client import TOP
from comandos import command
from shop import SERVICE_USER, Shop, eventually

pytestmark = pytest.mark.commands

LONG_AGO = "400 days"
BEFORE = str(date.today() - timedelta(days=30))


@pytest.fixture(name="old", scope="module")
def fixture_old():
    """A shop of their own, whose past is moved back."""
    with Shop() as shop:
        yield shop


def directory(place):
    """Where the servers' user may write."""
    files = place / "files"
    files.mkdir(0o700)
    if os.geteuid() == 0:
        shutil.chown(files, SERVICE_USER)
    return files


def past(shop):
    """Rows that may be archived: table -> ids."""
    found = {}
    for database, table in (
        ("catalogo", "movimentos"),
        ("catalogo", "mudancas"),
        ("pedidos", "pedido_historico"),
        ("pedidos", "eventos"),
    ):
        found[table] = {row[0] for row in shop.sql(f"SELECT id FROM {table}", database)}
    return found


def archived(place):
    """What the files hold: table -> ids, in order."""
    found = {"movimentos": [], "mudancas": [], "historico": [], "eventos": []}
    for path in sorted(place.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[row.get("tabela") or path.name.partition("-")[0]].append(row["id"])
    return found


def make_past(shop):
    """Stock, prices and orders of more than a year ago: delivered, cancelled, still open."""
    product = shop.product(estoque=50)["id"]
    shop.admin.put(f"/api/produtos/{product}/estoque", {"operacao": "adicionar", "quantidade": 7}).ok()
    shop.admin.patch(f"/api/produtos/{product}", {"preco": 11}).ok()
    orders = [shop.order({product: 2}) for _ in range(3)]
    for status in ("em_preparo", "pronto", "entregue"):
        shop.admin.put(f"/api/pedidos/{orders[0]['id']}/status", {"status": status}).ok()
    shop.public.post(f"/api/pedidos/{orders[1]['id']}/cancelar").ok()
    assert shop.script("audit", "--settled").returncode == 0
    shop.sql(
        f"""UPDATE movimentos SET em = em - interval '{LONG_AGO}'; UPDATE mudancas SET em = em - interval '{LONG_AGO}';
            UPDATE reservas SET criado_em = criado_em - interval '{LONG_AGO}'"""
    )
    shop.sql(
        f"""UPDATE pedido_historico SET em = em - interval '{LONG_AGO}';
            UPDATE pedidos SET atualizado_em = atualizado_em - interval '{LONG_AGO}'""",
        "pedidos",
    )
    return product, orders


def test_what_is_long_past_goes_into_files(old, place):
    """Each row is in a file or in its table; what is left adds up, is shown, and goes on."""
    product, (delivered, cancelled, kept) = make_past(old)
    today = old.order({product: 1})
    assert old.script("audit", "--settled").returncode == 0
    before, page = past(old), old.public.get(f"/api/pedidos/{delivered['id']}")
    files = directory(place)
    old.script("archive", "--before", BEFORE, "--to", files)

    found, after = archived(files), past(old)
    for table, name in (("movimentos",) * 2, ("mudancas",) * 2, ("pedido_historico", "historico"), ("eventos",) * 2):
        assert found[name] and len(set(found[name])) == len(found[name])
        assert set(found[name]) | after[table] == before[table] and not set(found[name]) & after[table], table
    assert files.stat().st_mode & 0o777 == 0o700 and {path.stat().st_mode & 0o777 for path in files.iterdir()} == {
        0o600
    }
    assert old.script("audit", "--settled").returncode == 0

    now = old.public.get(f"/api/pedidos/{delivered['id']}", headers={"If-None-Match": page.headers["ETag"]})
    assert now.status == 200 and now.data == {**page.data, "historico": page.data["historico"][-1:]}
    assert len(old.public.get(f"/api/pedidos/{kept['id']}").data["historico"]) == 1
    rows = old.admin.get(f"/api/produtos/{product}/movimentos")
    assert [row["tipo"] for row in rows.data] == ["venda", "reserva"] and rows.json["total"] == 2
    assert rows.data[0]["saldo"] == old.stock(product) == 50 + 7 - 2 - 2 - 1

    # The order of long ago that is still open, and that of today, are cancelled: nothing that was archived is missed.
    for order in (kept, today):
        old.public.post(f"/api/pedidos/{order['id']}/cancelar").ok()
    old.public.post(f"/api/pedidos/{cancelled['id']}/cancelar").ok()
    assert old.stock(product) == 50 + 7 - 2 and old.script("audit", "--settled").returncode == 0
    again = old.script("archive", "--before", BEFORE, "--to", files).stdout
    assert "movimentos: 0 rows" in again and "mudancas: 0 rows" in again and "passado: 0 rows" in again
    assert archived(files) == found


@contextmanager
def hanging(shop, *arguments):
    """scripts/archive when it has written its third file, of orders, and not deleted their rows; then it is killed with
    all that it has begun."""
    words = [TOP / "scripts/archive", "--state", shop.state, *arguments]
    waits = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO arquivos%'"
    )
    with shop.locked("arquivos", "pedidos"):
        with subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL) as running:
            try:
                assert eventually(lambda: shop.value(waits, "pedidos") == "1")
                yield
            finally:
                os.killpg(running.pid, signal.SIGKILL)


def test_killed_in_the_middle(old, place):
    """What was not deleted is in no file, what was is in one; the next one goes on from there."""
    make_past(old)
    before, files = past(old), directory(place)
    with hanging(old, "--before", BEFORE, "--to", files):
        pass
    assert [path.name for path in files.glob("*.incompleto")]
    killed = archived(files)
    assert killed["movimentos"] and killed["mudancas"] and not killed["historico"]
    assert set(killed["movimentos"]) | past(old)["movimentos"] == before["movimentos"]
    assert old.script("audit", "--settled").returncode == 0

    # Had it been killed a moment after its commit, the file would be whole and without its name.
    named = next(files.glob("movimentos-*.csv.gz"))
    named.rename(f"{named}.incompleto")
    old.script("archive", "--before", BEFORE, "--to", files)
    assert named.exists() and not list(files.glob("*.incompleto"))
    found, after = archived(files), past(old)
    for table, name in (("movimentos",) * 2, ("mudancas",) * 2, ("pedido_historico", "historico"), ("eventos",) * 2):
        assert sorted([*found[name], *after[table]]) == sorted(before[table]), table
    assert old.script("audit", "--settled").returncode == 0


@pytest.mark.parametrize("day", ["", "2026-02-30", "yesterday", str(date.today() + timedelta(days=3))])
def test_a_day_that_is_none_or_to_come(old, day):
    """Nothing is archived."""
    before = past(old)
    done = old.script("archive", "--before", day, check=False)
    assert done.returncode in (1, 64) and done.stderr and past(old) == before


def test_it_needs_a_day(place):
    """There is no default for what to take away."""
    assert command("archive", "--state", place).returncode == 64
