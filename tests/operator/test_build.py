"""Building: what is made, what is taken as it is, what is said where that cannot be. Stubs stand for the sources."""
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from confeitaria import build, packages
from confeitaria.say import Refused

LIBRARY = Path(build.__file__).parents[1]
MAKEFILE = """all:
	@echo make $(MAKEFLAGS) >>{top}/steps
	@{recipe}
stage: all
	@rm -rf stage && mkdir -p stage/libexec/confeitaria && touch catalogo version.json stage.made
	@cp catalogo stage/libexec/confeitaria/
"""


@pytest.fixture(name="top")
def fixture_top(tmp_path, monkeypatch):
    """A checkout whose steps are written down in `steps`; npm is there."""
    top = tmp_path / "tree"
    for folder in build.SOURCES:
        (top / folder).mkdir(parents=True)
        (top / folder / "file").touch()
    (top / "configure.ac").touch()
    script(
        top / "autogen.sh", f"echo autogen >>{top}/steps\nprintf '#!/bin/sh\\ncp {top}/template Makefile\\n' >configure"
    )
    with (top / "autogen.sh").open("a", encoding="utf-8") as file:
        file.write("chmod +x configure\n")
    makes(top, "true")
    monkeypatch.setattr(build, "TOP", top)
    monkeypatch.setattr(packages, "need", lambda *kinds: None)
    monkeypatch.delenv("CONFEITARIA_BUILD", raising=False)
    return top


def script(path, text):
    """A shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def makes(top, recipe):
    """What make does."""
    (top / "template").write_text(MAKEFILE.format(top=top, recipe=recipe), encoding="utf-8")


def steps(top):
    """Which were done, by their first words."""
    return [line.split()[0] for line in (top / "steps").read_text(encoding="utf-8").splitlines()]


def test_a_clone_is_built_and_brought_up_to_date(top, capfd):
    """Everything the first time; then only make, which knows what has changed. No step's words are shown."""
    assert build.stage() == top / "build/stage"
    assert (top / "build/stage/libexec/confeitaria/catalogo").is_file()
    build.stage()
    assert steps(top) == ["autogen", "make", "make"]
    said = [line[10:] for line in capfd.readouterr().out.splitlines()]
    where = top / "build"
    assert said == ["preparing the build (autogen.sh)", f"configuring in {where}", *[f"building in {where}"] * 2]
    assert (top / "build/.lock").stat().st_mode & 0o777 == 0o600


def test_a_tree_configured_in_place(top):
    """Is built in place."""
    (top / "config.status").touch()
    assert build.stage() == top / "stage"


def test_a_failure_shows_the_last_words(top, capfd):
    """Of the step that failed."""
    makes(top, "echo what is wrong; exit 1")
    with pytest.raises(Refused, match="building failed: make") as refused:
        build.stage()
    assert "what is wrong" in capfd.readouterr().err and refused.value.status == 1


def test_an_installed_program_is_its_own_tree(top):
    """There is nothing to build."""
    (top / "configure.ac").unlink()
    assert build.stage() == top and not (top / "build").exists() and build.needs() == ("run",)


# A build that is ready


@pytest.fixture(name="ready")
def fixture_ready(top, monkeypatch):
    """One, which CONFEITARIA_BUILD names; its steps are forgotten."""
    build.stage()
    (top / "build").rename(top / "ready")
    (top / "steps").unlink()
    monkeypatch.setenv("CONFEITARIA_BUILD", str(top / "ready"))
    return top / "ready"


def test_a_ready_build_is_taken_as_it_is(top, ready):
    """Nothing is made, locked or written, so that it may be anybody's."""
    (ready / ".lock").unlink()
    assert build.stage() == ready / "stage"
    assert not (top / "steps").exists() and not (ready / ".lock").exists() and not (top / "build").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda top, ready: (ready / "catalogo").touch(),
        lambda top, ready: (top / "db/file").write_text("a"),
        lambda top, ready: (top / "nginx/file").unlink(),
        lambda top, ready: (top / "scripts/lib/confeitaria/new").touch(),
        lambda top, ready: (ready / "stage").rename(ready / "away"),
        lambda top, ready: (ready / "stage.made").unlink(),
    ],
)
def test_a_ready_build_lays_out_what_has_changed(top, ready, change):
    """Programs that were made anew; files that are installed as they are, and those that are gone. Once."""
    time.sleep(0.02)  # times of files are as coarse as the kernel's clock
    change(top, ready)
    build.stage()
    build.stage()
    assert steps(top) == ["make"]


def test_compiled_python_is_no_change(top, ready):
    """Who runs the tests writes it."""
    cache = top / "scripts/lib/confeitaria/__pycache__"
    cache.mkdir()
    os.utime(cache.parent, (1, 1))
    (cache / "a.pyc").touch()
    assert build.stage() == ready / "stage" and not (top / "steps").exists()


def test_only_a_stage(ready):
    """A build without a Makefile is one that somebody laid out."""
    (ready / "Makefile").unlink()
    assert build.stage() == ready / "stage"
    (ready / "stage").rename(ready / "away")
    with pytest.raises(Refused, match="there is no build in"):
        build.stage()


# Where it cannot be done


def as_nobody(top, words="build.stage()"):
    """What a user who owns nothing gets, in a process of his own; (exit status, what was refused)."""
    code = f"""
import os, pathlib, sys
sys.path.insert(0, {str(LIBRARY)!r})
from confeitaria import build, packages
from confeitaria.say import Refused
build.TOP = pathlib.Path({str(top)!r})
packages.need = lambda *kinds: None
os.setuid(65534)
try:
    {words}
except Refused as refused:
    sys.exit(f"{{refused.message}} / {{' / '.join(refused.remedies)}}")
"""
    done = subprocess.run([sys.executable, "-B", "-c", code], check=False, capture_output=True, text=True)
    return done.returncode, done.stderr.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("made", [True, False])
def test_somebody_else_s_build(top, made):
    """It is said whose it is, before anything is tried, and what to do."""
    what, remedy = ("/build/.lock", f"remove it: rm -r {top}/build") if made else ("", "copy the tree elsewhere")
    if made:
        build.stage()
    for folder in (top, *top.parents[:3]):
        folder.chmod(0o755)
    status, words = as_nobody(top)
    assert status == 1
    assert words.startswith(f"cannot build: {top}{what} belongs to root, and this is nobody / {remedy} / ")
    assert "CONFEITARIA_BUILD=DIR" in words


def test_a_read_only_tree(top, monkeypatch):
    """Says that it is one, not that autoconf failed."""
    real = os.statvfs(top)
    fields = [*real]
    fields[8] |= os.ST_RDONLY
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Refused, match="read-only file system") as refused:
        build.stage()
    assert any("CONFEITARIA_BUILD=DIR" in remedy for remedy in refused.value.remedies)


# Several at once, and interruptions


def begin(top):
    """build.stage() in a process of its own."""
    code = f"""
import pathlib, signal, sys
sys.path.insert(0, {str(LIBRARY)!r})
from confeitaria import build, packages
build.TOP = pathlib.Path({str(top)!r})
packages.need = lambda *kinds: None
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    print(build.stage())
except KeyboardInterrupt:
    sys.exit(130)
"""
    command = [sys.executable, "-B", "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(path):
    """Waits for a file."""
    end = time.monotonic() + 30
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert path.exists()


def test_two_at_once(top):
    """The second one waits, and says so; both have the whole tree."""
    wait = f"until [ -e {top}/go ]; do sleep 0.05; done"
    makes(top, f"[ ! -e {top}/busy ] || echo both; touch {top}/busy; {wait}; rm {top}/busy")
    first = begin(top)
    until(top / "busy")
    second = begin(top)
    waits = second.stdout.readline()
    (top / "go").touch()
    told = [process.communicate(timeout=60) for process in (first, second)]
    assert [words[0].splitlines()[-1] for words in told] == [str(top / "build/stage")] * 2, told
    assert "waiting for another command" in waits and "waiting" not in told[0][0]


def test_interrupted(top):
    """The step is stopped, which takes back what it had half written; the next time it goes on."""
    makes(top, f"touch {top}/busy; sleep 60")
    process = begin(top)
    until(top / "busy")
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted while building" in words
    makes(top, "true")
    (top / "build/Makefile").unlink()
    assert build.stage().is_dir()


def test_a_kill_leaves_the_lock_to_what_still_builds(top):
    """A command that comes meanwhile waits for it."""
    makes(top, f"touch {top}/busy; sleep 1; touch {top}/done")
    process = begin(top)
    until(top / "busy")
    process.kill()
    process.communicate(timeout=30)
    makes(top, "true")
    (top / "build/Makefile").unlink()
    build.stage()
    assert (top / "done").exists()


# The real Makefile


def test_what_is_laid_out():
    """All that the program of a release reads, and nothing that only building needs."""
    place = Path(os.environ.get("CONFEITARIA_BUILD", build.TOP / "build")) / "stage"
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    share = "share/confeitaria"
    wanted = {
        "bin/confeitaria",
        "libexec/confeitaria/saude",
        f"{share}/confeitaria/__main__.py",
        f"{share}/version.json",
    }
    wanted |= {f"{share}/confeitaria/commands/up.py", f"{share}/db/catalogo/seed.sql", f"{share}/nginx/html/index.html"}
    wanted |= {f"{share}/nginx/nginx.conf.in", f"{share}/problems.json", f"{share}/statements.json"}
    assert not wanted - files
    assert not [name for name in files if name.endswith(".awk") or "paginas/" in name or ".mk" in name]
    modules = {name for name in files if name.endswith(".py")}
    compiled = {importlib.util.cache_from_source(name) for name in modules}
    assert compiled == {name for name in files if name.endswith(".pyc")}
    assert set(json.loads((place / share / "version.json").read_text(encoding="utf-8"))) == {
        "version",
        "commit",
        "dirty",
    }
