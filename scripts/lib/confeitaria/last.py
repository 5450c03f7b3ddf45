"""How the last backup and the last audit ended: a line a kind in data/ultimos, which the metrics' page reads too."""
import re
import time
from dataclasses import dataclass

from .files import replace
from .state import owned_directory

KINDS = ("backup", "audit")
LINE = re.compile(r"(\d{1,11}) ([01]) (\d{1,11})\n")  # of fcgi/saude/metricas.c
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Last:
    """`ended`: when the last one did; `ok`: whether it was good; `good`: when the last good one ended, 0 for none."""

    ended: int
    ok: bool
    good: int


def note(state, kind, ok):
    """Writes down that one has ended just now. There is nothing in it that others may not see."""
    now, before = int(time.time()), read(state, kind)
    good = now if ok else before.good if before else 0
    directory = state.data / "ultimos"
    owned_directory(directory, 0o755)
    replace(directory / kind, f"{now} {int(ok)} {good}\n", 0o644)


def read(state, kind):
    """The last one, or None."""
    try:
        found = LINE.fullmatch((state.data / "ultimos" / kind).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return Last(int(found[1]), found[2] == "1", int(found[3])) if found else None


def ago(seconds):
    """`3 h ago`"""
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return f"{max(0, int(seconds)) // size} {unit} ago"
