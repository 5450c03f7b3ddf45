"""A fast subset of the fault matrix; scripts/faults runs all of it."""
import os
import time

import pytest

from matrix import run_cells, chosen
from storm import storm_shop
from traffic import CATALOGUE

SECONDS = 4
# fmt: off
CELLS = (("all catálogo workers", "kill -9"), ("all catálogo workers", "gone"), ("their socket file", "removed"),
         ("the catalogue's primary", "kill -9"), ("the catalogue's primary", "SIGSTOP"), ("Redis", "gone"))
# fmt: on


@pytest.mark.slow
def test_a_part_fails_under_traffic():
    """No catalogue read fails, nothing acknowledged is lost, no worker dies with a store, and all is well again."""
    seed = os.environ.get("STORM_SEED") or str(int(time.time()))
    cells = [cell for part, fault in CELLS for cell in chosen([part], [fault])]
    assert len(cells) == len(CELLS)
    with storm_shop() as shop:
        for measured in run_cells(shop, cells, SECONDS, seed, before=1):
            print(measured.line())
            assert not measured.lost, (measured.name, measured.lost)
            assert measured.asked[CATALOGUE] and not measured.failed[CATALOGUE], measured
            assert not (measured.part.store and measured.workers_lost), measured
            if measured.fault.lasting:
                assert measured.refused, f"{measured.name}: no write was refused; did anything fail at all?"
