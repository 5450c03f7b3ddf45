"""What nobody may do, see or find: roles, secrets, logs, ports, and what an error tells."""
import os
import re
import socket
import stat
import uuid
from pathlib import Path

import psycopg2
import pytest
import redis

from shop import DIRECT, METRICS, Shop, eventually

REFUSED = "42501"  # insufficient_privilege
# fmt: off
DDL = ("CREATE TABLE t (i int)", "CREATE TEMP TABLE t (i int)", "DROP TABLE {own}", "ALTER TABLE {own} ADD x int",
       "TRUNCATE {own}", "CREATE SCHEMA s", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
       "CREATE ROLE intruso", "ALTER ROLE {role} SUPERUSER", "GRANT {owner} TO {role}", "SET ROLE {owner}",
       "SET ROLE postgres",
       "COPY {own} TO PROGRAM 'true'", "COPY {own} TO '/tmp/x'", "SELECT pg_read_file('/etc/passwd')",
       "CREATE EXTENSION dblink",
       "INSERT INTO migracoes VALUES (99, 'x', 'x', now())")
# fmt: on
LEAKS = re.compile(
    r"SQLSTATE|SELECT |INSERT |UPDATE |postgres|redis|\.c:\d|/tmp/|/dev/|/var/|\.sock|psql|syntax error", re.I
)


def refused(connection, statement):
    """The SQLSTATE with which a statement is refused, or None."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            return error.pgcode
    return None


# The stores


@pytest.mark.parametrize(
    "role, database, own",
    [
        ("catalogo", "catalogo", "produtos"),
        ("pedidos", "pedidos", "pedidos"),
        ("conciliador", "pedidos", "pedidos"),
        ("catalogo_leitura", "catalogo", "produtos"),
    ],
)
def test_a_service_role_cannot_change_the_schema(shop, role, database, own):
    """No DDL, no other role, no files, no programs."""
    connection = shop.login(role, database)
    for statement in DDL:
        statement = statement.format(own=own, role=role, owner=f"{database}_dono")
        assert refused(connection, statement) in (REFUSED, "25006"), statement


def test_a_service_reaches_only_its_own_data(shop):
    """Another service's cluster does not know the role, another database does not let it in."""
    for role, database in (
        ("catalogo", "pedidos"),
        ("catalogo_leitura", "pedidos"),
        ("pedidos", "catalogo"),
        ("conciliador", "catalogo"),
    ):
        with pytest.raises(psycopg2.OperationalError):
            shop.login(role, database)
    for role, port in (("catalogo", 5432), ("pedidos", 5434), ("conciliador", 5434), ("catalogo_leitura", 5433)):
        for database in ("postgres", "template1"):
            with pytest.raises(psycopg2.OperationalError):
                shop.login(role, database, port)


def test_a_role_is_for_the_servers_user(shop):
    """No other user gets in by its name, not even root of this machine; no user at all as the owner of tables or, into
    a database, as the one that replicates."""
    for role in ("catalogo", "postgres", "replicador"):
        if os.geteuid() == 0:
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(host=str(shop.run), port=5432, dbname="catalogo", user=role)
    for role in ("catalogo_dono", "replicador"):
        with pytest.raises(psycopg2.OperationalError):
            shop.login(role)


def test_a_password_and_settings_of_a_roles_own_do_no_harm(shop):
    """PostgreSQL lets every role change its own: no password is asked for, and scripts/up takes settings back."""
    settings = "SELECT setdatabase, setconfig FROM pg_db_role_setting ORDER BY 1, 2"
    before, connection = shop.sql(settings, "pedidos"), shop.login("pedidos", "pedidos")
    for change in (
        "PASSWORD 'outra'",
        "SET default_transaction_read_only = on",
        "IN DATABASE pedidos SET local_preload_libraries = 'nenhuma'",
    ):
        connection.cursor().execute(f"ALTER ROLE pedidos {change}")
    try:
        with pytest.raises(psycopg2.OperationalError, match="nenhuma"):
            shop.login("pedidos", "pedidos")
    finally:
        shop.up()
    assert shop.login("pedidos", "pedidos") and shop.sql(settings, "pedidos") == before
    assert shop.value("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'pedidos'", "pedidos") == "t"


def test_the_replica_pool_can_only_read(shop):
    """On the standby and, with its role, on the primary too; and only what a customer may see."""
    for database in ("replica", "catalogo"):
        connection = shop.login("catalogo_leitura", database)
        assert refused(connection, "SELECT count(*) FROM produtos") is None
        for statement in (
            "UPDATE produtos SET preco = 1",
            "INSERT INTO categorias (nome) VALUES ('x')",
            "DELETE FROM categorias",
        ):
            assert refused(connection, statement) in ("25006", REFUSED), statement
        assert refused(connection, "SET default_transaction_read_only = off") is None
        for statement in (
            "UPDATE produtos SET preco = 1",
            "INSERT INTO categorias (nome) VALUES ('x')",
            "SELECT estoque_ajustar(1, 'definir', 0, 'x')",
        ):
            assert refused(connection, statement) in ("25006", REFUSED), statement
        for table in ("reservas", "reserva_itens", "movimentos"):
            assert refused(connection, f"SELECT * FROM {table}") == REFUSED, table


@pytest.mark.parametrize("user, own", [("carrinho", "carrinho:x"), ("conciliador", "pedidos:eventos")])
def test_a_redis_user_is_limited(shop, user, own):
    """To its keys and to the commands of its scripts."""
    connection = shop.redis(user)
    assert connection.ping()
    others = ("outra", "pedidos:eventos" if user == "carrinho" else "carrinho:x")
    for command in (
        *(
            (name, key, *more)
            for key in others
            for name, *more in (("GET",), ("HGETALL",), ("HSET", "a", "b"), ("DEL",), ("XADD", "*", "a", "b"))
        ),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("DEBUG", "SLEEP", "0"),
        ("SAVE",),
        ("BGREWRITEAOF",),
        ("REPLICAOF", "NO", "ONE"),
        ("MODULE", "LIST"),
        ("CLIENT", "LIST"),
        ("MONITOR",),
        ("INFO",),
        ("MEMORY", "USAGE", own),
        ("MEMORY", "PURGE"),
        ("SCRIPT", "FLUSH"),
        ("SUBSCRIBE", "x"),
        ("SET", own, "1"),
        ("EVAL", "return redis.call('KEYS', '*')", "0"),
        ("EVAL", "return redis.call('GET', 'outra')", "0"),
    ):
        with pytest.raises(redis.exceptions.ResponseError, match="(?i)noperm|permission|acl|not allowed|can't"):
            connection.execute_command(*command)


def test_redis_lets_nobody_in_without_a_password(shop):
    """No default user."""
    path = str(shop.run / "redis.sock")
    for login in (
        {},
        {"password": "x"},
        {"username": "default", "password": ""},
        {"username": "carrinho", "password": "errada"},
    ):
        with pytest.raises((redis.exceptions.AuthenticationError, redis.exceptions.ResponseError)):
            redis.Redis(unix_socket_path=path, **login).hgetall("carrinho:x")


# Secrets


def test_files_of_secrets(shop):
    """Passwords are only the servers' to read; configuration, logs, sockets and data are not the world's, but for when
    the last backup and audit ended."""
    directory = shop.state / "etc/segredos"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert len(shop.secrets()) >= 5
    for path in directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    data = set((shop.state / "data").iterdir()) - {shop.state / "data/ultimos"}
    for path in (shop.state / "etc", shop.state / "log", shop.run, *data):
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path


def test_tokens_are_kept_as_hashes(shop):
    """The file of tokens does not hold one."""
    made = shop.script("token", "create", "segredo").stdout.strip()
    kept = (shop.state / "etc/tokens").read_text()
    assert made not in kept and shop.admin.token not in kept and shop.secret("pedidos.token") not in kept
    assert "segredo admin " in kept
    shop.script("token", "revoke", "segredo")


def command_lines():
    """The command line and environment of every process that lets itself be read."""
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit() and int(directory.name) != os.getpid():
            for name in ("cmdline", "environ"):
                try:
                    yield f"{directory.name}/{name}", (directory / name).read_bytes().decode(errors="replace")
                except OSError:
                    pass


def test_no_key_of_anybody_is_written_down(shop):
    """Session ids, order ids, tokens, passwords and the customer's data: in no log, no command line, no environment."""
    product = shop.product()
    session = shop.cart({product["id"]: 2})
    cliente = {"nome": "Zulmira Xexeo", "email": "zulmira.xexeo@exemplo.com.br", "telefone": "(11) 98765-4321"}
    body = shop.checkout(
        session,
        cliente=cliente,
        observacoes="Deixar na portaria 77",
        entrega={"tipo": "entrega", "endereco": "Travessa Ipsilone, 7"},
    )
    key = f"chave-{uuid.uuid4()}"
    order = shop.public.post("/api/pedidos", body, headers={"Idempotency-Key": key}).ok(201)
    lost, wrong = str(uuid.uuid4()), f"cft_{uuid.uuid4().hex}"
    for pool in (None, "carrinho", "pedidos"):
        client = shop.client(pool=pool, checked=False)
        for path in (
            f"/api/carrinho/{session}",
            f"/api/carrinho/{lost}",
            f"/api/carrinho/{session}/x",
            f"/api/carrinho/{session}%2F",
            f"/api/carrinho//{session}",
            f"/api/carrinho/x/../{session}",
            f"/api/pedidos/{order['id']}",
            f"/api/pedidos/{lost}",
            f"/api/pedidos/{order['id']}/x/y",
            f"/interno/carrinho/{session}",
            f"/{session}",
            f"/api/produtos?x={session}",
            f"/api/produtos/{order['id']}",
            f"/api/produtos?cursor={session}",
        ):
            client.get(path)
            client.post(path, {"status": session})
    shop.public.post(f"/api/carrinho/{session}/adicionar", b"x" * 70000)
    shop.public.post("/api/pedidos", {**body, "session_id": lost})
    shop.public.get("/api/pedidos", headers={"Authorization": f"Bearer {wrong}"}).problem("nao_autenticado")
    shop.admin.put(f"/api/pedidos/{order['id']}/status", {"status": "em_preparo"}).ok()
    last = f"fim-{uuid.uuid4().hex[:12]}"
    shop.public.get("/api/categorias", headers={"X-Request-Id": last})
    assert eventually(lambda: last in shop.logs()["acesso.log"])

    hidden = {
        "session": session,
        "unknown session": lost,
        "order": order["id"],
        "key": key,
        "wrong token": wrong,
        "token": shop.admin.token,
        "name": "Xexeo",
        "e-mail": cliente["email"],
        "telephone": "98765-4321",
        "address": "Ipsilone",
        "note": "portaria 77",
    }
    passwords = {name: text for name, text in shop.secrets().items() if len(text) > 20 and "\n" not in text}
    for where, text in shop.logs().items():
        for what, secret in {**hidden, **passwords}.items():
            assert secret.lower() not in text.lower(), f"{what} in {where}"
    for where, text in command_lines():
        for what, secret in {"token": shop.admin.token, "session": session, **passwords}.items():
            assert secret not in text, f"{what} in /proc/{where}"


# The network


def listeners(pids):
    """TCP addresses on which these processes listen."""
    inodes = set()
    for pid in pids:
        try:
            inodes |= {
                os.readlink(f) for f in Path(f"/proc/{pid}/fd").iterdir() if f.is_symlink() and os.path.lexists(f)
            }
        except OSError:
            pass
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                address, port = words[1].split(":")
                yield address, int(port, 16)


def test_only_nginx_listens_and_only_the_front_door_is_open(shop):
    """Stores and workers have unix sockets; direct ports are on loopback."""
    found = set()
    for name, pid in shop.processes().items():
        here = set(listeners([pid]))
        assert name == "nginx" or not here, f"{name} listens on {here}"
        found |= here
    assert {port for _, port in found} == {shop.port, *(shop.base + offset for offset in (*DIRECT.values(), METRICS))}
    for address, port in found:
        assert port == shop.port or address == "0100007F", f"{address}:{port}"


@pytest.mark.skipif(not Path("/proc/net/if_inet6").read_text("ascii"), reason="this machine has no IPv6")
def test_the_front_door_is_open_on_ipv6(shop):
    """On loopback too: localhost may mean either."""
    with socket.create_connection(("::1", shop.port), timeout=60) as connection:
        connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "path",
    [
        "/interno",
        "/interno/",
        "/interno/reservas",
        "/interno/carrinho/x",
        "//interno/reservas",
        "/./interno/reservas",
        "/%69nterno/reservas",
        "/api/../interno/reservas",
        "/INTERNO/reservas",
        "/api/produtos/../../interno/reservas",
        "/api/produtos/..%2f..%2finterno/reservas",
    ],
)
def test_the_services_own_calls_are_not_public(shop, path):
    """404 everywhere but on the internal socket, whoever asks."""
    token = shop.secret("pedidos.token")
    for pool in (None, *DIRECT):
        for method in ("GET", "POST"):
            answer = shop.client(token, pool, checked=False).request(method, path, {} if method == "POST" else None)
            assert answer.problem("rota_nao_encontrada"), (pool, method)


def test_the_internal_socket_wants_a_token_too(shop):
    """Reaching it is not enough; each service's token has only the right that it needs."""
    path = shop.run / "interno.sock"

    def ask(method, target, token=None, body=b"{}"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            authorization = f"Authorization: Bearer {token}\r\n" if token else ""
            connection.sendall(
                f"{method} {target} HTTP/1.0\r\n{authorization}Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body
            )
            return int(connection.makefile("rb").readline().split()[1])

    order = uuid.uuid4()
    for target in (f"/interno/reservas/{order}/confirmar", f"/interno/carrinho/{order}/retirar", "/interno/reservas"):
        assert ask("POST", target) == 401
        assert ask("POST", target, "cft_errado") == 401
        assert ask("POST", target, shop.admin.token) == 403
    assert ask("POST", f"/interno/reservas/{order}/confirmar", shop.secret("pedidos.token")) == 404
    assert ask("GET", f"/interno/carrinho/{order}", shop.secret("pedidos.token"), b"") == 404


# Tokens


def test_a_revoked_token_is_worth_nothing_at_once(shop):
    """Made, used, listed, revoked, refused; without a restart."""
    token = shop.script("token", "create", "passageiro").stdout.strip()
    client = shop.client(token)
    assert client.get("/api/pedidos").status == 200
    assert "passageiro" in shop.script("token", "list").stdout
    shop.script("token", "revoke", "passageiro")
    client.get("/api/pedidos").problem("nao_autenticado")
    assert "passageiro" not in shop.script("token", "list").stdout
    assert shop.admin.get("/api/pedidos").status == 200


# What an answer tells


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("GET", "/api/produtos?busca=%FF", None),
        ("GET", "/api/produtos?cursor=xxx", None),
        ("GET", "/api/produtos/9999999", None),
        ("GET", "/nada", None),
        ("POST", "/api/pedidos", b"{"),
        ("POST", "/api/pedidos", b'{"session_id":"x"}'),
        ("GET", "/%zz", None),
        ("PUT", "/api/categorias", b"{}"),
        ("POST", "/api/carrinho/sessao", b"x" * 70000),
        ("GET", "/" + "a" * 9000, None),
    ],
)
def test_a_problem_tells_nothing_of_the_inside(shop, method, path, body):
    """No SQL, no files, no addresses, no names of the stores."""
    answer = shop.client().request(method, path, body)
    assert 400 <= answer.status < 500
    assert not LEAKS.search(answer.text), answer
    assert answer.headers["Server"] == "nginx"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.slow
@pytest.mark.commands
def test_a_link_of_the_servers_leads_root_nowhere(tmp_path):
    """Their user may write among the secrets, where scripts/up makes files as root."""
    with Shop() as shop:
        (shop.state / "etc/segredos/redis_conciliador").unlink()
        (shop.state / "etc/segredos/redis_conciliador.novo").symlink_to(tmp_path)
        shop.restart()
    assert not list(tmp_path.iterdir())
