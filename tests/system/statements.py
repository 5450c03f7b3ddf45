"""The statements of db/*/statements, as db/embed.awk compiles them in."""
import re
from typing import NamedTuple

from client import TOP

HEAD = re.compile(r"^-- (part|name): (\w+)(.*)\n((?:(?!-- (?:part|name): ).+\n?|\n)*)", re.M)


class Statement(NamedTuple):
    """One statement: its text, its parameters' number, whether it is planned at every call, whether it writes."""

    text: str
    params: int
    anew: bool
    writes: bool


def statements(service):
    """All of a service: name -> statement, with each part put where it is used."""
    parts, found = {}, {}
    for path in sorted((TOP / "db" / service / "statements").glob("*.sql")):
        for kind, name, marks, text in HEAD.findall(path.read_text(encoding="utf-8")):
            text = re.sub(r"^-- use: (\w+)\n", lambda use: parts[use[1]], text, flags=re.M)
            text = re.sub(r"^\s*(--.*)?\n", "", text, flags=re.M)
            if kind == "part":
                parts[name] = text
            else:
                params = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
                found[name] = Statement(text, params, "(planned anew)" in marks, "(writes)" in marks)
    return found
