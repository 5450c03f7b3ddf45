"""scripts/ without a system of a test's own, and what a system left behind."""
import subprocess

import psutil

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


def of_state(state):
    """Process id -> command line, of every process that has to do with a state: by its program, its directory or its
    command line."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                words = process.cmdline()
                places = (process.exe(), f"{process.cwd()}/", *words)
                if any(f"{state}/" in place for place in places) or str(state) in words:
                    found[process.pid] = " ".join(words)
        except (psutil.Error, OSError):
            pass
    return found


def leftovers(state):
    """Processes that have to do with a state."""
    return list(of_state(state).items())
