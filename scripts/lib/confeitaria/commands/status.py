"""Says how each part of a system is."""
from .. import status
from ..command import Command

TEXT = """A line a part: pools (workers that run / that should), PostgreSQL's roles and the standby's lag,
Redis, nginx, versions; how long ago the last backup and the last audit were. restart_needed: what
waits for a restart of that part, such as a library that was updated while the part runs. packages:
Debian's security updates of what the system runs on, and how old apt's lists are. Exits 0 when
everything is as it should be, 1 when something is not, 3 when the system is not running."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(state, args):
    """Prints the report."""
    facts, ended = status.report(state), status.report_last(state)
    print(status.as_json(facts, ended) if args.json else status.table(facts, ended))
    return status.exit_status(facts)


COMMAND = Command("status", "how each part is", TEXT, run, arguments, state="there")
