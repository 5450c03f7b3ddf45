"""A short storm; scripts/storm makes long ones."""
import os
import shutil
import time

import pytest

from killers import STORES
from shop import POOLS
from storm import Storm, place, storm_shop

SECONDS = 50


@pytest.mark.slow
def test_an_order_happens_exactly_once_whatever_is_killed():
    """64 customers, too few units, kill -9 for everything: what was answered stands, and the books balance."""
    seed = os.environ.get("STORM_SEED") or str(int(time.time()))
    print(f"seed {seed}")
    with storm_shop() as shop:
        storm = Storm(shop, seed, place(seed))
        storm.run(SECONDS, print)
        violations = storm.check()
        assert not violations, storm.report(violations)
    counts = storm.journal.counts
    assert counts["orders"] and counts["refused"] and storm.watcher.looks
    for victim in (*POOLS, *STORES, "conciliador", "vigia", "nginx"):
        assert counts[f"killed {victim}"], f"no {victim} was killed: {counts}"
    shutil.rmtree(storm.directory)
