"""Makes the catalogue's standby its primary, when the primary is lost for good."""
from .. import manager, standby, system
from ..command import Command
from ..files import replace
from ..postgres import PRIMARY_FILE, catalogue_primary, catalogue_standby
from ..say import Refused, paste, say

TEXT = """\
Makes the catalogue's standby the primary. The workers follow by themselves, without a restart. What was the primary is
stopped first and stays stopped, through down and up too, until standby makes it the new standby: there are never two
primaries. Refuses while the primary answers.

A commit that the primary acknowledged a moment before it died may not have reached the standby; it is lost to the new
primary, and standby undoes it on the old one."""


def arguments(parser):
    """What it takes."""
    parser.add_argument(
        "--force",
        action="store_true",
        help="also when the primary answers: it is stopped gently, and its standby gets all that it had",
    )


def decide(state, new):
    """Written before it is done: from here on nothing starts the old one, whatever breaks this off."""
    replace(state.etc / PRIMARY_FILE, f"{new}\n")
    manager.of(state).boot(system.wanted(state))


def promote_stopped(state, old, new, force):
    """A standby that is not running is promoted by up when it starts it."""
    if not force and state.cluster(old).is_dir():
        raise Refused(
            f"the system in {state.given} is not running, and the data of its primary, {old}, are there",
            f"start it with {paste(state, 'up')}; or, if they are worth nothing, add --force",
        )
    decide(state, new)
    say(f"{new} is to be the primary: {paste(state, 'up')} starts it")


def promote_running(state, old, new, force):
    """Stops the old one for certain, then promotes."""
    if not standby.in_recovery(state, new):
        raise Refused(
            f"the standby {new} does not answer",
            f"see {state.log_of(new)}; {paste(state, 'status')} says how the parts are",
        )
    if not force and standby.writable(state, old):
        raise Refused(
            f"the primary {old} answers: nothing is lost that a promotion would bring back",
            "--force promotes all the same",
        )
    say(f"stopping {old}")
    standby.cluster_stop(state, old)
    decide(state, new)
    standby.primary_become(state, new)
    # What it writes from now on is kept for the standby that it is to have.
    standby.primary_slot(state, new)
    say(f"{new} is the primary; {paste(state, 'standby')} makes {old} its standby")


def run(state, args):
    """Ends a promotion that was broken off, or begins one."""
    old, new = catalogue_primary(state), catalogue_standby(state)
    running = manager.of(state).running()
    if running and standby.in_recovery(state, old):
        say(f"a promotion of {old} was broken off: ending it")
        standby.primary_become(state, old)
        standby.primary_slot(state, old)
        return
    if not standby.made(state):
        raise Refused(
            f"there is no standby to promote: the data of {new} are not a standby's",
            f"{paste(state, 'standby')} makes one",
        )
    (promote_running if running else promote_stopped)(state, old, new, args.force)


COMMAND = Command(
    "promote",
    "the catalogue's standby becomes its primary",
    TEXT,
    run,
    arguments,
    state="there",
    lock=True,
    here=("pg-catalogo", "pg-replica"),
)
