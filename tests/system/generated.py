"""What fcgi/generate.py made of the sources in the build directory: problems, routes, statements."""
import json
import os
import shutil
from functools import cache
from pathlib import Path
from types import SimpleNamespace

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CONFEITARIA_BUILD", TOP / "build"))


@cache
def generated(name):
    """The content of a JSON file."""
    return json.loads((BUILD / name).read_text(encoding="utf-8"))


@cache
def problems():
    """The list of all problems: codigo -> its name, status, retry, title, detail."""
    return {one["codigo"]: SimpleNamespace(**one) for one in generated("problems.json")}


def routes():
    """(METHOD, pattern, rights) of every route of the workers' tables; rights are empty for one that is open to all."""
    for table in generated("routes.json").values():
        yield from ((route["method"], route["path"], ",".join(route["rights"])) for route in table)


@cache
def statements(service):
    """All of a service, which may have none: name -> its text, params, and whether it writes or is planned anew."""
    return {one["name"]: SimpleNamespace(**one) for one in generated("statements.json").get(service, [])}


def staged(place, files):
    """A copy of what is installed with some files of share/confeitaria replaced or added, {name: text}: another
    release. What CONFEITARIA_BUILD is to be for it."""
    shutil.copytree(BUILD / "stage", place / "stage")
    for name, text in files.items():
        (place / "stage/share/confeitaria" / name).write_text(text, encoding="utf-8")
    return place
