"""confeitaria tools: the web views of PostgreSQL and of Redis show what there is, to who has the password, and change
nothing."""
import base64
import http.client
import json
import os
import re
import shutil
import socket
import urllib.parse

import pytest

from client import WAIT_SECONDS
from comandos import of_state
from fastcgi import Request
from shop import eventually
from test_seguranca import command_lines, listeners

pytestmark = pytest.mark.commands

PLACE = {"catalogo": "catalogo", "replica": "catalogo", "pedidos": "pedidos"}
# What a program behind Adminer may not do, each as an expression of PHP.
FORBIDDEN = {
    "a file": "@file_get_contents('/etc/passwd')",
    "a secret": "@file_get_contents('{state}/etc/segredos/redis_operador')",
    "a setting": "@file_get_contents('{state}/etc/confeitaria.conf')",
    "an address": "@file_get_contents('http://127.0.0.1:{port}/livez')",
    "a connection": "function_exists('fsockopen') || function_exists('stream_socket_client')",
    "a program": "function_exists('exec') || function_exists('proc_open') || function_exists('popen')",
    "foreign functions": "class_exists('FFI') || function_exists('curl_init') || class_exists('Phar')",
}


class Tools:
    """Both, as a browser on this machine has them."""

    def __init__(self, shop, ports):
        self.shop, self.ports, self.cookies = shop, ports, {}

    def ask(self, tool, target, form=None, password=True, method=None, **headers):
        """The status, headers and text of an answer; `password`: ours, another text, or none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[tool], timeout=WAIT_SECONDS)
        if password:
            text = self.shop.secret("ferramentas") if password is True else password
            headers["Authorization"] = f"Basic {base64.b64encode(f'operador:{text}'.encode()).decode()}"
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        try:
            connection.request(method or ("GET" if form is None else "POST"), target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, text

    def adminer(self, server, question="", form=None):
        """A page of Adminer that is there."""
        target = f"/?pgsql={server}&username=consulta&db={PLACE[server]}&ns=public&{question}"
        status, _, text = self.ask("postgres", target, form)
        assert status == 200, text
        return text

    def row(self, server, table, ident):
        """The page with one row of a table. Without `op` Adminer would show the first fifty."""
        return self.adminer(server, f"select={table}&where[0][col]=id&where[0][op]=%3D&where[0][val]={ident}")

    def sql(self, server, query, question="sql="):
        """What Adminer's own page for statements answers."""
        token = re.search(r"name=['\"]token['\"] value=['\"]([^'\"]+)", self.adminer(server, question))[1]
        return self.adminer(server, question, {"query": query, "token": token, "limit": "50"})


@pytest.fixture(scope="module", name="tools")
def fixture_tools(shop):
    """They are on, and in the end off."""
    ports = {"postgres": shop.base + 6, "redis": shop.base + 7}
    settings = shop.state / "etc/confeitaria.conf"
    before = settings.read_text(encoding="utf-8")
    lines = (f"ferramentas_{tool}_porta = {port}\n" for tool, port in ports.items())
    settings.write_text(before + "".join(lines), encoding="utf-8")
    try:
        done = shop.script("tools", "on")
        for port in ports.values():
            assert f"http://localhost:{port}/" in done.stdout
        assert f"user operador, password {shop.secret('ferramentas')}" in done.stdout
        yield Tools(shop, ports)
    finally:
        shop.script("tools", "off")
        settings.write_text(before, encoding="utf-8")
        for client in (shop.public, shop.admin):
            client.close()


def connection_of(tools):
    """How Redis Commander calls its only server."""
    (only,) = json.loads(tools.ask("redis", "/connections")[2])["connections"]
    return urllib.parse.quote(only["conId"])


@pytest.mark.parametrize("tool", ["postgres", "redis"])
def test_who_comes_in(tools, tool):
    """Who has the password, by a name of this machine, and not by a page of somebody else."""
    assert tools.ask(tool, "/", password=False)[0] == 401
    assert tools.ask(tool, "/", password="errada")[0] == 401
    status, headers, _ = tools.ask(tool, "/")
    assert status in (200, 302) and headers["X-Frame-Options"] == "DENY"
    assert any("frame-ancestors 'none'" in line for line in headers.get_all("Content-Security-Policy"))
    for host, expected in (("localhost", status), ("loja.example", 421), ("127.0.0.1.loja.example", 421)):
        assert tools.ask(tool, "/", Host=host)[0] == expected, host
    for site, expected in (("none", status), ("same-origin", status), ("same-site", 403), ("cross-site", 403)):
        assert tools.ask(tool, "/", **{"Sec-Fetch-Site": site})[0] == expected, site


def test_the_databases_are_shown(shop, tools):
    """Rows of both primaries and of the replica, as the role that reads."""
    product = shop.product()
    order = shop.order({product["id"]: 1})
    assert product["nome"] in tools.row("catalogo", "produtos", product["id"])
    assert order["id"] in tools.row("pedidos", "pedidos", order["id"])
    query = f"SELECT nome, pg_is_in_recovery() FROM produtos WHERE id = {product['id']}"
    assert eventually(lambda: product["nome"] in tools.sql("replica", query))
    for server, standby in (("catalogo", "f"), ("replica", "t"), ("pedidos", "f")):
        query = "SELECT concat_ws('/', 'sou', current_user, session_user, current_database(), pg_is_in_recovery())"
        assert f"sou/consulta/consulta/{PLACE[server]}/{standby}" in tools.sql(server, query), server


def test_nothing_can_be_changed(shop, tools):
    """PostgreSQL refuses it, in a transaction that may write too; no other role can be taken."""
    product = shop.product(preco=10.00)
    for statement in (
        "UPDATE produtos SET preco = 1",
        "DELETE FROM produtos",
        "CREATE TABLE t (i int)",
        "SET ROLE catalogo_dono",
        "SET SESSION AUTHORIZATION postgres",
        "COPY produtos TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
    ):
        text = tools.sql("catalogo", f"SET default_transaction_read_only = off; {statement}")
        assert "permission denied" in text or "must be superuser" in text, (statement, text)
    assert "read-only transaction" in tools.sql("catalogo", "UPDATE produtos SET preco = 1")
    assert shop.value(f"SELECT preco FROM produtos WHERE id = {product['id']}") == "10.00"


def test_a_browser_cannot_say_where_to(shop, tools):
    """Neither an address, a form nor a cookie can name another server, driver, role or password."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen(5)
        stranger.settimeout(0)
        there = f"127.0.0.1:{stranger.getsockname()[1]}"
        ours = "pgsql=catalogo&username=consulta&db=catalogo"
        for question in (
            f"pgsql={there}&username=consulta&db=catalogo",
            f"pgsql={shop.run}:5432&username=postgres&db=postgres",
            "pgsql=&username=consulta",
            "pgsql[]=catalogo&username=consulta",
            "pgsql=catalogo&username=postgres&db=catalogo",
            "pgsql=catalogo&username[]=postgres",
            f"server={there}&username=root",
            f"elastic={there}&username=x",
            *(
                f"{driver}={there}&{ours}"
                for driver in ("server", "sqlite", "sqlite2", "elastic", "mongo", "mssql", "oracle")
            ),
            f"{ours}&script=version",
        ):
            status, _, text = tools.ask("postgres", f"/?{question}")
            assert status == 403, (question, text)
        auth = {"driver": "pgsql", "server": there, "username": "postgres", "password": "x", "db": "postgres"}
        form = {f"auth[{name}]": value for name, value in auth.items()}
        assert tools.ask("postgres", f"/?{ours}", form)[0] == 403
        login = {"label": "x", "hostname": "127.0.0.1", "port": there.split(":")[1], "dbIndex": 0}
        for target in ("/login", "/login/detectDb", "/LOGIN", "/apiv2/exec/../../login", "//login", "/logout/x"):
            assert tools.ask("redis", target, login)[0] == 405, target
        with pytest.raises(BlockingIOError):
            stranger.accept()
    text = tools.sql("catalogo", "SELECT 'sou/' || current_user || current_database()", "db=postgres&sql=")
    assert "sou/consultacatalogo" in text


def test_what_php_may_not_do(shop, tools):
    """No file, no secret, no connection, no program: asked of PHP itself, by a file that it may read."""
    del tools
    probe = shop.state / "tmp/adminer/sonda.php"
    words = {"state": shop.state, "port": shop.port}
    lines = ", ".join(f"'{what}' => (bool) ({text.format(**words)})" for what, text in FORBIDDEN.items())
    text = (
        f"<?php http_response_code(201); echo json_encode(['itself' => (bool) @file_get_contents('{probe}'), {lines}]);"
    )
    probe.write_text(text, encoding="utf-8")
    other = shop.state / "tmp/sonda.php"
    shutil.copy(probe, other)
    try:
        status, found = Request(shop.run / "adminer.sock", "GET", "/", {}, SCRIPT_FILENAME=probe).answer()
        assert status == 201 and found.pop("itself")
        assert not any(found.values()), found
        with pytest.raises(json.JSONDecodeError):
            Request(shop.run / "adminer.sock", "GET", "/", {}, SCRIPT_FILENAME=other).answer()
    finally:
        probe.unlink()
        other.unlink()


def test_redis_is_shown_and_not_changed(shop, tools):
    """A cart's key and what it holds; no way to write, past nginx neither."""
    session = shop.cart({shop.product()["id"]: 3})
    key, server = f"carrinho:{session}", connection_of(tools)
    status, _, text = tools.ask("redis", f"/apiv2/key/{server}/{key}")
    assert status == 200 and json.loads(text)["type"] == "hash"
    assert key in tools.ask("redis", f"/apiv2/keystree/{server}/carrinho:")[2]
    assert key in tools.ask("redis", f"/apiv2/keys/{server}/{key}*")[2]
    before = shop.redis().hgetall(key)
    for method, target in (
        ("POST", f"/apiv2/key/{server}/{key}?action=delete"),
        ("DELETE", "/apiv2/hash/field"),
        ("POST", "/tools/import"),
        ("PATCH", f"/apiv2/key/{server}/{key}"),
    ):
        assert tools.ask("redis", target, {"key": key}, method=method)[0] == 405, target
    for command in (f"del {key}", f"hset {key} a b", "flushall", "config get *", "acl list", "eval 'return 1' 0"):
        answer = tools.ask("redis", f"/apiv2/exec/{server}", {"cmd": command})[2]
        assert "not read-only" in answer or "no permissions" in answer.lower(), (command, answer)
    assert shop.redis().hgetall(key) == before


def test_only_this_machine_is_told(shop, tools):
    """nginx alone listens, on loopback; what was shown and what lets one in is in no log and no command line."""
    found = shop.processes()
    assert {"adminer", "redis-commander"} <= found.keys()
    mine = [address for address, port in listeners(found.values()) if port in tools.ports.values()]
    assert mine == ["0100007F"] * 2
    for pid, words in of_state(shop.state).items():
        assert not any(name in words for name in ("php-fpm", "redis.js")) or not list(listeners([pid])), words
    session = shop.cart({shop.product()["id"]: 1})
    tools.ask("redis", f"/apiv2/key/{connection_of(tools)}/carrinho:{session}")
    tools.adminer("catalogo", f"select=produtos&x={session}")
    hidden = {"password": shop.secret("ferramentas"), "session": session, "consulta": shop.secret("redis_consulta")}
    for where, text in (*shop.logs().items(), *command_lines()):
        for what, secret in hidden.items():
            assert secret not in text, f"{what} in {where}"
    for name in ("ferramentas", "ferramentas.htpasswd"):
        assert os.stat(shop.state / "etc/segredos" / name).st_mode & 0o777 == 0o600


def test_another_password_and_off(shop, tools):
    """The old one is refused at once; off leaves nothing that listens or runs."""
    old = shop.secret("ferramentas")
    shop.script("tools", "on", "--new-password")
    assert shop.secret("ferramentas") != old
    assert tools.ask("redis", "/connections", password=old)[0] == 401
    assert tools.ask("redis", "/connections")[0] == 200
    facts = shop.status()["parts"]
    assert facts["adminer"]["status"] == facts["redis-commander"]["status"] == "running"
    shop.script("tools", "off")
    assert not {"adminer", "redis-commander"} & shop.processes().keys()
    assert not [words for words in of_state(shop.state).values() if "php-fpm" in words or "redis.js" in words]
    for port in tools.ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
    assert not {"adminer", "redis-commander"} & shop.status()["parts"].keys()
