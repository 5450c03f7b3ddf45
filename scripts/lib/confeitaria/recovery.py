"""Going back to a moment of both databases, in place: docs/decisions/0051-a-common-time-is-a-consistent-cut.md

The clusters of then are made beside those of now. When they are complete, a file in data/ says so (MARK); from there on
`up` ends what is left to do, however often it is killed: the directories change their names, and Redis is brought to
agree with the orders."""
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from . import audit, postgres, redis, release, repository
from .files import replace
from .moment import SERVICES, WITH_US
from .say import Refused, say

MARK = "restauro"
JOURNAL = "restored"  # in the repository: a line for each time that the log branched off
RECONCILE = "pedidos/restauro/redis.sql"
TOO_EARLY = "recovery ended before configured recovery target was reached"
LAST_COMMIT = re.compile("last completed transaction was at log time (.+)")
COMMANDS = {"carrinho": "UNLINK carrinho:{}", "fluxo": "XDEL pedidos:eventos {}"}


@dataclass(frozen=True)
class Return:
    """`at` one went back to `target`; the log that came between is that of `timelines` of the services."""

    at: datetime
    target: datetime
    timelines: dict


# Where to go back to


def time_of(text, zone, now=None):
    """A moment as a person writes it; without a zone it is by the shop's clock. Raises Refused."""
    example = "give one such as '2026-12-24 18:30', by the shop's clock, or 2026-12-24T18:30:05-03:00"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no time", example) from None
    if len(text) < len("2026-12-24T18"):
        raise Refused(f"{text} says no hour", example)
    found = (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(timezone.utc)
    if found > (now or datetime.now(timezone.utc)):
        raise Refused(f"{text} is not over yet", example)
    return found


def journal(state):
    """Every Return of this repository, in order."""
    file, found = repository.place(state) / JOURNAL, []
    for line in file.read_text(encoding="ascii").splitlines() if file.exists() else ():
        one = json.loads(line)
        times = (datetime.fromisoformat(one[name]) for name in ("at", "target"))
        found.append(Return(*times, {service: int(one["timelines"][service]) for service in SERVICES}))
    return found


def journal_add(state, target, timelines):
    """Writes one down. The lines of others stay."""
    file = repository.place(state) / JOURNAL
    before = file.read_text(encoding="ascii") if file.exists() else ""
    now = datetime.now(timezone.utc).isoformat()
    replace(file, f"{before}{json.dumps({'at': now, 'target': target.isoformat(), 'timelines': timelines})}\n", 0o600)


def plan(backups, returns, target):
    """{service: (label of the base backup, timeline)} to reach a moment by. The log that led to it is the newest one,
    unless one went back from there since; a backup of a past that was left before that moment does not lead there."""
    left = [one for one in returns if one.at > target]
    undone = [one for one in returns if one.at <= target]
    chosen = {}
    for service, found in backups.items():
        usable = [one for one in found if not any(past.target < one.ended <= past.at for past in undone)]
        before = [one for one in usable if one.ended + timedelta(seconds=1) <= target]
        if not before:
            oldest = [f"the oldest time is {one.ended + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}" for one in usable[:1]]
            raise Refused(f"there is no backup of {service} from before that time", *oldest)
        chosen[service] = (before[-1].label, str(left[0].timelines[service]) if left else "latest")
    return chosen


# The clusters of then


def roll_forward(state, programs, new, **words):
    """Has PostgreSQL recover a data directory, and become a primary of it. What it said if it did not, else None."""
    postgres.tool(state, "/usr/bin/touch", new / "recovery.signal")
    words = {"hot_standby": "off", "recovery_target_action": "promote", **words}
    if state.installed:
        words["config_file"] = "/dev/null"  # Debian's is elsewhere, and is for the running cluster
    command = [*WITH_US, programs / "postgres", "--single", "-D", new]
    command += [word for name, value in words.items() for word in ("-c", f"{name}={value}")]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(
        [*command, "postgres"],
        text=True,
        errors="replace",
        env=postgres.environment(""),
        cwd=state.path,
        check=False,
        **pipes,
        **state.as_user(postgres.OWNER),
    )
    if done.returncode or (new / "recovery.signal").exists():
        return done.stdout.splitlines() or [f"it ended with {done.returncode}"]
    postgres.tool(state, "/usr/bin/rm", "-f", new / "backup_manifest", new / "backup_label.old")
    return None


def control(state, directory):
    """What the control file of a data directory says: (system, timeline, position of the last checkpoint). None when
    there is no such directory."""
    if not (directory / "global/pg_control").exists():
        return None
    text = postgres.run_program(state, "pg_controldata", "-D", directory)
    names = ("Database system identifier", "Latest checkpoint's TimeLineID", "Latest checkpoint location")
    system, timeline, position = (re.search(rf"^{name}: +(\S+)$", text, re.M)[1] for name in names)
    high, low = position.split("/")
    return int(system), int(timeline), int(high, 16) << 32 | int(low, 16)


def cluster_of_then(state, service, way, target):
    """A service's cluster as it was at a moment, in a new directory. The log comes from the archive; what never got
    there is still with the cluster of now, if that is left."""
    cluster, (label, timeline) = postgres.cluster_of(state, service), way
    new, now = postgres.new_directory(state, cluster), state.cluster(cluster)
    say(f"restoring the backup {label} of {cluster}")
    stanza = (f"--stanza={service}", f"--pg1-path={new}")
    repository.run(state, *stanza, f"--set={label}", "--type=none", "restore")
    say(f"rolling {cluster} forward")
    get = " ".join((repository.PROGRAM, f"--config={state.current}/pgbackrest.conf", *stanza, "archive-get %f %p"))
    words = {"restore_command": f"{get} || cp {now}/pg_wal/%f %p", "recovery_target_timeline": timeline}
    words["archive_mode"] = "on"  # the file of the new timeline is to be archived
    programs = postgres.programs(state)
    said = roll_forward(state, programs, new, recovery_target_time=f"{target:%Y-%m-%d %H:%M:%S.%f+00}", **words)
    if said and any(TOO_EARLY in line for line in said):
        ends = [match[1] for line in said if (match := LAST_COMMIT.search(line))]
        complete = not roll_forward(state, programs, new, **words) and goes_as_far(state, new, now)
        said = None if complete else [f"its log ends before that: {' '.join(ends) or 'at the end of the backup'}"]
    if said:
        raise Refused(f"PostgreSQL could not bring {cluster} to {target:%Y-%m-%dT%H:%M:%SZ}:", *said[-5:])
    postgres.tool(state, "/usr/bin/sync", "-f", new)
    return new


def goes_as_far(state, new, now):
    """Whether a cluster that found no commit after a moment has all of the log: as much as the one of now."""
    there, here = control(state, new), control(state, now)
    return here is not None and there[0] == here[0] and there[2] >= here[2]


def prepare(state, way, target):
    """Makes both clusters, and says so: from now on the system is the one of then."""
    at_last = {service: control(state, state.cluster(postgres.cluster_of(state, service))) for service in SERVICES}
    timelines = {service: known[1] if known else 1 for service, known in at_last.items()}
    try:
        made = {service: cluster_of_then(state, service, way[service], target) for service in SERVICES}
        journal_add(state, target, timelines)
    except BaseException:
        for service in SERVICES:
            postgres.leftovers_delete(state, state.cluster(postgres.cluster_of(state, service)))
        raise
    names = {postgres.cluster_of(state, service): new.name for service, new in made.items()}
    replace(state.data / MARK, json.dumps(names))


# What `up` ends


def swap(state):
    """Gives the clusters of then their names. What was there is kept, once; the standby, which follows it, goes."""
    mark = state.data / MARK
    if not mark.exists():
        return
    for cluster, name in json.loads(mark.read_text(encoding="ascii")).items():
        old = state.cluster(cluster)
        new, kept = old.with_name(name), old.with_name(f"{old.name}.antigo")
        if not new.is_dir():
            continue
        if old.is_dir():
            postgres.tool(state, "/usr/bin/rm", "-rf", kept)
            postgres.tool(state, "/usr/bin/mv", "-T", old, kept)
            say(f"the data of {cluster} until now are in {kept}: delete them when nobody needs them")
        postgres.tool(state, "/usr/bin/mv", "-T", new, old)
    standby = state.cluster(postgres.catalogue_standby(state))
    postgres.tool(state, "/usr/bin/rm", "-rf", standby)
    postgres.tool(state, "/usr/bin/sync", "-f", standby.parent)


def reconcile(state):
    """After swap(), when the stores run and no worker does: deletes from Redis what lost orders left there, has the
    conciliador publish again what the stream lacks, and moves the sequences past the numbers of lost orders."""
    mark = state.data / MARK
    if not mark.exists():
        return
    say("bringing Redis to agree with the orders")
    sql = release.current(state).share("db")
    with tempfile.TemporaryDirectory(dir=state.tmp, prefix="restauro.") as name:
        state.lend(name)
        question, answer = Path(name) / "pergunta", Path(name) / "resposta"
        pieces = (audit.read(sql / "pedidos/audit/tabelas.sql"), *audit.redis_tables(state, sql))
        audit.write(question, *pieces, audit.read(sql / RECONCILE))
        audit.ask(state, "pg-pedidos", "pedidos", question, answer)
        lines = [line.split("\t") for line in audit.tagged(answer, COMMANDS)]
    if lines:
        redis.cli(state, input="".join(f"{COMMANDS[kind].format(key)}\n" for kind, key in lines), seconds=300)
    mark.unlink()
