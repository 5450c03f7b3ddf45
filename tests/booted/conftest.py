"""One machine for all tests of a module: they are its story, in order."""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from machine import Machine  # noqa: E402  (found by the line above)

PLACE = HERE.parents[1] / "build/booted"
SUITE = os.environ.get("BOOTED_SUITE", "bookworm")


@pytest.fixture(scope="module")
def machine():
    """Booted, with both packages in /root: old.deb and new.deb."""
    one = Machine(PLACE / SUITE)
    try:
        for name in ("old.deb", "new.deb"):
            if (path := PLACE / f"{SUITE}-packages" / name).exists():
                one.put(path, name)
        for path in (PLACE / "modules").glob("redis_commander.*"):
            one.put(path, path.name)
        one.boot()
        yield one
    finally:
        one.down()
