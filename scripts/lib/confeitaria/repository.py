"""The repository of scheduled backups: pgBackRest's configuration, its backups, and the log that is archived there.

    copias_lugar/backup, archive    pgBackRest's: base backups, and each segment of the log
    copias_lugar/outros             TIME.tar.gz: Redis's dump and etc/, one a backup
    copias_lugar/restored           a line for each recovery to an earlier time (recovery.py)

Where the package is installed all of it is root's, and pgBackRest's is in copias_lugar/postgresql, which is the
clusters' user's: docs/decisions/0057-the-repository-is-roots-and-postgresqls.md.
docs/decisions/0050-scheduled-backups-are-pgbackrest.md"""
import json
import os
import re
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import handover, moment, postgres, redis
from .moment import SERVICES
from .say import Refused, say
from .state import WAIT_SECONDS, link, wait_for

PROGRAM = "/usr/bin/pgbackrest"
FULL_EVERY = timedelta(days=6, hours=12)  # a full backup a week; those between hold what differs from it
SEGMENT = re.compile(r"([0-9A-F]{24})-[0-9a-f]{40}(\.\w+)?")
SEGMENTS_A_FILE = 256  # segments of 16 MB in each of the log's files of 4 GB, by which segments are named
CONFIGURATION = """\
[global]
repo1-path={place}
repo1-retention-full={kept}
repo1-bundle=y
lock-path={tmp}/pgbackrest
spool-path={tmp}/pgbackrest
log-level-file=off
log-level-console=off
log-level-stderr=warn
log-timestamp=n
compress-type=zst
start-fast=y
db-timeout=300
protocol-timeout=330
# A repository that cannot be written to does not stop the shop: beyond this, segments are given up.
archive-push-queue-max=1GiB
"""
STANZA = """
[{service}]
pg1-socket-path={run}
pg1-user=postgres
"""
ARCHIVING = """\
archive_timeout = {seconds}
archive_command = '{program} --config={current}/pgbackrest.conf --stanza={service} --pg1-path={data} archive-push %p'
"""
ARCHIVER = """
SELECT coalesce(last_archived_wal, ''), coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
FROM pg_stat_archiver
"""


@dataclass(frozen=True)
class Backup:
    """A base backup: `label` is pgBackRest's name for it, `ended` when it was complete, `segment` the first one of the
    log that it needs."""

    label: str
    full: bool
    ended: datetime
    segment: str


def place(state, settings=None):
    """Where the repository is."""
    return Path((settings or state.running)["copias_lugar"] or state.backups / "repositorio")


def databases(state, settings=None):
    """The part of it that pgBackRest writes, as the clusters' user."""
    directory = place(state, settings)
    return directory / "postgresql" if state.installed else directory


def wanted(settings):
    """Whether backups are made by themselves."""
    return bool(settings["copias_hora"])


def begun(state):
    """A link to the current generation, made by the first scheduled backup: PostgreSQL finds in it how to archive its
    log (postgres.py), which nothing could take before."""
    return state.data / postgres.ARCHIVING


def render(state, settings, _release, directory):
    """Writes pgBackRest's configuration into a generation's directory, and how each cluster archives its log."""
    words = {"place": databases(state, settings), "kept": settings["copias_guardadas"], "tmp": state.tmp}
    text = CONFIGURATION.format(**words)
    text += "".join(STANZA.format(service=service, run=state.postgres_sockets) for service in SERVICES)
    (directory / "pgbackrest.conf").write_text(text, encoding="utf-8")
    for cluster in postgres.CLUSTERS:
        words = {"seconds": settings["copias_segundos"], "program": PROGRAM, "current": state.current}
        words |= {"service": postgres.service_of(cluster), "data": state.cluster(cluster)}
        text = ARCHIVING.format(**words) if wanted(settings) else ""
        (directory / f"{cluster}.{postgres.ARCHIVING}").write_text(text, encoding="utf-8")


def run(state, *words):
    """pgBackRest; what it printed. It ends with this process. Raises Refused with its words."""
    command = [*moment.WITH_US, PROGRAM, f"--config={state.current}/pgbackrest.conf", *map(str, words)]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=postgres.environment(""),
        cwd=state.path,
        check=False,
        **state.as_user(postgres.OWNER),
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise Refused(f"pgbackrest {words[-1]} failed", *(lines[-8:] or done.stdout.strip().splitlines()[-8:]))
    return done.stdout


def run_on(state, service, *words):
    """pgBackRest, on the primary of a service."""
    cluster = postgres.cluster_of(state, service)
    primary = [f"--pg1-path={state.cluster(cluster)}", f"--pg1-port={postgres.port(state.running, cluster)}"]
    return run(state, f"--stanza={service}", *primary, *words)


def backups(state):
    """{service: its base backups, the oldest first}"""
    found = {service: [] for service in SERVICES}
    for stanza in json.loads(run(state, "--output=json", "info")):
        for one in stanza["backup"]:
            if stanza["name"] in found and not one.get("error"):
                ended = datetime.fromtimestamp(one["timestamp"]["stop"], timezone.utc)
                backup = Backup(one["label"], one["type"] == "full", ended, one["archive"]["start"])
                found[stanza["name"]].append(backup)
    return found


# Taking one


def begin(state):
    """Makes the repository, unless it is there, and has the clusters archive their log from now on."""
    make_place(state)
    for service in postgres.services(state):
        run_on(state, service, "stanza-create")
    if not os.path.lexists(begun(state)):
        say("archiving the log of PostgreSQL from now on")
        link(begun(state), str(state.current))
        postgres.reload_running(state)
    for service in postgres.services(state):
        wait_archiving(state, postgres.cluster_of(state, service))


def make_place(state):
    """Makes its directory, unless it is there. Where root has it no other user can change a name on the way to it."""
    directory = place(state)
    try:
        directory.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"cannot make the directory {directory}: {error.strerror}",
            f"let it belong to {state.owner.pw_name}, or name another one with the setting copias_lugar",
        ) from error
    if state.installed:
        handover.private(directory, "the directory of the backups")
        directory.chmod(0o711)
        state.give(databases(state))


def wait_archiving(state, cluster):
    """Until new sessions of a cluster know how it archives its log: pgBackRest asks them."""
    asks = "SELECT current_setting('archive_command')"
    if not wait_for(lambda: PROGRAM in postgres.value(state, cluster, asks)):
        raise Refused(
            f"{cluster} did not take its archive_command within {WAIT_SECONDS} seconds", f"see {state.log_of(cluster)}"
        )


def take(state, full):
    """A base backup of each primary that is here, full or what differs from the last full one; Redis and etc/. What is
    more than is to be kept goes."""
    begin(state)
    before, kinds = backups(state), set()
    for service in postgres.services(state):
        fulls = [one.ended for one in before[service] if one.full]
        old = not fulls or datetime.now(timezone.utc) - fulls[-1] > FULL_EVERY
        kind = "full" if full or old else "diff"
        kinds.add(kind)
        say(f"copying {postgres.cluster_of(state, service)} ({kind})")
        run_on(state, service, f"--type={kind}", "backup")
    keep_others(state)
    if "full" in kinds:
        verify(state)


def verify(state):
    """Reads all of the repository, and compares it with the checksums in it."""
    say("checking the repository")
    for service in postgres.services(state):
        said = run(state, f"--stanza={service}", "--output=text", "--verbose", "verify")
        faults = [line.strip() for line in said.splitlines() if re.search(r"(missing|invalid|other): [1-9]", line)]
        if faults or not re.search("status: ok", said):
            raise Refused(f"the repository in {place(state)} is damaged: {service}", *faults)


def keep_others(state):
    """Redis's dump, where Redis is here, and etc/, closed to others. Those that are older than the oldest base backup
    go."""
    directory = place(state) / "outros"
    directory.mkdir(0o700, exist_ok=True)
    new = directory / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.tar.gz"
    unfinished = directory / "incompleto"
    say("copying Redis and etc")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            tar.add(state.etc, arcname="etc", filter=lambda one: None if "/." in one.name else one)
            if "redis" in state.running["partes"]:
                add_dump(state, tar)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(new)
    oldest = min(one.ended for found in backups(state).values() for one in found) - timedelta(days=1)
    for path in directory.glob("*.tar.gz"):
        if path.name < f"{oldest:%Y%m%dT%H%M%SZ}":
            path.unlink()


def add_dump(state, tar):
    """Puts Redis's dump into a tar. Only Redis's user opens it, which could put something else in its place."""
    with tempfile.TemporaryFile(dir=state.tmp) as file:
        redis.as_redis(state, "/usr/bin/cat", moment.dump_now(state), output=file)
        member = tarfile.TarInfo("redis/dump.rdb")
        member.mode, member.mtime, member.size = 0o600, int(time.time()), os.fstat(file.fileno()).st_size
        file.seek(0)
        tar.addfile(member, file)


# The archived log


def segments(state, service):
    """The names of all archived segments of a service's log, by pgBackRest's way of laying them out."""
    words = ("-ignore_readdir_race", "-mindepth", 3, "-printf", r"%f\n")
    found = postgres.tool(state, "/usr/bin/find", databases(state) / "archive" / service, *words).splitlines()
    return {match[1] for name in found if (match := SEGMENT.fullmatch(name))}


def number(segment):
    """The place of a segment in the log, whatever its timeline."""
    return int(segment[8:16], 16) * SEGMENTS_A_FILE + int(segment[16:], 16)


def lost(state, service, first, last):
    """How many segments are missing in the archive between two of the log."""
    there = {number(name) for name in segments(state, service)}
    return sum(at not in there for at in range(number(first), number(last) + 1))


def report(state):
    """The facts of status: whether the log is being archived, and since when one can go back to any moment. Raises
    Refused."""
    found, problems, services = backups(state), [], postgres.services(state)
    for service in services:
        cluster, seconds = postgres.cluster_of(state, service), state.running["prazo_segundos"]
        segment, failing = postgres.rows(state, cluster, ARCHIVER, seconds=seconds)[0]
        if failing == "t":
            problems.append(f"{service}: not archiving")
        if found[service] and re.fullmatch("[0-9A-F]{24}", segment):
            gone = lost(state, service, found[service][-1].segment, segment)
            problems += [f"{service}: {gone} segments of the log lost"] * bool(gone)
    facts = {"status": ", ".join(problems) or "running"}
    if all(found[service] for service in services):
        oldest = max(found[service][0].ended for service in services) + timedelta(seconds=1)
        facts["restorable_from"] = f"{oldest:%Y-%m-%dT%H:%M:%SZ}"
    return facts
