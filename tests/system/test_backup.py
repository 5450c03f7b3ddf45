"""scripts/backup and scripts/restore: of one moment, under load, whole or refused."""
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from client import TOP, WAIT_SECONDS
from copias import changed, forge, left_behind, restore, restored, slots
from shop import COMMAND_SECONDS, Shop, eventually
from trafego import PAUSE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.commands]

LIVE = ("id", "numero", "itens", "valor_total", "cliente", "entrega", "criado_em")
LAST = "SELECT max(criado_em) FROM pedidos"
UNFINISHED = "SELECT count(*) FROM pedidos WHERE status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL"


class Load:
    """Customers and a shopkeeper; what was answered, and when."""

    def __init__(self, shop):
        self.shop, self.products = shop, [shop.product(estoque=100000) for _ in range(4)]
        self.busy = shop.session()
        self.orders, self.cancelled, self.adds, self.failures = {}, {}, [], []
        self.stopping = threading.Event()
        workers = [self.customer] * 4 + [self.filler, self.shopkeeper]
        self.threads = [threading.Thread(target=self.work, args=entry) for entry in enumerate(workers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def work(self, number, step):
        """One of them, over and over, until told to stop."""
        client, i = self.shop.client(checked=False), number
        while not self.stopping.is_set() and not self.failures:
            try:
                step(client, i)
            except Exception as error:  # a thread's failure is the test's
                self.failures.append(error)
            i += 1
            self.stopping.wait(PAUSE_SECONDS)
        client.close()

    def customer(self, client, i):
        """Orders two things; every third order is cancelled."""
        session = client.post("/api/carrinho/sessao").ok(201)["session_id"]
        for product in (self.products[i % 4], self.products[(i + 1) % 4]):
            client.post(
                f"/api/carrinho/{session}/adicionar", {"produto_id": product["id"], "quantidade": 1 + i % 3}
            ).ok()
        order = client.post("/api/pedidos", self.shop.checkout(session)).ok(201)
        self.orders[order["id"]] = (time.monotonic(), order)
        if i % 3 == 0:
            client.post(f"/api/pedidos/{order['id']}/cancelar").ok()
            self.cancelled[order["id"]] = time.monotonic()

    def filler(self, client, _):
        """Puts one more into the same cart, up to what a line may hold."""
        if len(self.adds) < 9000:
            client.post(f"/api/carrinho/{self.busy}/adicionar", {"produto_id": self.products[0]["id"]}).ok()
            self.adds.append(time.monotonic())

    def shopkeeper(self, client, i):
        """Puts more on the shelf."""
        client.put(
            f"/api/produtos/{self.products[i % 4]['id']}/estoque",
            {"quantidade": 1, "operacao": "adicionar"},
            headers={"Authorization": f"Bearer {self.shop.admin.token}"},
        ).ok()

    def before(self, moment):
        """Orders that were answered by then."""
        return [order for when, order in list(self.orders.values()) if when < moment]


def adds_up(shop):
    """Books, orders and reservations agree, and nothing is left to be done."""
    assert eventually(lambda: shop.value(UNFINISHED, "pedidos") == "0", every=0.5)
    done = shop.script("audit", "--settled", "--wait", str(WAIT_SECONDS), check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop of the module's own. A backup asks for its locks no longer than its requests wait for PostgreSQL."""
    with Shop(prazo_segundos=15) as shop:
        yield shop


@pytest.fixture(name="backup", scope="module")
def fixture_backup(loja):
    """A backup of it, in the default place."""
    loja.order({loja.product()["id"]: 1})
    return Path(re.search(r"^    (/\S+)   \d", loja.script("backup").stdout, re.M).group(1))


def test_under_load(loja):
    """What was answered before the backup is in it, all stores are of one moment, and the first shop goes on."""
    quiet = loja.product(estoque=50, preco=12.34)
    cart = loja.cart({quiet["id"]: 3})
    basket = loja.public.get(f"/api/carrinho/{cart}").data
    target = loja.state / "backups/natal"
    with Load(loja) as load:
        assert eventually(lambda: len(load.orders) >= 30 or load.failures)
        began = time.monotonic()
        said = loja.script("backup", "--to", target).stdout
        enough = len(load.orders) + 10
        assert eventually(lambda: len(load.orders) >= enough or load.failures)
    assert not load.failures
    assert re.search(rf"orders waited for \d+ ms\n(.*\n)+\n +{target}   \d+MB\n", said), said
    with restored(loja, target) as copy:
        adds_up(copy)
        for order in load.before(began):
            found = copy.public.get(f"/api/pedidos/{order['id']}").data
            assert [found[name] for name in LIVE] == [order[name] for name in LIVE]
            assert found["status"] == "cancelado" or load.cancelled.get(order["id"], began) >= began
        assert copy.public.get(f"/api/carrinho/{cart}").data == basket
        busy = copy.public.get(f"/api/carrinho/{load.busy}").data["itens"][0]["quantidade"]
        assert sum(when < began for when in load.adds) <= busy <= len(load.adds)
        assert copy.public.get(f"/api/produtos/{quiet['id']}").data == quiet
        assert copy.admin.get("/api/pedidos?limite=1").status == 200
        assert copy.value(LAST, "pedidos") < loja.value(LAST, "pedidos")
        copy.public.post("/api/pedidos", copy.checkout(cart)).ok(201)
        assert copy.stock(quiet["id"]) == 47 and loja.stock(quiet["id"]) == 50
        assert copy.status()["healthy"]
    adds_up(loja)
    assert slots(loja) == [] and loja.status()["healthy"]


def test_who_may_read_it(loja, backup):
    """The servers' user only; secrets are as closed as they were, and none is printed."""
    assert backup.parent == loja.state / "backups"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (backup, backup.parent)] == [0o700, 0o700]
    kept = {path.name: path.read_text().strip() for path in (backup / "etc/segredos").iterdir()}
    assert kept == loja.secrets()
    for path in (backup / "etc/segredos").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = loja.script("backup", "--to", backup.parent / "outro")
    shutil.rmtree(backup.parent / "outro")
    text = said.stdout + said.stderr + (backup / "manifest").read_text() + "".join(loja.logs().values())
    assert not [name for name, secret in kept.items() if secret in text]


def flip(path):
    """One bit of one byte, in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def drop(path):
    """The file is not there."""
    path.unlink()


def change(old, new):
    """A text in the file is another one."""
    return lambda path: path.write_text(re.sub(old, new, path.read_text(), flags=re.M))


def forged(old, new):
    """A text in the manifest is another one, and its checksum is right."""

    def harm(path):
        change(old, new)(path)
        forge(path.parent)

    return harm


@pytest.mark.parametrize(
    "pattern, harm, words",
    [
        ("pg-catalogo/base/base/*/pg_filenode.map", flip, "checksum mismatch"),
        ("pg-pedidos/base/global/pg_control", drop, "present in the manifest but not on disk"),
        ("pg-pedidos/base/backup_manifest", flip, "damaged"),
        ("pg-pedidos/wal/0*", flip, "wal"),
        ("pg-catalogo/wal/0*", drop, "wal"),
        ("redis/dump.rdb", flip, "redis/dump.rdb"),
        ("etc/tokens", flip, "etc/tokens"),
        ("manifest", drop, "not finished"),
        ("manifest", change("^end .*\n", ""), "its manifest"),
        ("manifest", change("^file .*redis.*\n", ""), "its manifest"),
        ("manifest", forged("^postgres .*", "postgres 14"), "PostgreSQL 14"),
        ("manifest", change("^format .*", "format 999"), "format 999"),
    ],
)
def test_a_damaged_backup(backup, tmp_path, pattern, harm, words):
    """Is refused before anything is made."""
    state = tmp_path / "novo"
    with changed(next(backup.glob(pattern)), harm):
        done = restore(backup, state)
    assert done.returncode == 1 and words in done.stderr, done
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused(loja, backup, tmp_path):
    """Places that hold something, and what is no backup."""
    done = restore(backup, loja.state)
    assert done.returncode == 1 and "holds something already" in done.stderr
    done = restore(tmp_path / "nada", tmp_path / "novo")
    assert done.returncode == 1 and "there is no directory" in done.stderr
    assert list(tmp_path.iterdir()) == []
    done = loja.script("backup", "--to", backup, check=False)
    assert done.returncode == 1 and "holds something already" in done.stderr
    assert loja.script("restore", check=False).returncode == 64


def test_nobody_is_held_up(loja):
    """A transaction that keeps an order for itself: the backup gives up in the end, customers do not wait for it."""
    loja.order({loja.product()["id"]: 1})
    product, target = loja.product(estoque=100000), loja.state / "backups/preso"
    keeper = loja.login("postgres", "pedidos")
    keeper.autocommit = False
    keeper.cursor().execute("UPDATE pedidos SET pendencia = pendencia WHERE numero = 1")
    results = []
    thread = threading.Thread(target=lambda: results.append(loja.script("backup", "--to", target, check=False)))
    thread.start()
    while thread.is_alive():
        loja.order({product["id"]: 1})
    thread.join()
    keeper.close()
    assert results[0].returncode == 1 and "no order was being changed" in results[0].stderr, results
    assert "lock timeout" in results[0].stderr and left_behind(loja, target) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_backup_that_is_ended(loja, number):
    """Leaves nothing; a killed one leaves nothing to the next."""
    target = loja.state / "backups/cortado"

    def ended():
        with subprocess.Popen(
            [TOP / "scripts/backup", "--state", loja.state, "--to", target],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as command:
            assert eventually(lambda: slots(loja) or command.poll() is not None)
            command.send_signal(number)
            command.wait(timeout=COMMAND_SECONDS)
        if target.exists():  # it was quicker than we
            shutil.rmtree(target)
            return None
        return command

    assert eventually(ended).returncode == {signal.SIGTERM: 130}.get(number, -number)
    if number == signal.SIGTERM:
        assert left_behind(loja, target) == []
    else:
        loja.script("backup", "--to", target)
        assert left_behind(loja, target) == [str(target)]
    shutil.rmtree(target, ignore_errors=True)
