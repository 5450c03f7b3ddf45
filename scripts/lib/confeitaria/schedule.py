"""When a backup is due, and having it made; how that ended (last.py), which survives whatever ends the process."""
import subprocess
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from . import last, moment, postgres, repository
from .say import Refused
from .state import lock_try
from .supervisor import own_command

KIND = "copias"  # of last.py: the scheduled ones alone; "backup" is of all, for the metrics
RETRY_SECONDS = 900


def slot(settings, now):
    """The last moment before `now` at which a backup was to be made, in seconds of the epoch; None for never."""
    if not repository.wanted(settings):
        return None
    hour, minute = settings["copias_hora"]
    there = datetime.fromtimestamp(now, ZoneInfo(settings["fuso_horario"]))
    at = there.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at <= there else at - timedelta(days=1)).timestamp()


def due(state, now):
    """Whether a backup is to be made now: there was none since the last time for it, nor a failure a moment ago. The
    first one of a new system can wait for its time."""
    if not postgres.services(state):
        return False
    known, at = last.read(state, KIND), slot(state.running, now)
    if at is None or (known.good if known else state.mark.stat().st_mtime) >= at:
        return False
    return not known or known.good == known.ended or not 0 <= now - known.ended < RETRY_SECONDS


def begin(state):
    """Begins the command that makes one; it ends with this process."""
    words = own_command(state, "backup", "--scheduled").split()
    return subprocess.Popen([*moment.WITH_US, *words], stdin=subprocess.DEVNULL)


def poll(state, running):
    """Looks after the backup that this process has begun, if it runs yet, or begins one that is due; the process."""
    if running and running.poll() is None:
        return running
    return begin(state) if due(state, time.time()) else None


def take(state, full):
    """A backup into the repository. It counts as failed until it has ended well, whatever ends this process."""
    with state.locked("backup", "backup"):
        last.note(state, KIND, False)
        try:
            repository.take(state, full)
        except Exception:
            last.note(state, "backup", False)
            raise
        last.note(state, KIND, True)
        last.note(state, "backup", True)


def at_work(state):
    """Whether a backup is being made."""
    try:
        with open(state.locks / ".backup", "rb") as file:
            return not lock_try(file)
    except FileNotFoundError:
        return False


def report(state):
    """The facts of status, or None where there is nothing to back up."""
    if not postgres.services(state):
        return None
    settings, known = state.running, last.read(state, KIND)
    if not repository.wanted(settings):
        return {"status": "off"}
    facts = {"status": "running", "daily_at": settings.text("copias_hora")}
    if known and known.good:
        facts["last_good"] = f"{datetime.fromtimestamp(known.good).astimezone():%Y-%m-%dT%H:%M:%S%z}"
    else:
        facts["last_good"] = "none yet"
    try:
        if repository.begun(state).is_symlink():
            facts |= repository.report(state)
    except Refused as refused:
        facts["status"] = refused.message
    if known and known.ended != known.good and not at_work(state):
        facts["status"] = "last one failed" if facts["status"] == "running" else facts["status"]
        facts["failed_at"] = f"{datetime.fromtimestamp(known.ended).astimezone():%Y-%m-%dT%H:%M:%S%z}"
    return facts
