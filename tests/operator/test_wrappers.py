"""scripts/: one for each command of the operator's program, and what a command line comes to."""
import subprocess

import pytest

from confeitaria import build, cli

TOP = build.TOP
TOOLS = {"confeitaria", "test", "storm", "soak", "faults", "bench", "fuzz"}  # of developers, and what all others call


def run(*command):
    """With an environment that has nothing but a PATH without root's directories."""
    path = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=path, check=False, capture_output=True, text=True, cwd="/")


def test_each_command_has_one():
    """And there is none without a command."""
    assert {path.name for path in (TOP / "scripts").iterdir() if path.is_file()} == {*cli.COMMANDS, *TOOLS}


@pytest.mark.parametrize("name", sorted({*cli.COMMANDS, "confeitaria"}))
def test_help(name, tmp_path):
    """Names the script; through a link from elsewhere too."""
    (tmp_path / "link").symlink_to(TOP / "scripts" / name)
    for command in (TOP / "scripts" / name, tmp_path / "link"):
        done = run(command, "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"Usage: scripts/{name} ") and not done.stderr
    done = run(TOP / "scripts" / name, "--nada")
    assert done.returncode == 64 and "--nada" in done.stderr


def test_messages_name_the_script(tmp_path):
    """And the state, which is var/ of the checkout unless it is given; an installed program names itself."""
    done = run(TOP / "scripts/status", "--state", tmp_path / "nada")
    assert done.returncode == 1 and f"scripts/up --state {tmp_path}/nada" in done.stderr
    place = build.directory() / "stage/bin/confeitaria"
    done = run(place, "status", "--state", tmp_path / "nada")
    assert done.returncode == 1 and f"confeitaria up --state {tmp_path}/nada" in done.stderr
    assert run(place, "--help").stdout.startswith("Usage: confeitaria ")
