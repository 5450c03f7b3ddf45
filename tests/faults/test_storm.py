"""A short storm; scripts/storm makes long ones."""
import os
import shutil

import pytest

from killers import STORES
from shop import POOLS
from storm import Storm, place, storm_shop

SECONDS, ORDERS = 20, 100  # at least
VICTIMS = (*POOLS, *STORES, "conciliador", "vigia", "nginx")


@pytest.mark.slow
def test_an_order_happens_exactly_once_whatever_is_killed():
    """64 customers, too few units, kill -9 for everything: what was answered stands, and the books balance."""
    seed = os.environ.get("STORM_SEED", "natal")
    print(f"seed {seed}")
    with storm_shop() as shop:
        storm = Storm(shop, seed, place(seed))
        counts = storm.journal.counts

        def enough(seconds):
            """Everything has been killed, and orders were acknowledged and refused meanwhile."""
            return (
                seconds >= SECONDS
                and counts["orders"] >= ORDERS
                and counts["refused"]
                and storm.watcher.looks
                and all(counts[f"killed {victim}"] for victim in VICTIMS)
            )

        storm.run(enough, print)
        violations = storm.check()
        assert not violations, storm.report(violations)
    shutil.rmtree(storm.directory)
