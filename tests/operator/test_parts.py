"""Which parts run here, where the stores of the others are, and what each configuration then says."""
import base64
import hashlib
import hmac
import json
from types import SimpleNamespace

import pytest

from confeitaria import kinds, parts, pools, postgres, redis, renew, roles, supervisor, system, tokens
from confeitaria.commands import settings as command
from confeitaria.commands import up
from confeitaria.say import Refused
from confeitaria.settings import TABLE, Settings, parse_assignment

STORES = {"partes": "pg-catalogo pg-replica pg-pedidos redis"}
LISTENING = {
    **STORES,
    "postgres_escuta": "10.0.0.11 ::1",
    "postgres_porta": "6000",
    "rede": "10.0.0.12 10.1.2.3/16",
    "redis_escuta": "10.0.0.11",
    "redis_porta": "6379",
}
FRONT = {
    "partes": "nginx catalogo catalogo-busca catalogo-replica carrinho pedidos saude vigia conciliador",
    "catalogo_bd": "host=10.0.0.11,10.0.0.13 port=6000,6001",
    "pedidos_bd": "host=10.0.0.11 port=6002",
    "redis_servidor": "10.0.0.11:6379",
}
COPIED = ("pg_catalogo", "pg_catalogo_leitura", "pg_conciliador", "pg_pedidos", "redis_carrinho", "redis_conciliador")
GOOD = {
    "partes": ("redis", "pg-pedidos  redis"),
    "catalogo_bd": (
        "host=10.0.0.11 port=5432",
        "host=10.0.0.11,::1 port=5432",
        "host=1.2.3.4,1.2.3.5 port=1,65535",
        "",
    ),
    "redis_servidor": ("10.0.0.11:6379", "[::1]:6379", ""),
    "postgres_escuta": ("127.0.0.1 ::1", ""),
    "postgres_porta": ("1024", "65533"),
}
BAD = {
    "partes": ("redis redis", "pg-orders", "redis,nginx"),
    "catalogo_bd": (
        "host=db.example port=5432",
        "host=10.0.0.11",
        "host=10.0.0.11 port=0",
        "host=10.0.0.11 port=65536",
        "host=10.0.0.11,10.0.0.12 port=1,2,3",
        "host=10.0.0.11,,10.0.0.12 port=1",
        "host=/run port=5432",
        "host=10.0.0.11 port=5432 user=postgres",
        "host=10.0.0.11 port=5432 passfile=/etc/x",
        "host=10.0.0.256 port=5432",
    ),
    "redis_servidor": ("10.0.0.11", "redis.example:6379", "::1:6379", "10.0.0.11:0", "unix:/x:1", "10.0.0.11:6379 x"),
    "postgres_escuta": ("*", "localhost", "10.0.0.0/8", "fe80::1%eth0"),
    "postgres_porta": ("1023", "65534"),
}


def cases(table):
    """A row a value."""
    return [(name, text) for name, texts in table.items() for text in texts]


def given(**texts):
    """Settings with these values."""
    return Settings({}).with_values(texts)


def refusal(**texts):
    """All that is said of settings that do not fit together."""
    with pytest.raises(Refused) as refused:
        given(**texts)
    return "\n".join((refused.value.message, *refused.value.remedies))


def without(texts, *names):
    """The same without some."""
    return {name: text for name, text in texts.items() if name not in names}


@pytest.fixture(name="rendered")
def fixture_rendered(state):
    """A function: the files of the parts, without nginx's, as they are rendered for some settings."""

    def render(**texts):
        number = len(list(state.path.glob("generation*")))
        directory = state.path / f"generation{number}"
        directory.mkdir()
        for one in (postgres, redis, pools, supervisor):
            one.render(state, given(**texts), None, directory)
        return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir() if path.is_file()}

    return render


# The settings


def test_the_names_are_those_of_the_parts():
    """The table of kinds stands alone, so it says them itself."""
    assert kinds.POOLS == pools.POOLS
    assert sorted((*kinds.PARTS, "zelador", *parts.TOOLS)) == sorted(system.PARTS)
    assert Settings({})["partes"] == kinds.PARTS


@pytest.mark.parametrize(("name", "text"), cases(GOOD))
def test_a_good_value_is_taken(name, text):
    """And nothing else than its form."""
    assert TABLE[name].kind.read(text) is not None


@pytest.mark.parametrize(("name", "text"), cases(BAD))
def test_a_bad_value_is_refused(name, text):
    """No names, which are looked up without a deadline; no other words of libpq's."""
    with pytest.raises(Refused):
        parse_assignment(f"{name}={text}")


def test_an_unknown_part_is_refused_with_the_nearest_name():
    """As an unknown setting is."""
    assert "there is no pg-catlogo; did you mean pg-catalogo?" in refusal(partes="redis pg-catlogo")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (without(FRONT, "catalogo_bd"), "catalogo needs the catalogue's database, which is not here"),
        (without(FRONT, "pedidos_bd"), "conciliador needs the orders' database, which is not here"),
        (without(FRONT, "redis_servidor"), "carrinho needs Redis, which is not here"),
        (
            {**FRONT, "partes": f"{FRONT['partes']} redis"},
            "redis_servidor says that Redis is elsewhere, and partes has",
        ),
        ({**FRONT, "partes": "nginx catalogo"}, "nginx is to run here without saude"),
        ({**FRONT, "partes": "conciliador"}, "conciliador is to run here without nginx"),
        ({"partes": "pg-replica"}, "pg-replica is to run here without pg-catalogo"),
        (without(LISTENING, "rede"), "postgres_escuta is set without rede"),
    ],
)
def test_what_does_not_fit_together_is_refused(texts, said):
    """By what is missing, before anything is touched."""
    assert said in refusal(**texts)


@pytest.mark.parametrize("texts", [STORES, LISTENING, FRONT, {"partes": "redis"}, {"partes": "pg-catalogo"}])
def test_what_fits_together(texts):
    """All stores, one of them, or none."""
    assert given(**texts)["partes"] == tuple(texts["partes"].split())


def test_what_leaves_the_machine_in_the_open():
    """Is warned of; loopback is not."""
    assert parts.in_the_open(given(**LISTENING)) == ["postgres_escuta", "redis_escuta"]
    assert parts.in_the_open(given(**FRONT)) == ["catalogo_bd", "pedidos_bd", "redis_servidor"]
    assert not parts.in_the_open(Settings({})) and not parts.in_the_open(given(redis_escuta="127.0.0.1 ::1"))


# What is rendered


def test_one_machine_has_all_parts_and_no_port(rendered):
    """Without such settings nothing of this is in any file."""
    files = rendered()
    assert set(files) > {f"{name}.conf" for name in kinds.PARTS if name not in ("nginx", "vigia")}
    text = "".join(files.values())
    assert "postgres_senha" not in text and "\nhost " not in text and "\nbind " not in text
    assert text.count("listen_addresses = ''\n") == 3 and files["redis.conf"].startswith("port 0\nunixsocketperm")
    for part in (*kinds.PARTS, "zelador"):
        assert f"program:{part}]\n" in files["supervisord.conf"]


def test_the_host_of_the_stores(rendered):
    """It listens where it is told, and lets in the workers of other hosts, with passwords, and nobody else."""
    files = rendered(**LISTENING)
    assert not any(f"{pool}.conf" in files for pool in (*pools.POOLS, "vigia", "conciliador"))
    assert files["supervisord.conf"].count("program:") == 5  # four stores and the zelador
    for cluster, port in zip(postgres.CLUSTERS, (6000, 6001, 6002)):
        assert "listen_addresses = '10.0.0.11,::1'\n" in files[f"{cluster}.conf"]
        assert f"\nport = {port}\n" in files[f"{cluster}.conf"]
    assert "port=6001 user=replicador" in files["pg-catalogo.conf"]
    lets_in = [line for line in files["pg-replica.hba"].splitlines() if not line.startswith("local")]
    assert lets_in == [
        "host catalogo catalogo,catalogo_leitura 10.0.0.12/32 scram-sha-256",
        "host catalogo catalogo,catalogo_leitura 10.1.0.0/16 scram-sha-256",
    ]
    assert "host pedidos pedidos,conciliador 10.0.0.12/32 scram-sha-256\n" in files["pg-pedidos.hba"]
    assert files["redis.conf"].startswith("bind 10.0.0.11\nport 6379\nunixsocketperm")


def test_the_host_of_the_workers(rendered, state):
    """Each has the address and the file of its own password, and no socket."""
    files = rendered(**FRONT)
    assert not any(name.startswith(("pg-", "redis")) for name in files)
    assert "[program:pg-" not in files["supervisord.conf"] and "[program:nginx]" in files["supervisord.conf"]
    lines = files["catalogo-busca.conf"].splitlines()
    assert lines[:2] == [
        "postgres = host=10.0.0.11,10.0.0.13 port=6000,6001 dbname=catalogo user=catalogo_leitura"
        " application_name=catalogo_leitura target_session_attrs=primary",
        f"postgres_senha = {state.secrets}/pg_catalogo_leitura",
    ]
    assert "redis = 10.0.0.11:6379\nredis_usuario = carrinho\n" in files["carrinho.conf"]
    assert f"postgres_senha = {state.secrets}/pg_conciliador\nredis = " in files["conciliador.conf"]


def test_one_database_is_elsewhere(rendered, state):
    """The others stay on their sockets; an IPv6 address needs no brackets in the workers' files."""
    here = " ".join(part for part in kinds.PARTS if part != "redis")
    files = rendered(partes=here, redis_servidor="[2001:db8::1]:6379")
    assert files["carrinho.conf"].startswith("redis = 2001:db8::1:6379\n")
    assert files["pedidos.conf"].startswith(f"postgres = host={state.run} port=5434 ")


def test_sockets_of_the_parts_that_are_here(state):
    """What the zelador watches."""
    state.settings_changed(given(**LISTENING))
    places = supervisor.sockets(state)
    assert set(places) == {"pg-catalogo", "pg-replica", "pg-pedidos", "redis"}
    assert places["pg-pedidos"] == state.run / ".s.PGSQL.6002"


# Secrets


def test_the_verifier_is_scram():
    """With the example of RFC 7677, "pencil": a client that knows the password proves it, no other does."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert roles.verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
    key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    assert base64.b64encode(key).decode() in roles.verifier("pencil", salt)


def test_passwords_stand_in_no_statement():
    """Only their verifiers, each time another; without other hosts a role has none."""
    sql = roles.roles_sql("pedidos", {"pedidos": "abc123", "conciliador": "def456"})
    assert "abc123" not in sql and sql.count("PASSWORD 'SCRAM-SHA-256$4096:") == 2
    assert sql.count("PASSWORD NULL") == 2  # consulta, monitor
    assert sql != roles.roles_sql("pedidos", {"pedidos": "abc123", "conciliador": "def456"})
    assert roles.roles_sql("pedidos").count("PASSWORD NULL") == 4


def test_who_makes_which_secret(state):
    """The host of the stores makes the passwords, 0600; the other one refuses until it has them."""
    tokens.secrets_make(state)
    assert {path.name for path in state.secrets.iterdir()} == set(tokens.SECRETS)
    tokens.secrets_make(state, given(**LISTENING))
    made = {path.name: path for path in state.secrets.iterdir()}
    assert set(made) == {*tokens.SECRETS, *COPIED}
    assert all(path.stat().st_mode & 0o777 == 0o600 and len(path.read_text().strip()) >= 32 for path in made.values())
    for path in made.values():
        path.unlink()
    with pytest.raises(Refused, match=f"lacks {' '.join(COPIED)}, ") as refused:
        tokens.secrets_make(state, given(**FRONT))
    assert "etc/segredos" in refused.value.remedies[0] and not list(state.secrets.iterdir())
    for name in COPIED:
        (state.secrets / name).write_text("x\n", encoding="ascii")
    tokens.secrets_make(state, given(**FRONT))
    assert {path.name for path in state.secrets.iterdir()} == {*COPIED, *tokens.SERVICE_TOKENS}


# Commands


def test_what_needs_an_absent_part_says_where_it_is(state):
    """With the address that the workers have."""
    state.settings_changed(given(**FRONT))
    with pytest.raises(Refused, match="the orders' database is not here: it is at host=10.0.0.11 port=6002") as refused:
        postgres.psql(state, "pg-pedidos", "SELECT 1")
    assert refused.value.remedies == ("run this on the host that has it",)
    with pytest.raises(Refused, match="Redis is not here: it is at 10.0.0.11:6379"):
        redis.cli(state, "ping")
    with pytest.raises(Refused, match="the catalogue's database is not here"):
        postgres.cluster_of(state, "catalogo")
    assert postgres.services(state) == [] and system.stores(state) == []
    state.settings_changed(given(**LISTENING))
    assert postgres.services(state) == ["catalogo", "pedidos"] and system.front(state) == ["zelador"]
    with pytest.raises(Refused, match="nginx is not here$"):
        parts.require(state, "nginx")


def test_a_primary_that_is_to_be_elsewhere_is_refused(state):
    """Who takes the replica away after a promotion takes the data away."""
    (state.etc / "primario").write_text("pg-replica\n", encoding="ascii")
    with pytest.raises(Refused, match="pg-replica is the catalogue's primary, and partes does not have it"):
        system.init_stores(state, ("pg-catalogo",))


def generation_of(state, name, **texts):
    """A generation that was rendered with these settings."""
    directory = state.path / name
    directory.mkdir()
    settings = given(**texts).texts()
    settings.pop("redis_porta")  # a setting that the version before did not have
    (directory / "generation.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")
    return directory


def test_a_running_system_keeps_its_parts_and_ports(state):
    """Its sockets would not be found; the rest is changed as ever."""
    generation_of(state, "current")
    renew.found_by_others(state, generation_of(state, "same", limite_fila="7"))
    with pytest.raises(Refused, match="partes and postgres_porta cannot be changed while the system runs") as refused:
        renew.found_by_others(state, generation_of(state, "other", **LISTENING))
    assert "down" in refused.value.remedies[0] and "up" in refused.value.remedies[0]


def test_addresses_of_others_are_refused():
    """Before a store waits two minutes for what it cannot have."""
    with pytest.raises(Refused, match="192.0.2.1 is no address of this host"):
        up.check_stores_ports(given(redis_escuta="192.0.2.1"))
    up.check_stores_ports(given(redis_escuta="::1", partes="pg-pedidos"))


def test_the_settings_command_says_how(state, capsys):
    """A stop is needed."""
    generation_of(state, "current")
    state.settings_changed(given(**STORES))
    command.run(state, SimpleNamespace(all=False, json=False, table=False))
    said = capsys.readouterr().out
    assert "needs a down and up" in said and "to take effect: " in said and "down" in said.splitlines()[-1]
