"""confeitaria settings: what the operator has set, what that means, and what it still needs to take effect."""
import json
from contextlib import suppress

from .. import parts, postgres
from ..command import Command
from ..say import Refused, paste
from ..settings import DOWN, TABLE, table_markdown

TEXT = """\
Lists the settings of etc/confeitaria.conf that are set, or that the running system does not have yet: name, value,
default. A line below the list says what makes a change take effect. A setting is changed in that file, or by up --set
NAME=VALUE. """

# What PostgreSQL goes on with, although it has read another value: it takes that when it begins.
WAITING = """
SELECT 'postgres_conexoes', setting FROM pg_settings WHERE pending_restart AND name = 'max_connections'
UNION ALL
SELECT 'postgres_memoria_mb', (setting::int / 128)::text FROM pg_settings WHERE pending_restart AND name = 'shared_buffers'
"""


def arguments(parser):
    """What to list, and how."""
    parser.add_argument("--all", action="store_true", help="all settings there are, with what they mean")
    parser.add_argument("--json", action="store_true", help="all of them, for programs")
    parser.add_argument("--table", action="store_true", help="the table of docs/operations.md")


def run(state, args):
    """Prints them."""
    if args.table:
        print(table_markdown(), end="")
        return
    now = running(state)
    found = [about(setting, state.settings, now) for setting in TABLE.values()]
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    listed = [one for one in found if args.all or one["set"] or one["pending"]]
    for one in listed:
        print(line(one))
        if args.all:
            print(f"    {one['meaning']} ({one['values']})")
    if not listed:
        print(f"all settings have their defaults; {paste(state, 'settings', '--all')} lists them")
    for command in remedies(state, found):
        print(f"to take effect: {command}")


def running(state):
    """{name: text} of what runs; empty where nothing was ever started."""
    try:
        texts = json.loads((state.current / "generation.json").read_text(encoding="utf-8"))["settings"]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for cluster in postgres.CLUSTERS:
        if postgres.ready(state, cluster):
            with suppress(Refused):
                texts |= dict(postgres.rows(state, cluster, WAITING))
    return texts


def about(setting, settings, now):
    """What is to be said of a setting. `pending`: what a changed one waits for, or None; `running`: its text there."""
    text = settings.text(setting.name)
    runs = now.get(setting.name)
    return {
        "name": setting.name,
        "value": text,
        "default": settings.default(setting.name),
        "set": settings.is_set(setting.name),
        "running": runs,
        "pending": setting.effect if runs not in (None, text) else None,
        "effect": setting.effect,
        "parts": setting.parts,
        "values": setting.kind.takes,
        "meaning": setting.meaning,
    }


def line(one):
    """A setting on one line."""
    notes = [] if one["value"] == one["default"] else [f"default {one['default'] or 'none'}"]
    if one["pending"]:
        notes.append(f"runs with {one['running'] or 'none'}, needs a {one['pending']}")
    return f"{one['name']} = {one['value']}" + (f"    ({'; '.join(notes)})" if notes else "")


def remedies(state, found):
    """The commands that make all changes take effect."""
    pending = [one for one in found if one["pending"]]
    late = parts.here(state, sorted({part for one in pending if one["pending"] == "restart" for part in one["parts"]}))
    if any(one["pending"] == "reload" for one in pending):
        yield paste(state, "reload")
    if any(one["pending"] == DOWN for one in pending):
        yield f"{paste(state, 'down')}; {paste(state, 'up')}"
    if late:
        yield paste(state, "restart", *late)


COMMAND = Command("settings", "what is set, and what it needs to take effect", TEXT, run, arguments, state="there")
