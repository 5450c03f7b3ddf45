"""Backups that are handed over: what is written where, with which key, and what is taken back."""
import os
import signal
import stat
import subprocess
import sys

import pytest

from confeitaria import handover
from confeitaria.say import Refused, UsageError

KEY = b"k" * 64
CONTENT = b"0123456789" * 300000


def writer(ending="sys.exit(0)", seen=None):
    """What starts a process that writes CONTENT to the pipe and then ends so."""
    code = (
        f'import os, sys, time; f = open(int(sys.argv[1]), "wb"); f.write(b"0123456789" * 300000); f.flush(); {ending}'
    )

    def start(file):
        process = subprocess.Popen([sys.executable, "-c", code, str(file)], pass_fds=(file,))
        if seen is not None:
            seen.append(process)
        return process

    return start


@pytest.fixture(name="folder")
def fixture_folder(place):
    """A directory that only this user can write to."""
    (place / "cofre").mkdir(0o700)
    return place / "cofre"


def contents(folder):
    """What is there."""
    return sorted(path.name for path in folder.iterdir())


def test_there_and_back(state, folder):
    """What was written is kept, for this user only, with a seal of the key, and read again with the same key."""
    status, path = handover.receive(state, folder, KEY, writer())
    assert status == 0 and path.read_bytes() == CONTENT
    assert contents(folder) == [path.name, f"{path.name}.hmac"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600, 0o600]
    with handover.opened(path, KEY) as file:
        assert file.read() == CONTENT
        assert os.get_inheritable(file.fileno()) is False
        with pytest.raises(OSError):
            os.write(file.fileno(), b"x")


@pytest.mark.parametrize("ending", ["sys.exit(1)", "os.kill(os.getpid(), 9)"])
def test_one_that_failed(state, folder, ending):
    """Nothing of it stays."""
    status, _ = handover.receive(state, folder, KEY, writer(ending))
    assert status in (1, -signal.SIGKILL) and contents(folder) == []


def test_a_disk_that_is_full(state, folder, monkeypatch):
    """It is said, the process that writes ends, and nothing stays."""
    seen, copy = [], handover.copy
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(handover, "copy", lambda start, file, key: copy(start, full, key))
        with pytest.raises(Refused) as refused:
            handover.receive(state, folder, KEY, writer("time.sleep(600)", seen))
    assert "No space left on device" in refused.value.message
    assert seen[0].poll() is not None and contents(folder) == []


def test_what_a_killed_one_left(state, folder):
    """Goes with the next one; what another is still writing stays."""
    (folder / "a-1.tar.incompleto").touch()
    (folder / "b-1.tar.incompleto").touch()
    (folder / "meu.tar").touch()
    with open(folder / "b-1.tar.incompleto", "rb") as file:
        handover.fcntl.flock(file, handover.fcntl.LOCK_EX)
        _, path = handover.receive(state, folder, KEY, writer())
    assert contents(folder) == sorted(["b-1.tar.incompleto", "meu.tar", path.name, f"{path.name}.hmac"])


def change(path):
    """One bit of one byte."""
    with open(path, "r+b") as file:
        file.seek(1000000)
        byte = file.read(1)[0] ^ 1
        file.seek(1000000)
        file.write(bytes([byte]))


def cut(path):
    """Without its last byte."""
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("harm", [change, cut])
def test_one_that_was_changed(state, folder, harm):
    """Is refused, as is one of another key."""
    _, path = handover.receive(state, folder, KEY, writer())
    with pytest.raises(Refused) as refused, handover.opened(path, b"o" * 64):
        pass
    assert "damaged or forged" in refused.value.message
    harm(path)
    with pytest.raises(Refused) as refused, handover.opened(path, KEY):
        pass
    assert "damaged or forged" in refused.value.message


@pytest.mark.parametrize("text", ["", "hmac-sha256 \n", "0" * 64, "sha256 " + "0" * 64, None])
def test_a_seal_that_is_none(state, folder, text):
    """Is none."""
    _, path = handover.receive(state, folder, KEY, writer())
    seal = folder / f"{path.name}.hmac"
    seal.unlink()
    if text is not None:
        seal.write_text(text)
    with pytest.raises(Refused), handover.opened(path, KEY):
        pass


def test_a_file_that_others_can_change(state, folder):
    """Could be another one after its check."""
    _, path = handover.receive(state, folder, KEY, writer())
    path.chmod(0o620)
    with pytest.raises(Refused) as refused, handover.opened(path, KEY):
        pass
    assert "others can change" in refused.value.message


def test_directories_of_others(state, folder):
    """Nothing is written or read where somebody else can change a name, at any depth."""
    _, path = handover.receive(state, folder, KEY, writer())
    (folder / "dentro").mkdir()
    for mode in (0o720, 0o702, 0o1777):
        folder.chmod(mode)
        for directory in (folder, folder / "dentro"):
            if mode == 0o1777 and directory != folder:
                continue  # nobody can change a name of ours there: as /tmp
            with pytest.raises(Refused) as refused:
                handover.receive(state, directory, KEY, writer())
            assert "others can change what is in" in refused.value.message
    with pytest.raises(Refused), handover.opened(path, KEY):
        pass
    if os.geteuid() == 0:
        folder.chmod(0o700)
        os.chown(folder, 65534, 65534)
        with pytest.raises(Refused):
            handover.receive(state, folder / "dentro", KEY, writer())


def test_a_key(folder, monkeypatch):
    """Is made once, for this user only, and read from then on."""
    monkeypatch.setattr(handover, "KEY", str(folder / "novo/chave"))
    if os.geteuid() == 0:
        assert handover.key_of(None) == handover.key_of(None) == (folder / "novo/chave").read_bytes()
    with monkeypatch.context() as ordinary, pytest.raises(UsageError):
        ordinary.setattr(os, "geteuid", lambda: 1000)
        handover.key_of(None)
    key = handover.key_of(str(folder / "chave"))
    assert len(key) >= 64 and key == handover.key_of(str(folder / "chave"))
    assert stat.S_IMODE((folder / "chave").stat().st_mode) == 0o600
    assert "chave" in contents(folder) and not [name for name in contents(folder) if name.startswith("tmp")]


def test_keys_of_others(folder):
    """A key that somebody else can read or change is none, nor one that is short."""
    path = folder / "chave"
    key = handover.key_of(str(path))
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(Refused):
            handover.key_of(str(path))
    path.chmod(0o600)
    assert handover.key_of(str(path)) == key
    path.write_bytes(b"k" * 31)
    with pytest.raises(Refused):
        handover.key_of(str(path))
    folder.chmod(0o730)
    with pytest.raises(Refused):
        handover.key_of(str(folder / "outra"))
    assert not (folder / "outra").exists()
