"""The package's life on a machine with systemd: installed, set up, killed, rebooted, upgraded, removed, purged."""
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from shop import eventually

CUSTOMER = (Path(__file__).parent / "customer.py").read_text(encoding="utf-8")
KILLED = (
    *(f"confeitaria-{pool}@1" for pool in ("catalogo", "catalogo-busca", "carrinho", "pedidos", "saude")),
    *("confeitaria-vigia", "confeitaria-conciliador@1", "redis-server@confeitaria"),
    *("confeitaria-adminer", "confeitaria-redis-commander"),
)
KEPT = (
    "/proc",
    "/sys",
    "/root",
    "/var/log/journal",
    "/tmp",
)  # of what is in the machine; dpkg's own is asked for apart
LEFT = f"find / -xdev ( {' -o '.join(f'-path {place}' for place in KEPT)} ) -prune -o -name *confeitaria* -print"


def buy(machine, times=1):
    """Orders through port 80, within the machine."""
    return machine.run("python3", "-", times, text=CUSTOMER).stdout.splitlines()


def status(machine):
    """What `confeitaria status --json` says."""
    return json.loads(machine.run("confeitaria", "status", "--json", check=False).stdout or "{}")


def healthy(machine):
    """Whether it says that all is well."""
    return machine.run("confeitaria", "status", check=False).returncode == 0


def main_pid(machine, unit):
    """The main process of a unit, within the machine."""
    return machine.run("systemctl", "show", "--property=MainPID", "--value", unit).stdout.strip()


def test_installing_starts_nothing(machine):
    """Its users are there, its units are such as systemd takes, and none of them runs."""
    done = machine.run("apt-get", "install", "-y", "/root/old.deb")
    assert "confeitaria setup" in done.stdout
    assert machine.units("confeitaria*") == []
    users = ("catalogo", "leitura", "carrinho", "pedidos", "saude", "vigia", "conciliador")
    machine.run("getent", "passwd", *(f"confeitaria-{user}" for user in users))
    for place in ("/etc/confeitaria", "/var/log/confeitaria", "/run/confeitaria"):
        assert machine.run("stat", "-c", "%U", place).stdout == "root\n"
    assert machine.state() == "running"


def test_setup_starts_a_shop_on_port_80(machine):
    """A cake is bought."""
    done = machine.run("confeitaria", "setup", "--set", "prazo_segundos=30")  # as for all shops under test
    assert "worker_connections 16384" in done.stderr
    assert eventually(lambda: healthy(machine), every=1), status(machine)
    assert len(buy(machine, 3)) == 3
    machine.run("confeitaria", "audit")


def test_systemd_takes_the_units_as_they_are(machine):
    """No line of them is unknown to it."""
    units = [*machine.units("confeitaria*"), "confeitaria-audit.service", "confeitaria-backup.service"]
    said = machine.run("systemd-analyze", "verify", "--man=no", *units, check=False)
    assert [line for line in (said.stdout + said.stderr).splitlines() if "confeitaria" in line] == []


def test_the_metrics_have_every_source(machine):
    """Queues and nginx's access log too, which only the worker that tells them may ask."""
    page = ("curl", "-sf", "http://127.0.0.1:5004/metrics")

    def sources():
        return dict(re.findall(r'^confeitaria_source_up\{source="([^"]+)"\} ([01])$', machine.run(*page).stdout, re.M))

    assert eventually(lambda: sources() and set(sources().values()) == {"1"}, every=0.5), sources()
    assert {"queues", "access_log"} <= set(sources())


def test_status_asks_apt_which_updates_wait(machine):
    """Of lists that have none."""
    machine.run("touch", "/var/lib/apt/lists/security_Packages")

    def said():
        return status(machine)["parts"]["packages"]["security_updates"]

    assert eventually(lambda: said() == "none", every=1), said()


def test_logs_are_rotated(machine):
    """What is written afterwards is in the new files: of nginx, and of workers."""
    machine.run("logrotate", "-f", "/etc/logrotate.d/confeitaria")
    machine.run("sh", "-c", "cd /var/log/confeitaria && test -s acesso.log.1 && test -s pedidos.log.1")
    written = ("sh", "-c", "cd /var/log/confeitaria && test -s acesso.log && test -s pedidos.log")
    assert eventually(lambda: buy(machine) and machine.run(*written, check=False).returncode == 0, every=1)


def view(machine, port, target, *more):
    """A page of a web view, with the password; what comes after it is the status."""
    password = machine.run("cat", "/etc/confeitaria/segredos/ferramentas").stdout.strip()
    words = ("curl", "-s", "-g", "-w", "\n%{http_code}", "-u", f"operador:{password}", *more)
    return machine.run(*words, f"http://localhost:{port}{target}").stdout


def test_the_web_views_are_users_that_only_read(machine):
    """Each shows its store to who has the password, and is a user that the stores let in as a reader only."""
    machine.run("sh", "-c", "cp -a /root/redis_commander.* /var/lib/confeitaria/releases/")  # npm's, if it were here
    said = machine.run("confeitaria", "tools", "on").stdout
    assert "http://localhost:5050/" in said and "http://localhost:8081/" in said
    order = buy(machine)[0].split()[1]
    query = f"select=pedidos&where[0][col]=numero&where[0][op]=%3D&where[0][val]={order}"
    page = view(machine, 5050, f"/?pgsql=pedidos&username=consulta&db=pedidos&ns=public&{query}")
    assert page.endswith("\n200") and "Maria" in page, page
    assert "carrinho" in view(machine, 8081, "/apiv2/keys/" + server_of(machine) + "/*")
    for port in (5050, 8081):
        assert machine.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"localhost:{port}").stdout == "401"
    adminer = ("runuser", "-u", "confeitaria-adminer", "--", "psql", "-XAtq", "-p", "5444", "-d", "pedidos")
    assert machine.run(*adminer, "-U", "consulta", "-c", "SELECT 1").stdout == "1\n"
    for role in ("pedidos", "conciliador", "monitor", "postgres"):
        assert "authentication failed" in machine.run(*adminer, "-U", role, "-c", "", check=False).stderr
    for tool in ("adminer", "redis-commander"):
        pid = main_pid(machine, f"confeitaria-{tool}")
        assert machine.run("stat", "-c", "%U", f"/proc/{pid}").stdout == f"confeitaria-{tool}\n"
        socket = ("test", "-w", f"/run/confeitaria-{tool}/{tool}.sock")
        assert machine.run("runuser", "-u", "www-data", "--", *socket, check=False).returncode == 0
        assert machine.run("runuser", "-u", "nobody", "--", *socket, check=False).returncode == 1
        assert status(machine)["parts"][tool]["status"] == "running"


def server_of(machine):
    """How Redis Commander calls its only server."""
    (only,) = json.loads(view(machine, 8081, "/connections").rpartition("\n")[0])["connections"]
    return only["conId"]


def test_what_is_killed_comes_back(machine):
    """Each with another process than before, and the shop sells."""
    before = {unit: main_pid(machine, unit) for unit in KILLED}
    assert "0" not in before.values(), before
    for unit in KILLED:
        machine.run("systemctl", "kill", "--signal=KILL", unit)
    for unit, pid in before.items():
        assert eventually(lambda unit=unit, pid=pid: main_pid(machine, unit) not in ("0", pid), every=0.5), unit
    assert eventually(lambda: healthy(machine), every=1), status(machine)
    assert len(buy(machine)) == 1


def test_all_is_back_after_a_reboot(machine):
    """By itself, with its data."""
    before = buy(machine)
    machine.reboot()
    assert eventually(lambda: healthy(machine), every=1), status(machine)
    assert int(buy(machine)[0].split()[1]) > int(before[0].split()[1])
    machine.run("confeitaria", "audit", "--settled")
    assert view(machine, 5050, "/?pgsql=replica&username=consulta&db=catalogo&ns=public").endswith("\n200")
    assert view(machine, 8081, "/connections").endswith("\n200")


def sql(machine, statement, port=5444, database="pedidos"):
    """What the superuser of a cluster gets."""
    words = ("psql", "-XAtq", "-p", port, "-d", database, "-c", statement)
    return machine.run("runuser", "-u", "postgres", "--", *words).stdout


def orders(machine):
    """How many there are."""
    return int(sql(machine, "SELECT count(*) FROM pedidos"))


def test_a_table_that_was_lost_is_back(machine):
    """The timer's backup, and the log that is archived since, lead to the moment before."""
    timer = machine.run("systemctl", "show", "--property=TimersCalendar,ActiveState", "confeitaria-backup.timer").stdout
    assert "03:30:00 America/Sao_Paulo" in timer and "ActiveState=active" in timer
    machine.run("systemctl", "start", "confeitaria-backup.service")
    buy(machine)
    backups = status(machine)["parts"]["backups"]
    assert backups["status"] == "running"
    assert eventually(lambda: f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}" > backups["restorable_from"])
    known, moment = orders(machine), datetime.now(timezone.utc)
    buy(machine)
    sql(machine, "DROP TABLE pedidos CASCADE")
    assert "the books balance" in machine.run("confeitaria", "restore", "--to", moment.isoformat()).stdout
    assert orders(machine) == known
    assert eventually(lambda: healthy(machine), every=1), status(machine)
    buy(machine)
    machine.run("confeitaria", "audit", "--settled")
    for words in (("backup",), ("restore", "--from", "/root/x")):
        assert machine.run("confeitaria", *words, check=False).returncode == 1


def test_what_is_long_past_goes_into_files(machine):
    """Which PostgreSQL's user writes; the books balance."""
    for table, column in (("movimentos", "em"), ("reservas", "criado_em")):
        sql(machine, f"UPDATE {table} SET {column} = {column} - interval '400 days'", 5442, "catalogo")
    machine.run("confeitaria", "archive", "--before", f"{datetime.now(timezone.utc) - timedelta(days=30):%Y-%m-%d}")
    found = machine.run("find", "/var/lib/confeitaria/archive", "-name", "movimentos-*.csv.gz", "-user", "postgres")
    assert len(found.stdout.splitlines()) == 1
    machine.run("confeitaria", "audit", "--settled")


@pytest.mark.slow
def test_an_upgrade_loses_no_request(machine):
    """While customers buy, the next version takes over."""
    token = machine.run("confeitaria", "token", "create", "estoquista").stdout.strip()
    headers = ("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json")
    more = (
        "-X",
        "PUT",
        "-d",
        '{"quantidade": 9999, "operacao": "adicionar"}',
        "http://localhost/api/produtos/4/estoque",
    )
    machine.run("curl", "-sf", *headers, *more)
    machine.run("sh", "-c", "cat >/root/customer.py", text=CUSTOMER)
    machine.run("systemd-run", "--unit=customer", "python3", "/root/customer.py", "0")
    bought = "journalctl -u customer -o cat | grep -c ^order"
    assert eventually(lambda: int(machine.run("sh", "-c", bought, check=False).stdout or 0) > 3, every=0.5)
    old = main_release(machine)
    machine.run("apt-get", "install", "-y", "/root/new.deb")
    assert main_release(machine) != old
    count = int(machine.run("sh", "-c", bought).stdout)
    assert eventually(lambda: int(machine.run("sh", "-c", bought).stdout) > count + 3, every=0.5)
    machine.run("touch", "/run/stop")
    assert eventually(lambda: machine.units("customer.service") == [], every=0.5)
    said = machine.run("journalctl", "-u", "customer", "-o", "cat").stdout
    assert "Error" not in said, said[-3000:]
    machine.run("confeitaria", "audit")


def main_release(machine):
    """The release that runs."""
    return machine.run("readlink", "-f", "/var/lib/confeitaria/current/release").stdout


def test_removing_keeps_the_data(machine):
    """Nothing of it runs; installed again it goes on where it was."""
    before = buy(machine)
    machine.run("apt-get", "remove", "-y", "confeitaria")
    assert machine.units("confeitaria*") == []
    machine.run("nginx", "-t")
    machine.run("apt-get", "install", "-y", "/root/old.deb")
    machine.run("confeitaria", "setup")
    assert int(buy(machine)[0].split()[1]) > int(before[0].split()[1])


def test_the_web_views_are_turned_off(machine):
    """Upgraded and installed again they were still there; now nothing of them listens or runs, after a boot neither."""
    assert view(machine, 8081, "/connections").endswith("\n200")
    machine.run("confeitaria", "tools", "off")
    for tool, port in (("adminer", 5050), ("redis-commander", 8081)):
        words = ("systemctl", "is-enabled", f"confeitaria-{tool}.service")
        assert machine.run(*words, check=False).stdout == "disabled\n"
        assert machine.units(f"confeitaria-{tool}*") == []
        assert machine.run("curl", "-s", f"localhost:{port}", check=False).returncode == 7


def test_purging_leaves_nothing(machine):
    """No file has its name, no cluster is there, and the other services run."""
    machine.run("apt-get", "purge", "-y", "confeitaria")
    assert machine.run(*LEFT.split()).stdout == ""
    assert "confeitaria" not in machine.run("pg_lsclusters").stdout
    assert machine.units("confeitaria*") == machine.units("redis-server@confeitaria*") == []
    machine.run("nginx", "-t")
