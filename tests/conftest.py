"""For all tests: where their modules are, and the logs of the shops that ran when a test failed."""
import re
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "system"), str(HERE / "faults")]

from shop import Shop  # noqa: E402  (found by the line above)

FAILED = HERE.parent / "build/test/failed"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A shop is gone with its logs when its tests have ended: a test that fails keeps a copy."""
    report = (yield).get_result()
    if not report.failed or not Shop.running:
        return
    place = FAILED / re.sub(r"[^\w.-]+", "-", item.nodeid)[-200:]
    shutil.rmtree(place, ignore_errors=True)
    for shop in Shop.running:
        shutil.copytree(shop.state / "log", place / shop.state.name, ignore_dangling_symlinks=True)
    report.user_properties.append(("logs", str(place)))


def pytest_terminal_summary(terminalreporter):
    """Says where they are, in lines that tests/run.py reads."""
    for outcome in ("failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, place in getattr(report, "user_properties", []):
                if name == "logs":
                    terminalreporter.write_line(f"LOGS {place} {HERE.name}/{report.nodeid}")
