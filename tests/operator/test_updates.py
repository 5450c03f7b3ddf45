"""Security updates that wait, as apt says them, and programs that were updated while they run. What waits on this
machine is nothing to these tests."""
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from confeitaria import updates

# As apt 2.6.1 of Debian 12 and apt 3.0.4 of Debian 13 print it.
DEBIAN_12 = """\
Reading package lists...
Calculating upgrade...
The following packages will be upgraded:
  bash libcap2 libgcrypt20 libssl3 libssl-dev postgresql-common
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Conf bash (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst libpam-modules-bin [1.5.2-6+deb12u1] (1.5.2-6+deb12u2 Debian:12.15/oldstable [amd64]) [libpam-modules:amd64 ]
Inst postgresql-common [248+deb12u1] (248+deb12u2 Debian-Security:12/oldstable-security [all]) []
Inst libssl-dev [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Inst libssl3 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Inst libcap2 [1:2.66-4+deb12u2+b2] (1:2.66-4+deb12u3+b1 Debian:12.15/oldstable [amd64])
Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
"""
DEBIAN_13 = """\
The following packages will be upgraded:
  libzstd1
1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.
Inst libzstd1 [1.5.7+dfsg-1] (1.5.7+dfsg-1+deb13u1 Debian-Security:13/stable-security [amd64])
Conf libzstd1 (1.5.7+dfsg-1+deb13u1 Debian-Security:13/stable-security [amd64])
"""


def test_debian_12():
    """Security updates, also those that are in the point release too; no other upgrade."""
    assert updates.security(DEBIAN_12) == {
        "libgcrypt20": "1.10.1-3+deb12u1",
        "postgresql-common": "248+deb12u2",
        "libssl-dev": "3.0.22-1~deb12u2",
        "libssl3": "3.0.22-1~deb12u2",
    }


def test_debian_13():
    """The same words."""
    assert updates.security(DEBIAN_13) == {"libzstd1": "1.5.7+dfsg-1+deb13u1"}


@pytest.fixture(name="machine")
def fixture_machine(state, monkeypatch):
    """apt's lists, dpkg's file and apt-get itself, in a directory; apt-get says what the file `says` holds."""
    place = state.path / "machine"
    (place / "lists/partial").mkdir(parents=True)
    (place / "lists/deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages").touch()
    (place / "status").touch()
    (place / "says").write_text(DEBIAN_12)
    (place / "bin").mkdir()
    (place / "bin/apt-get").write_text(
        f"#!/bin/sh\necho asked >>{place}/asked\ncat {place}/says\n! [ -e {place}/fails ]\n"
    )
    (place / "bin/apt-get").chmod(0o755)
    state.tmp.mkdir()
    monkeypatch.setenv("PATH", f"{place}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(updates, "LISTS", place / "lists")
    monkeypatch.setattr(updates, "INSTALLED", place / "status")
    monkeypatch.setattr(updates, "PAUSE_SECONDS", 0)
    return place


def asked(machine):
    """How often apt-get was called."""
    path = machine / "asked"
    return len(path.read_text().splitlines()) if path.exists() else 0


def ask(state):
    """Lets the zelador's part run until it has nothing to do."""
    asker = updates.Asker(state)
    asker.poll()
    end = time.monotonic() + 120
    while asker.process is not None and time.monotonic() < end:
        asker.poll()
        time.sleep(0.01)
    assert asker.process is None


def touch(path, seconds):
    """Gives a file a time so long from now."""
    os.utime(path, (time.time() + seconds,) * 2)


def said(state, files=()):
    """What status says of the updates."""
    return updates.report_packages(state, set(files))["packages"]["security_updates"]


def test_apt_is_asked_when_something_changed(state, machine):
    """Once; again when a package was installed, or the lists are new, also while it was being asked."""
    for path in (machine / "status", machine / "lists"):
        touch(path, -60)
    assert said(state) == "being looked up"
    ask(state)
    ask(state)
    assert asked(machine) == 1 and updates.answer(state).stat().st_mtime < time.time()
    for number, path in enumerate((machine / "status", machine / "lists"), 2):
        touch(path, 1000 * number)
        assert said(state) == "being looked up"
        ask(state)
        assert asked(machine) == number
        touch(path, -60)
    assert said(state) != "being looked up"


def test_status_asks_where_no_zelador_does(state, machine):
    """In the installed form, as often as something changed."""
    state.installed = True
    for path in (machine / "status", machine / "lists"):
        touch(path, -60)
    assert said(state) != "being looked up" and said(state) and asked(machine) == 1


def test_apt_is_not_asked(state, machine):
    """Where the operator does not wish it; status has no word of it then."""
    (state.etc / "confeitaria.conf").write_text("atualizacoes = nao\n")
    ask(state)
    assert asked(machine) == 0 and updates.report_packages(state, set()) == {}


def test_what_apt_complains_of(state, machine):
    """Is shown."""
    (machine / "says").write_text("Reading package lists...\nE: The package cache file is corrupted\n")
    (machine / "fails").touch()
    for path in (machine / "status", machine / "lists"):
        touch(path, -60)
    ask(state)
    assert said(state) == "unknown: E: The package cache file is corrupted"


def test_a_full_disk(state, machine, monkeypatch, capsys):
    """Ends no zelador: it says so, and asks again later."""

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(updates, "replace", full)
    ask(state)
    assert "No space left" in capsys.readouterr().out and asked(machine) == 1


def test_no_security_archive(state, machine):
    """An empty list would look like good news."""
    for path in (machine / "lists").glob("*_Packages"):
        path.rename(path.with_name("deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages"))
    assert said(state) == "unknown: apt has no lists of a security archive"


def test_only_what_the_system_runs_on(machine):
    """A package of which a process has a file, by either of its names, or that is needed by name."""
    (machine / "bin/dpkg-query").write_text(
        "#!/bin/sh\nprintf '/.\\n/usr/share/doc/a\\n\\n/.\\n/lib/libb.so.1\\n\\n/.\\n/usr/lib/libc.so.1\\n\\n/.\\n'\n"
    )
    (machine / "bin/dpkg-query").chmod(0o755)
    found = updates.concerned(["a", "b", "c", "nginx"], {"/usr/lib/libb.so.1", "/usr/lib/libc.so.1"})
    assert found == ["b", "c", "nginx"]
    assert updates.concerned(["a", "b"], set()) == ["a", "b"]  # what dpkg says does not fit the question


def test_how_old_the_lists_are(state, machine):
    """Days since apt-get update."""
    for path in (machine / "lists", machine / "lists/partial"):
        touch(path, -3.5 * 86400)
    assert updates.report_packages(state, set())["packages"]["lists_days"] == 3
    touch(machine / "lists/partial", 0)
    assert updates.report_packages(state, set())["packages"]["lists_days"] == 0


# What runs on although it was updated


@pytest.fixture(name="program")
def fixture_program(tmp_path):
    """A process of a program, and a library, of its own."""
    place = tmp_path
    (library,) = Path("/lib").glob("*-linux-gnu/libm.so.6")
    shutil.copy("/bin/sleep", place / "sleep")
    shutil.copy(library, place / "libextra.so.6")
    environment = {"LD_PRELOAD": str(place / "libextra.so.6")}
    process = subprocess.Popen([place / "sleep", "600"], env=environment, stdout=subprocess.PIPE)
    end = time.monotonic() + 120
    while str(place / "libextra.so.6") not in updates.mapped(process.pid) and time.monotonic() < end:
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def test_a_program_or_library_that_was_replaced(program, tmp_path):
    """As dpkg does it: a new file takes the name of the old one."""
    files = [str(tmp_path / "sleep"), str(tmp_path / "libextra.so.6")]
    for number, path in enumerate(files):
        known = updates.mapped(program.pid)
        assert [known[name] for name in files] == [True] * number + [False] * (2 - number)
        shutil.copy(path, f"{path}.dpkg-new")
        os.rename(f"{path}.dpkg-new", path)
    assert updates.mapped(program.pid)[files[1]] is True


def test_status_names_it(program, tmp_path, state, monkeypatch):
    """Beside what else waits for a restart of that part."""
    (tmp_path / "sleep").unlink()
    facts = {"supervisor": {"status": "running"}, "zelador": {"status": "running", "restart_needed": "x"}}
    own = updates.processes.psutil.Process(program.pid)
    monkeypatch.setattr(updates.processes, "of_state", lambda _state: {own: "zelador"})
    updates.report(state, facts, {program.pid: "zelador"})
    assert facts["zelador"]["restart_needed"] == "x sleep" and "restart_needed" not in facts["supervisor"]


def test_a_process_that_has_ended():
    """Has nothing."""
    process = subprocess.Popen(["true"])
    process.wait()
    assert updates.mapped(process.pid) == {}
