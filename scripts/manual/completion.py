#!/usr/bin/env python3
"""Makes bash's completion of `confeitaria`: completion.py TEMPLATE, on standard output. The tables are those of --help;
what a placeholder such as POOL stands for is in VALUES."""
import re
import sys
from pathlib import Path

from tables import arguments, commands, metavar

from confeitaria import pools, system, tokens
from confeitaria.commands import token
from confeitaria.settings import TABLE

DIRECTORY, FILE, OTHER = "@directory", "@file", "@other"  # what bash finds; what another program knows
VALUES = {
    "POOL": pools.POOLS,
    "POOL=N": [f"{pool}=" for pool in pools.POOLS],
    "PART": system.PARTS,
    "NAME=VALUE": [f"{name}=" for name in TABLE],
    "RIGHT": token.RIGHTS,
    "SECRET": tokens.SECRETS,
    "DIR": [DIRECTORY],
    "DIRECTORY": [DIRECTORY],
    "FILE": [FILE],
    "BACKUP": [FILE],
}
WORD = re.compile("[a-z][a-z-]*")  # what is typed as it stands, in a metavar
SAFE = re.compile(r"[A-Za-z0-9@._=-]+")


def offered(text):
    """What may be typed for one word of a metavar, such as catalogo|pedidos or POOL."""
    if text in VALUES:
        return list(VALUES[text])
    return [word for word in text.split("|") if WORD.fullmatch(word)]


def words(action):
    """Key -> what may stand there, of an argument that is no option. A key is its place, or the word before it."""
    if action.nargs in ("...", "A..."):
        return {"*": [OTHER]}
    if action.choices:
        return {"*" if action.nargs else "0": list(action.choices)}
    first, following = [], {}
    for alternative in metavar(action).split(" | "):
        head, *rest = alternative.split()
        first += offered(head)
        if rest:
            following |= {word: offered(rest[0]) for word in offered(head)}
    place = "*" if action.nargs and not following else "0"
    return {place: first, **following}


def rows():
    """Key -> what may stand there, of the whole program: "" for its first word, "up" for the options of up, "up --set"
    for the value of one, "scale 0" for a word of scale."""
    found = {"": [command.name for command in commands()]}
    for command, parser in commands().items():
        taken = arguments(parser)
        options = [action for action in taken if action.option_strings]
        found[command.name] = [name for action in options for name in action.option_strings if name.startswith("--")]
        for action in options:
            if action.nargs != 0:
                values = list(action.choices or offered(metavar(action)))
                found |= {f"{command.name} {name}": values for name in action.option_strings}
        places = [action for action in taken if not action.option_strings]
        for at, action in enumerate(places):
            for key, values in words(action).items():
                found[f"{command.name} {at if key == '0' else key}"] = values
    listed = {name: row.kind.words or row.kind.choices for name, row in TABLE.items()}
    found |= {f"{name}=": values for name, values in listed.items() if values}
    return found


def case(key, values):
    """A branch of the table."""
    for value in values:
        if not SAFE.fullmatch(value):
            sys.exit(f"completion.py: {key}: {value} must be quoted for bash")
    return f"    '{key}') found='{' '.join(values)}' ;;"


def main(template):
    """The template with the table in its place."""
    table = "\n".join(case(key, values) for key, values in rows().items())
    print(Path(template).read_text(encoding="utf-8").replace("    @TABLE@", table), end="")


main(sys.argv[1])
