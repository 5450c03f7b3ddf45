"""Makes the catalogue's other cluster the standby of whichever is the primary."""
from .. import manager, standby, system
from ..command import Command
from ..postgres import catalogue_primary, catalogue_standby
from ..say import Refused, say

TEXT = """\
After promote: what was the primary becomes the standby of the new one, and follows it. It is wound back to where the two
parted (pg_rewind); when that cannot be, it becomes a new copy, and its old data are kept beside it, in data/CLUSTER.antigo.
Does nothing but start it when there is a standby already."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("--copy", action="store_true", help="a new copy, whatever is there")


def make(state, new_copy):
    """The other cluster's data become a standby's."""
    other = catalogue_standby(state)
    standby.cluster_stop(state, other)
    wound_back = not new_copy and state.cluster(other).is_dir() and not standby.made(state) and standby.rewind(state)
    if not wound_back:
        standby.set_aside(state)
        standby.copy(state)


def run(state, args):
    """Makes a standby where there is none, and starts it."""
    primary = catalogue_primary(state)
    if not standby.writable(state, primary):
        raise Refused(
            f"the primary {primary} does not answer", f"a standby needs one to follow: see {state.log_of(primary)}"
        )
    if args.copy or not standby.made(state) or standby.lost(state):
        make(state, args.copy)
    standby.start(state)
    manager.of(state).boot(system.wanted(state))
    say(f"{catalogue_standby(state)} follows {primary}")


COMMAND = Command(
    "standby",
    "what was the catalogue's primary becomes the standby",
    TEXT,
    run,
    arguments,
    lock=True,
    here=("pg-catalogo", "pg-replica"),
)
