"""The one fixture: a private running system, shared by the tests of a run, which make their own products and carts."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop  # noqa: E402  (found by the line above)

MARKERS = (
    "slow: takes more than a few seconds; scripts/test --quick leaves it out",
    "commands: about scripts/, not about the workers' code",
    "valgrind: runs the workers under valgrind; only when asked for with -m valgrind",
)


def pytest_configure(config):
    """Names the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config, items):
    """Valgrind is only for those who ask for it."""
    if "valgrind" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("valgrind")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def shop():
    """A running shop with its first stock."""
    with Shop() as running:
        yield running


@pytest.fixture(scope="module")
def same_workers(shop):
    """Whatever a module sends: every worker is in the end the process that it was in the beginning."""
    before = shop.workers()
    yield before
    assert shop.workers() == before
