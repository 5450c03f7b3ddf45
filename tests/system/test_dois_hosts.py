"""Parts on two hosts: PostgreSQL and Redis are of another state directory, reached by TCP and with passwords."""
import os
import shutil
import socket
import struct

import psutil
import psycopg2
import pytest

from client import WAIT_SECONDS
from shop import Shop, eventually

pytestmark = pytest.mark.commands

STORES = ("pg-catalogo", "pg-replica", "pg-pedidos", "redis")
FRONT = (
    "nginx",
    "catalogo",
    "catalogo-busca",
    "catalogo-replica",
    "carrinho",
    "pedidos",
    "saude",
    "vigia",
    "conciliador",
)
COPIED = ("pg_catalogo", "pg_catalogo_leitura", "pg_conciliador", "pg_pedidos", "redis_carrinho", "redis_conciliador")
BEYOND = "127.0.0.2"  # not of the setting rede


class Stores(Shop):
    """A state with the stores only. Their ports are those that others have for the front door and for services."""

    def __init__(self):
        super().__init__(
            partes=" ".join(STORES), postgres_escuta=f"127.0.0.1 {BEYOND}", rede="127.0.0.1", redis_escuta="127.0.0.1"
        )
        self.options += ["--set", f"postgres_porta={self.port}", "--set", f"redis_porta={self.port + 3}"]

    def value(self, text, database="catalogo"):
        """The only value of a query, as the superuser."""
        with self.login("postgres", database, self.port + 2 * (database == "pedidos")) as connection:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchone()[0]

    def by_tcp(self, role, database, password):
        """What PostgreSQL answers a client of another host: None, or its refusal."""
        port = self.port + 2 * (database == "pedidos")
        try:
            psycopg2.connect(host="127.0.0.1", port=port, dbname=database, user=role, password=password).close()
        except psycopg2.OperationalError as error:
            return str(error)
        return None

    def from_beyond(self, role, database):
        """The first words of PostgreSQL to a client of a network that is not named (protocol 3.0, StartupMessage)."""
        address = ("127.0.0.1", self.port + 2 * (database == "pedidos"))
        with socket.create_connection(address, timeout=WAIT_SECONDS, source_address=(BEYOND, 0)) as client:
            words = f"user\0{role}\0database\0{database}\0\0".encode()
            client.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
            return client.recv(1000).decode(errors="replace")


class Front(Shop):
    """A state with all the other parts."""

    def __init__(self, stores):
        port = stores.port
        super().__init__(
            partes=" ".join(FRONT),
            catalogo_bd=f"host=127.0.0.1,127.0.0.1 port={port},{port + 1}",
            pedidos_bd=f"host=127.0.0.1 port={port + 2}",
            redis_servidor=f"127.0.0.1:{port + 3}",
        )

    def show(self, name, text):
        """Has a secret say something else."""
        (self.state / "etc/segredos" / name).write_text(text)

    def copy_secrets(self, stores):
        """As docs/operations.md tells it."""
        place = self.state / "etc/segredos"
        for name in COPIED:
            shutil.copy2(stores.state / "etc/segredos" / name, place / name)
            os.chown(place / name, place.stat().st_uid, place.stat().st_gid)


@pytest.fixture(name="stores", scope="module")
def fixture_stores():
    """The host of the stores."""
    stores = Stores()
    try:
        stores.up()
        yield stores
    finally:
        stores.remove()


@pytest.fixture(name="front", scope="module")
def fixture_front(stores):
    """The host of the workers. Without the passwords it does not start, and says which are missing."""
    front = Front(stores)
    try:
        refused = front.script("up", *front.options, check=False)
        assert refused.returncode == 1 and f"lacks {' '.join(COPIED)}" in refused.stderr, refused
        front.copy_secrets(stores)
    except BaseException:
        front.remove()
        raise
    with front:
        yield front


def listening(shop):
    """Addresses and ports on which processes of a state listen."""
    found = set()
    for one in psutil.net_connections("inet"):
        if one.status == psutil.CONN_LISTEN and one.pid:
            try:
                if f"{psutil.Process(one.pid).cwd()}/".startswith(f"{shop.state}/"):
                    found.add(tuple(one.laddr))
            except psutil.NoSuchProcess:
                pass
    return found


def test_a_customer_buys(front, stores):
    """From the first page to the order; the books of the stores add up."""
    product = front.product(estoque=10)["id"]
    order = front.order({product: 3})
    assert front.stock(product) == 7
    assert stores.value(f"SELECT estoque FROM produtos WHERE id = {product}") == 7
    assert stores.value(f"SELECT count(*) FROM pedidos WHERE id = '{order['id']}'", "pedidos") == 1
    stores.script("audit", "--settled")


def test_each_status_tells_its_own_parts(front, stores):
    """And is well."""
    own = {"supervisor", "release", "zelador"}
    assert set(front.status()["parts"]) == {*FRONT, *own, "health"}
    assert set(stores.status()["parts"]) == {*STORES, *own, "backups"}
    assert set(name.split(":")[0] for name in stores.processes()) == {*STORES, "zelador"}


@pytest.mark.parametrize(
    "words",
    [
        ("audit",),
        ("backup", "--to", "/tmp/nada"),
        ("migrate",),
        ("seed", "--products", "1"),
        ("promote",),
        ("standby",),
        ("archive", "--before", "2020-01-01"),
        ("customer", "export", "a@b.example"),
        ("unpark",),
        ("psql", "pedidos"),
        ("redis", "PING"),
        ("restart", "pg-pedidos"),
        ("reload", "redis"),
        ("secret", "change", "redis_carrinho"),
    ],
    ids=" ".join,
)
def test_what_the_stores_host_does(front, words):
    """Is refused elsewhere, with words."""
    done = front.script(*words, check=False)
    assert done.returncode == 1 and ("not here: it is at" in done.stderr or "on another host" in done.stderr), done


def test_what_the_workers_host_does(stores):
    """The other way round."""
    for words in (("scale", "pedidos", "2"), ("restart", "nginx"), ("reload", "vigia")):
        done = stores.script(*words, check=False)
        assert done.returncode == 1 and f"{words[1]} is not here" in done.stderr, done


def test_the_stores_host_looks_after_them(front, stores):
    """Its commands are as ever; workers see what they changed."""
    before = int(stores.value("SELECT count(*) FROM produtos"))
    stores.script("seed", "--products", "3")
    assert eventually(lambda: len(front.public.get("/api/produtos?limite=100").data) >= min(100, before + 3))
    stores.script("restart")
    stores.script("restart", "redis", "pg-replica")
    assert "0 rows" not in stores.script("psql", "pedidos", "-Atc", "SELECT 1").stdout
    assert front.recovered()


def test_a_wrong_password_is_a_clear_error(front):
    """Told by the store's own words before anything is turned to; what runs goes on."""
    workers = front.workers()
    for name, words in {
        "pg_pedidos": 'password authentication failed for user "pedidos"',
        "redis_carrinho": "WRONGPASS",
    }.items():
        right = front.secret(name)
        front.show(name, "errada\n")
        refused = front.script("restart", check=False)
        front.show(name, f"{right}\n")
        assert refused.returncode == 1 and words in refused.stderr and "etc/segredos" in refused.stderr, refused
    assert front.workers() == workers and front.well()


def test_the_stores_go_and_come_back(front, stores):
    """Reads and writes come back by themselves: no worker is restarted."""
    product, workers = front.product(estoque=10)["id"], front.workers()
    stores.script("down")
    assert eventually(lambda: front.client().get("/health").status == 503)
    assert front.client(checked=False).get(f"/api/produtos/{product}/estoque").status == 503
    stores.up()
    assert front.recovered() and front.workers() == workers
    front.order({product: 1})
    assert front.stock(product) == 9


def test_another_server_becomes_the_primary(front, stores):
    """The workers have both addresses, and follow."""
    product = front.product(estoque=10)["id"]
    stores.script("promote", "--force")
    assert eventually(lambda: front.client().get("/health").json["catalogo"] == "healthy")
    front.order({product: 1})
    stores.script("standby")
    assert front.recovered()
    stores.script("audit", "--settled")


def test_who_comes_in_by_tcp(front, stores):
    """The workers' roles with their passwords, to their own database, from the networks that are named."""
    assert front.well()
    roles = {"catalogo": "catalogo", "catalogo_leitura": "catalogo", "pedidos": "pedidos", "conciliador": "pedidos"}
    for role, database in roles.items():
        secret = stores.secret(f"pg_{role}")
        assert stores.by_tcp(role, database, secret) is None
        assert "password authentication failed" in stores.by_tcp(role, database, "errada")
        assert f'no pg_hba.conf entry for host "{BEYOND}"' in stores.from_beyond(role, database)
        other = "pedidos" if database == "catalogo" else "catalogo"
        assert "no pg_hba.conf entry" in stores.by_tcp(role, other, secret)
    for role in ("postgres", "replicador", "consulta", "monitor", "catalogo_dono", "pedidos_dono"):
        for database in ("catalogo", "pedidos"):
            assert "no pg_hba.conf entry" in stores.by_tcp(role, database, "x")


def test_a_password_is_changed(front, stores):
    """As docs/operations.md tells it: new connections need the new one."""
    product, old = front.product(estoque=10)["id"], {name: stores.secret(name) for name in COPIED}
    for name in COPIED:
        (stores.state / "etc/segredos" / name).unlink()
    stores.script("restart")
    assert not [name for name in COPIED if stores.secret(name) == old[name]]
    assert "password authentication failed" in stores.by_tcp("pedidos", "pedidos", old["pg_pedidos"])
    front.copy_secrets(stores)
    front.script("restart")
    front.public.close()  # nginx has: another process serves
    assert stores.by_tcp("pedidos", "pedidos", stores.secret("pg_pedidos")) is None
    front.order({product: 1})
    assert front.stock(product) == 9


def test_nothing_else_listens(front, stores):
    """Each address is one that a setting names."""
    port = stores.port
    clusters = {(host, port + number) for host in ("127.0.0.1", BEYOND) for number in range(3)}
    assert listening(stores) == clusters | {("127.0.0.1", port + 3)}
    assert {host for host, _ in listening(front)} <= {"127.0.0.1", "::1"}
    assert not {number for _, number in listening(front)} & set(range(port, port + 4))


def test_no_password_is_told(front, stores):
    """Not in a log, not in a command line, not in what PostgreSQL keeps."""
    secrets = [stores.secret(name) for name in COPIED]
    texts = [*stores.logs().values(), *front.logs().values()]
    texts += [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    texts.append(stores.value("SELECT string_agg(rolpassword, ' ') FROM pg_authid"))
    assert not [secret for secret in secrets for text in texts if secret in text]
    assert stores.value("SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'") == 2


def test_parts_of_a_running_system_stay(front, stores):
    """What is changed in the file needs a stop; a restart says so and changes nothing."""
    for shop, line in ((stores, "postgres_porta = 5432"), (front, "partes = pg-catalogo")):
        file = shop.state / "etc/confeitaria.conf"
        text = file.read_text(encoding="utf-8")
        name = line.split()[0]
        own = "".join(one for one in text.splitlines(True) if not one.startswith((f"{name} ", "catalogo_bd ")))
        file.write_text(f"{own}{line}\n", encoding="utf-8")
        refused = shop.script("restart", check=False)
        file.write_text(text, encoding="utf-8")
        assert refused.returncode == 1 and "cannot be changed while the system runs" in refused.stderr, refused
        assert shop.status()
