"""What is kept in memory: nginx's copies of the catalogue's answers with the link that says of which version they are
(nginx/cache.conf.in), and the scoreboards of the pools (fcgi/core/scoreboard.h).

Nothing in it is needed: it goes when the system stops and is made anew when it starts.
"""
import hashlib
import os
import shutil
import time
from pathlib import Path

from .say import Refused

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 256 * 2**20  # a container's /dev/shm has 64 MB


def cache_directory(state):
    """Where it is: in memory where there is enough, under a short path, since nginx looks each part of it up at every
    request; else beside the sockets. An ordinary user's files in memory go when he logs out (logind's RemoveIPC), so
    only a system that root set up has it there."""
    if state.installed:
        return state.run / "cache"
    place = memory_directory(state)
    return place if in_memory(state) and not foreign(place) else state.run / "cache"


def versions(state):
    """Where the link is. Who may write there could lead nginx's master astray if its kept answers were there too."""
    return state.versions or cache_directory(state)


def scoreboard_directory(state):
    """Where the pools' scoreboards are: in memory under the same conditions."""
    if state.installed:
        return state.run / "placar"
    place = memory_directory(state, "-placar")
    return place if in_memory(state) and not foreign(place) else state.run / "placar"


def memory_directory(state, suffix=""):
    """A short name in memory that no other state has."""
    return MEMORY / f"confeitaria-{hashlib.sha256(str(state.path).encode()).hexdigest()[:10]}{suffix}"


def in_memory(state):
    """Whether anything may be in memory."""
    if state.path.stat().st_uid != 0 or not os.access(MEMORY, os.W_OK):
        return False
    size = os.statvfs(MEMORY)
    return size.f_blocks * size.f_frsize >= MEMORY_BYTES


def foreign(place):
    """Whether there is something of another user: anybody may make names in /dev/shm."""
    return os.path.lexists(place) and os.lstat(place).st_uid != os.geteuid()


def cache_make(state):
    """Makes it empty. Raises Refused when somebody else has the name. Where the link is apart, it is made where there
    is none: workers go on."""
    place = cache_directory(state)
    if state.versions:
        if not os.path.lexists(state.versions / "atual"):
            name = f"v{time.time_ns()}"
            (state.versions / name).mkdir()
            (state.versions / "atual").symlink_to(name)
        return
    remove(place)
    make(place, 0o700)
    (place / "v0").mkdir()
    (place / "atual").symlink_to("v0")


def scoreboard_make(state):
    """Makes the directory of the scoreboards, unless it is there: workers that run have their files in it. The owner's
    group may read them."""
    place = scoreboard_directory(state)
    if not place.is_dir():
        make(place, 0o750)


def make(place, mode):
    """Makes a directory. Raises Refused when it cannot."""
    try:
        place.mkdir(mode=mode)
    except OSError as error:
        raise Refused(f"cannot make {place}: {error.strerror}", "remove what is there, then run this again") from error


def cache_remove(state):
    """Takes both away, if they are ours."""
    remove(cache_directory(state))
    remove(scoreboard_directory(state))


def remove(place):
    """Deletes a directory, or a link in its place."""
    if place.is_symlink():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)
