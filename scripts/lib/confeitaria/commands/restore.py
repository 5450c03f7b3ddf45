"""confeitaria restore"""
import argparse
import os
import re
import shutil
import subprocess
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .. import audit, backup, build, handover, manager, packages, parts, postgres, privilege, recovery, release
from .. import repository, system, tokens
from ..command import Command, path_argument
from ..files import replace
from ..moment import SERVICES
from ..say import Refused, UsageError, paste, say, warn
from ..settings import Settings
from ..state import lock_try, owned_directory, space_needed

PERSON = re.compile(r"[0-9a-f]{64} [A-Za-z0-9][A-Za-z0-9._-]{0,63} [a-z,]+( [0-9TZ:.-]+){1,2}")
TEXT = """\
Checks a backup, file by file, and makes a new state directory of it, with its data of the moment of the backup,
its settings and sizes of pools. The directory is a system only when it is complete. Then `up --state NEWDIR`
starts it (with --port and --direct-ports, if those that it had are taken here), makes new passwords and the
standby; the conciliador ends or undoes the orders that were on their way.

With --to TIME, of a system that is there: both databases go back to that moment, from the repository of scheduled
backups, and stay in their place. All that was done since is undone; the data of now are kept in data/CLUSTER.antigo.
The shop is down meanwhile. Carts stay, but for those of orders that are none any more.

People's tokens are not restored: one of them may have been revoked since. Make new ones with `token create`, or
give --with-tokens."""


def arguments(parser):
    """What restore takes."""
    source = "a directory, or the .tar of backup --hand-over"
    parser.add_argument("--from", dest="source", type=path_argument, metavar="BACKUP", help=source)
    parser.add_argument("--to", metavar="TIME", help="a moment such as '2026-12-24 18:30', by the shop's clock")
    parser.add_argument(
        "--with-tokens", action="store_true", help="people's tokens too, as they were at the moment of the backup"
    )
    key = f"the key with which the file was sealed (default for root {handover.KEY})"
    parser.add_argument("--key", type=path_argument, metavar="FILE", help=key)
    parser.add_argument("--stream", metavar="FD", type=int, help=argparse.SUPPRESS)


def source_of(args):
    """A context that gives the file of a backup that was handed over, or None for a directory."""
    if not os.path.lexists(args.source):
        raise Refused(f"there is no directory {args.source}")
    return handover.opened(args.source, handover.key_of(args.key)) if os.path.isfile(args.source) else nullcontext()


def root(state, args, installed, words):
    """What root does himself: he makes the directory, and opens the file. A process of the owner reads and checks what
    is in it."""
    if in_place(args):
        state.require()
        return privilege.become_owner(state, installed, words)
    refuse_what_is_there(state)
    with source_of(args) as file:
        packages.need("run", "build")
        tree = build.stage()
        privilege.service_user()
        made = not os.path.lexists(state.given)
        state = privilege.place(state.given)
        with making(state, made) as mark:
            with state.locked(what="installation", path=state.releases / ".lock"):
                installed = release.install(state, tree)
            words = ["restore", "--state", str(state.given), "--from", args.source]
            words += ["--with-tokens"] if args.with_tokens else []
            words += ["--stream", str(file.fileno())] if file else []
            kept = (mark, file.fileno()) if file else (mark,)  # the lock is that process's, too
            status = wait(privilege.as_owner(state, installed, words, pass_fds=kept, stdin=subprocess.DEVNULL))
            if status:
                raise SystemExit(status)
    return finished(state)


def in_place(args):
    """Whether a system that is there is to go back; what a restore is to be made of is said in one way."""
    if bool(args.to) == bool(args.source):
        raise UsageError("give --from BACKUP for a new system, or --to TIME for this one")
    return bool(args.to)


def go_back(state, text):
    """Both databases as they were at a moment, then Redis and the standby; what the books say."""
    parts.require(state, "pg-catalogo", "pg-pedidos", "redis")
    target = recovery.time_of(text, state.running["fuso_horario"])
    with state.locked(), state.locked("backup", "backup"):
        way = recovery.plan(repository.backups(state), recovery.journal(state), target)
        clusters = [state.cluster(postgres.cluster_of(state, service)) for service in SERVICES]
        space_needed(backup.megabytes(*clusters) + 100, clusters[0].parent, "--state")
        ran = not system.stopped(state)
        say("stopping the system")
        manager.of(state).boot(())  # a machine that is started meanwhile would sell with the data that are to go
        system.stop(state)
        try:
            recovery.prepare(state, way, target)
        except BaseException:
            if ran:
                say("nothing was changed: starting the system again")
                system.start(state, release.current(state), seed=False)
            raise
        recovery.swap(state)
        system.start(state, release.current(state), seed=False)
    say(f"both databases are as they were at {target:%Y-%m-%dT%H:%M:%SZ}; what was done since is undone")
    _, wrong = audit.compare(state, 30, False)
    if wrong:
        warn(f"the books do not balance, see {paste(state, 'audit')}", *audit.first_of_each(wrong))
        return 1
    say("the books balance")
    return 0


def wait(process):
    """The exit status of a process, which ends when this one is to end."""
    try:
        return process.wait()
    finally:
        process.terminate()
        process.wait()


def run(state, args):
    """As the owner: fills a directory that root made and holds; as an ordinary user does all of it."""
    if in_place(args):
        state.require()
        return go_back(state, args.to)
    if state.installed:
        raise Refused(
            "restore --from makes a system beside this one, and the Debian package has one on a machine",
            f"{paste(state, 'restore', '--to', 'TIME')} goes back in this one",
        )
    if state.path.is_dir() and state.path.stat().st_uid != os.geteuid():
        if args.stream is None:
            return fill(state, args, None)
        with open(args.stream, "rb") as file:
            return fill(state, args, file)
    packages.need("run")
    with source_of(args) as file, making(state, not state.path.exists()):
        fill(state, args, file)
    return finished(state)


def finished(state):
    """The last words."""
    say(f"the state in {state.given} is complete")
    print(f"\n    Start it:  {paste(state, 'up')}")
    return 0


@contextmanager
def making(state, made):
    """A state that is none before it is complete: State.restoring says so. What a restore left that was killed is made
    anew, one that is at work is not disturbed. Gives the open file that is locked meanwhile. Nothing stays of what did
    not come to its end, nor the directory if it was `made` for it."""
    refuse_what_is_there(state)
    try:
        state.path.mkdir(parents=True, exist_ok=True)
        mark = os.open(state.restoring, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused(
            f"cannot make the directory {state.path}: {error.strerror}", "give another one with --state NEWDIR"
        ) from error
    try:
        if not lock_try(mark) or not state.restoring.exists() or not os.path.samefile(mark, state.restoring):
            raise Refused(f"another restore into {state.path} is at work", "wait for it to end")
        try:
            clear(state)
            privilege.layout(state)
            yield mark
        except BaseException:
            say("taking back what was begun")
            clear(state)
            state.restoring.unlink()
            if made:
                privilege.delete(state)
            raise
        state.restoring.unlink()
        handover.directory_sync(state.path)
    finally:
        os.close(mark)


def refuse_what_is_there(state):
    """A new directory, an empty one of the caller's own, or one that a restore did not finish."""
    if not os.path.lexists(state.path):
        return
    if not state.path.is_dir() or (any(state.path.iterdir()) and not state.restoring.exists()):
        raise Refused(
            f"{state.path} holds something already", "give a new directory with --state NEWDIR, or move this one away"
        )
    if state.path.stat().st_uid != os.geteuid():
        raise Refused(
            f"{state.path} belongs to {state.path.owner()}",
            "run this as that user, or give another directory with --state NEWDIR",
        )


def clear(state):
    """Deletes all but the mark of a restore. No link is followed."""
    for entry in state.path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != state.restoring:
            entry.unlink()


def fill(state, args, file):
    """Checks the backup and puts all that is in it where it belongs."""
    source = Path(args.source)
    if file:
        say("unpacking the backup")
        source = state.tmp / "restore"
        backup.unpack(file, source)
    say(f"checking the backup in {args.source}")
    manifest = backup.verify(source)
    Settings.read(source / "etc/confeitaria.conf")  # refuses it while that costs nothing
    space_needed(backup.megabytes(source) + 100, state.path, "--state")
    for service in SERVICES:
        restore_cluster(state, source, manifest, service)
    restore_redis(state, source)
    restore_configuration(state, source / "etc")
    restore_tokens(state, source / "etc/tokens", args.with_tokens)
    if file:
        shutil.rmtree(source)
    subprocess.run(["sync", "-f", state.path], check=True)
    say(f"all of it is restored, as of {manifest.made}")


def restore_cluster(state, source, manifest, service):
    """The base backup and the log that it was streamed with, rolled forward to the moment of all stores and no
    further."""
    new = state.data / f"pg-{service}"
    say(f"restoring pg-{service} to the moment of the backup")
    shutil.copytree(source / f"pg-{service}/base", new, symlinks=True)
    shutil.copytree(source / f"pg-{service}/wal", new / "pg_wal", symlinks=True, dirs_exist_ok=True)
    new.chmod(0o700)
    words = {"restore_command": "/bin/false", "recovery_target_name": manifest.moment}
    if said := recovery.roll_forward(state, backup.bin_of(manifest, source), new, **words):
        raise Refused(f"PostgreSQL could not bring pg-{service} to the moment of the backup:", *said[-5:])


def restore_redis(state, source):
    """Redis starts from its append-only files, which may begin with a dump."""
    say("restoring Redis")
    files = state.data / "redis/appendonlydir"
    owned_directory(files.parent, 0o700)
    owned_directory(files, 0o700)
    shutil.copyfile(source / "redis/dump.rdb", files / "appendonly.aof.1.base.rdb", follow_symlinks=False)
    replace(files / "appendonly.aof.manifest", "file appendonly.aof.1.base.rdb seq 1 type b\n", 0o600)


def restore_configuration(state, source):
    """The settings and the sizes of the pools. The operator's own files may name the old state's directories: they are
    kept where nothing reads them. The secrets are made anew by `up`."""
    say("restoring settings")
    for name in ("confeitaria.conf", "pools"):
        if (source / name).exists():
            replace(state.etc / name, backup.text_of(source / name))
    settings = Settings.read(state.etc / "confeitaria.conf")
    if settings.is_set("copias_lugar"):
        say(f"not set: copias_lugar, {settings['copias_lugar']}, where the other system may have its own backups")
        settings.with_values({"copias_lugar": ""}).save(state.etc / "confeitaria.conf")
    for folder in sorted(source.glob("*.d")):
        if any(folder.iterdir()):
            shutil.copytree(folder, state.etc / "restored" / folder.name, symlinks=True)
            say(f"not in use, since it may name the old directory: {state.etc}/restored/{folder.name}")


def restore_tokens(state, source, wanted):
    """People's tokens, if they are wanted. The services' are made anew with the other secrets."""
    lines = backup.text_of(source).splitlines() if source.exists() else []
    people = [tokens.parse(line) for line in lines if PERSON.fullmatch(line)]
    people = [token for token in people if token.name not in tokens.SERVICE_TOKENS.values()]
    names = " ".join(sorted({token.name for token in people})) or "none"
    if wanted:
        tokens.keep(state, lambda token: True, *people)
        say(f"people's tokens are valid again, those too that were revoked since: {names}")
    else:
        say(f"people's tokens are not restored: {names}; {paste(state, 'token', 'create')} makes new ones")


COMMAND = Command(
    "restore",
    "makes a new state directory of a backup",
    TEXT,
    run,
    arguments=arguments,
    state="new",
    absent_is_well=True,
    root=root,
)
