"""Opens psql on a database, as a role that reads."""
import contextlib
import os

from .. import parts, postgres
from ..command import Command
from ..say import UsageError

DATABASES = ("catalogo", "pedidos", "replica")
# No history: what is asked for may be a customer's name. TERM is what a shell on a terminal needs.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "PSQL_HISTORY": "/dev/null",
    "PAGER": "/usr/bin/more",
}

TEXT = """\
Opens psql on the catalogue's primary (catalogo), its replica, or the orders' database (pedidos) as the role
consulta, which may read all of the shop and change nothing. What follows the database's name is psql's: confeitaria
psql pedidos -c 'SELECT count(*) FROM pedidos'."""


def arguments(parser):
    """What the command takes."""
    parser.add_argument(
        "--monitor",
        action="store_true",
        help="as the role monitor, which reads the server's own statistics and nothing of the shop",
    )
    parser.add_argument("database", metavar="|".join(DATABASES))
    parser.add_argument("more", nargs="...", metavar="PSQL ARGUMENTS")


def run(state, args):
    """Becomes psql."""
    if args.database not in DATABASES:
        raise UsageError(f"there is no database {args.database}: they are {' '.join(DATABASES)}")
    replica = args.database == "replica"
    cluster = postgres.catalogue_standby(state) if replica else postgres.cluster_of(state, args.database)
    program = str(postgres.programs(state) / "psql")
    parts.require(state, cluster)
    place = ["-h", str(state.postgres_sockets), "-p", str(postgres.port(state.running, cluster))]
    place += ["-d", "catalogo" if replica else args.database]
    words = [program, "-X", *place, "-U", "monitor" if args.monitor else "consulta", *args.more]
    with contextlib.suppress(OSError):  # files that the arguments name are where the caller is
        os.chdir(os.environ["CONFEITARIA_CWD"])
    words = [*state.become(postgres.OWNER), *words]
    os.execve(words[0], words, {**ENVIRONMENT, "TERM": os.environ.get("TERM", "dumb")})


COMMAND = Command("psql", "opens psql on a database, as a role that reads", TEXT, run, arguments)
