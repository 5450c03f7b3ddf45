"""The scoreboards' directory, and their reader in the operator's program; that the workers' files are such files is for
tests/system/test_sistema.py."""
import fcntl
import os
from contextlib import contextmanager

import pytest

from confeitaria import cache, scoreboard
from confeitaria.say import Refused
from confeitaria.scoreboard import HEAD, HEAD_BYTES, LOCK, MAGIC, PLACE, WORKERS, Force

SIZE = 4096


def written(path, *places, head=(MAGIC, 1, WORKERS, SIZE), length=HEAD_BYTES + WORKERS * SIZE):
    """A file with these places: starts, ends, pid, busy."""
    text = HEAD.pack(*head).ljust(HEAD_BYTES, b"\0")
    text += b"".join(PLACE.pack(*place).ljust(SIZE, b"\0") for place in places)
    path.write_bytes(text.ljust(length, b"\0")[:length])
    return path


@contextmanager
def locked(path, **places):
    """Meanwhile somebody has locks on places: read=[0, 1], write=[2]."""
    file = os.open(path, os.O_RDWR)
    kinds = {"read": fcntl.F_RDLCK, "write": fcntl.F_WRLCK}
    for kind, numbers in places.items():
        for number in numbers:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, LOCK.pack(kinds[kind], os.SEEK_SET, number, 1, 0))
    yield
    os.close(file)


def test_who_lives_and_who_died(place):
    """A place counts as long as its worker has it; what started and neither ended nor lives has died."""
    path = written(place / "pool", (3, 2, 70, 1), (1, 0, 71, 0), (5, 4, 72, 1), (2, 2, 73, 0), (0, 0, 0, 0))
    with locked(path, read=[0, 1]):
        assert scoreboard.read(path) == Force(busy=1, idle=1, died=1)
    assert scoreboard.read(path) == Force(busy=0, idle=0, died=3)


def test_a_place_that_is_being_taken(place):
    """Is waited for, but not for ever: a worker may be stopped there."""
    path = written(place / "pool", (1, 1, 70, 1))
    with locked(path, write=[0]):
        assert scoreboard.read(path) == Force()


@pytest.mark.parametrize(
    "wrong",
    [
        {"head": (b"another\0", 1, WORKERS, SIZE)},
        {"head": (MAGIC, 2, WORKERS, SIZE)},
        {"head": (MAGIC, 1, WORKERS + 1, SIZE)},
        {"head": (MAGIC, 1, WORKERS, 8)},
        {"head": (MAGIC, 1, WORKERS, 2**31)},
        {"length": 0},
        {"length": HEAD_BYTES},
        {"length": HEAD_BYTES + WORKERS * SIZE - 1},
    ],
    ids=str,
)
def test_what_is_no_scoreboard(place, wrong):
    """Says nothing."""
    assert scoreboard.read(written(place / "pool", (1, 0, 70, 1), **wrong)) is None


@pytest.mark.parametrize("numbers", [(1, 2, 70, 0), (2**60, 0, 70, 0)], ids=str)
def test_numbers_that_cannot_be(place, numbers):
    """More ends than starts, more deaths than there were seconds."""
    assert scoreboard.read(written(place / "pool", (1, 1, 70, 0), numbers)) is None


def test_what_is_no_file(place):
    """Nothing there, a directory, a link, a pipe on which nobody writes."""
    real = written(place / "pool", (1, 0, 70, 0))
    (place / "link").symlink_to(real)
    os.mkfifo(place / "pipe")
    assert scoreboard.read(real) == Force(died=1)
    assert [scoreboard.read(place / name) for name in ("none", "", "link", "pipe")] == [None] * 4


def test_the_directory_is_made_once(state, monkeypatch):
    """The group may read in it, and what running workers have in it stays; it goes with the cache."""
    monkeypatch.setattr(cache, "in_memory", lambda _state: False)
    state.run.mkdir()
    directory = cache.scoreboard_directory(state)
    assert directory == state.run / "placar"
    for _ in range(2):
        cache.scoreboard_make(state)
        assert directory.stat().st_mode & 0o777 == 0o750
        (directory / "catalogo").touch()
    cache.cache_make(state)
    assert (directory / "catalogo").exists()
    cache.cache_remove(state)
    assert not directory.exists()
    directory.write_text("x", encoding="ascii")
    with pytest.raises(Refused, match="cannot make .*/run/placar: File exists"):
        cache.scoreboard_make(state)


def test_the_directory_in_memory(state, monkeypatch):
    """Beside the cache's; one of somebody else is neither taken nor deleted."""
    state.run.mkdir()
    monkeypatch.setattr(cache, "in_memory", lambda _state: True)
    monkeypatch.setattr(cache, "MEMORY", state.path)
    directory = cache.scoreboard_directory(state)
    assert directory.name == f"{cache.cache_directory(state).name}-placar"
    directory.mkdir()
    monkeypatch.setattr(cache.os, "geteuid", lambda: directory.stat().st_uid + 1)
    assert cache.scoreboard_directory(state) == state.run / "placar"
    cache.cache_remove(state)
    assert directory.is_dir()
