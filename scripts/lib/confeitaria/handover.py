"""Backups in the hands of root, or of whoever calls: one file, and a keyed checksum of it that the servers cannot make.
docs/decisions/0038-backups-are-handed-over-as-a-stream.md"""
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
import tempfile
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from .say import Refused, UsageError, say

KEY = "/etc/confeitaria/backup.key"
UNFINISHED = ".incompleto"
SEAL = re.compile(r"hmac-sha256 ([0-9a-f]{64})\n?")
CHUNK = 2**20


def private(path, what):
    """The real path of a directory whose names only this user and root can change, itself and all above it. Raises
    Refused."""
    path = Path(os.path.realpath(path))
    for place in (*reversed(path.parents), path):
        try:
            info = os.lstat(place)
        except OSError as error:
            raise Refused(f"{what} is not there: {place}: {error.strerror}", "make it first") from error
        sticky = place != path and info.st_mode & stat.S_ISVTX
        if (
            not stat.S_ISDIR(info.st_mode)
            or info.st_uid not in (0, os.geteuid())
            or (info.st_mode & 0o022 and not sticky)
        ):
            raise Refused(
                f"{what} is not safe: others can change what is in {place}", f"chmod go-w {place}, or give another one"
            )
    return path


def key_of(given):
    """The key of the file `given`, or of root's own; made when it is not there."""
    if not given and os.geteuid():
        raise UsageError("--key FILE is needed: only root has a key of its own")
    path = Path(os.path.realpath(given or KEY))
    if not given:
        path.parent.mkdir(0o755, exist_ok=True)
    private(path.parent, "the directory of the key")
    if not path.exists():
        key_make(path)
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o077 or info.st_size < 32:
            raise Refused(
                f"{path} is no key: it must be yours, closed to others, and of 32 bytes or more", f"chmod 600 {path}"
            )
        return file.read()


def key_make(path):
    """A new key, in one step; one that somebody made meanwhile stays."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(name, path)
        say(f"made the key of backups, {path}: keep a copy elsewhere, without it none can be restored")
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


def sweep(directory):
    """Takes away what killed commands left, and nothing that one is still writing."""
    for path in directory.glob(f"*.tar{UNFINISHED}"):
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            except BlockingIOError:
                pass


def receive(state, directory, key, start):
    """Keeps in `directory` what start(fd) -> Popen writes to its end of a pipe, and a seal of it: the exit status, and
    the file. Nothing stays of what did not end well."""
    directory = private(directory, "the directory of the backup")
    sweep(directory)
    path = directory / f"{state.path.name}-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.tar"
    new = Path(f"{path}{UNFINISHED}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            status, seal = copy(start, file, key)
            file.flush()
            os.fsync(file.fileno())
        if status == 0:
            seal_write(Path(f"{path}.hmac"), seal)
            new.rename(path)
            directory_sync(directory)
    except OSError as error:
        raise Refused(
            f"cannot keep the backup in {directory}: {error.strerror}", "give another directory with --hand-over"
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return status, path


def copy(start, file, key):
    """What a process writes to a pipe goes into the file: its exit status, and the HMAC of it."""
    reader, writer = os.pipe()
    seal = hmac.new(key, digestmod=hashlib.sha256)
    try:
        process = start(writer)
    finally:
        os.close(writer)
    try:
        with open(reader, "rb") as pipe:
            while chunk := pipe.read(CHUNK):
                seal.update(chunk)
                file.write(chunk)
        return process.wait(), seal.hexdigest()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def seal_write(path, seal):
    """The file beside the backup, before that has its name."""
    with open(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(f"hmac-sha256 {seal}\n")
        file.flush()
        os.fsync(file.fileno())


def directory_sync(directory):
    """Names in it are on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def opened(given, key):
    """A handed-over backup from its beginning, once all of it was found to be as it was sealed. Only this user can
    write to it."""
    path = Path(os.path.realpath(given))
    private(path.parent, "the directory of the backup")
    try:
        seal = SEAL.fullmatch(Path(f"{path}.hmac").read_text(encoding="ascii"))
        file = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {given} and its seal, {given}.hmac: {error}") from error
    with file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
            raise Refused(f"others can change {given}", f"chown root {given}; chmod 600 {given}")
        found = hmac.new(key, digestmod=hashlib.sha256)
        while chunk := file.read(CHUNK):
            found.update(chunk)
        if not seal or not hmac.compare_digest(found.hexdigest(), seal[1]):
            raise Refused(
                f"{given} is not what was sealed with this key: it is damaged or forged", "take another backup"
            )
        file.seek(0)
        yield file
