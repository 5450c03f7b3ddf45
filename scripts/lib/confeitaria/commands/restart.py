"""Turns a running system to a new release and to changed settings."""
from .. import build, maintenance, parts, pools, release, renew, system, tls
from ..command import Command
from ..say import UsageError, say

TEXT = """Builds what changed, renders a new generation of the configuration beside the one that runs, checks
it, applies new migrations, checks the programs, and only then turns to it: workers end the request
they have in hand and execute the new program with the same socket; nginx reads its files again, and
it is made sure that it did. What is refused has changed nothing on the disk and nothing that runs.

PART: a pool, vigia, conciliador, zelador; nginx, which is exchanged for the program that is on the
disk now; a store (pg-catalogo, pg-replica, pg-pedidos, redis), which is away for about a second:
writes that need it are refused meanwhile. Without a PART all but the stores, and nginx only reads
its files.

CONFEITARIA_BUILD=DIR takes the programs of a build that is ready."""


def part(text):
    """A part's name; replica is short for catalogo-replica."""
    if text in system.PARTS:
        return text
    if text == "replica":
        return pools.named(text)
    raise UsageError(f"there is no part {text}: they are {' '.join(system.PARTS)}")


def arguments(parser):
    """What it takes."""
    parser.add_argument("parts", type=part, nargs="*", metavar="PART")


def run(state, args):
    """Turns, and lets the parts begin anew."""
    parts.require(state, *args.parts)
    chosen = release.chosen(state)
    renewed = [name for name in args.parts if name in system.FRONT and name != "nginx"]
    renew.deploy(state, chosen, renewed if args.parts else system.front(state))
    renew.replace(state, [name for name in args.parts if name not in renewed])
    say("done")
    tls.warn_in_the_open(state.running)
    maintenance.remind(state)
    build.pages_check(state, release.current(state))


COMMAND = Command(
    "restart", "new programs, settings and migrations; no request is lost", TEXT, run, arguments, stages=True, lock=True
)
