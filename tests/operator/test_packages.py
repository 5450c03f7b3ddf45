"""Installing packages, with a script in place of apt-get: what is asked for, and that no service of theirs starts."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from confeitaria import packages
from confeitaria.say import Refused

LIBRARY = Path(packages.__file__).parents[1]


@pytest.fixture(name="machine")
def fixture_machine(tmp_path, monkeypatch):
    """Directories in place of the machine's: programs of its own first in PATH, no systemctl, and its own policy."""
    (tmp_path / "bin").mkdir()
    for name in ("cat", "sh", "sleep"):
        (tmp_path / "bin" / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "PROGRAMS", {"postgresql": str(tmp_path / "lib/*/postgres")})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def program(machine, name, text):
    """A shell script in PATH."""
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def installed(machine, *lines):
    """What dpkg-query says: a line a package it knows, and it fails, since it does not know all."""
    program(machine, "dpkg-query", "\n".join(f"echo '{line}'" for line in lines) + "\nexit 1")


ALL_BUT_TWO = [f"ii {name}" for name in packages.PACKAGES["run"].split() if name not in ("curl", "nginx", "logrotate")]


def test_only_what_is_missing_is_installed(machine, capfd):
    """One that is held or kept is there; one of which only the configuration is left is not."""
    installed(machine, *ALL_BUT_TWO, "hi logrotate", "rc nginx")
    program(machine, "apt-get", f'echo "$*" >>{machine}/calls')
    packages.need("run", "run")
    calls = (machine / "calls").read_text(encoding="utf-8").splitlines()
    assert len(calls) == 1 and calls[0].endswith("install --no-install-recommends nginx curl")
    assert "installing Debian packages: nginx curl" in capfd.readouterr().out


def test_nothing_is_missing(machine, capfd):
    """Then nothing is called, also for who is not root."""
    installed(machine, *ALL_BUT_TWO, "ii logrotate", "ii nginx", "ii curl")
    packages.need("run")
    assert capfd.readouterr().out == ""


def test_any_version_s_program_will_do(machine):
    """A postgresql-15 that was installed by itself is PostgreSQL."""
    installed(machine)
    assert packages.missing(["postgresql", "nginx"]) == ["postgresql", "nginx"]
    (machine / "lib/15").mkdir(parents=True)
    (machine / "lib/15/postgres").touch()
    assert packages.missing(["postgresql", "nginx"]) == ["nginx"]


def test_who_is_not_root_is_told_the_line(machine, monkeypatch):
    """To be pasted; nothing is called."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    installed(machine, *ALL_BUT_TWO)
    with pytest.raises(Refused) as refused:
        packages.need("run")
    assert refused.value.status == 69
    assert refused.value.remedies == ("apt-get install --no-install-recommends nginx logrotate curl",)


@pytest.mark.usefixtures("machine")
def test_not_on_debian():
    """What it needs is named."""
    with pytest.raises(Refused) as refused:
        packages.need("pages")
    assert refused.value.status == 69 and refused.value.remedies == ("it needs npm",)


def test_the_lists_are_fetched_when_those_here_do_not_do(machine):
    """And then it is tried once more."""
    program(
        machine,
        "apt-get",
        f'echo "$*" >>{machine}/calls; case $* in *update) >{machine}/new;; *) [ -e {machine}/new ];; esac',
    )
    packages.install(["none"])
    calls = [line.split()[-1] for line in (machine / "calls").read_text(encoding="utf-8").splitlines()]
    assert calls == ["none", "update", "none"]


def test_apt_s_last_words(machine, capfd):
    """Are shown when it fails."""
    program(machine, "apt-get", "i=0; while [ $i -lt 40 ]; do i=$((i + 1)); echo word $i; done; exit 100")
    with pytest.raises(Refused) as refused:
        packages.install(["none"])
    assert refused.value.status == 69
    shown = capfd.readouterr().err.splitlines()
    assert len(shown) == 15 and shown[-1] == "word 40"


def links(machine, *paths):
    """Links of an installed service."""
    for path in paths:
        (machine / path).parent.mkdir(parents=True, exist_ok=True)
        (machine / path).symlink_to("/nonexistent")


def test_services_stay_off_where_there_is_no_systemctl(machine):
    """Those of what was installed; what was there before stays as it is."""
    links(
        machine, "etc/systemd/system/multi-user.target.wants/nginx.service", "etc/rc2.d/S01nginx", "etc/rc0.d/K01nginx"
    )
    links(
        machine,
        "etc/systemd/system/multi-user.target.wants/postgresql.service",
        "etc/rc3.d/S02postgresql",
        "etc/rc5.d/S01nginx",
    )
    links(machine, "etc/systemd/system/multi-user.target.wants/php8.2-fpm.service", "etc/rc2.d/S01php8.2-fpm")
    packages.services_disable(["curl", "nginx", "php-fpm"], root=machine)
    left = sorted(str(path.relative_to(machine)) for path in machine.glob("etc/**/*") if path.is_symlink())
    wants = "etc/systemd/system/multi-user.target.wants/postgresql.service"
    moved = ["etc/rc0.d/K01nginx", "etc/rc2.d/K01nginx", "etc/rc2.d/K01php8.2-fpm"]
    assert left == [*moved, "etc/rc3.d/S02postgresql", "etc/rc5.d/K01nginx", wants]


def test_systemctl_is_asked(machine):
    """Where it is there."""
    program(machine, "systemctl", f'echo "$*" >>{machine}/calls; exit 1')
    packages.services_disable(["redis-server", "curl", "postgresql"], root=machine)
    assert (machine / "calls").read_text(
        encoding="utf-8"
    ) == "--quiet disable postgresql\n--quiet disable redis-server\n"


def test_services_stay_off_when_apt_fails_half_way(machine, monkeypatch):
    """What it did install is there the next time, when nobody would look at its service any more."""
    program(machine, "apt-get", "exit 100")
    disabled = []
    monkeypatch.setattr(packages, "services_disable", disabled.extend)
    with pytest.raises(Refused):
        packages.install(["nginx"])
    assert disabled == ["nginx"]


# The policy


def install(machine, apt):
    """packages.install in a process of its own, with this for apt-get, which finds the policy: its exit status."""
    program(machine, "apt-get", f"[ -x {machine}/policy-rc.d ] || exit 9\n{apt}")
    words = "import pathlib, sys; sys.path.insert(0, sys.argv[1])\nfrom confeitaria import packages\n"
    words += "packages.POLICY = pathlib.Path(sys.argv[2])\npackages.install(['none'])"
    command = [sys.executable, "-B", "-c", words, str(LIBRARY), str(machine / "policy-rc.d")]
    # What runs in the background ignores SIGINT.
    command = ["/usr/bin/env", "--default-signal=INT", *command]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode


@pytest.mark.parametrize("apt", ["true", "false", "kill -TERM $PPID; sleep 0.5", "kill -INT $PPID", "kill -HUP $PPID"])
def test_the_policy_goes(machine, apt):
    """Also when the command is interrupted, which waits for apt-get to end."""
    end = f"echo end >>{machine}/ends"
    assert (install(machine, f"{apt}; status=$?; {end}; exit $status") == 0) == (apt == "true")
    assert not (machine / "policy-rc.d").exists()
    assert re.fullmatch("(end\n)+", (machine / "ends").read_text(encoding="utf-8"))


def test_what_a_kill_left_goes_the_next_time(machine):
    """kill -9 leaves it; the next installation knows it for its own."""
    install(machine, "kill -KILL $PPID")
    assert (machine / "policy-rc.d").exists()
    assert install(machine, "true") == 0
    assert not (machine / "policy-rc.d").exists()


def test_an_administrator_s_policy_stays(machine):
    """As it was."""
    policy = machine / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n", encoding="utf-8")
    policy.chmod(0o755)
    assert install(machine, "true") == 0
    assert policy.read_text(encoding="utf-8") == "#!/bin/sh\nexit 104\n"
