"""Which release it is: what fcgi/core/version.sh writes, and what the programs of a build say."""
import json
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CONFEITARIA_BUILD", TOP / "build"))
PROGRAMS = ("catalogo", "carrinho", "pedidos", "saude", "vigia", "conciliador")


def git(place, *words):
    """In a repository that has no more to do with ours."""
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **{name: "a" for name in names}}
    done = subprocess.run(["git", *words], cwd=place, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(name="sources")
def fixture_sources(tmp_path):
    """A directory of sources."""
    place = tmp_path / "sources"
    place.mkdir()
    (place / "a.c").write_text("", encoding="utf-8")
    return place


def version(sources):
    """What is written of these sources, as version.json says it."""
    place = sources.parent / "build"
    place.mkdir(exist_ok=True)
    subprocess.run([TOP / "fcgi/core/version.sh", sources, "1.2.3"], cwd=place, check=True)
    told = json.loads((place / "version.json").read_text(encoding="utf-8"))
    code = (place / "version.c").read_text(encoding="utf-8")
    assert told.pop("version") == "1.2.3" and 'version_number[] = "1.2.3"' in code
    assert f'version_commit[] = "{told["commit"]}"' in code
    return told


def repository(place):
    """Makes one there; the commit."""
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "a")
    return git(place, "rev-parse", "HEAD")[:7]


def test_a_checkout(sources):
    """Its commit, and whether files that git knows were changed."""
    commit = repository(sources)
    assert version(sources) == {"commit": commit, "dirty": False}
    (sources / "new.c").write_text("", encoding="utf-8")
    assert version(sources) == {"commit": commit, "dirty": False}
    (sources / "a.c").write_text("int a;\n", encoding="utf-8")
    assert version(sources) == {"commit": commit, "dirty": True}


@pytest.mark.parametrize("words, dirty", [("abcdef0", False), ("abcdef0 dirty", True)])
def test_a_release(sources, words, dirty):
    """What it was made from, also when it is unpacked in a repository."""
    (sources / ".commit").write_text(f"{words}\n", encoding="utf-8")
    repository(sources)
    assert version(sources) == {"commit": "abcdef0", "dirty": dirty}


def test_somebody_else_s_repository(sources):
    """A copy of the sources has no commit, wherever it lies."""
    repository(sources.parent)
    assert version(sources) == {"commit": "", "dirty": False}


def test_what_is_the_same_is_not_written(sources):
    """So that nothing is made anew of it."""
    version(sources)
    files = [sources.parent / "build" / name for name in ("version.json", "version.c")]
    for file in files:
        os.utime(file, (1, 1))
    version(sources)
    assert [file.stat().st_mtime for file in files] == [1, 1]
    repository(sources)
    version(sources)
    assert all(file.stat().st_mtime > 1 for file in files)


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_program(name):
    """`catalogo 0.1.0 (abcdef0)`, the same as version.json."""
    told = json.loads((BUILD / "version.json").read_text(encoding="utf-8"))
    done = subprocess.run([BUILD / name, "--version"], check=True, capture_output=True, text=True)
    commit = f" ({told['commit']})" if told["commit"] else ""
    assert done.stdout == f"{name} {told['version']}{commit}\n" and not done.stderr
