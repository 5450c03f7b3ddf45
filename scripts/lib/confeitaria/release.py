"""Releases: what `make install` lays out, copied into a state, where nobody but who installs may write."""
import hashlib
import json
import os
import shutil
from functools import cached_property
from pathlib import Path

from .say import Refused, paste, say

INSTALLED = ("bin/confeitaria", "libexec/confeitaria/*", "share/confeitaria/**/*")
KEPT = 4  # the newest ones stay, for the generations that can be gone back to
CHOSEN = "CONFEITARIA_RELEASE"  # the name of the release that this command is to bring up


class Release:
    """An installed tree."""

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.name

    def table(self, name):
        """What NAME.json says: problems, routes, statements (fcgi/generate.py) or version. Raises Refused."""
        try:
            return json.loads(self.share(f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Refused(f"the release in {self.path} is not whole: {error}") from error

    @cached_property
    def about(self):
        """Its version, commit, dirty. Raises Refused."""
        return self.table("version")

    @property
    def version(self):
        """Its number."""
        return self.about["version"]

    @property
    def commit(self):
        """The commit that it was made of, or nothing."""
        return self.about["commit"]

    def program(self, name):
        """The path of a program."""
        return self.path / "libexec/confeitaria" / name

    def share(self, *parts):
        """The path of a file of the release: SQL, templates, tables."""
        return self.path.joinpath("share/confeitaria", *parts)

    @property
    def package(self):
        """The directory of this program, to be run by python3."""
        return self.share("confeitaria")

    def __str__(self):
        return f"{self.version} ({self.commit or 'no commit'})"


def current(state):
    """The release of the generation that runs."""
    try:
        return Release(os.path.realpath(state.current / "release", strict=True))
    except OSError as error:
        raise Refused(f"nothing was ever started in {state.path}", f"{paste(state, 'up')} starts it") from error


def chosen(state):
    """The release that this command was begun with, else the one that runs."""
    name = os.environ.get(CHOSEN)
    return Release(state.releases / name) if name else current(state)


def newest(state):
    """The release that was installed last, or None."""
    found = sorted(
        (path.stat().st_mtime, path) for path in state.releases.glob("*-*") if not path.name.endswith(".new")
    )
    return Release(found[-1][1]) if found else None


def files_of(tree):
    """The files of a release in a tree, which may hold more, as /usr/local does: pairs of path and name."""
    found = (path for pattern in INSTALLED for path in tree.glob(pattern) if path.is_file())
    return [(path, path.relative_to(tree)) for path in sorted(found)]


def digest(tree):
    """A short name of all that is in a release, but for compiled modules: the same source may give other bytes."""
    total = hashlib.sha256()
    for path, name in files_of(tree):
        if path.parent.name == "__pycache__":
            continue
        total.update(f"{name}\0{path.stat().st_mode & 0o111:o}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:8]


def install(state, tree):
    """Copies an installed tree into the state, unless it is there already; the oldest ones go. Its name is the version,
    the commit and a digest of all that is in it. Where root installs, nobody else can write what this makes."""
    about = Release(tree).about
    name = "-".join(filter(None, (about["version"], about["commit"], digest(tree))))
    place = state.releases / name
    if not place.is_dir():
        new = state.releases / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        for path, name_there in files_of(tree):
            there = new / name_there
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
            there.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)
        os.rename(new, place)
        say(f"installed release {name}")
    os.utime(place)
    prune(state, place)
    return Release(place)


def prune(state, needed):
    """Deletes all but the newest releases."""
    for path in sorted(state.releases.glob("*-*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        if path != needed:
            shutil.rmtree(path, ignore_errors=True)
