"""Watches what supervisord does not: restarts a part whose socket file is gone (it goes on listening where no client
can find it, and does not notice), rotates the logs, has backups made at their time, asks apt which updates wait, and
begins a supervisord that was killed."""
import contextlib
import os
import subprocess
import sys
import time

from . import schedule, system, updates
from .supervisor import Supervisor, sockets

POLL_SECONDS = 0.5
CHORES_SECONDS = 2  # between looks at the logs' sizes and at the clock
ACCEPTS = 0x10000  # in the flags of /proc/net/unix: listen(2) was called (__SO_ACCEPTCON)


def listened_at():
    """The paths at which processes of this machine listen, also those of deleted files (proc(5), /proc/net/unix)."""
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        rows = [line.split() for line in file][1:]
    return {row[7] for row in rows if len(row) == 8 and int(row[3], 16) & ACCEPTS}


def of_part(supervisor, part):
    """The processes of a part that run: none when an operator has stopped it."""
    found = supervisor.processes().values()
    return [one.name for one in found if one.name.split(":")[0] == part and one.state == "RUNNING"]


def poll(state, supervisor, missing):
    """The parts whose socket is missing. One that was missing the last time too is restarted if it listens: what does
    not is still starting, which takes as long as it takes."""
    places = sockets(state)
    now = {part for part, path in places.items() if not os.path.exists(path)}
    if lost := now & missing:
        there = listened_at()
        for part in (part for part in lost if str(places[part]) in there):
            if names := of_part(supervisor, part):
                print(f"{part}: {places[part]} is gone: restarting it", flush=True)
                pending(state).write_text("\n".join(names), encoding="utf-8")
                restart_pending(state, supervisor)
    return now


def pending(state):
    """Names the processes to restart, while it lasts."""
    return state.tmp / "zelador.pending"


def restart_pending(state, supervisor):
    """Restarts what is to be restarted, also when this process has died half-way through it before."""
    if pending(state).exists():
        names = pending(state).read_text(encoding="utf-8").split("\n")
        supervisor.stop(names)
        supervisor.start(names)
        pending(state).unlink()


def rotate(state, said):
    """Lets logrotate look at the logs' sizes. What it complains of, printed unless that was said before."""
    command = ["/usr/sbin/logrotate", "--state", state.tmp / "logrotate.status", state.current / "logrotate.conf"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        says = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        says = str(error)
    if says and says != said:
        print(f"logrotate: {says}", flush=True)
    return says


def own_log(state):
    """What it says goes to its log, now that supervisord does not write it there any more."""
    with (state.log / "zelador.log").open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())


def run(state):
    """Until its supervisord is gone; then begins another one, unless somebody else does."""
    supervisor, parent = Supervisor(state), os.getppid()
    missing, says, looked, backup = set(), "", time.monotonic(), None
    restart_pending(state, supervisor)
    with contextlib.closing(updates.Asker(state)) as asker:
        while os.getppid() == parent:
            missing = poll(state, supervisor, missing)
            asker.poll()
            if time.monotonic() - looked >= CHORES_SECONDS:
                says, backup, looked = rotate(state, says), schedule.poll(state, backup), time.monotonic()
            time.sleep(POLL_SECONDS)
    own_log(state)
    print("supervisord is gone: starting another one", flush=True)
    with state.locked():
        if not Supervisor(state).running():
            system.heal(state)
