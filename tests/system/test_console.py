"""confeitaria psql and confeitaria redis: shells on the stores, that read and change nothing."""
import os
import subprocess

import pytest

from client import TOP
from shop import COMMAND_SECONDS, SERVICE_USER, eventually

pytestmark = pytest.mark.commands

SPOILS = (  # what neither may do, in any of the databases
    "UPDATE {table} SET versao = versao",
    "SET default_transaction_read_only = off; DELETE FROM {table}",
    "BEGIN READ WRITE; TRUNCATE {table}",
    "CREATE TABLE de_fora ()",
    "CREATE ROLE de_fora",
    "SET ROLE postgres",
    "COPY {table} TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/de-fora'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'catalogo' OR usename = 'pedidos'",
)
TABLES = {"catalogo": "produtos", "replica": "produtos", "pedidos": "pedidos"}


@pytest.mark.parametrize("database", TABLES)
def test_psql_reads(shop, database):
    """All of the shop, as the role consulta; what is piped in, too."""
    question = f"SELECT current_user, count(*) > -1 FROM {TABLES[database]}"
    assert shop.script("psql", database, "-At", "-c", question).stdout == "consulta|t\n"
    command = [TOP / "scripts/psql", "--state", shop.state, database, "-At"]
    done = subprocess.run(command, input=question, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True)
    assert done.stdout == "consulta|t\n"
    assert (shop.script("psql", database, "-Atc", "SELECT pg_is_in_recovery()").stdout == "t\n") == (
        database == "replica"
    )


@pytest.mark.parametrize("option", [[], ["--monitor"]])
@pytest.mark.parametrize("database", TABLES)
def test_psql_changes_nothing(shop, database, option):
    """Each ends with an error; the table is as it was."""
    for spoil in SPOILS:
        words = [*option, database, "-v", "ON_ERROR_STOP=1", "-c", spoil.format(table=TABLES[database])]
        done = shop.script("psql", *words, check=False)
        refusals = ("denied", "read-only", "recovery", "permission", "must be", "not permitted")
        nobody = spoil.startswith("SELECT pg_terminate") and not done.stdout.count(" t\n")
        assert any(word in done.stderr for word in refusals) or nobody, spoil


def test_the_monitor_sees_the_server_and_not_the_shop(shop):
    """What runs and how far the standby is; no customer."""
    seen = "SELECT count(*) FROM pg_stat_activity WHERE query IS NOT NULL AND usename = 'catalogo'"
    assert int(shop.script("psql", "--monitor", "catalogo", "-Atc", seen).stdout) > 0
    assert (
        shop.script("psql", "--monitor", "catalogo", "-Atc", "SELECT state FROM pg_stat_replication").stdout
        == "streaming\n"
    )
    assert "denied" in shop.script("psql", "--monitor", "pedidos", "-c", "SELECT * FROM pedidos", check=False).stderr


def test_redis_reads(shop):
    """Carts and events, as the user consulta; the server's figures, as the user monitor."""
    session = shop.cart({1: 2})
    assert shop.script("redis", "EXISTS", f"carrinho:{session}").stdout == "1\n"
    assert len(shop.script("redis", "HGETALL", f"carrinho:{session}").stdout.splitlines()) > 2
    shop.order({1: 1})
    assert eventually(lambda: int(shop.script("redis", "XLEN", "pedidos:eventos").stdout) > 0)
    assert "used_memory:" in shop.script("redis", "--monitor", "INFO", "memory").stdout
    assert "NOPERM" in shop.script("redis", "--monitor", "HGETALL", f"carrinho:{session}", check=False).stderr


@pytest.mark.parametrize("option", [[], ["--monitor"]])
def test_redis_changes_nothing(shop, option):
    """Nor does it say what the passwords are, or wait for what others do."""
    for words in (
        "SET a b",
        "DEL pedidos:eventos",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "KEYS *",
        "MONITOR",
        "SHUTDOWN",
        "EVAL return(1) 0",
    ):
        done = shop.script("redis", *option, *words.split(), check=False)
        assert "NOPERM" in done.stdout + done.stderr, words


def test_no_password_in_a_list_of_processes(shop):
    """It goes by the environment of redis-cli, which is its user's alone."""
    command = [TOP / "scripts/redis", "--state", shop.state, "--", "-r", "-1", "-i", "1", "PING"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "PONG\n"
            shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
            assert "--user consulta" in shown and shop.secret("redis_consulta") not in shown
        finally:
            running.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be another user")
def test_an_exporter_connects_as_the_monitor(shop):
    """As docs/operations.md has it: a user of the servers' group whom a line of the operator's takes for the monitor,
    and for nobody else."""
    exporter = ["setpriv", "--reuid=nobody", f"--regid={SERVICE_USER}", "--clear-groups"]

    def psql(role):
        words = ["psql", "-XAtc", "SELECT current_user", "-h", shop.run, "-p", "5434", "-U", role, "pedidos"]
        return subprocess.run([*exporter, *words], capture_output=True, text=True, cwd="/", check=False).stdout

    line = shop.own_lines("postgresql.d/exporter.ident", "servico nobody monitor\n")
    try:
        assert psql("monitor") == ""
        shop.script("reload")
        assert psql("monitor") == "monitor\n" and psql("consulta") == psql("pedidos") == psql("postgres") == ""
    finally:
        line.unlink()
        shop.script("reload")
    words = ["redis-cli", "--no-auth-warning", "-s", shop.run / "redis.sock", "--user", "monitor", "INFO", "memory"]
    secret = {**os.environ, "REDISCLI_AUTH": shop.secret("redis_monitor")}
    assert (
        "used_memory:"
        in subprocess.run([*exporter, *words], capture_output=True, text=True, env=secret, check=True).stdout
    )


@pytest.mark.parametrize("words", [[], ["tudo"], ["catalogo_leitura"]])
def test_what_is_no_database(shop, words):
    """They are named."""
    assert shop.script("psql", *words, check=False).returncode == 64
