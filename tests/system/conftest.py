"""A private running system for each lane of a run, shared by its tests, which make their own products and carts."""
import shutil
import tempfile
from pathlib import Path

import pytest

from client import PLACE
from comandos import command
from shop import PRODUCT_DEADLINES, Shop


# fmt: off
# Lanes take whole files, in this order: those that take longest come first, so that no lane is left with one of them.
LONGEST = ("test_bench", "test_crescimento", "test_congelado", "test_promocao", "test_demonstracao", "test_sobrecarga",
           "test_backup", "test_ligacoes", "test_interrompido", "test_reinicio", "test_geracoes", "test_up",
           "test_supervisor", "test_partes", "test_privilegios", "test_comandos", "test_cache", "test_saude",
           "test_replica")
# fmt: on


def pytest_collection_modifyitems(config, items):
    """Orders the files, and leaves valgrind to those who ask for it."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
    if "valgrind" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("valgrind")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def shop():
    """A running shop with its first stock."""
    with Shop() as running:
        yield running


@pytest.fixture(scope="session")
def hurried_shop():
    """Another one, whose requests give up as early as a customer's do: for tests in which a part does not answer."""
    with Shop(**PRODUCT_DEADLINES) as running:
        yield running


@pytest.fixture(scope="module")
def same_workers(shop):
    """Whatever a module sends: every worker is in the end the process that it was in the beginning."""
    before = shop.workers()
    yield before
    assert shop.workers() == before


@pytest.fixture(name="place")
def fixture_place():
    """An empty directory that the servers may enter."""
    directory = Path(tempfile.mkdtemp(prefix="cft-", dir=PLACE))
    directory.chmod(0o755)
    yield directory
    command("down", "--state", directory, "--purge")
    shutil.rmtree(directory, ignore_errors=True)
