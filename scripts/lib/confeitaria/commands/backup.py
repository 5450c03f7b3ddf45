"""confeitaria backup"""
import argparse
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from .. import backup, handover, last, moment, parts, postgres, privilege, repository, schedule
from ..command import Command, path_argument
from ..say import Refused, UsageError, paste, say, warn
from ..state import owned_directory, space_needed

UNFINISHED = ".incompleto"
STORES = ("pg-catalogo", "pg-pedidos", "redis")  # that a backup of one moment must have here
PACKAGE = Path(__file__).resolve().parents[1]
TEXT = """\
Copies the catalogue's and the orders' PostgreSQL, Redis, settings, tokens and secrets of a running system into
a new directory that only the servers' user can enter. Customers go on; for some milliseconds orders wait, so
that all stores are of one moment: what was answered before it is in the backup. The directory gets its name
when everything in it has been checked; a backup that was interrupted leaves nothing. `restore` makes a system
of it.

With --scheduled it makes the daily backup now: PostgreSQL's into the repository (copias_lugar), from which
`restore --to TIME` goes back to any moment, Redis and etc beside it. That happens once a day by itself.

With --hand-over the backup is checked in the same way and then given away: it becomes one file in a directory
of root's (or of yours), with a keyed checksum, and nothing is left where the servers can change it."""


def arguments(parser):
    """What backup takes."""
    parser.add_argument(
        "--to",
        type=path_argument,
        metavar="DIRECTORY",
        help="the backup, to be made (default STATE/backups/TIME: keep copies elsewhere)",
    )
    parser.add_argument(
        "--hand-over",
        type=path_argument,
        metavar="DIRECTORY",
        help="a directory that only the caller can write to, for TIME.tar and its seal",
    )
    parser.add_argument(
        "--key",
        type=path_argument,
        metavar="FILE",
        help=f"the key of the seal (default for root {handover.KEY}; made if missing)",
    )
    parser.add_argument("--scheduled", action="store_true", help="the daily one, into the repository")
    parser.add_argument("--full", action="store_true", help="with --scheduled: all of it, not what differs")
    parser.add_argument("--stream", metavar="FD", type=int, help=argparse.SUPPRESS)


def hand_over(state, args, process):
    """As root, or whoever calls: takes the backup from a process of the owner, process(words, **popen). The exit
    status."""
    if args.to:
        raise UsageError("--to and --hand-over exclude each other")
    key = handover.key_of(args.key)
    directory = handover.private(args.hand_over, "the directory of the backup")

    def start(file):
        words = ["backup", "--state", str(state.given), "--stream", str(file)]
        return process(words, pass_fds=(file,), stdin=subprocess.DEVNULL)

    status, path = handover.receive(state, directory, key, start)
    if status == 0:
        words = ["--from", str(path), *(("--key", args.key) if args.key else ()), "--state", "NEWDIR"]
        finished(path, path.stat().st_size >> 20, words)
    return status


def finished(path, size, words):
    """The last words."""
    say("the backup is whole")
    print(f"\n    {path}   {size}MB\n    Made into a system by:  {paste(None, 'restore', *words)}")


def root(state, args, installed, words):
    """What root does himself: nothing, unless the backup is for him."""
    state.require()
    if args.scheduled or not args.hand_over:
        return privilege.become_owner(state, installed, words)
    return hand_over(state, args, lambda words, **popen: privilege.as_owner(state, installed, words, **popen))


def beside(words, **popen):
    """Runs this program once more, as the same user."""
    return subprocess.Popen([sys.executable, "-IB", str(PACKAGE), *words], **popen)


def run(state, args):
    """As the owner."""
    if args.scheduled and (args.to or args.hand_over) or args.full and not args.scheduled:
        raise UsageError("--scheduled takes --full, and excludes --to and --hand-over; --full is for --scheduled alone")
    if args.scheduled:
        schedule.take(state, args.full)
        say(f"the backup is in {repository.place(state)}")
        return None
    if state.installed:
        raise Refused(
            "a backup of one moment cannot be made where the Debian package is installed",
            f"{paste(state, 'backup', '--scheduled')} makes the daily one now, for any moment",
        )
    parts.require(state, *STORES)
    if args.hand_over:
        return hand_over(state, args, beside)
    take(state, args)
    return None


def take(state, args):
    """Takes one, and writes down how that ended."""
    with state.locked("backup", "backup"):
        try:
            place = make(state, args)
        except BaseException:
            with suppress(OSError):
                last.note(state, "backup", False)
            raise
        last.note(state, "backup", True)
    if place:
        finished(place, backup.megabytes(place), ["--from", str(place), "--state", "NEWDIR"])


def make(state, args):
    """Makes the backup; where it is, None for one that was handed over."""
    place = choose_place(state, args)
    with making(state, Path(f"{place}{UNFINISHED}")) as new:
        copy(state, new)
        if args.stream is not None:
            say("handing it over")
            with open(args.stream, "wb") as file:
                backup.send(new, file)
            shutil.rmtree(new)
            return None
        new.rename(place)
        handover.directory_sync(place.parent)
    return place


def choose_place(state, args):
    """Where the backup goes: there is nothing yet, and room."""
    owned_directory(state.backups, 0o700)
    place = state.backups / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    if args.to:
        place = Path(os.path.realpath(args.to))
    try:
        if os.path.lexists(place) and not (place.is_dir() and not any(place.iterdir())):
            raise Refused(f"{place} holds something already", "give a new directory with --to DIRECTORY")
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"cannot make the directory {place}: {error.strerror}", "give another one with --to DIRECTORY"
        ) from error
    stores = (postgres.cluster_of(state, service) for service in moment.SERVICES)
    space_needed(backup.megabytes(*(state.data / name for name in (*stores, "redis"))) + 100, place, "--to")
    return place


@contextmanager
def making(state, new):
    """A new directory. What earlier backups left that were killed goes first, and this one if it does not come to its
    end: no directory, no slot that makes PostgreSQL keep its log."""
    moment.end_streams(state)
    for old in (new, *state.backups.glob(f"*{UNFINISHED}")):
        if os.path.lexists(old) and not (old / "etc").is_dir():
            raise Refused(f"{old} is in the way", "move it away")
        shutil.rmtree(old, ignore_errors=True)
    try:
        os.mkdir(new, 0o700)
        yield new
    except BaseException as error:
        say("taking back what was begun")
        try:
            moment.end_streams(state)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        if isinstance(error, OSError):
            raise Refused(f"the backup failed: {error}") from error
        raise


def copy(state, new):
    """Fills the directory, and checks it."""
    for name in ("etc", "redis", *(f"pg-{service}" for service in moment.SERVICES)):
        os.mkdir(new / name, 0o700)
    copy_bases(state, new)
    say("finding a moment that all stores have in common")
    found = moment.find(state)
    say(f"orders waited for {found.milliseconds} ms")
    say("copying what happened until that moment")
    for service in moment.SERVICES:
        moment.log_until(state, service, found.positions[service], new / f"pg-{service}/wal")
    moment.end_streams(state)
    say("copying Redis")
    shutil.move(moment.dump_written(state), new / "redis/dump.rdb")
    say("copying settings, tokens and secrets")
    copy_configuration(state, new / "etc")
    manifest = backup.Manifest.of(new, postgres.programs(state).parent.name, found.name)
    (new / "manifest").write_text(manifest.text(), encoding="utf-8")
    say("checking it")
    backup.verify(new)
    subprocess.run(["sync", "-f", new], check=True)


def copy_bases(state, new):
    """Both base backups, side by side. They end with this process, by whatever that is ended."""
    say(f"copying {' and '.join(postgres.cluster_of(state, service) for service in moment.SERVICES)}")
    words = ["--checkpoint=fast", "--manifest-checksums=SHA256", "-X", "stream", "-C", "-S", moment.SLOT]
    program = postgres.programs(state) / "pg_basebackup"
    processes = []
    try:
        for service in moment.SERVICES:
            where = ["-d", moment.conninfo(state, service), "-D", new / f"pg-{service}/base"]
            command = [*moment.WITH_US, program, *where, *words]
            pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
            processes.append(subprocess.Popen(command, text=True, env=postgres.environment(""), **pipes))
        said = [process.communicate()[1].strip() for process in processes]
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    if any(process.returncode for process in processes):
        raise Refused("pg_basebackup failed:", *filter(None, said))


def copy_configuration(state, target):
    """The operator's files, those that links lead to as well; what cannot be read is left out, and said."""
    for path in sorted(state.etc.iterdir()):
        try:
            if path.is_dir():
                shutil.copytree(path, target / path.name)
            elif not path.name.startswith("."):
                shutil.copy2(path, target / path.name)
        except (OSError, shutil.Error) as error:
            warn(f"not in the backup: {path}: {error}")


COMMAND = Command(
    "backup",
    "takes a backup of all stores of a running system, of one moment",
    TEXT,
    run,
    arguments=arguments,
    root=root,
)
