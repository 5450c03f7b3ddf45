"""Releases: what is copied of an installed tree, and under what name."""
import json
import os
import time
from types import SimpleNamespace

import pytest

from confeitaria import release


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    """A prefix in which a release and other things are installed."""
    tree = tmp_path / "usr/local"
    for name in (
        "bin/confeitaria",
        "libexec/confeitaria/saude",
        "share/confeitaria/db/a.sql",
        "share/man/a",
        "bin/other",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name, encoding="utf-8")
    for name in ("bin/confeitaria", "libexec/confeitaria/saude"):
        (tree / name).chmod(0o700)
    about(tree, "1.0", "abcdef0")
    return tree


def about(tree, version, commit):
    """Its version.json."""
    text = json.dumps({"version": version, "commit": commit, "dirty": False})
    (tree / "share/confeitaria/version.json").write_text(text, encoding="utf-8")


@pytest.fixture(name="state")
def fixture_state(tmp_path):
    """Where releases go."""
    (tmp_path / "releases").mkdir()
    return SimpleNamespace(releases=tmp_path / "releases", current=tmp_path / "current")


def test_what_is_copied(tree, state):
    """The release and nothing else that lies beside it; all may read it, whoever installed it."""
    (tree / "share/confeitaria/db/a.sql").chmod(0o600)
    place = release.install(state, tree).path
    modes = {str(path.relative_to(place)): path.stat().st_mode & 0o777 for path in place.rglob("*") if path.is_file()}
    assert modes == {
        "bin/confeitaria": 0o755,
        "libexec/confeitaria/saude": 0o755,
        "share/confeitaria/db/a.sql": 0o644,
        "share/confeitaria/version.json": 0o644,
    }
    assert place.name.startswith("1.0-abcdef0-")


def test_the_name_says_what_is_in_it(tree, state):
    """The same again is the same release; a change of a file, its name or its being a program makes another."""
    names = [release.install(state, tree).name]
    assert release.install(state, tree).name == names[0]
    (tree / "bin/other").write_text("", encoding="utf-8")
    assert release.install(state, tree).name == names[0]
    compiled = tree / "share/confeitaria/confeitaria/__pycache__/cli.cpython-311.pyc"
    compiled.parent.mkdir(parents=True)
    compiled.touch()
    assert release.install(state, tree).name == names[0]
    sql = tree / "share/confeitaria/db/a.sql"
    for change in (lambda: sql.write_text("b"), lambda: sql.chmod(0o700), lambda: sql.rename(sql.with_name("b.sql"))):
        change()
        names.append(release.install(state, tree).name)
    assert len(set(names)) == 4
    about(tree, "1.1", "")
    assert len(release.install(state, tree).name.split("-")) == 2


def test_one_that_was_killed_half_way_is_copied_anew(tree, state):
    """What it left is gone."""
    name = release.install(state, tree).name
    os.rename(state.releases / name, state.releases / f"{name}.new")
    (state.releases / f"{name}.new/half").touch()
    assert release.newest(state) is None
    assert not (release.install(state, tree).path / "half").exists()
    assert [path.name for path in state.releases.iterdir()] == [name]


def test_the_oldest_ones_go(tree, state):
    """Newest is what was installed last, also when it had been there before."""
    names = []
    for version in ("1.0", "1.1", "1.2", "1.3", "1.0", "1.4"):
        about(tree, version, "")
        names.append(release.install(state, tree).name)
        time.sleep(0.02)  # times of files are as coarse as the kernel's clock
        assert release.newest(state).name == names[-1]
    kept = {path.name.split("-")[0] for path in state.releases.iterdir()}
    assert kept == {"1.2", "1.3", "1.0", "1.4"}
