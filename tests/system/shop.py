"""A private running system for tests: its own directory, its own ports, and ways to look into its stores."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg2
import redis

import processes
import supervised
import template
from client import PLACE, TOP, WAIT_SECONDS, Client, Internal
from contract import Contract

POOLS = ("catalogo", "catalogo-busca", "catalogo-replica", "carrinho", "pedidos", "saude")
CONCILIADORES = ("conciliador:conciliador_00", "conciliador:conciliador_01")
DIRECT = {"catalogo": 1, "catalogo-replica": 11, "carrinho": 2, "pedidos": 3}
METRICS = 4
WORKERS = ("catalogo=2", "catalogo-busca=2", "catalogo-replica=2", "carrinho=2", "pedidos=2", "saude=2")
DATABASES = {"catalogo": (5432, "catalogo"), "replica": (5433, "catalogo"), "pedidos": (5434, "pedidos")}
SERVICE_USER = "confeitaria"
AS_SERVICE_USER = ("setpriv", f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--init-groups", "--")
PSQL = next(Path("/usr/lib/postgresql").glob("*/bin/psql"))  # /usr/bin/psql is a Perl program that finds it
# fmt: off
# One address stands for all the customers of a test: what it may ask is unlimited, unless the limits are the test.
UNLIMITED = {"limite_leituras": 100000, "limite_buscas": 100000, "limite_escritas": 100000, "limite_sessoes": 100000,
             "limite_pedidos": 100000, "limite_sessoes_dia": 1000000, "limite_pedidos_dia": 1000000,
             "limite_arquivos": 100000, "limite_conexoes": 4000}
# fmt: on
# Nor does a request fail because the machine is slow, unless deadlines are the test.
UNHURRIED = {"prazo_segundos": 30}
# What waits to be installed on this machine is no test's business, and apt takes seconds where it keeps no cache.
UNASKED = {"atualizacoes": "nao"}
PRODUCT_DEADLINES = {"prazo_segundos": 4}
ALONE_SECONDS = 3.1  # longer than anything that has failed is left alone
COMMAND_SECONDS = 480  # a command waits for several parts, one after the other
# What is broken on purpose is not waited for as long: tests/controls/run.py.
EVENTUALLY_SECONDS = float(os.environ.get("CONFEITARIA_TEST_WAIT", WAIT_SECONDS))
SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer")
CLIENTE = {"nome": "Maria da Silva", "email": "maria@exemplo.com.br", "telefone": "+55 11 91234-5678"}
RETIRADA = {"tipo": "retirada"}
ENTREGA = {
    "tipo": "entrega",
    "endereco": "Rua das Flores, 12, São Paulo",
    "data": f"{date.today() + timedelta(days=30)}T15:00:00Z",
}


def port_free(port):
    """Whether nothing listens there, on any address."""
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


CLAIMS = []  # for as long as this process lives


def claimed(base):
    """Whether these ports are ours now: another run of tests may have found them free too, and not listen there yet."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0confeitaria-tests-{base}")
    except OSError:
        claim.close()
        return False
    CLAIMS.append(claim)
    return True


def free_ports():
    """A port for the front door and a base for the direct ones, below those that the kernel gives to clients."""
    while True:
        base = random.randrange(11000, 31000, 20)
        if claimed(base) and all(
            port_free(port) for port in (base, *(base + offset for offset in (*DIRECT.values(), METRICS)))
        ):
            return base, base


def eventually(condition, every=0.05):
    """Waits until condition() is true, and returns it; its last value when that takes too long."""
    end = time.monotonic() + EVENTUALLY_SECONDS
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(every)
    return value


def centavos(amount):
    """An exact amount as an integer number of centavos."""
    whole = amount * 100
    assert whole == int(whole), f"{amount} has more than two decimals"
    return int(whole)


class Shop:
    """`with Shop() as shop:` — up in the beginning, down and gone at the end."""

    running = []  # those that have begun, for their logs when a test fails

    def __init__(self, *options, workers=WORKERS, **settings):
        self.state = Path(tempfile.mkdtemp(prefix="cft-", dir=PLACE))
        self.state.chmod(0o755)
        self.port, self.base = free_ports()
        self.environment = dict(os.environ)
        self.copied = template.wanted(self.environment, options, settings)
        self.options = ["--port", str(self.port), "--direct-ports", str(self.base), *options]
        for pool in workers:
            self.options += ["--workers", pool]
        for name, value in {**UNLIMITED, **UNHURRIED, **UNASKED, **settings}.items():
            self.options += ["--set", f"{name}={value}"]
        self.contract = Contract(TOP / "nginx/html/api/openapi.yaml")
        self.public = self.admin = None

    def __enter__(self):
        Shop.running.append(self)
        try:
            if self.copied and not any(self.state.iterdir()):
                template.copy(template.made(self.environment, self.options[:4]), self.state)
            self.up()
            self.public = self.client()
            self.admin = self.client(token=self.script("token", "create", "testes").stdout.strip())
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.script("down")
            reports = self.sanitizer_reports()
        finally:
            self.remove()
        assert not reports, reports

    # Commands

    def script(self, name, *arguments, check=True, seconds=COMMAND_SECONDS):
        """Runs scripts/NAME on this state."""
        command = [TOP / "scripts" / name, "--state", self.state, *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env=self.environment,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{name} {arguments} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def up(self, *more):
        """Starts it, or what is missing of it."""
        return self.script("up", *self.options, *more)

    def start_again_at_once(self, **variables):
        """Down and up again, so that what dies young starts again without a pause: for tests that kill often. The
        programs find these variables in their environment, which has nothing of ours otherwise."""
        self.script("down")
        text = self.current.joinpath("supervisord.conf").read_text(encoding="utf-8")
        lines = [f"[{program}]\nstartsecs=0\n" for program in re.findall(r"(?m)^\[(.*program:.*)\]$", text)]
        environment = ",".join(f'{name}="{value}"' for name, value in variables.items())
        self.own_lines("supervisord.d/testes.conf", "".join(lines) + f"[supervisord]\nenvironment={environment}\n")
        self.up()

    def own_lines(self, name, text):
        """The operator's own lines in a file of etc/, in place of what was there; the file."""
        path = self.state / "etc" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def restart(self, build=None):
        """Down and up again, with another build's programs if one is given."""
        self.script("down")
        if build:
            self.environment["CONFEITARIA_BUILD"] = str(build)
        self.up()
        for client in (self.admin, self.public):
            client.close()

    def remove(self):
        """Stops what runs and deletes everything."""
        self.script("down", "--purge", check=False)
        shutil.rmtree(self.state, ignore_errors=True)
        if self in Shop.running:
            Shop.running.remove(self)

    def status(self, check=True):
        """scripts/status --json, its parts; with `check` once all is well."""

        def report():
            done = self.script("status", "--json", check=False)
            return (done.returncode == 0 or not check) and done.stdout

        text = eventually(report)
        assert text, self.script("status", check=False).stdout
        return json.loads(text)

    @property
    def supervisord(self):
        """Its supervisord's process id. The file of one that begins is empty for a moment."""
        file = self.run / "supervisord.pid"
        text = eventually(lambda: file.exists() and file.read_text())
        assert text, f"{file} names no process"
        return int(text)

    def supervisor(self, what, *names):
        """Has its supervisord start, stop (and wait) or hangup processes, or open logs again."""
        supervised.ACTIONS[what](supervised.server(self.run / "supervisor.sock"), names)

    def processes(self):
        """Supervised processes that run: name -> process id. What is supervised of nginx is its watcher, since nginx
        becomes a daemon: here it is the master."""
        found = supervised.running(supervised.server(self.run / "supervisor.sock"))
        if "nginx" in found and (master := self.nginx_master()):
            found["nginx"] = master
        else:
            found.pop("nginx", None)
        return found

    def nginx_master(self):
        """The process id that nginx has written down, if it lives."""
        try:
            pid = int((self.run / "nginx.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if processes.alive(pid) else None

    def workers(self, pool=None):
        """Worker processes that run: name -> process id, of one pool or of all."""
        return {
            name: pid
            for name, pid in self.processes().items()
            if ":" in name and (pool is None or name.startswith(f"{pool}:"))
        }

    @contextmanager
    def frozen(self, part):
        """Meanwhile a part lives and does nothing; gives its processes."""
        pids = processes.family(self.processes()[part])
        frozen = processes.freeze(pids)
        try:
            yield pids
        finally:
            processes.thaw(frozen)

    @contextmanager
    def stopped(self, *names):
        """Meanwhile an operator has stopped these processes; afterwards all is well again."""
        self.supervisor("stop", *names)
        try:
            yield
        finally:
            self.supervisor("start", *names)
        assert self.recovered()

    # Where things are

    @property
    def current(self):
        """The configuration that runs."""
        return self.state / "current"

    def program(self, name):
        """A program of the release that runs."""
        return self.current / "release/libexec/confeitaria" / name

    @property
    def run(self):
        """The directory of the sockets."""
        return (self.state / "run").resolve()

    @property
    def url(self):
        """The front door."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cache(self):
        """The directory of the catalogue's version and of what nginx keeps."""
        lines = (self.current / "vigia.conf").read_text().splitlines()
        return Path(next(line.partition(" = ")[2] for line in lines if line.startswith("versao = ")))

    def version(self):
        """The catalogue's version: nginx keeps answers under it."""
        return os.readlink(self.cache / "atual")

    def secret(self, name):
        """A password or token that the system made for itself."""
        return (self.state / "etc/segredos" / name).read_text().strip()

    def secrets(self):
        """All of them: name -> text."""
        return {path.name: path.read_text().strip() for path in (self.state / "etc/segredos").iterdir()}

    def log_files(self):
        """Name -> inode of every log file."""
        with os.scandir(self.state / "log") as entries:
            return {entry.name: entry.inode() for entry in entries if entry.is_file()}

    def logs(self):
        """Every log: name -> text, none rotated while they were read. nginx writes its access log within a second."""
        while True:
            files, texts = self.log_files(), {}
            for name in files:
                try:
                    texts[name] = (self.state / "log" / name).read_text(errors="replace")
                except FileNotFoundError:
                    break
            else:
                if self.log_files() == files:
                    return texts

    def sanitizer_reports(self):
        """What sanitizers had to say of the workers."""
        return [
            line
            for text in self.logs().values()
            for line in text.splitlines()
            if any(word in line for word in SANITIZER_WORDS)
        ]

    # Its stores

    def psql(self, text, database="catalogo", seconds=COMMAND_SECONDS):
        """Runs SQL as the superuser; what psql printed, and on its standard error what the server remarked."""
        port, name = DATABASES[database]
        command = [
            PSQL,
            "-X",
            "-q",
            "-A",
            "-t",
            "-F",
            "\x1f",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.run),
            "-p",
            str(port),
            "-U",
            "postgres",
            "-d",
            name,
        ]
        if os.geteuid() == 0:
            command = [*AS_SERVICE_USER, *command]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=seconds, cwd="/", check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    def sql(self, text, database="catalogo"):
        """Runs SQL as the superuser; rows as lists of texts."""
        return [line.split("\x1f") for line in self.psql(text, database).stdout.splitlines()]

    def value(self, text, database="catalogo"):
        """The only value of a query."""
        return self.sql(text, database)[0][0]

    @contextmanager
    def locked(self, table, database="catalogo"):
        """Meanwhile a table cannot even be read."""
        owner = threading.Thread(target=self.keep_lock, args=(table, database))
        holder = f"""SELECT pid FROM pg_locks
                     WHERE relation = '{table}'::regclass AND mode = 'AccessExclusiveLock' AND granted"""
        owner.start()
        assert eventually(lambda: self.sql(holder, database))
        try:
            yield
        finally:
            self.sql(f"SELECT pg_terminate_backend(pid) FROM ({holder}) AS holder", database)
            owner.join()

    def keep_lock(self, table, database):
        """Holds it until its backend is terminated, of which psql complains."""
        try:
            self.psql(f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep(3600)", database, seconds=None)
        except AssertionError:
            pass

    def login(self, role, database="catalogo", port=None):
        """A connection as a role; postgres is the superuser. With a port to any database of that server."""
        port, name = (port, database) if port else DATABASES[database]
        with processes.servers_user(SERVICE_USER):
            connection = psycopg2.connect(
                host=str(self.run), port=port, dbname=name, user=role, connect_timeout=WAIT_SECONDS
            )
        connection.autocommit = True
        return connection

    def redis(self, user="operador"):
        """Redis as one of its users."""
        return redis.Redis(
            unix_socket_path=str(self.run / "redis.sock"),
            username=user,
            password=self.secret(f"redis_{user}"),
            decode_responses=True,
            socket_timeout=WAIT_SECONDS,
        )

    # Clients

    def client(self, token=None, pool=None, checked=True):
        """A client of the front door, or of one pool's direct port; its answers are held against the contract."""
        port = self.base + DIRECT[pool] if pool else self.port
        return Client(port, token, self.contract if checked else None)

    # What tests begin with

    def internal(self, token):
        """A client of the socket over which the services ask each other."""
        return Internal(self.run / "interno.sock", token)

    def category(self, nome=None):
        """A category of the test's own; its id."""
        return self.admin.post("/api/categorias", {"nome": nome or f"Categoria {uuid.uuid4()}"}).ok(201)["id"]

    def product(self, **fields):
        """A product on sale, as the administrator sees it."""
        fields = {"nome": f"Produto {uuid.uuid4()}", "preco": 10.00, "estoque": 100, **fields}
        if "categoria_id" not in fields:
            fields["categoria_id"] = self.category()
        return self.admin.post("/api/produtos", fields).ok(201)

    def health(self, status, pool=None):
        """The answer of /health as soon as it says this."""
        answer = eventually(lambda: (now := self.client(pool=pool).get("/health")).json["status"] == status and now)
        assert answer, self.client(pool=pool).get("/health")
        return answer

    def well(self):
        """Whether the front door says that all parts are."""
        answer = self.client().get("/health")
        return answer.status == 200 and answer.json["status"] == "healthy"

    def recovered(self):
        """Whether all becomes well again: no worker leaves a store alone any more (breaker.c: 2 s at most), and nginx
        no pool (fail_timeout: 2 s), so that ten customers in a row find what they want."""

        def served():
            return (
                self.well()
                and self.client().get("/api/produtos/7/estoque").headers["X-Fonte"] is None
                and self.client().post("/api/carrinho/sessao").status == 201
                and self.client(self.admin.token).get("/api/pedidos?limite=1").status == 200
            )

        if not eventually(self.well):
            return False
        time.sleep(ALONE_SECONDS)
        return eventually(lambda: all(served() for _ in range(10)))

    def fresh(self, target):
        """What the primary's workers say, or nginx has kept of it. The replica may not know the last change; it answers
        while nginx leaves them alone."""
        answers = []

        def asked():
            answers.append(self.public.get(target))
            return answers[-1].headers["X-Fonte"] is None

        assert eventually(asked), answers[-1]
        return answers[-1].data

    def stock(self, produto_id):
        """What the shelf holds now."""
        return self.fresh(f"/api/produtos/{produto_id}/estoque")["estoque_atual"]

    def session(self):
        """An empty cart; its key."""
        return self.public.post("/api/carrinho/sessao").ok(201)["session_id"]

    def cart(self, lines):
        """A cart with {product: quantity}; its key."""
        session = self.session()
        for produto_id, quantidade in lines.items():
            body = {"produto_id": produto_id, "quantidade": quantidade}
            self.public.post(f"/api/carrinho/{session}/adicionar", body).ok()
        return session

    @staticmethod
    def checkout(session, **fields):
        """The body of an order, to be picked up unless said otherwise."""
        return {"session_id": session, "cliente": CLIENTE, "entrega": RETIRADA, **fields}

    def order(self, lines, **fields):
        """An order of {product: quantity}, confirmed."""
        return self.public.post("/api/pedidos", self.checkout(self.cart(lines), **fields)).ok(201)

    def ledger(self, produto_id):
        """The books of a product: what they say the stock is, and what it is."""
        return self.sql(
            f"""
            SELECT coalesce(sum(m.quantidade) FILTER (WHERE m.tipo <> 'venda'), 0), p.estoque
            FROM produtos p LEFT JOIN movimentos m ON m.produto_id = p.id
            WHERE p.id = {int(produto_id)} GROUP BY p.id"""
        )[0]
