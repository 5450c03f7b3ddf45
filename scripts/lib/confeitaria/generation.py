"""Generations: a release and the configuration rendered for it, written once; which one runs is a link that is turned
in one step.

A new generation is made and checked beside the one that runs. What is refused is deleted and has changed nothing; going
back is turning the link back. """
import hashlib
import json
import os
import shutil
from datetime import datetime, timezone

from . import cache, ferramentas, nginx, own, pools, postgres, redis, repository, supervisor
from .release import Release
from .say import Refused
from .files import replace
from .state import link

KEPT = 3  # with the one that runs
RENDERERS = (postgres, redis, pools, ferramentas, nginx, repository)
OF_A_CHECKOUT = (supervisor,)
ABOUT = "generation.json"


def numbers(state):
    """The generations that are there, in order."""
    return sorted(int(path.name) for path in state.generations.iterdir() if path.name.isdigit())


def current(state):
    """The number of the one that runs, or None."""
    try:
        return int(os.readlink(state.generations / "current"))
    except (FileNotFoundError, ValueError):
        return None


def about(state, number=None):
    """What is known of a generation, of the current one by default: release, version, commit, settings, inputs,
    made."""
    path = (state.generations / str(number) if number else state.current) / ABOUT
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}


def inputs(state, release, settings):
    """A digest of all that a generation is made from."""
    places = (cache.cache_directory(state), cache.scoreboard_directory(state), state.run)
    total = hashlib.sha256("\0".join([release.name, *map(str, places)]).encode())
    total.update(json.dumps(settings.texts(), sort_keys=True).encode())
    own.digest_into(state, total)
    nginx.digest_into(settings, total)
    return total.hexdigest()


def stage(state, release, settings):
    """Renders a new generation beside the others; its directory, whose name ends with .new. What an earlier command
    left there goes. The digest is of the files as they were before: what changes meanwhile counts the next time."""
    for path in state.generations.glob("*.new"):
        shutil.rmtree(path)
    number = max([*numbers(state), 0]) + 1
    directory = state.generations / f"{number}.new"
    directory.mkdir(0o750)
    (directory / "release").symlink_to(f"../../releases/{release.name}")
    made_from = inputs(state, release, settings)
    try:
        for part in RENDERERS if state.installed else (*RENDERERS, *OF_A_CHECKOUT):
            part.render(state, settings, release, directory)
    except BaseException:
        discard(directory)
        raise
    facts = {
        "release": release.name,
        "version": release.version,
        "commit": release.commit,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "settings": settings.texts(),
        "inputs": made_from,
    }
    (directory / ABOUT).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    state.publish(directory)
    return directory


def discard(directory):
    """Deletes one that was refused."""
    shutil.rmtree(directory, ignore_errors=True)


def check(state, directory):
    """Raises Refused when nginx, PostgreSQL or Redis do not accept their configuration. The programs are pools.check's,
    after the migrations."""
    nginx.check(state, directory)
    postgres.check(state, directory)
    redis.check(state, directory)
    ferramentas.check(state, directory)


def turn(state, directory):
    """Makes a staged generation, or an earlier one, the current one. The oldest ones go."""
    number = int(directory.name.removesuffix(".new"))
    place = state.generations / str(number)
    if directory != place:
        os.sync()
        os.rename(directory, place)
    link(state.generations / "current", str(number))
    for old in numbers(state)[:-KEPT]:
        if old != number:
            shutil.rmtree(state.generations / str(old))
    return number


def before(state):
    """The newest generation that is older than the current one and whose release is still there; its directory."""
    now = current(state)
    for number in reversed(numbers(state)):
        directory = state.generations / str(number)
        if now is not None and number < now and (directory / "release").exists():
            return directory
    raise Refused("there is no earlier generation to go back to")


def release_of(directory):
    """The release of a generation."""
    return Release(os.path.realpath(directory / "release"))


# Which generation each part runs with


def renewed(state):
    """Part -> the number of the generation with which it last began."""
    try:
        return json.loads((state.generations / "renewed.json").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return {}


def renewed_note(state, parts):
    """Notes that parts have begun with the current generation."""
    replace(state.generations / "renewed.json", json.dumps({**renewed(state), **dict.fromkeys(parts, current(state))}))


def outdated(state, parts):
    """Those of the parts that began with another generation than the current one."""
    known, now = renewed(state), current(state)
    return [part for part in parts if known.get(part) != now]
