"""What nginx keeps of the catalogue's answers, and the link that says of which version they are (nginx/cache.conf.in).

Nothing in it is needed: it goes when the system stops and is made anew when it starts.
"""
import hashlib
import os
import shutil
from pathlib import Path

from .say import Refused

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 256 * 2**20  # a container's /dev/shm has 64 MB


def cache_directory(state):
    """Where it is: in memory where there is enough, under a short path, since nginx looks each part of it up at every
    request; else beside the sockets. An ordinary user's files in memory go when he logs out (logind's RemoveIPC), so
    only a system that root set up has it there."""
    place = MEMORY / f"confeitaria-{hashlib.sha256(str(state.path).encode()).hexdigest()[:10]}"
    return place if in_memory(state) and not foreign(place) else state.run / "cache"


def in_memory(state):
    """Whether the cache may be in memory."""
    if state.path.stat().st_uid != 0 or not os.access(MEMORY, os.W_OK):
        return False
    size = os.statvfs(MEMORY)
    return size.f_blocks * size.f_frsize >= MEMORY_BYTES


def foreign(place):
    """Whether there is something of another user: anybody may make names in /dev/shm."""
    return os.path.lexists(place) and os.lstat(place).st_uid != os.geteuid()


def cache_make(state):
    """Makes it empty. Raises Refused when somebody else has the name."""
    place = cache_directory(state)
    cache_remove(state)
    try:
        place.mkdir(mode=0o700)
    except OSError as error:
        raise Refused(f"cannot make {place}: {error.strerror}", "remove what is there, then run this again") from error
    (place / "v0").mkdir()
    (place / "atual").symlink_to("v0")


def cache_remove(state):
    """Takes it away, if it is ours."""
    place = cache_directory(state)
    if place.is_symlink():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)
