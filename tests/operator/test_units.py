"""The units of systemd and the Debian package: they fit the program, and workers are in a sandbox."""
import re
import subprocess
from pathlib import Path

import pytest

from confeitaria import packages, parts, pools

TOP = Path(__file__).resolve().parents[2]
EXPOSURE = 20  # of 100: systemd-analyze writes it as 2.0


@pytest.fixture(name="units", scope="module")
def rendered(tmp_path_factory):
    """The directory of all units."""
    place = tmp_path_factory.mktemp("units")
    subprocess.run([TOP / "scripts/systemd/render", place], check=True)
    return place


def servers(units):
    """What serves: all services but those that a timer starts."""
    return sorted(path for path in units.glob("*.service") if not path.with_suffix(".timer").exists())


def test_each_pool_has_a_socket_and_a_service(units):
    """That start its program."""
    for pool, program in pools.PROGRAM.items():
        service = (units / f"confeitaria-{pool}@.service").read_text(encoding="utf-8")
        assert f"/libexec/confeitaria/{program} -c /var/lib/confeitaria/current/{pool}.conf\n" in service
        socket = (units / f"confeitaria-{pool}.socket").read_text(encoding="utf-8")
        assert f"ListenStream=/run/confeitaria/{pool}.sock\n" in socket
    assert len(list(units.glob("*.socket"))) == len(pools.PROGRAM)
    assert len(servers(units)) == len(pools.programs()) + len(parts.TOOLS)


def test_nothing_is_left_to_fill_in(units):
    """No @NAME@ of a template."""
    for path in units.iterdir():
        assert not re.search("@[A-Z]+@", path.read_text(encoding="utf-8")), path.name


def test_what_serves_is_in_a_sandbox(units):
    """systemd's own judgement, of 0 to 10."""
    for path in servers(units):
        command = ["systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={EXPOSURE}", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (path.name, done.stdout.splitlines()[-1:], done.stderr)


def test_each_user_is_made_by_the_package(units):
    """And each log is its user's."""
    made = set(re.findall(r"^u (\S+)", (TOP / "debian/confeitaria.sysusers").read_text(encoding="utf-8"), re.M))
    used = {re.search(r"^User=(\S+)", path.read_text(encoding="utf-8"), re.M)[1] for path in servers(units)}
    assert used == made
    logs = (TOP / "debian/confeitaria.tmpfiles").read_text(encoding="utf-8")
    views = [f"confeitaria-{tool}" for tool in parts.TOOLS]  # of which the journal has what they say
    for path in (path for path in servers(units) if path.stem not in views):
        text = path.read_text(encoding="utf-8")
        name = re.search(r"current/(\S+)\.conf$", text, re.M)[1]
        user = re.search(r"^User=(\S+)", text, re.M)[1]
        assert f"f /var/log/confeitaria/{name}.log 0640 {user} adm\n" in logs


def test_the_package_needs_what_the_program_needs():
    """But for supervisor, which keeps a checkout's processes."""
    control = (TOP / "debian/control").read_text(encoding="utf-8")
    listed = set(re.findall(r"^ ([a-z][a-z0-9.-]+),?(?: \|.*)?$", control, re.M)) | {"python3", "curl"}
    assert set(packages.PACKAGES["run"].split()) - listed == {"supervisor"}


def test_the_package_suggests_what_the_web_views_need():
    """Which `tools on` installs."""
    control = (TOP / "debian/control").read_text(encoding="utf-8")
    suggested = re.search(r"^Suggests: (.*)$", control, re.M)[1].split(", ")
    assert sorted(suggested) == sorted((*packages.PACKAGES["tools"].split(), *packages.PACKAGES["pages"].split()))


def test_the_package_has_the_version_of_the_program():
    """Of configure.ac."""
    version = re.search(r"AC_INIT\(\[confeitaria\], \[(.+)\]\)", (TOP / "configure.ac").read_text(encoding="utf-8"))[1]
    assert (TOP / "debian/changelog").read_text(encoding="utf-8").startswith(f"confeitaria ({version}) ")
