"""Where the modules of the operator's program and the generator are: their tests need no running system, and start no
process but short ones."""
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path += [str(TOP / "scripts/lib"), str(TOP / "fcgi")]

from confeitaria.state import State  # noqa: E402  (found by the line above)


@pytest.fixture(autouse=True)
def servers_user(monkeypatch):
    """The servers' user is one that every machine has: nothing was ever started here."""
    monkeypatch.setattr("confeitaria.state.SERVICE_USER", "nobody")


@pytest.fixture(name="place")
def fixture_place():
    """An empty directory, which other users may enter: what keeps them out of a file in it is the file."""
    with tempfile.TemporaryDirectory(prefix="cft-", dir="/tmp") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture(name="state")
def fixture_state(place):
    """A state directory with the folder of the operator's files, and nothing else."""
    state = State(str(place))
    state.etc.mkdir()
    return state
