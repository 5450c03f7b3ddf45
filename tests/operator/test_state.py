"""state.py: files and links that a reader sees whole, locks, paths."""
import json
import os
import stat
import subprocess
import threading

import pytest

from confeitaria.say import Refused
from confeitaria.state import State, link, owned_directory, replace, space_needed, wait_for

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


# Files


def test_replace_writes_text_and_bytes(place):
    """With the permissions that were asked for, whatever the umask and the old file had."""
    path = place / "file"
    before = os.umask(0o077)
    try:
        replace(path, "açúcar\n")
        assert path.read_text(encoding="utf-8") == "açúcar\n" and stat.S_IMODE(path.stat().st_mode) == 0o640
        replace(path, b"\xff", 0o600)
        assert path.read_bytes() == b"\xff" and stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_replace_leaves_one_whole_file(place):
    """Who has the old file open keeps it; nothing but the new one is in the directory."""
    path = place / "file"
    replace(path, "old")
    with path.open(encoding="utf-8") as reader:
        replace(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new" and [entry.name for entry in place.iterdir()] == ["file"]


def test_replace_follows_no_link(place):
    """A link at the name is replaced by the file; where it led is untouched."""
    canary = place / "canary"
    canary.write_text("untouched")
    path = place / "file"
    path.symlink_to(canary)
    replace(path, "new")
    assert canary.read_text() == "untouched"
    assert not path.is_symlink() and path.read_text() == "new"


def test_replace_that_fails_leaves_nothing(place):
    """A directory is in the way: it stays, and no temporary file does."""
    (place / "file").mkdir()
    with pytest.raises(OSError):
        replace(place / "file", "new")
    assert [entry.name for entry in place.iterdir()] == ["file"]


def test_link_is_turned_in_one_step(place):
    """A reader finds the old or the new target at every moment."""
    current = place / "current"
    link(current, "0")
    stop, seen, missing = threading.Event(), set(), []

    def read():
        while not stop.is_set():
            try:
                seen.add(os.readlink(current))
            except OSError as error:
                missing.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 501):
        link(current, str(number))
    stop.set()
    reader.join()
    assert os.readlink(current) == "500" and not missing and len(seen) > 1
    assert [entry.name for entry in place.iterdir()] == ["current"]


def test_owned_directory(place):
    """Made with its permissions, or given them; a link or a file in its place is refused and left."""
    path = place / "data"
    owned_directory(path, 0o700)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    (path / "kept").touch()
    owned_directory(path, 0o750)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750 and (path / "kept").exists()
    (place / "link").symlink_to(path)
    (place / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(Refused, match="is in the way"):
            owned_directory(place / name, 0o777)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


# Locks


def test_a_lock_is_held_by_one(state):
    """A second command gets it when the first one has ended, and what was done in between is there."""
    order = []

    def second():
        with state.locked():
            order.append("second")

    with state.locked():
        waiter = threading.Thread(target=second)
        waiter.start()
        waiter.join(0.2)
        order.append("first")
    waiter.join()
    assert order == ["first", "second"]


def test_locks_of_other_names_do_not_wait(state):
    """A backup and a command go on side by side."""
    with state.locked():
        with state.locked("backup"):
            assert len(list(state.etc.iterdir())) == 2


def test_a_lock_goes_with_its_process(state):
    """kill -9 leaves none behind; a program that the command started does not keep it."""
    script = f"""
import os, subprocess, sys
sys.path.append({str(os.path.dirname(os.path.dirname(__import__("confeitaria").__file__)))!r})
from confeitaria.state import State
with State({state.given!r}).locked():
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run(["/usr/bin/python3", "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    try:
        assert done.returncode == -9
        with state.locked():
            pass
    finally:
        os.kill(int(done.stdout), 9)


@root
def test_another_user_cannot_open_a_lock(state):
    """flock(1) needs to open the file, which only its owner can: the mode, not the directory, keeps others out."""
    state.etc.chmod(0o755)
    with state.locked():
        (path,) = state.etc.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        done = subprocess.run([*NOBODY, "flock", path, "true"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Permission denied" in done.stderr
    with state.locked():
        pass


def test_a_lock_follows_no_link(state):
    """A link in its place is not opened."""
    with state.locked():
        (path,) = state.etc.iterdir()
    path.unlink()
    canary = state.path / "canary"
    path.symlink_to(canary)
    with pytest.raises(OSError):
        with state.locked():
            pass
    assert not canary.exists()


# Paths


@pytest.mark.parametrize(
    "path", ["/srv/my shop", "/srv/loja-ç", "/srv/a'b", "/srv/a\nb", "/srv/$(id)", "/srv/a;b", "/srv/%d"]
)
def test_paths_that_configuration_files_cannot_hold(path):
    """Are refused, with what may be in one."""
    with pytest.raises(Refused, match="characters") as refused:
        State(path)
    assert "letters" in refused.value.remedies[0]


def test_the_default_state(place, monkeypatch):
    """Without --state; a relative path is one from here, and a link leads to the directory itself."""
    monkeypatch.setenv("CONFEITARIA_DEFAULT_STATE", str(place / "var"))
    assert State(None).is_default and State(None).path == place / "var"
    assert not State(str(place)).is_default
    monkeypatch.chdir(place)
    assert State("loja").path == place / "loja"
    (place / "link").symlink_to(place / "loja")
    assert State("link").path == place / "loja"


def test_no_system(place):
    """What makes one is said."""
    with pytest.raises(Refused, match="there is no system") as refused:
        State(str(place / "nada")).require()
    assert f"up --state {place / 'nada'}" in refused.value.remedies[0]


def test_sockets_elsewhere(state):
    """Where the path is too long for them, run is a link."""
    assert state.run == state.path / "run"
    (state.path / "run").symlink_to("/run/confeitaria-0123")
    assert str(state.run) == "/run/confeitaria-0123"


def test_space(place):
    """What is needed and not there is refused, with the option that names another disk."""
    space_needed(0, place / "not" / "yet", "--to")
    with pytest.raises(Refused, match="MB are needed") as refused:
        space_needed(10**9, place / "not" / "yet", "--to")
    assert "--to DIR" in refused.value.remedies[0]


def test_wait_for():
    """Its value as soon as it is true; the last one when the time is over."""
    values = iter([0, 0, 3])
    assert wait_for(lambda: next(values), every=0) == 3
    assert wait_for(lambda: 0, seconds=0, every=0) == 0


def test_what_runs_does_not_change_with_the_file(state):
    """What is written into etc/confeitaria.conf counts for a running system only once a generation is made of it, and
    keeps nobody from looking at it or stopping it when it is wrong."""
    file = state.etc / "confeitaria.conf"
    file.write_text("prazo_segundos = 9\n", encoding="utf-8")
    assert state.running["prazo_segundos"] == 9  # nothing was ever started
    state.current.mkdir()
    about = {"settings": {"prazo_segundos": "7", "port": "70000", "of_another_release": "x", "proxies": ""}}
    (state.current / "generation.json").write_text(json.dumps(about), encoding="utf-8")
    file.write_text("prazo_segundo = 9\n", encoding="utf-8")
    assert state.running["prazo_segundos"] == 7 and state.running["port"] == 80 and state.running["proxies"] == ()
    with pytest.raises(Refused, match="there is no setting prazo_segundo"):
        State(str(state.path)).settings  # pylint: disable=expression-not-assigned
