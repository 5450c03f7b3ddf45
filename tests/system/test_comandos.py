"""scripts/: what they print, what they refuse, what they leave behind."""
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from client import TOP
from processes import alive
from shop import COMMAND_SECONDS, DIRECT, POOLS, SERVICE_USER, UNHURRIED, WORKERS, Shop, eventually, free_ports

pytestmark = pytest.mark.commands

COMMANDS = sorted(path.name for path in (TOP / "scripts").iterdir() if path.is_file())
SIZES = {pool: int(size) for pool, size in (word.split("=") for word in WORKERS)}


def command(name, *arguments, **more):
    """Runs scripts/NAME without a state of ours."""
    return subprocess.run(
        [TOP / "scripts" / name, *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
        **more,
    )


@pytest.fixture(name="place")
def fixture_place():
    """An empty directory that the servers may enter."""
    directory = Path(tempfile.mkdtemp(prefix="cft-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    command("down", "--state", directory, "--purge")
    shutil.rmtree(directory, ignore_errors=True)


def leftovers(state):
    """Processes that have to do with a state."""
    return command_python("processes.py", state).split()


def command_python(name, *arguments):
    """One of the helpers of scripts/lib."""
    return subprocess.run(
        ["/usr/bin/python3", TOP / "scripts/lib" / name, *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=True,
    ).stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name):
    """Every command has it, and refuses what it does not know without doing anything."""
    done = command(name, "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: scripts/") and not done.stderr
    done = command(name, "--nada")
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


def test_up_again(shop):
    """Nothing starts twice, nothing is lost, and it says where everything is."""
    before = shop.processes()
    product = shop.product()
    done = shop.up()
    assert "already running" in done.stdout
    for line in (
        f"http://localhost:{shop.port}/api/produtos",
        f"curl -s 'http://localhost:{shop.port}/api/produtos?busca=limao'",
        *(f"http://127.0.0.1:{shop.base + offset}/" for offset in DIRECT.values()),
    ):
        assert line in done.stdout
    assert shop.processes() == before and shop.public.get(f"/api/produtos/{product['id']}").data == product


def test_healthy_is_that_a_cart_can_be_filled(shop):
    """With stores that answer and carts that cannot be written, scripts/up goes on waiting."""
    log = shop.state / "log/carrinho.log"
    before = log.read_text().count("status=500")
    operator = shop.redis()
    operator.execute_command("ACL", "SETUSER", "carrinho", "-eval", "-evalsha")
    try:
        command = [TOP / "scripts/up", "--state", shop.state]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=shop.environment
        ) as running:
            try:
                assert eventually(lambda: log.read_text().count("status=500") > before + 2)
                assert shop.health("healthy") and running.poll() is None
            finally:
                operator.execute_command("ACL", "SETUSER", "carrinho", "+eval", "+evalsha")
            said = running.communicate(timeout=COMMAND_SECONDS)[0].decode()
    finally:
        shop.public.post("/api/carrinho/sessao").ok(201)
    assert running.returncode == 0 and "healthy" in said


def test_one_setting_for_all_deadlines(shop):
    """What the workers wait for is a part of what nginx waits."""
    limits = (shop.state / "etc/nginx/limites.conf").read_text()
    assert f"fastcgi_read_timeout {UNHURRIED['prazo_segundos']}s;" in limits
    for pool in (*POOLS, "conciliador", "vigia"):
        lines = (shop.state / f"etc/{pool}.conf").read_text().splitlines()
        found = {name: int(value) for name, _, value in (line.partition(" = ") for line in lines) if "prazo_" in name}
        parts = {"prazo_sql_ms": 375, "prazo_redis_ms": 250, "prazo_interno_ms": 625, "prazo_saude_ms": 100}
        assert found == {name: part * UNHURRIED["prazo_segundos"] for name, part in parts.items()}


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
    assert shop.sql("SELECT application_name, state FROM pg_stat_replication", "catalogo") == [["replica", "streaming"]]
    assert shop.sql("SELECT slot_name, active FROM pg_replication_slots") == [["replica", "t"]]
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
    program = shop.state / "bin" / {"catalogo-replica": "catalogo"}.get(pool, pool)
    line = [program, "-c", shop.state / f"etc/{pool}.conf", "--check"]
    if os.geteuid() == 0:
        line = ["runuser", "-u", SERVICE_USER, "--", *line]
    done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    files = (TOP / "db" / program.name / "statements").glob("*.sql")
    written = sum(len(re.findall("^-- name: ", file.read_text(encoding="utf-8"), re.M)) for file in files)
    assert f"{program.name}: {written} statements prepared" in done.stdout


def test_check_names_the_statement_that_does_not_fit(shop):
    """A schema that lacks something is found before a worker serves."""
    line = [shop.state / "bin/pedidos", "-c", shop.state / "etc/pedidos.conf", "--check"]
    if os.geteuid() == 0:
        line = ["runuser", "-u", SERVICE_USER, "--", *line]
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
            [shop.state / "bin" / name, *arguments],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
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
    nobody = "/api/carrinho/00000000-0000-4000-8000-000000000000"
    target = {"pedidos": "/health", "carrinho": nobody}.get(pool, "/api/produtos/1")
    answers = [shop.client(pool=pool, checked=False).get(target).status for _ in range(20)]
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
    assert eventually(lambda: set(shop.workers("carrinho")) == set(before))
    assert not set(shop.workers("carrinho").values()) & set(before.values())


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


def test_a_port_that_is_taken(place):
    """Says which, what to do, exits not 0, and leaves nothing running."""
    port, base = free_ports()
    for taken, arguments in (
        (port, ["--port", str(port), "--direct-ports", "0"]),
        (base + 2, ["--port", str(port), "--direct-ports", str(base)]),
    ):
        with socket.socket() as other:
            other.bind(("127.0.0.1", taken))
            other.listen()
            done = command("up", "--state", place, *arguments)
        assert done.returncode == 1 and str(taken) in done.stderr, done
        assert "--port" in done.stderr or "--direct-ports" in done.stderr
        assert leftovers(place) == []


def test_a_directory_that_is_something_else(place):
    """Is refused and left as it was."""
    (place / "carta.txt").write_text("olá")
    done = command("up", "--state", place, "--port", str(free_ports()[0]), "--direct-ports", "0")
    assert done.returncode == 1 and "something else" in done.stderr
    assert [path.name for path in place.iterdir()] == ["carta.txt"]
    file = place / "carta.txt"
    done = command("up", "--state", file, "--port", str(free_ports()[0]))
    assert done.returncode == 1 and "not a directory" in done.stderr and file.read_text() == "olá"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "0"],
        ["--port", "70000"],
        ["--port", "x"],
        ["--direct-ports", "65530"],
        ["--port"],
        ["--workers", "nada=2"],
        ["--workers", "catalogo"],
        ["--workers", "catalogo=0"],
        ["--workers", "catalogo=33"],
        ["--set", "limite_leituras"],
        ["--set", "limite_nada=3"],
        ["--set", "limite_fila=0"],
        ["--set", "limite_fila=201"],
        ["--set", "limite_escritas=1.5"],
        ["--set", "limite_sessoes="],
        ["--set", "prazo_segundos=0"],
        ["--set", "prazo_segundos=61"],
        ["--set", "proxies=10.0.0.1 x"],
        ["--set", "cors_origens=loja.example"],
        ["sobra"],
    ],
)
def test_up_refuses_nonsense(place, arguments):
    """64, before anything is made."""
    done = command("up", "--state", place / "novo", *arguments)
    assert done.returncode == 64 and done.stderr
    assert not (place / "novo").exists()


@contextmanager
def made_by_another_postgresql(shop, *clusters):
    """Meanwhile data say that a version made them which is not installed."""
    files = [shop.state / "data" / cluster / "PG_VERSION" for cluster in clusters]
    version = files[0].read_text()
    for file in files:
        file.write_text("14\n")
    try:
        yield
    finally:
        for file in files:
            file.write_text(version)


@pytest.mark.slow
def test_down_and_up_again():
    """Data, ports, sizes, tokens and carts are those of before; --purge leaves nothing."""
    with Shop("--no-seed", workers=("catalogo=1", "catalogo-replica=1", "carrinho=1", "pedidos=1")) as shop:
        assert shop.public.get("/api/produtos").data == [] and shop.public.get("/api/categorias").data == []
        assert shop.status()["parts"]["catalogo"]["workers"] == 1
        product = shop.product(estoque=9)
        session = shop.cart({product["id"]: 2})
        order = shop.order({product["id"]: 3})
        shop.script("scale", "pedidos", "2")
        for path in ("data/redis", "data/pg-catalogo", "data/pg-pedidos"):
            assert stat.S_IMODE((shop.state / path).stat().st_mode) == 0o700
        assert shop.cache.is_dir()
        done = shop.script("down")
        assert "stopped" in done.stdout and leftovers(shop.state) == [] and not shop.cache.exists()
        assert shop.script("status", check=False).returncode == 3
        assert "not running" in shop.script("down").stdout
        refused = shop.script("scale", "pedidos", "3", check=False)
        assert refused.returncode == 1 and "scripts/up" in refused.stderr
        with made_by_another_postgresql(shop, "pg-pedidos"):
            refused = shop.script("up", check=False)
            assert refused.returncode == 1 and "pg-pedidos was made by PostgreSQL 14" in refused.stderr
        with made_by_another_postgresql(shop, "pg-catalogo", "pg-pedidos", "pg-replica"):
            refused = shop.script("up", check=False)
            assert refused.returncode == 1 and "apt-get install postgresql-14" in refused.stderr
        assert leftovers(shop.state) == []

        shop.script("up")  # ports and sizes are remembered
        parts = shop.status()["parts"]
        assert parts["nginx"]["port"] == shop.port and parts["pedidos"]["workers"] == 2
        assert parts["catalogo"]["workers"] == 1
        assert shop.client().get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"] == 2
        assert shop.client().get(f"/api/pedidos/{order['id']}").data == order
        assert shop.client(shop.admin.token).get("/api/pedidos").data == [order]
        assert shop.client().get(f"/api/produtos/{product['id']}").data["estoque"] == 6

        # A supervisor that was killed: what it leaves is found, refused, and stopped by down.
        os.kill(int((shop.run / "supervisord.pid").read_text()), signal.SIGKILL)
        assert leftovers(shop.state)
        refused = shop.script("up", check=False)
        assert refused.returncode == 1 and "without their supervisor" in refused.stderr
        assert "scripts/down" in refused.stderr
        shop.script("down")
        assert leftovers(shop.state) == []
        shop.script("up")
        assert shop.client().get(f"/api/pedidos/{order['id']}").data == order

        shop.script("down", "--purge")
        assert not shop.state.exists() and leftovers(shop.state) == []
        shop.up()


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


@pytest.mark.slow
def test_own_configuration():
    """A list of origins instead of everybody; a value that is none is refused before anything starts."""
    with Shop("--direct-ports", "0") as shop:
        assert "next start" in shop.script("up", "--set", "limite_pedidos=7").stderr
        file = shop.state / "etc/confeitaria.conf"
        file.write_text(
            file.read_text().replace("cors_origens = *", "cors_origens = https://loja.example http://localhost:3000")
        )
        shop.script("down")
        text = file.read_text()
        for line in ("limite_conexoes = muitas", "proxies = localhost", "cors_origens = loja.example"):
            file.write_text(f"{text}{line}\n")
            refused = shop.script("up", check=False)
            assert refused.returncode == 1 and line.split()[0] in refused.stderr and "write" in refused.stderr
            assert leftovers(shop.state) == []
        file.write_text(text)
        shop.script("up")
        assert "rate=7r/s" in (shop.state / "etc/nginx/limites.conf").read_text()
        for origin, told in (
            ("https://loja.example", "https://loja.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://outra.example", None),
            (None, None),
            ("https://loja.example.mal.example", None),
        ):
            answer = shop.client().get("/api/produtos/1", headers={"Origin": origin})
            assert answer.headers["Access-Control-Allow-Origin"] == told and answer.headers["Vary"] == "Origin"
        assert json.loads(shop.client().get("/api/produtos/1").text)["data"]["id"] == 1
