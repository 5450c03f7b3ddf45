"""The operator's program as data, for what is made of it: its commands with their parsers."""
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
os.environ.pop("CONFEITARIA_PREFIX", None)  # commands are named as where they are installed

from confeitaria import cli


def commands():
    """Command -> its parser, of all that people type."""
    return {command: cli.parser_of(command) for command in map(cli.load, (*cli.PACKAGED, *cli.COMMANDS))}


def arguments(parser):
    """What a command takes, but for what --help does not show."""
    actions = parser._actions  # pylint: disable=protected-access
    return [action for action in actions if action.help != cli.argparse.SUPPRESS]


def metavar(action):
    """What stands for the value of an argument; nothing for an option without one."""
    if action.nargs == 0:
        return ""
    return action.metavar or action.dest.upper()
