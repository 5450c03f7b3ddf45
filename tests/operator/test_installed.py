"""The installed form, as far as it needs no systemd: paths, who runs as whom, what is rendered, names of units. The
whole is shown on a booted system."""
import stat
import subprocess
from pathlib import Path

import pytest

from confeitaria import build, cli, installed, manager, nginx, own, pools, postgres, redis, repository, site, systemd
from confeitaria.say import Refused
from confeitaria.settings import Settings
from confeitaria.state import State

from test_nginx import TOP, ask, eventually, fixture_release, free_port  # noqa: F401  pylint: disable=unused-import


@pytest.fixture(name="system")
def fixture_system(place, monkeypatch):
    """An installed system below a directory, with clusters of PostgreSQL 15 and nobody of its users."""
    state = installed.Installed(place)
    for path in (state.etc, state.log, state.run, state.generations, state.tmp, state.internal_socket.parent):
        path.mkdir(parents=True)
    for folder in own.FOLDERS:
        (state.etc / folder).mkdir()
    for name in ("catalogo", "pedidos", "replica"):
        (place / f"etc/postgresql/15/confeitaria_{name}").mkdir(parents=True)
    state.current.symlink_to("generations/1")
    monkeypatch.setattr(installed.Installed, "owner_of", lambda _state, _name: None)
    return state


def settings(**texts):
    """With these."""
    return Settings({}).with_values(texts)


# Which form it is


def test_the_form_is_known_by_where_the_program_is(monkeypatch, place):
    """Below /usr it is the package's, anywhere else a checkout's or another prefix's."""
    assert type(installed.state_of(str(place))) is State  # pylint: disable=unidiomatic-typecheck
    monkeypatch.setattr(build, "TOP", Path("/usr"))
    assert installed.state_of(None).etc == Path("/etc/confeitaria")
    assert installed.state_of("/var/lib/confeitaria").installed
    with pytest.raises(Refused, match="one system on a machine"):
        installed.state_of(str(place))


def test_setup_is_the_packages(state, capsys, monkeypatch):
    """A checkout has up, and does not list setup."""
    with pytest.raises(Refused, match="for the Debian package"):
        cli.load("setup").run(state, None)
    cli.main(["--help"])
    assert " setup " not in capsys.readouterr().out
    monkeypatch.setattr(build, "TOP", Path("/usr"))
    cli.main(["--help"])
    assert " setup " in capsys.readouterr().out


def test_places_are_debians(system, place):
    """Of what Debian's packages have a place for."""
    assert system.cluster("pg-replica") == place / "var/lib/postgresql/15/confeitaria_replica"
    assert system.log_of("pg-pedidos") == place / "var/log/postgresql/postgresql-15-confeitaria_pedidos.log"
    assert system.log_of("catalogo") == place / "var/log/confeitaria/catalogo.log"
    assert postgres.data_version(system) == "15" and postgres.programs(system).parts[-2] == "15"


# What is rendered


def test_each_part_is_a_role_of_its_own(system):
    """Who reads may not connect as who writes, nobody of ours is a superuser, and root is nobody."""
    lines = postgres.idents(system).splitlines()
    assert "dono postgres postgres" in lines and "servico confeitaria-leitura catalogo_leitura" in lines
    users = {tuple(line.split()[1:]) for line in lines}
    assert {role for user, role in users if user == "confeitaria-leitura"} == {"catalogo_leitura"}
    assert {role for user, role in users if user == "confeitaria-pedidos"} == {"pedidos"}
    assert {role for user, role in users if user == "confeitaria-adminer"} == {"consulta"}
    assert {user for user, role in users if role == "postgres"} == {"postgres"} and "root" not in dict(users)


def test_the_stores_are_told_what_debian_does_not(system):
    """Where data and logs are is Debian's to say."""
    text = postgres.configuration(system, settings(), "pg-catalogo")
    assert "data_directory" not in text and "logging_collector" not in text
    assert f"unix_socket_directories = '{system.root}/run/postgresql'" in text
    directory = system.generations / "1.new"
    directory.mkdir()
    redis.render(system, settings(), None, directory)
    text = (directory / "redis.conf").read_text(encoding="utf-8")
    assert f"dir {system.root}/var/lib/redis/confeitaria\n" in text and "unixsocketperm 777\n" in text


def test_the_parts_find_each_other(system):
    """By sockets in Debian's places and in ours; every part may read its file."""
    directory = system.generations / "1.new"
    directory.mkdir(0o700)
    pools.render(system, settings(), None, directory)
    system.publish(directory)
    text = (directory / "conciliador.conf").read_text(encoding="utf-8")
    assert f"postgres = host={system.root}/run/postgresql port=5434 " in text
    assert f"redis = unix:{system.root}/run/redis-confeitaria/redis.sock\n" in text
    assert f"interno = {system.root}/run/confeitaria/interno/interno.sock\n" in text
    assert f"versao = {system.root}/run/confeitaria/versao\n" in (directory / "vigia.conf").read_text(encoding="utf-8")
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o644}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755


# nginx's site

OTHER = """\
load_module /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so;
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{}}
http {{
    include /etc/nginx/mime.types;
    types_hash_max_size 2048;
    access_log {place}/outro.log;
    include {current}/nginx/http.conf;
    include {current}/nginx/site.conf;
    server {{
        listen 127.0.0.1:{port};
        return 200 "outro\\n";
    }}
}}
"""


def test_the_site_changes_no_other_one(system, release, place):
    """Its headers, logs and limits are on its own answers; the internal socket has those of its own; the operator's
    lines for http count as in a checkout."""
    port, other = free_port(), free_port()
    (system.etc / "nginx.d/meu.conf").write_text("add_header X-Meu sim always;\n", encoding="ascii")
    (system.etc / "nginx-server.d/meu.conf").write_text(
        "keepalive_timeout 1s;\nlocation = /meu.txt { return 200 meu; }\n", encoding="ascii"
    )
    directory = system.generations / "1"
    directory.mkdir()
    nginx.render(system, settings(port=str(port), direct_ports="0"), release, directory)
    system.publish(directory)
    for path in (system.run / "cache", system.versions / "v0"):
        path.mkdir(parents=True)
    (place / "var/lib/nginx").mkdir(parents=True)
    conf = place / "nginx.conf"
    conf.write_text(OTHER.format(place=place, current=system.current, port=other), encoding="ascii")
    with subprocess.Popen([nginx.PROGRAM, "-c", conf], cwd="/") as process:
        try:
            eventually(lambda: ask(port, "/livez")[0] == 200)
            _, headers, _ = ask(port, "/meu.txt")
            assert headers["X-Request-Id"] and headers["X-Content-Type-Options"] == "nosniff"
            status, headers, body = ask(other, "/")
            assert (status, body) == (200, "outro\n") and not headers["X-Request-Id"] and not headers["X-Meu"]
            assert ask(80, nginx.GENERATION_PATH, system.internal_socket)[2] == "1"
        finally:
            process.terminate()
    assert len((place / "outro.log").read_text(encoding="ascii").splitlines()) == 1
    assert "/livez" not in (place / "outro.log").read_text(encoding="ascii")


def test_statements_are_read_as_nginx_does():
    """Braces and semicolons in words, quotes and comments end nothing."""
    text = 'map $a "$b;" { # no }\n    "~^[^;]{2}$" "{";\n    "~x{3}y" "${a}}";\n}\nlisten\n 80; # end;\nset $x ";}";\n'
    found = list(site.statements(text))
    assert [one.name for one in found] == ["map", "listen", "set"]
    assert found[1].text == "listen\n 80;" and found[2].text == 'set $x ";}";' and found[0].body.count("\n") == 3


def test_a_server_inherits_what_it_does_not_say(place):
    """As nginx's levels do: one directive of a name hides all of that name above it."""
    (place / "meus").mkdir()
    (place / "meus/a.conf").write_text("gzip off;\n", encoding="ascii")
    (place / "nginx.conf").write_text(
        "user x;\nhttp {\n    gzip on;\n    add_header A 1;\n    add_header B 2;\n    proxy_temp_path /x;\n"
        "    map $a $b { default 1; }\n    server {\n        listen 1;\n        include meus/*.conf;\n"
        "        location / { add_header C 3; }\n    }\n    server {\n        add_header D 4;\n    }\n}\n",
        encoding="ascii",
    )
    http, servers = site.site(place)
    first, second = (one.body for one in site.statements(servers))
    assert http == "map $a $b { default 1; }\n" and "user" not in servers and "temp_path" not in servers
    assert [one.name for one in site.statements(first)] == ["add_header", "add_header", "listen", "include", "location"]
    assert [one.text for one in site.statements(second)] == ["gzip on;", "add_header D 4;"]


# systemd


def test_parts_have_the_same_names_as_in_a_checkout(system):
    """A unit for each name, instances from 1, and back."""
    keeper = manager.of(system)
    assert isinstance(keeper, systemd.Systemd)
    names = list(keeper.names())
    units = {keeper.unit(name): name for name in names}
    assert len(units) == len(names)
    assert units["confeitaria-catalogo-busca@1.service"] == "catalogo-busca:catalogo-busca_00"
    assert units["confeitaria-conciliador@2.service"] == "conciliador:conciliador_01"
    assert units["postgresql@15-confeitaria_pedidos.service"] == "pg-pedidos"
    assert {"confeitaria-vigia.service", "redis-server@confeitaria.service", "nginx.service"} < set(units)


SHOWN = """\
Id=confeitaria-catalogo@1.service
ActiveState=active
SubState=running
MainPID=4711
ExecMainStartTimestampMonotonic=1000000

Id=confeitaria-catalogo@2.service
ActiveState=activating
SubState=auto-restart
MainPID=0
ExecMainStartTimestampMonotonic=[not set]

Id=confeitaria-other.service
ActiveState=active
MainPID=1

Id=nginx.service
ActiveState=failed
MainPID=x
"""


def test_what_systemd_shows_is_checked(system, place, monkeypatch):
    """Units that are not ours are nobody's, and what is no number is none. `systemctl` is one that says what a booted
    machine's has said."""
    said = place / "systemctl"
    said.write_text(f"#!/bin/sh\ncat <<'END'\n{SHOWN}END\n", encoding="ascii")
    said.chmod(0o755)
    monkeypatch.setattr(systemd, "SYSTEMCTL", str(said))
    found = manager.of(system).processes()
    one = found["catalogo:catalogo_00"]
    assert (one.state, one.pid) == ("RUNNING", 4711) and one.seconds > 0
    assert found["catalogo:catalogo_01"].state == "BACKOFF" and found["nginx"].state == "FATAL"
    assert found["carrinho:carrinho_00"].state == "STOPPED" and 1 not in [one.pid for one in found.values()]
    assert manager.of(system).of_part("catalogo") == ["catalogo:catalogo_00"]


def test_a_failing_systemctl_is_quoted(system, place, monkeypatch):
    """Its words, and what was asked."""
    said = place / "systemctl"
    said.write_text("#!/bin/sh\necho 'Unit x not found.' >&2\nexit 5\n", encoding="ascii")
    said.chmod(0o755)
    monkeypatch.setattr(systemd, "SYSTEMCTL", str(said))
    with pytest.raises(Refused, match="systemctl start failed") as refused:
        manager.of(system).start(["vigia"])
    assert refused.value.remedies == ("Unit x not found.",)


@pytest.fixture(name="asked")
def fixture_asked(place, monkeypatch):
    """What systemctl was asked for, by one that says nothing and does as it is told."""
    notes = place / "asked"
    said = place / "systemctl"
    said.write_text(f'#!/bin/sh\necho "$@" >>{notes}\n', encoding="ascii")
    said.chmod(0o755)
    monkeypatch.setattr(systemd, "SYSTEMCTL", str(said))
    return lambda: notes.read_text(encoding="ascii").splitlines() if notes.exists() else []


def test_the_backup_has_the_time_of_the_settings(system, place, asked):
    """By the shop's clock; never is a timer that is not there."""
    (system.etc / "confeitaria.conf").write_text("copias_hora = 7:05\nfuso_horario = Europe/Lisbon\n", encoding="ascii")
    manager.of(system).update(None)
    assert "OnCalendar=*-*-* 07:05:00 Europe/Lisbon\n" in (place / systemd.TIMER_DROP_IN).read_text(encoding="utf-8")
    assert [line.split()[-2:] for line in asked()[-2:]] == [["enable", systemd.TIMER], ["start", systemd.TIMER]]
    never = installed.Installed(place)
    (never.etc / "confeitaria.conf").write_text("copias_hora = nunca\n", encoding="ascii")
    manager.of(never).update(None)
    assert [line.split()[-2:] for line in asked()[-2:]] == [["disable", systemd.TIMER], ["stop", systemd.TIMER]]


def test_the_web_views_are_units_that_settings_turn_on_and_off(system, asked):
    """At boot and now; those that are on and do not run are new parts."""

    def turned(text):
        (system.etc / "confeitaria.conf").write_text(text, encoding="ascii")
        before = len(asked())
        found = manager.of(installed.Installed(system.root)).update(None)
        return found, [line.split()[1:] for line in asked()[before:] if "adminer" in line and "show" not in line]

    units = ["confeitaria-adminer.service", "confeitaria-redis-commander.service"]
    assert turned("ferramentas = sim\n") == (
        (["adminer", "redis-commander"], []),
        [["--quiet", "--no-reload", "enable", *units]],
    )
    found, lines = turned("ferramentas = nao\n")
    assert found == ([], []) and lines == [["--quiet", "--no-reload", "disable", *units], ["stop", *units]]


def test_nothing_starts_at_boot_while_one_goes_back(system, place, asked):
    """Neither parts nor their sockets."""
    keeper = manager.of(system)
    keeper.boot(["pg-pedidos", "vigia"])
    text = (place / systemd.DROP_IN).read_text(encoding="utf-8")
    assert "Wants=confeitaria-vigia.service\n" in text and "Wants=confeitaria-pedidos.socket\n" in text
    keeper.boot(())
    assert "Wants=" not in (place / systemd.DROP_IN).read_text(encoding="utf-8") and asked()


def test_the_repository_is_postgresqls_below_what_is_roots(system, place):
    """pgBackRest finds Debian's clusters, and writes in its own directory alone."""
    directory = system.generations / "1.new"
    directory.mkdir()
    repository.render(system, settings(copias_lugar="/mnt/copias"), None, directory)
    text = (directory / "pgbackrest.conf").read_text(encoding="utf-8")
    assert "repo1-path=/mnt/copias/postgresql\n" in text and f"pg1-socket-path={place}/run/postgresql\n" in text
    text = (directory / "pg-pedidos.copias").read_text(encoding="utf-8")
    assert f"--pg1-path={place}/var/lib/postgresql/15/confeitaria_pedidos archive-push" in text
    assert repository.place(system) == place / "var/lib/confeitaria/backups/repositorio"


@pytest.mark.parametrize(
    "text, few",
    (
        ("events {\n    worker_connections 768;\n    # multi_accept on;\n}\n", True),
        ("events { worker_connections 16384; }\n", False),
        ("events {}\n# worker_connections 16384;\n", True),
    ),
)
def test_too_few_connections_are_warned_of(system, place, capsys, text, few):
    """As Debian has them: full queues would take more."""
    (place / "etc/nginx").mkdir()
    (place / "etc/nginx/nginx.conf").write_text(text, encoding="ascii")
    nginx.warn_of_connections(system)
    assert ("worker_connections 16384" in capsys.readouterr().err) == few
