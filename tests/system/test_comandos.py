"""scripts/: what they print, what they refuse, what they leave behind."""
import hashlib
import os
import re
import signal
import subprocess
import threading

import pytest

from client import TOP
from comandos import command
from generated import statements
from processes import alive
from shop import AS_SERVICE_USER, COMMAND_SECONDS, DIRECT, POOLS, WORKERS, eventually

pytestmark = pytest.mark.commands

COMMANDS = sorted(path.name for path in (TOP / "scripts").iterdir() if path.is_file() and path.name != "confeitaria")
# What these ask for before they look at options.
REQUIRED = {"archive": ("--before", "2020-01-01"), "restore": ("--from", "/nada"), "scale": ("carrinho", "2")}
SIZES = {pool: int(size) for pool, size in (word.split("=") for word in WORKERS)}


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name):
    """Every command has it, and refuses what it does not know without doing anything."""
    done = command(name, "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: scripts/") and not done.stderr
    if name in ("psql", "redis"):
        return  # what they do not know is psql's or redis-cli's
    done = command(name, *REQUIRED.get(name, ()), "--nada")
    assert done.returncode == 64 and "--nada" in done.stderr


@pytest.mark.parametrize("name", ["down", "status", "token", "scale", "seed", "migrate", "backup", "audit"])
def test_without_a_system(name, place):
    """Says that there is none; down has nothing to do."""
    arguments = {"token": ["list"], "scale": ["catalogo", "2"], "seed": ["--products", "1"]}.get(name, [])
    done = command(name, "--state", place / "nada", *arguments)
    assert not (place / "nada").exists()
    if name == "down":
        assert done.returncode == 0 and "nothing to stop" in done.stdout
    else:
        assert done.returncode == 1 and "there is no system" in done.stderr and "scripts/up --state" in done.stderr


def test_status(shop):
    """A line a part; --json the same for programs."""
    report = shop.status()
    parts = report["parts"]
    assert report["healthy"] is True
    assert all(part["status"] == "running" for part in parts.values()), parts
    for pool in POOLS:
        pids = sorted(int(pid) for pid in str(parts[pool]["pids"]).split(","))
        assert pids == sorted(shop.workers(pool).values())
        assert parts[pool]["workers"] == parts[pool]["declared"] == SIZES[pool]
    roles = [parts[cluster]["role"] for cluster in ("pg-catalogo", "pg-replica", "pg-pedidos")]
    assert roles == ["primary", "standby", "primary"]
    assert parts["pg-replica"]["replication"] == "streaming" and parts["pg-replica"]["lag_bytes"] >= 0
    assert parts["nginx"]["port"] == shop.port and parts["redis"]["role"] == "master"
    assert (
        int(parts["pg-catalogo"]["version"].split(".")[0]) >= 15 and int(parts["redis"]["version"].split(".")[0]) >= 7
    )
    table = shop.script("status").stdout
    for part in parts:
        assert re.search(rf"^{part} +running", table, re.M), table


def test_the_replica_streams(shop):
    """From the primary, through a slot of its own."""
    streams = "SELECT application_name, state FROM pg_stat_replication"
    assert eventually(lambda: shop.sql(streams, "catalogo") == [["replica", "streaming"]])
    assert eventually(lambda: shop.sql("SELECT slot_name, active FROM pg_replication_slots") == [["replica", "t"]])
    assert shop.value("SELECT pg_is_in_recovery()", "replica") == "t"
    assert shop.value("SELECT pg_is_in_recovery()", "catalogo") == "f"


def test_stores_keep_what_they_answered(shop):
    """Settings that durability rests on."""
    for database in ("catalogo", "replica", "pedidos"):
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert shop.value(f"SHOW {setting}", database) == "on"
        assert shop.value("SHOW listen_addresses", database) == ""
        assert shop.value("SHOW server_encoding", database) == "UTF8"
    config = shop.redis().config_get()
    expected = {"appendonly": "yes", "appendfsync": "always", "port": "0", "maxmemory-policy": "noeviction"}
    assert {name: config[name] for name in expected} == expected


@pytest.mark.parametrize("database", ["catalogo", "pedidos"])
def test_migrations_are_applied_once(shop, database):
    """Each recorded with its hash; again nothing happens."""
    files = sorted((TOP / "db" / database / "migrations").glob("*.sql"))
    query = "SELECT numero, nome, sha256, aplicada_em FROM migracoes ORDER BY numero"
    applied = shop.sql(query, database)
    assert [(int(numero), sha) for numero, _, sha, _ in applied] == [
        (int(file.name[:4]), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files
    ]
    assert all(file.stem.endswith(nome) or nome in file.name for file, (_, nome, _, _) in zip(files, applied))
    shop.script("migrate")
    assert shop.sql(query, database) == applied
    owners = shop.sql(
        """SELECT DISTINCT tableowner FROM pg_tables
                         WHERE schemaname = 'public' AND tablename <> 'migracoes'""",
        database,
    )
    assert owners == [[f"{database}_dono"]]


@pytest.mark.parametrize("pool", POOLS)
def test_check_prepares_every_statement(shop, pool):
    """Against the real schema, as the pool's own role."""
    program = shop.program("catalogo" if pool.startswith("catalogo") else pool)
    line = [program, "-c", shop.current / f"{pool}.conf", "--check"]
    if os.geteuid() == 0:
        line = [*AS_SERVICE_USER, *line]
    done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert f"{program.name}: {len(statements(program.name))} statements prepared" in done.stdout


def test_check_names_the_statement_that_does_not_fit(shop):
    """A schema that lacks something is found before a worker serves."""
    line = [shop.program("pedidos"), "-c", shop.current / "pedidos.conf", "--check"]
    if os.geteuid() == 0:
        line = [*AS_SERVICE_USER, *line]
    rename = "ALTER TABLE pedidos RENAME COLUMN {0} TO {1}; ALTER VIEW pedidos_vistos RENAME COLUMN {0} TO {1}"
    shop.sql(rename.format("observacoes", "obs"), "pedidos")
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, cwd="/")
    finally:
        shop.sql(rename.format("obs", "observacoes"), "pedidos")
    assert done.returncode == 1 and "pedido_" in done.stderr and "observacoes" in done.stderr
    shop.order({shop.product()["id"]: 1})


@pytest.mark.parametrize(
    "arguments, status",
    [([], 64), (["-c"], 64), (["-c", "/nada.conf"], 78), (["-x", "a"], 64), (["-c", "a", "--b"], 64)],
)
def test_a_worker_started_wrongly(shop, arguments, status):
    """Says how it is used, or what is wrong with its configuration."""
    for name in ("catalogo", "carrinho", "pedidos"):
        done = subprocess.run(
            [shop.program(name), *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
        assert done.returncode == status and done.stderr.startswith(("Usage:", f"{name}: ")), done


@pytest.mark.parametrize("pool", POOLS)
def test_a_killed_worker_is_back_with_its_socket(shop, pool):
    """At once, and nobody is refused meanwhile."""
    path = shop.run / f"{pool}.sock"
    before, inode = shop.workers(pool), path.stat().st_ino
    name, pid = next(iter(before.items()))
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not alive(pid), every=0.001)
    nobody = "00000000-0000-4000-8000-000000000000"
    targets = {
        "pedidos": f"/api/pedidos/{nobody}",
        "carrinho": f"/api/carrinho/{nobody}",
        "saude": "/health",
        "catalogo-busca": "/api/produtos?busca=bolo",
    }
    target = targets.get(pool, "/api/produtos/1")
    client = shop.client(pool=pool if pool in DIRECT else None, checked=False)
    answers = [client.get(target).status for _ in range(20)]
    assert set(answers) <= {200, 404}, answers
    assert eventually(lambda: name in shop.workers(pool) and shop.workers(pool)[name] != pid)
    assert path.stat().st_ino == inode
    after = shop.workers(pool)
    assert {n: p for n, p in after.items() if n != name} == {n: p for n, p in before.items() if n != name}


def test_a_pool_that_is_killed_whole_comes_back(shop):
    """Nobody keeps its socket then, but its supervisor makes it anew."""
    before = shop.workers("carrinho")
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: shop.client(checked=False).post("/api/carrinho/sessao").status == 201)

    def replaced():
        after = shop.workers("carrinho")
        return set(after) == set(before) and not set(after.values()) & set(before.values())

    assert eventually(replaced)


@pytest.mark.parametrize("pool, size", [("carrinho", 5), ("carrinho", SIZES["carrinho"])])
def test_scale_while_it_is_used(shop, pool, size):
    """More and fewer workers of a running pool, and no request is lost."""
    session, wrong, stop = shop.session(), [], threading.Event()

    def shopping():
        client = shop.client(checked=False)
        while not stop.is_set():
            answer = client.post(f"/api/carrinho/{session}/adicionar", {"produto_id": 4}) if not wrong else None
            if answer is not None and answer.status not in (200, 409):
                wrong.append(answer)

    threads = [threading.Thread(target=shopping) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        before = shop.workers(pool)
        done = shop.script("scale", pool, str(size))
        assert f"pool {pool}: {size} workers" in done.stdout
        assert eventually(lambda: len(shop.workers(pool)) == size)
        kept = set(shop.workers(pool).items()) & set(before.items())
        assert len(kept) == min(len(before), size)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert shop.status()["parts"][pool]["declared"] == size
    assert f"{pool} {size}" in (shop.state / "etc/pools").read_text()


def test_scale_refuses_nonsense(shop):
    """And changes nothing."""
    before = shop.workers()
    for arguments in (
        ["carrinho"],
        ["carrinho", "0"],
        ["carrinho", "33"],
        ["carrinho", "x"],
        ["nada", "2"],
        ["carrinho", "2", "3"],
    ):
        assert shop.script("scale", *arguments, check=False).returncode == 64, arguments
    assert shop.workers() == before


def test_tokens(shop):
    """A name is used once; what is not there is not revoked; the services' own is not touched."""
    made = shop.script("token", "create", "ana")
    assert re.fullmatch(r"cft_[A-Za-z0-9_-]{43}\n", made.stdout)
    again = shop.script("token", "create", "ana", check=False)
    assert again.returncode == 1 and not again.stdout and "ana" in again.stderr
    listed = shop.script("token", "list").stdout
    assert re.search(r"^ana +admin +\d{4}-", listed, re.M) and "servico-pedidos" in listed
    shop.script("token", "revoke", "ana")
    assert shop.script("token", "revoke", "ana", check=False).returncode == 1
    assert shop.script("token", "revoke", "servico-pedidos", check=False).returncode == 1
    for name in ("com espaço", "", "a/b", "x" * 65):
        assert shop.script("token", "create", name, check=False).returncode == 64
    assert shop.admin.get("/api/pedidos").status == 200


def test_two_commands_at_once(shop):
    """The second one waits for the first."""
    results = [None] * 3

    def make(i):
        results[i] = shop.script("token", "create", f"junto-{i}")

    threads = [threading.Thread(target=make, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, done in enumerate(results):
        assert shop.client(done.stdout.strip()).get("/api/pedidos").status == 200
        shop.script("token", "revoke", f"junto-{i}")


@pytest.mark.slow
def test_a_large_catalogue(shop):
    """scripts/seed: as many as asked, plausible, the same for the same number, and served."""
    before = int(shop.value("SELECT count(*) FROM produtos"))
    first = int(shop.value("SELECT max(id) FROM produtos"))
    shop.script("seed", "--products", "3000", "--seed", "42")
    second = int(shop.value("SELECT max(id) FROM produtos"))
    shop.script("seed", "--products", "3000", "--seed", "42")
    assert int(shop.value("SELECT count(*) FROM produtos")) == before + 6000
    query = "SELECT nome, descricao, preco, estoque, categoria_id FROM produtos WHERE id > {} AND id <= {} ORDER BY id"
    one, two = shop.sql(query.format(first, second)), shop.sql(query.format(second, 2147483647))
    assert one == two and len({row[0] for row in one}) > 100 and len({row[2] for row in one}) > 100
    bad = shop.value(
        f"""SELECT count(*) FROM produtos p WHERE id > {first} AND (
                         preco NOT BETWEEN 0.5 AND 2000 OR NOT ativo OR length(nome) < 4 OR estoque <>
                         (SELECT sum(quantidade) FROM movimentos m WHERE m.produto_id = p.id AND tipo <> 'venda'))"""
    )
    assert bad == "0"
    for path in (
        "/api/produtos?limite=20",
        "/api/produtos?ordem=preco&limite=20",
        "/api/produtos?busca=chocolate&limite=20",
    ):
        assert len(shop.public.get(path).data) == 20
    shop.sql(f"UPDATE produtos SET ativo = false WHERE id > {first}")


def test_bad_numbers_of_seed(shop):
    """64, and nothing is added."""
    for arguments in (
        [],
        ["--products", "0"],
        ["--products", "x"],
        ["--products", "1000001"],
        ["--products", "5", "--seed", "-1"],
    ):
        assert shop.script("seed", *arguments, check=False).returncode == 64
