"""Backups: what is in one, and whether it is whole.

    pg-SERVICE/base     a base backup of the service's primary with its own manifest
    pg-SERVICE/wal      the log from there to the moment
    redis/dump.rdb      the carts and the stream of events
    etc                 settings, the operator's own lines, tokens, secrets
    manifest            versions, the moment, the checksum of every other file; written last
"""
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .moment import SERVICES
from .say import Refused

FORMAT = "1"
BASES = tuple(f"pg-{service}/base" for service in SERVICES)
MANIFEST_BYTES = 64 * 2**20
FILE = re.compile(r"([0-9a-f]{64})  \./(.+)")


@dataclass(frozen=True)
class Manifest:
    """`made`: a time; `postgres`: a major version; `moment`: a restore point's name; `files`: {path in the backup:
    SHA-256}."""

    made: str
    postgres: str
    moment: str
    files: dict

    def text(self):
        """The file, which ends with the checksum of all before."""
        head = f"format {FORMAT}\nmade {self.made}\npostgres {self.postgres}\nmoment {self.moment}\n"
        head += "".join(f"file {checksum}  ./{path}\n" for path, checksum in sorted(self.files.items()))
        return f"{head}end {hashlib.sha256(head.encode()).hexdigest()}\n"

    @classmethod
    def of(cls, directory, postgres, moment):
        """What there is in a directory, now."""
        return cls(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}", postgres, moment, checksums(directory))

    @classmethod
    def parse(cls, text, place):
        """The manifest of the backup in `place`. Raises Refused when it is another version's, or not as it was
        written."""
        lines = [line.partition(" ")[::2] for line in text.split("\n")]
        said = dict(lines)
        if said.get("format") != FORMAT:
            made_by = f"format {said.get('format', 'unknown')}, this one knows {FORMAT}"
            raise Refused(f"{place} was made by another version ({made_by})", "use that version")
        head, _, end = text.rpartition("end ")
        files = [FILE.fullmatch(value) for name, value in lines if name == "file"]
        values = [re.fullmatch(r"[\w:.-]{1,64}", said.get(name, "")) for name in ("made", "postgres", "moment")]
        if end != f"{hashlib.sha256(head.encode()).hexdigest()}\n" or not all(files) or not all(values):
            raise Refused(f"the backup in {place} is damaged: its manifest is not as it was written")
        return cls(said["made"], said["postgres"], said["moment"], {match[2]: match[1] for match in files})


def text_of(path):
    """A small text in a backup; no link is followed. Raises OSError, ValueError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no file")
        return file.read(MANIFEST_BYTES)


def files_of(directory):
    """The paths in a backup that its manifest has: a base backup has one of its own, which is one of the files here.
    Raises Refused when there is something that is neither a file nor a directory."""
    found = []
    for place, _, names in os.walk(directory, onerror=unreadable):
        inside = Path(place).relative_to(directory)
        within_base = any(inside.is_relative_to(base) for base in BASES)
        for name in os.listdir(place):
            if stat.S_IFMT(os.lstat(Path(place, name)).st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
                raise Refused(
                    f"the backup in {directory} is damaged: {Path(place, name)} is neither a file nor a directory"
                )
        for name in names:
            path = str(inside / name)
            if path != "manifest" and (not within_base or path in (f"{base}/backup_manifest" for base in BASES)):
                found.append(path)
    return found


def unreadable(error):
    """What os.walk would pass over."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    raise Refused(f"{user} cannot read {error.filename}: {error.strerror}", f"chown -R {user} the backup") from error


def checksums(directory):
    """{path in a backup: SHA-256}"""
    return {path: checksum(Path(directory, path)) for path in files_of(directory)}


def checksum(path):
    """The SHA-256 of a file; no link is followed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(directory):
    """The Manifest of a whole backup that can be restored here; raises Refused for any other."""
    directory = Path(directory)
    try:
        text = text_of(directory / "manifest")
    except FileNotFoundError:
        raise Refused(f"{directory} is no backup, or one that was not finished: it has no manifest") from None
    except PermissionError as error:
        unreadable(error)
    except (OSError, ValueError) as error:
        raise Refused(f"the backup in {directory} is damaged: its manifest cannot be read: {error}") from error
    manifest = Manifest.parse(text, directory)
    bin_of(manifest, directory)
    verify_files(directory, manifest)
    verify_stores(directory, manifest)
    return manifest


def bin_of(manifest, directory):
    """PostgreSQL's programs of the version that a backup needs."""
    programs = Path("/usr/lib/postgresql", manifest.postgres, "bin")
    if not manifest.postgres.isdigit() or not (programs / "postgres").is_file():
        raise Refused(
            f"{directory} was made with PostgreSQL {manifest.postgres}, which is not installed here",
            f"apt-get install postgresql-{manifest.postgres}, or restore it where that is",
        )
    return programs


def verify_files(directory, manifest):
    """Each file is there and as it was, and no other is."""
    found = checksums(directory)
    wrong = sorted(path for path in {*found, *manifest.files} if found.get(path) != manifest.files.get(path))
    if wrong:
        path = wrong[0]
        what = "is missing" if path not in found else "is not as it was" if path in manifest.files else "was not in it"
        raise Refused(f"the backup in {directory} is damaged: {path} {what}")


def verify_stores(directory, manifest):
    """The stores' own programs find their parts whole."""
    for base in BASES:
        command = [bin_of(manifest, directory) / "pg_verifybackup", "--quiet", directory / base]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"the backup in {directory} is damaged:", (done.stdout + done.stderr).strip())
    dump = directory / "redis/dump.rdb"
    done = subprocess.run(["redis-check-rdb", dump], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"Redis cannot read {dump}:", *done.stdout.splitlines()[-3:])


def megabytes(*places):
    """What directories take on the disk, in MiB."""
    total = 0
    for top in places:
        for place, _, names in os.walk(top):
            for name in names:
                try:
                    total += os.lstat(Path(place, name)).st_blocks * 512
                except FileNotFoundError:
                    pass
    return total // 2**20 + 1


def send(directory, file):
    """Writes a backup as a tar."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        tar.add(directory, arcname=".")


def unpack(file, directory):
    """Makes the files and directories of a tar in a new directory, ours alone; anything else in it is refused, as are
    names that lead out of it. `file` need not be seekable."""
    os.mkdir(directory, 0o700)
    with tarfile.open(fileobj=file, mode="r|") as tar:
        for member in tar:
            parts = Path(member.name).parts
            if member.name.startswith("/") or ".." in parts or not (member.isreg() or member.isdir()):
                raise Refused(f"this is no backup: {member.name!r} is in it")
            place = directory.joinpath(*parts)
            if member.isdir():
                place.mkdir(0o700, exist_ok=True)
                continue
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                shutil.copyfileobj(tar.extractfile(member), out)
