"""scripts/ without a system of a test's own, and what a system left behind."""
import subprocess

from client import TOP
from shop import COMMAND_SECONDS


def command(name, *arguments, **more):
    """Runs scripts/NAME without a state of ours."""
    return subprocess.run(
        [TOP / "scripts" / name, *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
        **more,
    )


def leftovers(state):
    """Processes that have to do with a state."""
    return command_python("processes.py", state).split()


def command_python(name, *arguments):
    """One of the helpers of scripts/lib."""
    return subprocess.run(
        ["/usr/bin/python3", TOP / "scripts/lib" / name, *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=True,
    ).stdout
