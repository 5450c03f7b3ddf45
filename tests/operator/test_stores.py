"""What is rendered for PostgreSQL and Redis, which migrations are missing, and which release runs on which database."""
import re
from pathlib import Path

import pytest

from confeitaria import migrations, postgres, redis, roles, tokens
from confeitaria.say import Refused
from confeitaria.settings import Settings

TOP = Path(__file__).resolve().parents[2]


class Tree:
    """A release that is this checkout."""

    def share(self, *parts):
        """A file of it."""
        return TOP.joinpath(*parts)


@pytest.fixture(name="render")
def fixture_render(state, tmp_path):
    """render(part, setting=text) -> {file: text}."""

    def render(part, **given):
        settings = Settings.read(state.etc / "confeitaria.conf").with_values(given)
        directory = tmp_path / part.__name__
        directory.mkdir(exist_ok=True)
        part.render(state, settings, Tree(), directory)
        return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir() if path.is_file()}

    return render


def values(text):
    """The settings of a file as a server takes them: the last line of each counts."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return {line.split()[0]: line.split(None, 1)[1].removeprefix("= ") for line in lines if " " in line}


def added(state, name, text):
    """A file of the operator's own."""
    path = state.etc / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


# PostgreSQL


def test_settings_of_the_clusters(render, state):
    """Sizes come from the settings; a cluster is named by `current`, not by the generation that it is rendered in."""
    files = render(postgres, postgres_memoria_mb="512", postgres_conexoes="300", lento_ms="200")
    assert set(files) == {f"{one}.{end}" for one in postgres.CLUSTERS for end in ("conf", "hba")} | {"pg-ident.conf"}
    for cluster, port in zip(postgres.CLUSTERS, (5432, 5433, 5434)):
        found = values(files[f"{cluster}.conf"])
        assert (found["shared_buffers"], found["max_connections"]) == ("512MB", "300")
        assert (found["log_min_duration_statement"], found["port"]) == ("200", str(port))
        assert found["data_directory"] == f"'{state.data / cluster}'"
        assert found["hba_file"] == f"'{state.current}/{cluster}.hba'"
    assert values(render(postgres, lento_ms="0")["pg-pedidos.conf"])["log_min_duration_statement"] == "-1"


def test_each_of_the_pair_can_follow_the_other(render):
    """And nothing follows the orders."""
    files = {name: values(text) for name, text in render(postgres).items()}
    assert "port=5433 " in files["pg-catalogo.conf"]["primary_conninfo"]
    assert "port=5432 " in files["pg-replica.conf"]["primary_conninfo"]
    assert "primary_conninfo" not in files["pg-pedidos.conf"]


def test_own_lines_come_after_ours_but_for_what_the_system_stands_on(render):
    """The folder is included after the defaults; where the data are and what a log may hold comes after it."""
    before, own, after = re.split(r"^(include_dir = .*)$", render(postgres)["pg-pedidos.conf"], flags=re.M)
    assert own == "include_dir = 'postgresql.d'"
    assert "shared_buffers" in values(before) and "listen_addresses" in values(before)
    assert {"data_directory", "hba_file", "ident_file", "unix_socket_directories", "port"} <= values(after).keys()
    assert values(after)["log_parameter_max_length"] == "0" and values(after)["log_min_error_statement"] == "panic"


def test_who_may_connect(render, state):
    """By the kernel's word only; the operator's lines come last, so they open more and close nothing."""
    added(state, "postgresql.d/a.hba", "host catalogo leitor 10.0.0.0/8 scram-sha-256\n")
    added(state, "postgresql.d/a.ident", "servico prometheus monitor\n")
    files = render(postgres)
    for cluster in postgres.CLUSTERS:
        *ours, _, last = files[f"{cluster}.hba"].splitlines()
        assert all(" peer map=" in line and line.startswith("local ") for line in ours)
        assert last == "host catalogo leitor 10.0.0.0/8 scram-sha-256"
    assert "catalogo catalogo,catalogo_leitura,consulta,monitor peer" in files["pg-replica.hba"]
    assert "pedidos pedidos,conciliador,consulta,monitor peer" in files["pg-pedidos.hba"]
    idents = files["pg-ident.conf"].splitlines()
    assert f"dono {state.owner.pw_name} postgres" in idents and idents[-1] == "servico prometheus monitor"
    assert len([line for line in idents if line.endswith(" consulta")]) == 1


def test_a_script_is_read_whole_or_comes_to_nothing():
    """What is cut off has no COMMIT. A value stays one word of psql's, whatever it holds."""
    script = postgres.psql_script("SELECT :'v';", {"v": "a'b\\c\nd"}, True, "/x/f'.sql")
    assert script.splitlines() == ["\\set v 'a\\'b\\\\c\\nd'", "BEGIN;", "SELECT :'v';", "\\i '/x/f\\'.sql'", "COMMIT;"]
    assert "COMMIT" not in postgres.psql_script("SELECT 1;", None, False, None)


def test_the_primary_is_one_of_the_pair(state):
    """What else the file says is refused."""
    assert (postgres.catalogue_primary(state), postgres.catalogue_standby(state)) == ("pg-catalogo", "pg-replica")
    (state.etc / "primario").write_text("pg-replica\n", encoding="ascii")
    assert (postgres.catalogue_primary(state), postgres.catalogue_standby(state)) == ("pg-replica", "pg-catalogo")
    assert [postgres.cluster_of(state, one) for one in ("catalogo", "pedidos")] == ["pg-replica", "pg-pedidos"]
    (state.etc / "primario").write_text("pg-pedidos\n", encoding="ascii")
    with pytest.raises(Refused, match="names pg-pedidos"):
        postgres.catalogue_primary(state)


def test_data_of_two_versions_are_refused(state):
    """And what is no cluster at all."""
    for cluster, version in (("pg-catalogo", "15"), ("pg-pedidos", "14")):
        (state.data / cluster).mkdir(parents=True)
        (state.data / cluster / "PG_VERSION").write_text(f"{version}\n", encoding="ascii")
    with pytest.raises(Refused, match="pg-pedidos was made by PostgreSQL 14, and other data here by 15"):
        postgres.check_version(state)
    (state.data / "pg-pedidos/PG_VERSION").unlink()
    with pytest.raises(Refused, match="pg-pedidos is not a PostgreSQL data directory"):
        postgres.check_version(state)


def test_roles_for_people_and_monitors_are_in_each_database():
    """One reads, one measures; each service's role is in its own database alone."""
    for database in roles.ROLES:
        sql = roles.roles_sql(database)
        assert "ALTER ROLE consulta SET default_transaction_read_only = on;" in sql
        assert "GRANT pg_monitor TO monitor;" in sql and "GRANT CONNECT ON DATABASE" in sql
        assert all(line.startswith(("GRANT CONNECT", "GRANT pg_")) for line in sql.splitlines() if "GRANT" in line)
    assert not {"pedidos", "conciliador"} & set(roles.ROLES["catalogo"])
    assert "GRANT CONNECT ON DATABASE catalogo TO replicador" not in roles.roles_sql("catalogo")


# Redis


@pytest.fixture(name="secrets")
def fixture_secrets(state):
    """A state with the passwords of Redis's users."""
    (state.path / "data").mkdir()
    tokens.secrets_make(state)
    return state


def test_settings_of_redis(render, state):
    """The operator's folder comes after the defaults, and before what the system finds Redis by."""
    added(state, "redis.d/a.conf", "maxclients 99\n")
    text = render(redis, redis_memoria_mb="777")["redis.conf"]
    before, after = text.split("maxclients 99\n")
    assert values(before)["maxmemory"] == "777mb" and values(before)["appendfsync"] == "always"
    assert {"dir", "unixsocket", "aclfile"} <= values(after).keys()


def test_users_of_redis(secrets):
    """Each with its own password; who looks writes nothing, who measures sees no key."""
    users = {line.split()[1]: line for line in redis.access(secrets)}
    assert set(users) == {"default", *redis.USERS} and users["default"].startswith("user default off ")
    for name in redis.USERS:
        hashed = tokens.hash_of(secrets.secret(f"redis_{name}"))
        assert re.findall("#(.{64})", users[name]) == [hashed] and secrets.secret(f"redis_{name}") not in users[name]
    assert " %R~* " in users["consulta"] and "+@write" not in users["consulta"] and "-@all +@read" in users["consulta"]
    assert "~" not in users["monitor"] and "+@" not in users["monitor"] and "slowlog|get" not in users["monitor"]


def test_users_of_the_operator(secrets):
    """Are added to ours and cannot be ours."""
    added(secrets, "redis.d/a.acl", "# a consumer of events\n\nuser leitor on #ab ~pedidos:eventos +xread\n")
    assert redis.access(secrets)[-1] == "user leitor on #ab ~pedidos:eventos +xread"
    for line in ("user operador on nopass", "user default on nopass ~* +@all", "acl save", "maxmemory 1"):
        added(secrets, "redis.d/a.acl", f"{line}\n")
        with pytest.raises(Refused, match=r"a\.acl line 1 is not the line of a user of your own"):
            redis.access(secrets)


# Migrations


@pytest.mark.parametrize("service", migrations.SERVICES)
def test_migrations_are_numbered_and_say_with_what_they_run(service):
    """Without gaps; those after the first release that can be gone back from name an older one."""
    found = migrations.of_release(Tree(), service)
    assert list(found) == list(range(1, len(found) + 1))
    first = {"catalogo": 9, "pedidos": 11}[service]
    declared = {number: one.runs_with for number, one in found.items() if number > first}
    assert all(since is not None and since < number for number, since in declared.items()), declared


def some(*numbers):
    """Migrations of a release."""
    return {n: migrations.Migration("catalogo", n, f"{n:04}_x", f"SELECT {n};\n") for n in numbers}


def had(*rows):
    """What a database says of the ones that it has had: numbers, and of unknown ones with what they run."""
    known = some(*range(1, 20))
    return {number: (known[number].sha256, since) for number, since in rows}


def test_what_is_missing_comes_in_order():
    """From nothing, from a part, and nothing at all."""
    known = some(3, 1, 2)
    assert [one.number for one in migrations.missing(known, {}, "catalogo")] == [1, 2, 3]
    assert [one.number for one in migrations.missing(known, had((1, None)), "catalogo")] == [2, 3]
    assert migrations.missing(known, had((1, None), (2, None), (3, None)), "catalogo") == []


def test_what_was_changed_after_it_was_applied_is_refused():
    """Whatever it was before."""
    with pytest.raises(Refused, match="migration 0001_x of catalogo was changed after it was applied"):
        migrations.missing(some(1, 2), {1: ("0" * 64, None)}, "catalogo")


@pytest.mark.parametrize("newer", [[(4, 3)], [(4, 2)], [(4, 3), (5, 3)], [(5, 1), (4, 3)]])
def test_a_release_runs_on_a_database_that_says_so(newer):
    """Ahead by migrations that all run with it: then nothing is missing."""
    assert migrations.missing(some(1, 2, 3), had((1, None), (2, None), (3, None), *newer), "catalogo") == []


@pytest.mark.parametrize("newer", [[(4, None)], [(4, 4)], [(4, 3), (5, 4)], [(4, 3), (5, None)]])
def test_a_release_is_refused_by_a_database_of_a_newer_one(newer):
    """One of the migrations that it lacks does not say that it runs with this release, but with a later one or none."""
    with pytest.raises(Refused, match="with which this release does not run"):
        migrations.missing(some(1, 2, 3), had((1, None), (2, None), (3, None), *newer), "catalogo")


def test_a_gap_is_no_older_release():
    """A migration that is unknown among known ones is another history."""
    with pytest.raises(Refused, match="has migration 2, with which this release does not run"):
        migrations.missing(some(1, 3), had((1, None), (2, 1), (3, None)), "catalogo")


def test_with_what_a_migration_runs_stands_in_its_first_line():
    """Elsewhere it is prose."""
    numbered = migrations.Migration("pedidos", 12, "0012_x", "-- runs with: 0011\nSELECT 1;\n")
    assert numbered.runs_with == 11
    for text in ("SELECT 1;\n-- runs with: 0011\n", "-- runs with: 11\n", "-- runs with: 0011 or so\n", ""):
        assert migrations.Migration("pedidos", 12, "0012_x", text).runs_with is None
