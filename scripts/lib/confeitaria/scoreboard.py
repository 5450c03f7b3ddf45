"""The part of a pool's scoreboard that `status` shows: how many workers live, how many of them serve, how many died
(fcgi/core/scoreboard.h)."""
import fcntl
import os
import stat
import struct
from dataclasses import dataclass

MAGIC = b"placar\n\0"
FORMAT = 1
WORKERS = 32
HEAD = struct.Struct("8sIII")  # magic, format, places, bytes of a place
HEAD_BYTES = 4096
PLACE = struct.Struct("QQQQ")  # starts, ends, pid, busy
PLACE_BYTES_MAX = 2**20
COUNT_MAX = 2**53  # what JSON can say; no worker comes that far
LOCK = struct.Struct("hhqqi4x")  # struct flock
TRIES_MAX = 100


@dataclass
class Force:
    """A pool, as its workers count it."""

    busy: int = 0
    idle: int = 0
    died: int = 0


def read(path):
    """The workers of a pool; None when there is no scoreboard, or none that can be read. Nothing is mapped, so a file
    that is cut short meanwhile does no harm."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = place_bytes(file)
        force = Force()
        for place in range(WORKERS):
            add(force, file, place, HEAD_BYTES + place * size)
        return force
    except (OSError, struct.error, ValueError):
        return None
    finally:
        os.close(file)


def place_bytes(file):
    """How large a place is. ValueError when the file is none of this format, or not whole."""
    status = os.fstat(file)
    magic, number, places, size = HEAD.unpack(os.pread(file, HEAD.size, 0))
    if not stat.S_ISREG(status.st_mode) or (magic, number, places) != (MAGIC, FORMAT, WORKERS):
        raise ValueError("no scoreboard")
    if not PLACE.size <= size <= PLACE_BYTES_MAX or status.st_size != HEAD_BYTES + WORKERS * size:
        raise ValueError("not whole")
    return size


def lock_seen(file, place):
    """The lock that others have on a place: none, F_RDLCK its worker's, F_WRLCK it is being taken or given up."""
    asked = LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    return LOCK.unpack(fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))[0]


def add(force, file, place, offset):
    """Adds one place. It is read again when its owner changes in that moment."""
    for _ in range(TRIES_MAX):
        before = os.pread(file, PLACE.size, offset)
        seen = lock_seen(file, place)
        starts, ends, _, busy = PLACE.unpack(os.pread(file, PLACE.size, offset))
        if seen != fcntl.F_WRLCK and PLACE.unpack(before)[:2] == (starts, ends):
            break
    lives = seen == fcntl.F_RDLCK
    if not 0 <= ends + lives <= starts <= COUNT_MAX:
        raise ValueError("numbers that cannot be")
    force.busy += lives and busy != 0
    force.idle += lives and busy == 0
    force.died += starts - ends - lives
