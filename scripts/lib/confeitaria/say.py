"""What a command says: progress on standard output, warnings and refusals on standard error."""
import os
import re
import shlex
import sys
import time

TIME = re.compile(r"[0-9]{1,12}\.[0-9]{3}")  # of the monotonic clock, which all processes share


def began():
    """When the command began: root's tells the owner's (privilege.py)."""
    given = os.environ.get("CONFEITARIA_BEGAN", "")
    return float(given) if TIME.fullmatch(given) else time.monotonic()


BEGAN = began()
EX_USAGE = 64  # sysexits.h
EX_UNAVAILABLE = 69


class Refused(Exception):
    """A command that cannot go on: what is wrong, and what to do about it, a line each. `status` is its exit status."""

    def __init__(self, message, *remedies, status=1):
        super().__init__(message)
        self.message, self.remedies, self.status = message, remedies, status


class UsageError(Refused):
    """The command line is wrong."""

    def __init__(self, message, *remedies):
        command = os.environ.get("CONFEITARIA_COMMAND", "")
        super().__init__(message, *(remedies or (f"{prefix()}{command} --help tells the options",)), status=EX_USAGE)


def say(text):
    """One line of progress, with the seconds since the command began. Raises BrokenPipeError once, when its reader has
    gone."""
    try:
        print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def prefix():
    """How commands are called where this one came from: scripts/ in a checkout, else the installed program."""
    return os.environ.get("CONFEITARIA_PREFIX", "confeitaria ")


def warn(text, *more):
    """One line for people on standard error, and more of them indented."""
    name = os.environ.get("CONFEITARIA_COMMAND", "")
    print(f"{prefix()}{name}: {text}", *(f"    {line}" for line in more), sep="\n", file=sys.stderr, flush=True)


def paste(state, command, *words):
    """A command to paste, with --state where the reader must give it: `scripts/up --state /srv/shop`."""
    option = () if state is None or state.is_default else ("--state", str(state.given))
    return prefix() + " ".join(shlex.quote(word) for word in (command, *option, *words))
