"""A system that was made once for each build, and is down. A test's shop begins as its copy: that takes a tenth of the
time of two new clusters, their migrations, the first stock and a standby. tests/system/test_up.py makes them new."""
import fcntl
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from client import PLACE, TOP

# What belongs to a place, a run or a release; `up` makes it again.
MADE_AGAIN = ("generations", "log", "run", "tmp")
STATE = re.compile("(?m)^id [0-9a-f]{64}$")


def build(environment):
    """The build whose programs a shop is started with, None where scripts/up makes one."""
    place = environment.get("CONFEITARIA_BUILD")
    return Path(place) if place else None


def wanted(environment, options, settings):
    """Whether a shop may begin as a copy: it has all parts, and its options are settings alone, of which `up` takes all
    that are new."""
    place = build(environment)
    if options or "partes" in settings or place is None or os.geteuid() != 0:
        return False
    return (place / "stage.made").exists()


def made(environment, ports):
    """The template of a build, made if there is none since the build was last changed."""
    directory = build(environment) / "template"
    with open(f"{directory}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, stamp = directory / "done", str((build(environment) / "stage.made").stat().st_mtime_ns)
        if not done.exists() or done.read_text(encoding="ascii") != stamp:
            make(directory, environment, ports)
            done.write_text(stamp, encoding="ascii")
    return directory / "state"


def make(directory, environment, ports):
    """Makes it, in a place of the servers' own, since they may not be let into that of the build."""
    state = Path(tempfile.mkdtemp(prefix="cft-", dir=PLACE))
    state.chmod(0o755)
    try:
        command(environment, "up", state, *ports, "--set", "atualizacoes=nao")
        command(environment, "down", state)
        for name in MADE_AGAIN:
            shutil.rmtree(state / name)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        copy(state, directory / "state")
    finally:
        command(environment, "down", state, "--purge", check=False)
        shutil.rmtree(state, ignore_errors=True)


def command(environment, name, state, *words, check=True):
    """Runs scripts/NAME on a state."""
    line = [TOP / "scripts" / name, "--state", state, *words]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(line, env=environment, check=False, **pipes)
    assert done.returncode == 0 or not check, done.stdout


def copy(template, state):
    """Makes a state of it, which is another one: its mark has a name of its own and is as old as it is."""
    subprocess.run(["cp", "--archive", "--no-target-directory", template, state], check=True)
    mark = state / ".confeitaria"
    mark.write_text(STATE.sub(f"id {secrets.token_hex(32)}", mark.read_text(encoding="ascii")), encoding="ascii")
