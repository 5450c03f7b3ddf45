"""Turns a running system back to an earlier generation."""
from .. import generation, pages, renew, system
from ..command import Command
from ..say import Refused, say

TEXT = """Turns back to the generation before the one that runs: its release and the settings that it was
rendered with. Programs of a release whose migrations the databases are ahead of are refused, unless
those migrations say that they can live with them. etc/confeitaria.conf stays as it is, and counts
again from the next restart on."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("--to", type=int, metavar="N", help="this generation (STATE/generations)")


def run(state, args):
    """Checks the earlier one, and turns to it."""
    now = generation.current(state)
    directory = generation.before(state) if args.to is None else state.generations / str(args.to)
    if not (directory / "release").exists():
        raise Refused(f"there is no generation {args.to}", f"there are {' '.join(map(str, generation.numbers(state)))}")
    old = generation.release_of(directory)
    renew.prepare(state, old, directory)
    if (directory / "html").is_dir():
        pages.carry_over(state, directory / "html")
    say(f"turning to generation {generation.turn(state, directory)}: release {old}")
    renew.apply(state, system.front(state), now)
    say("done")


COMMAND = Command("rollback", "back to the release and the settings before", TEXT, run, arguments, lock=True)
