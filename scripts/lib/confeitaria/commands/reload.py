"""Has parts read their configuration again, with the release that runs."""
from .. import parts, release, renew, system
from ..command import Command
from ..say import say
from .restart import part

TEXT = """Renders the settings anew for the release that runs, checks them, turns to them, and has each PART
(all of them without one) read them: nginx and the stores while they run, workers after the request
they have in hand. What a store takes only at its start waits for restart PART; settings says which."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("parts", type=part, nargs="*", metavar="PART")


def run(state, args):
    """As restart, without a new release."""
    parts.require(state, *args.parts)
    renew.deploy(state, release.current(state), args.parts or parts.here(state, system.PARTS))
    say("done")


COMMAND = Command("reload", "changed settings, with the release that runs", TEXT, run, arguments, lock=True)
