"""For supervisord: begins a store or nginx, or stands for one that runs already."""
from .. import launch
from ..command import Command


def run(state, args):
    """Does not return before the part has ended, or not at all."""
    launch.launch(state, args.part)
    return 1


def arguments(parser):
    """What it takes."""
    parser.add_argument("part")


COMMAND = Command("launch", "begins a part, for supervisord", run.__doc__, run, arguments, state="there")
