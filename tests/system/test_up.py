"""scripts/up and down: what they make, keep, refuse and leave behind."""
import json
import os
import signal
import socket
import stat
import subprocess
from contextlib import contextmanager

import pytest

from client import TOP
from comandos import command, leftovers
from processes import alive
from shop import COMMAND_SECONDS, DIRECT, POOLS, UNHURRIED, Shop, eventually, free_ports

pytestmark = pytest.mark.commands


def test_up_again(shop):
    """Nothing starts twice, nothing is lost, and it says where everything is."""
    before = shop.processes()
    product = shop.product()
    done = shop.up()
    assert "already running" in done.stdout
    for line in (
        f"http://localhost:{shop.port}/painel",
        f"http://localhost:{shop.port}/api/ ",
        f"http://localhost:{shop.port}/api/produtos",
        f"curl -s 'http://localhost:{shop.port}/api/produtos?busca=limao'",
        *(f"http://127.0.0.1:{shop.base + offset}/" for offset in DIRECT.values()),
    ):
        assert line in done.stdout
    assert shop.processes() == before and shop.public.get(f"/api/produtos/{product['id']}").data == product


def test_healthy_is_that_a_cart_can_be_filled(shop):
    """With stores that answer, /health that says so, and carts that cannot be filled, scripts/up goes on waiting."""
    log = shop.state / "log/carrinho.log"
    before = log.read_text().count("status=500")
    operator = shop.redis()

    def failed():
        operator.execute_command("ACL", "SETUSER", "carrinho", "-hgetall")  # up itself renews what users may do, once
        return log.read_text().count("status=500") > before + 2

    try:
        command = [TOP / "scripts/up", "--state", shop.state]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=shop.environment
        ) as running:
            try:
                assert eventually(failed)
                assert shop.health("healthy") and running.poll() is None
            finally:
                operator.execute_command("ACL", "SETUSER", "carrinho", "+hgetall")
            said = running.communicate(timeout=COMMAND_SECONDS)[0].decode()
    finally:
        shop.public.post("/api/carrinho/sessao").ok(201)
    assert running.returncode == 0 and "healthy" in said


def test_one_setting_for_all_deadlines(shop):
    """What the workers wait for is a part of what nginx waits."""
    limits = (shop.current / "nginx/limites.conf").read_text()
    assert f"fastcgi_read_timeout {UNHURRIED['prazo_segundos']}s;" in limits
    assert (
        f"worker_shutdown_timeout {UNHURRIED['prazo_segundos'] * 1500}ms;"
        in (shop.current / "nginx/nginx.conf").read_text()
    )
    assert f"paciencia_ms = {UNHURRIED['prazo_segundos'] + 6}000\n" in (shop.current / "conciliador.conf").read_text()
    for pool in (*POOLS, "conciliador", "vigia"):
        lines = (shop.current / f"{pool}.conf").read_text().splitlines()
        found = {name: int(value) for name, _, value in (line.partition(" = ") for line in lines) if "prazo_" in name}
        parts = {"prazo_sql_ms": 375, "prazo_redis_ms": 250, "prazo_interno_ms": 625, "prazo_saude_ms": 100}
        assert found == {name: part * UNHURRIED["prazo_segundos"] for name, part in parts.items()}


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
        ["--set", "limite_sessoes_dia=1499"],
        ["--set", "limite_pedidos_dia=1000001"],
        ["--set", "redis_memoria_mb=15"],
        ["--set", "prazo_segundos=0"],
        ["--set", "prazo_segundos=61"],
        ["--set", "fuso_horario=America/Niteroi"],
        ["--set", "fuso_horario=../../etc/hostname"],
        ["--set", "fuso_horario="],
        ["--set", "proxies=10.0.0.1 x"],
        ["--set", "cors_origens=loja.example"],
        ["--set", "loja_nome= "],
        ["--set", f"loja_nome={'x' * 61}"],
        ["--set", "loja_endereco=Rua A\nRua B"],
        ["--set", "loja_telefone=ligue já"],
        ["--set", "loja_url=loja.example"],
        ["--set", "loja_dias=ter ter"],
        ["--set", "loja_dias=terça"],
        ["--set", "loja_horario=18-9"],
        ["--set", "loja_horario=9-24:30"],
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
        assert [one["id"] for one in shop.client(shop.admin.token).get("/api/pedidos").data] == [order["id"]]
        assert shop.client().get(f"/api/produtos/{product['id']}").data["estoque"] == 6

        # A supervisord that was killed, together with what would have started another one: down stops what they left.
        zelador = shop.processes()["zelador"]
        supervisord = int((shop.run / "supervisord.pid").read_text())
        os.kill(supervisord, signal.SIGSTOP)
        for pid in (zelador, supervisord):
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda: not alive(pid))
        assert leftovers(shop.state)
        assert shop.script("status", check=False).returncode == 3
        shop.script("down")
        assert leftovers(shop.state) == []
        shop.script("up")
        assert shop.client().get(f"/api/pedidos/{order['id']}").data == order

        shop.script("down", "--purge")
        assert not shop.state.exists() and leftovers(shop.state) == []
        shop.up()


# In a mount namespace: $1 holds an /etc of a machine that has never run a system, and will hold two systems.
TWO_AT_ONCE = """
mount --bind "$1/etc" /etc || exit 77
trap 'scripts/down --state "$1/a" --purge; scripts/down --state "$1/b" --purge' EXIT
scripts/up --state "$1/a" --port "$2" --direct-ports 0 --no-seed & a=$!
scripts/up --state "$1/b" --port "$3" --direct-ports 0 --no-seed & b=$!
wait "$a" && wait "$b" && getent passwd confeitaria
"""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes the user that servers run as")
def test_two_systems_at_once_on_a_new_machine(place):
    """Both start: each takes the user that the other one has just made."""
    subprocess.run(["cp", "-a", "/etc", place / "etc"], check=True)
    for name in ("passwd", "shadow", "group", "gshadow"):
        lines = (place / "etc" / name).read_text().splitlines(keepends=True)
        (place / "etc" / name).write_text("".join(line for line in lines if not line.startswith("confeitaria:")))
    ports = [str(free_ports()[0]) for _ in range(2)]
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", TWO_AT_ONCE, "two-at-once", place, *ports],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode == 77 or done.stderr.startswith("unshare: "):
        pytest.skip("no mount namespace can be made here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("creating the system user confeitaria") == 1, done.stdout
    assert not leftovers(place / "a") and not leftovers(place / "b")


@pytest.mark.slow
def test_own_configuration():
    """A list of origins instead of everybody; a value that is none is refused before anything starts."""
    with Shop("--direct-ports", "0") as shop:
        assert "scripts/restart" in shop.script("up", "--set", "limite_pedidos=7").stderr
        file = shop.state / "etc/confeitaria.conf"
        file.write_text(
            file.read_text().replace("# cors_origens = *", "cors_origens = https://loja.example http://localhost:3000")
        )
        shop.script("down")
        text = file.read_text()
        for line in ("limite_fila = muitas", "proxies = localhost", "loja_url = loja.example"):
            file.write_text(f"{text}{line}\n")
            refused = shop.script("up", check=False)
            assert refused.returncode == 1 and line.split()[0] in refused.stderr and "it takes" in refused.stderr
            assert leftovers(shop.state) == []
        file.write_text(text)
        shop.script("up")
        assert "rate=7r/s" in (shop.current / "nginx/limites.conf").read_text()
        for origin, told in (
            ("https://loja.example", "https://loja.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://outra.example", None),
            (None, None),
            ("https://loja.example.mal.example", None),
        ):
            answer = shop.client().get("/api/produtos/1", headers={"Origin": origin})
            assert answer.headers["Access-Control-Allow-Origin"] == told
            assert answer.headers["Vary"] == "Accept-Encoding, Origin"
        assert json.loads(shop.client().get("/api/produtos/1").text)["data"]["id"] == 1
