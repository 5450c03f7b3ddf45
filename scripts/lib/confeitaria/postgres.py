"""The PostgreSQL clusters: the catalogue's pair and the orders'. A socket's name has the port in it."""
import ipaddress
import os
import re
import subprocess
from pathlib import Path

from . import own, parts
from .installed import USERS, debian_name
from .roles import ROLES, functions_sql, of_workers, roles_sql
from .say import Refused, paste, say

OWNER = "postgres"  # of the clusters, where the package is installed
CLUSTERS = ("pg-catalogo", "pg-replica", "pg-pedidos")
HOME = {"catalogo": "pg-catalogo", "pedidos": "pg-pedidos"}  # service -> the cluster that its host must have
VERSION_MIN = 15
INSTALLED = Path("/usr/lib/postgresql")
STANDBY_SLOT = "replica"
PRIMARY_FILE = "primario"  # in etc: which cluster is the catalogue's primary, written before it is promoted
ARCHIVING = "copias"  # in data: a link to the current generation; there: how a cluster archives its log (repository.py)
ADDITIONS = "postgresql.d"  # in etc: the operator's own *.conf, *.hba and *.ident

# A superuser's session: its statements, which may hold a customer's data, are not logged, and notices are not sent.
SESSION = "-c client_min_messages=warning -c log_min_duration_statement=-1 -c log_statement=none"

DEFAULTS = """\
listen_addresses = '{listen}'
unix_socket_permissions = {permissions}
max_connections = {connections}
client_connection_check_interval = 500ms
# A transaction that a person began in psql and forgot holds its locks no longer than this.
idle_in_transaction_session_timeout = 60s
shared_buffers = {memory}MB
huge_pages = off
password_encryption = scram-sha-256
wal_level = replica
hot_standby = on
wal_log_hints = on
max_slot_wal_keep_size = 1GB
wal_retrieve_retry_interval = 500ms
wal_receiver_timeout = 5s
timezone = UTC
log_timezone = UTC
log_destination = stderr
{collector}log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = {slow}
log_checkpoints = off
# Nothing is archived before the first scheduled backup.
archive_mode = on
archive_command = '/bin/true'
include_if_exists = '{archiving}/{cluster}.copias'

include_dir = 'postgresql.d'

# What the system finds a cluster by.
{data}hba_file = '{current}/{cluster}.hba'
ident_file = '{current}/pg-ident.conf'
unix_socket_directories = '{run}'
port = {port}
cluster_name = '{cluster}'
# The log gets no customer's data and no password: no DETAIL, no parameters, no text of a statement that failed.
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
"""
# Not with Debian's pg_ctlcluster, which has a log file and a data directory of its own.
COLLECTOR = """\
logging_collector = on
log_directory = '{log}'
log_filename = '{cluster}.log'
log_file_mode = 0640
log_rotation_age = 0
log_rotation_size = 0
"""
# Either of the catalogue's two may have to follow the other.
PAIR = """\
primary_conninfo = 'host={run} port={other_port} user=replicador application_name=replica connect_timeout=2'
primary_slot_name = '{slot}'
"""
# PostgreSQL asks for no password here: the kernel says whose process it is (docs/decisions/0032).
ACCESS = """\
local all         postgres   peer map=dono
local replication postgres   peer map=dono
local replication replicador peer map=servico
local {database} {roles} peer map=servico
"""
ACCESS_FROM_ELSEWHERE = "host {database} {roles} {network} scram-sha-256\n"


def catalogue_primary(state):
    """The cluster that was decided to be the catalogue's primary. That it is one is for the server to say."""
    file = state.etc / PRIMARY_FILE
    name = file.read_text(encoding="ascii", errors="replace").strip() if file.exists() else ""
    if name not in ("", "pg-catalogo", "pg-replica"):
        raise Refused(f"{file} names {name}", "it must say pg-catalogo or pg-replica")
    return name or "pg-catalogo"


def catalogue_standby(state):
    """The other one."""
    return "pg-replica" if catalogue_primary(state) == "pg-catalogo" else "pg-catalogo"


def cluster_of(state, service):
    """The cluster to which a service's database is written: `service` is catalogo or pedidos. Refuses when it is on
    another host."""
    parts.require(state, HOME[service])
    return catalogue_primary(state) if service == "catalogo" else f"pg-{service}"


def service_of(cluster):
    """The service whose database a cluster has."""
    return "pedidos" if cluster == HOME["pedidos"] else "catalogo"


def services(state):
    """The services whose databases are here."""
    return [service for service, cluster in HOME.items() if parts.here(state, [cluster])]


def port(settings, cluster):
    """A cluster's port, which is in its socket's name too."""
    return settings["postgres_porta"] + CLUSTERS.index(cluster)


def data_version(state):
    """The major version of PostgreSQL that made the data, as text, or None when there are none yet."""
    if state.installed:
        return state.postgres_version()
    for file in sorted(state.data.glob("pg-*/PG_VERSION")):
        version = file.read_text(encoding="ascii", errors="replace").strip()
        if re.fullmatch(r"[0-9]{1,3}", version):
            return version
    return None


def programs(state):
    """The directory of PostgreSQL's programs: of the version that made the data, else of the newest installed one."""
    version = data_version(state)
    found = [path.parts[-3] for path in INSTALLED.glob("*/bin/postgres") if path.parts[-3].isdigit()]
    return INSTALLED / (version or max(found, key=int, default="none")) / "bin"


def check_version(state):
    """Refuses data of several versions, and of one that is not installed or too old."""
    version = data_version(state)
    for cluster in CLUSTERS:
        check_cluster(state, cluster, version)
    place = programs(state)
    if not os.access(place / "postgres", os.X_OK):
        if version is None:
            raise Refused("PostgreSQL is not installed", "apt-get install postgresql")
        raise Refused(
            f"the data in {state.data} were made by PostgreSQL {version}, which is not installed here",
            f"apt-get install postgresql-{version}, or migrate them with pg_upgrade",
        )
    if int(place.parts[-2]) < VERSION_MIN:
        raise Refused(
            f"PostgreSQL {place.parts[-2]} is too old: this needs {VERSION_MIN}", "apt-get install postgresql"
        )


def check_cluster(state, cluster, version):
    """Refuses a cluster's directory, if there is one, that is not of this version."""
    place = state.cluster(cluster)
    if state.installed or not place.is_dir():
        return
    file = place / "PG_VERSION"
    if not file.is_file():
        remedy = f"restore it, or {paste(state, 'down', '--purge')} and start again with an empty one"
        raise Refused(f"{place} is not a PostgreSQL data directory", remedy)
    made = file.read_text(encoding="ascii", errors="replace").strip()
    if made != version:
        raise Refused(
            f"{place} was made by PostgreSQL {made}, and other data here by {version}", "migrate it with pg_upgrade"
        )


def environment(session=SESSION):
    """What PostgreSQL's programs see of the environment: nothing of the caller's."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PGOPTIONS": session}


def quoted(text):
    """A word of a psql meta-command."""
    return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"


def psql_script(sql, variables, single, input_file):
    """What psql reads. Variables are in it, since anybody can read arguments. So is the transaction: when the command
    is killed while it writes, psql reads no COMMIT; its option --single-transaction would commit the part."""
    parts = [f"\\set {name} {quoted(value)}" for name, value in (variables or {}).items()]
    parts += ["BEGIN;"] * single + [sql] + [f"\\i {quoted(input_file)}"] * bool(input_file) + ["COMMIT;"] * single
    return "\n".join(parts) + "\n"


def psql(
    state,
    cluster,
    sql,
    database="postgres",
    *,
    variables=None,
    seconds=None,
    single=False,
    input_file=None,
    output=None,
):  # pylint: disable=too-many-arguments
    """Runs SQL as the superuser, by peer authentication. Returns what it printed: a line a row, | between columns.
    `variables` are psql's, for :name and :'name'; the file `input_file` follows after `sql`; `single`: in one
    transaction; `output`: an open file for what it prints. Raises Refused with PostgreSQL's words, or when it takes
    more than `seconds`."""
    parts.require(state, cluster)
    command = [programs(state) / "psql", *"-X -q -A -t -v ON_ERROR_STOP=1 -U postgres".split()]
    command += ["-h", state.postgres_sockets, "-p", str(port(state.running, cluster)), "-d", database]
    script = psql_script(sql, variables, single, input_file)
    try:
        done = subprocess.run(
            command,
            input=script,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=seconds,
            env=environment(),
            cwd=state.path,
            check=False,
            **state.as_user(OWNER),
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"{cluster} did not answer within {seconds} seconds", f"see {state.log_of(cluster)}") from None
    except OSError as error:
        raise Refused(f"psql cannot be run: {error}") from error
    if done.returncode:
        raise Refused(f"{cluster} refused an SQL statement", *done.stderr.strip().splitlines())
    return done.stdout


def check_elsewhere(state, settings, service, role):
    """Refuses a database on another host that does not answer, or does not take our password, which goes by the
    environment."""
    servers = settings[f"{service}_bd"]
    hosts, ports = (",".join(map(str, each)) for each in zip(*servers))
    words = f"host={hosts} port={ports} dbname={service} user={role} connect_timeout=5"
    done = subprocess.run(
        [programs(state) / "psql", "-X", "-q", "-A", "-t", "-w", "-c", "SELECT 1", "-d", words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**environment(""), "PGPASSWORD": state.secret(f"pg_{role}")},
        cwd=state.path,
        check=False,
    )
    if done.returncode:
        raise parts.refused_elsewhere(HOME[service], settings, role, done.stderr.strip().splitlines()[-3:])


def rows(state, cluster, sql, database="postgres", **options):
    """The rows of a query as lists of texts; NULL is the empty text. Not for texts that may hold | or a line's end."""
    return [line.split("|") for line in psql(state, cluster, sql, database, **options).splitlines()]


def value(state, cluster, sql, database="postgres", **options):
    """The one value of a query, as text."""
    return psql(state, cluster, sql, database, **options).strip()


def ready(state, cluster):
    """Whether a cluster takes connections. Reads postmaster.pid first: too early a connection logs a FATAL. Not where
    the directory is another user's."""
    if not state.installed and not postmaster_ready(state.cluster(cluster) / "postmaster.pid"):
        return False
    command = [
        programs(state) / "pg_isready",
        "-q",
        "-h",
        state.postgres_sockets,
        "-p",
        str(port(state.running, cluster)),
        "-U",
        "postgres",
        "-d",
        "postgres",
    ]
    return subprocess.run(command, env=environment(), check=False).returncode == 0


def postmaster_ready(file):
    """Whether a postmaster says that it takes connections."""
    try:
        return file.read_text(encoding="utf-8").splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False


def run_program(state, name, *arguments):
    """Runs one of PostgreSQL's programs; what it printed. Raises Refused with its words."""
    return tool(state, programs(state) / name, *arguments)


def tool(state, program, *arguments, text=""):
    """Runs a program as the user who has the clusters' data; what it printed. Raises Refused with its words."""
    done = subprocess.run(
        [program, *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        env=environment(""),
        cwd=state.path,
        check=False,
        **state.as_user(OWNER),
    )
    if done.returncode:
        raise Refused(f"{Path(program).name} failed", *(done.stderr + done.stdout).strip().splitlines()[-10:])
    return done.stdout


def leftovers_delete(state, place):
    """Deletes what a killed command left of a cluster's data that it was making."""
    if left := list(place.parent.glob(f"{place.name}.novo.*")):
        tool(state, "/usr/bin/rm", "-rf", *left)


def new_directory(state, cluster):
    """Where a cluster's data are made. The programs of a killed command may still write, so the name is a new one."""
    place = state.cluster(cluster)
    leftovers_delete(state, place)
    return Path(tool(state, "/usr/bin/mktemp", "-d", f"{place}.novo.XXXXXX").strip())


def directory_named(state, new, place):
    """A data directory gets its name when it is complete and on the disk."""
    tool(state, "/usr/bin/sync", "-f", new)
    tool(state, "/usr/bin/mv", "-T", new, place)
    leftovers_delete(state, place)


def debian_init(state, cluster):
    """Makes a cluster as Debian does, unless it is there: its configuration reads ours. The target of all that is the
    system's starts it, since not every one is to run (commands/promote.py)."""
    version, name = programs(state).parts[-2], debian_name(cluster)
    place = state.root / "etc/postgresql" / version / name
    if not place.is_dir():
        say(f"making the PostgreSQL cluster {version}/{name}")
        number = str(port(state.settings, cluster))
        options = ["--user", OWNER, "--start-conf", "manual", "--port", number, "--encoding", "UTF8"]
        command = ["/usr/bin/pg_createcluster", *options, "--locale", "C.UTF-8", version, name]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(""), cwd="/", check=False)
        if done.returncode:
            raise Refused(f"no cluster {version}/{name} can be made", *done.stderr.strip().splitlines()[-10:])
        if cluster == catalogue_standby(state):
            tool(state, "/usr/bin/rm", "-rf", state.cluster(cluster))
    ours = f"include '{state.current}/{cluster}.conf'\n"
    tool(state, "/usr/bin/tee", place / "conf.d/confeitaria.conf", text=ours)


def init(state, cluster):
    """Makes a cluster's data, unless they are there."""
    if state.installed:
        debian_init(state, cluster)
        return
    if state.cluster(cluster).is_dir():
        return
    say(f"making the PostgreSQL cluster {cluster}")
    new = new_directory(state, cluster)
    options = "-U postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
    run_program(state, "initdb", "-D", new, *options.split())
    directory_named(state, new, state.cluster(cluster))


def additions(state, ending):
    """The operator's own lines of etc/postgresql.d/*.ENDING, where PostgreSQL 15 has no include."""
    files = sorted((state.etc / ADDITIONS).glob(f"*.{ending}"))
    return "".join(f"# {file}\n{file.read_text(encoding='utf-8').rstrip()}\n" for file in files)


def render(state, settings, _release, directory):
    """Writes the clusters' configuration into a generation's directory."""
    clusters = [cluster for cluster in CLUSTERS if cluster in settings["partes"]]
    for cluster in clusters:
        (directory / f"{cluster}.conf").write_text(configuration(state, settings, cluster), encoding="utf-8")
        (directory / f"{cluster}.hba").write_text(access(state, settings, cluster), encoding="utf-8")
    if clusters:
        own.take(state, directory, ADDITIONS)
        (directory / "pg-ident.conf").write_text(idents(state) + additions(state, "ident"), encoding="utf-8")


def access(state, settings, cluster):
    """Who may connect to a cluster: this user's processes, and the workers of other hosts with their passwords."""
    service = service_of(cluster)
    text = ACCESS.format(database=service, roles=",".join(role for role in ROLES[service] if role != "replicador"))
    for network in settings["rede"] if settings["postgres_escuta"] else ():
        text += ACCESS_FROM_ELSEWHERE.format(
            database=service, roles=",".join(of_workers(service)), network=ipaddress.ip_network(network, strict=False)
        )
    return text + additions(state, "hba")


def idents(state):
    """Who of the system's users is which role."""
    names = dict.fromkeys(role for roles in ROLES.values() for role in roles)
    if state.installed:
        users = {(USERS[part], role) for part, role in parts.ROLE.items()} | {
            (OWNER, role) for role in names if role not in parts.ROLE.values()
        }
        users.add((USERS["adminer"], "consulta"))
        return f"dono {OWNER} postgres\n" + "".join(f"servico {user} {role}\n" for user, role in sorted(users))
    user = state.owner.pw_name
    return "".join([f"dono {user} postgres\n", *(f"servico {user} {role}\n" for role in names)])


def configuration(state, settings, cluster):
    """A cluster's settings: defaults, the operator's own, and what is not his to change."""
    words = {
        "cluster": cluster,
        "port": port(settings, cluster),
        "listen": ",".join(settings["postgres_escuta"]),
        "data": "" if state.installed else f"data_directory = '{state.cluster(cluster)}'\n",
        "current": state.current,
        "run": state.postgres_sockets,
        "collector": "" if state.installed else COLLECTOR.format(log=state.log, cluster=cluster),
        "permissions": "0777" if state.installed else "0770",
        "archiving": state.data / ARCHIVING,
    }
    words |= {"connections": settings["postgres_conexoes"], "memory": settings["postgres_memoria_mb"]}
    words |= {"slow": settings["lento_ms"] or -1, "slot": STANDBY_SLOT}
    text = DEFAULTS.format(**words)
    if cluster != "pg-pedidos":
        other = "pg-replica" if cluster == "pg-catalogo" else "pg-catalogo"
        text += PAIR.format(other_port=port(settings, other), **words)
    return text


def check(state, directory):
    """Refuses configuration files that PostgreSQL does not accept, the operator's included."""
    clusters = [cluster for cluster in CLUSTERS if (directory / f"{cluster}.conf").exists()]
    # Ours does not say where the data are, which PostgreSQL wants to know even for this: any will do.
    data = [
        ("-D", state.cluster(cluster)) for cluster in clusters if state.installed and state.cluster(cluster).is_dir()
    ]
    for cluster in clusters:
        run_program(state, "postgres", "-C", "port", *next(iter(data), ()), f"--config-file={directory / cluster}.conf")


def reload(state, cluster):
    """Lets a running cluster read its configuration again."""
    psql(state, cluster, "SELECT pg_reload_conf()")


def reload_running(state):
    """The same for all that run."""
    for cluster in parts.here(state, CLUSTERS):
        if ready(state, cluster):
            reload(state, cluster)


def reopen(state):
    """Lets the running clusters open their logs by name again."""
    for cluster in parts.here(state, CLUSTERS):
        if ready(state, cluster):
            psql(state, cluster, "SELECT pg_rotate_logfile()")


def roles(state):
    """Makes the databases and the roles, or puts them right."""
    for service in services(state):
        elsewhere = of_workers(service) if state.settings["postgres_escuta"] else ()
        passwords = {role: state.secret(f"pg_{role}") for role in elsewhere}
        psql(state, cluster_of(state, service), roles_sql(service, passwords))
        if service == "catalogo":
            psql(state, cluster_of(state, service), "CREATE EXTENSION IF NOT EXISTS unaccent;", "catalogo")


def functions(state):
    """Says who may call what and read what, after the migrations."""
    for service in services(state):
        psql(state, cluster_of(state, service), functions_sql(service), service, single=True)
