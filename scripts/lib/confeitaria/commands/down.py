"""Stops a system; its data stays unless it is to be deleted."""
import shutil

from .. import cache, privilege, system
from ..command import Command
from ..say import Refused, say
from ..state import OWNED

TEXT = """Stops nginx, the workers and the stores, in this order, each gently. Also stops what a killed supervisord
left behind."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("--purge", action="store_true", help="then delete the directory with all its data")


def nothing(state):
    """Says that there is nothing to do."""
    say(f"there is no system in {state.given}: nothing to stop")
    return 0


def run(state, args):
    """Stops what runs; deletes what is ours."""
    if not state.path.exists():
        return nothing(state)
    state.require()
    if args.purge and state.installed:
        raise Refused("the package has the system", "apt-get purge confeitaria deletes it with all its data")
    if privilege.format_of(state) == 1:
        privilege.stop_from_before(state)
    with state.locked():
        if system.stopped(state):
            say(f"the system in {state.path} is not running")
        else:
            say(f"stopping the system in {state.path}")
            system.stop(state)
            say("stopped")
        if not state.installed:
            cache.cache_remove(state)
        if args.purge:
            for name in OWNED:
                empty(state.path / name)
    if args.purge and state.path.stat().st_uid != 0:
        privilege.delete(state)
        say(f"deleted {state.path}")
    return 0


def empty(directory):
    """Deletes all in a directory of ours."""
    for entry in directory.iterdir() if directory.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def root(state, args, installed, words):
    """As root: the owner stops it; root deletes what is left then. A system of an older version ran as root."""
    if not state.path.exists():
        return nothing(state)
    state.require()
    if state.path.stat().st_uid != 0:  # an ordinary user's
        return privilege.become_owner(state, installed, words)
    if privilege.format_of(state) == 1:
        privilege.stop_from_before(state)
    elif installed:
        if not args.purge:
            return privilege.become_owner(state, installed, words)
        if status := privilege.wait(privilege.as_owner(state, installed, words)):
            return status
    if args.purge:
        privilege.delete(state)
        say(f"deleted {state.path}")
    return 0


COMMAND = Command(
    "down", "stops the system; --purge deletes it", TEXT, run, arguments, state="there", absent_is_well=True, root=root
)
