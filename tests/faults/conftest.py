"""The tests that kill: they start private systems of their own with the Shop of tests/system."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]


def pytest_configure(config):
    """Names the marker, as tests/system does."""
    config.addinivalue_line("markers", "slow: takes more than a few seconds; scripts/test --quick leaves it out")
