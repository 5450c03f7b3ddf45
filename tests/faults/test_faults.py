"""A fast subset of the fault matrix; scripts/faults runs all of it."""
import os

import pytest

from matrix import run_cells, chosen
from storm import storm_shop
from traffic import CATALOGUE, KINDS

# fmt: off
CELLS = (("all catálogo workers", "kill -9"), ("all catálogo workers", "gone"), ("their socket file", "removed"),
         ("the catalogue's primary", "kill -9"), ("the catalogue's primary", "SIGSTOP"), ("Redis", "gone"))
# fmt: on
READS = 40


def begun(cell):
    """Somebody of each kind was answered."""
    return all(cell.since(0, kind) for kind in KINDS)


def enough(cell):
    """The fault was felt by writes, and the catalogue was read all the same."""
    return any(answer.refused for answer in cell.since(cell.began)) and len(cell.since(cell.began, CATALOGUE)) >= READS


@pytest.mark.slow
def test_a_part_fails_under_traffic():
    """No catalogue read fails, nothing acknowledged is lost, no worker dies with a store, and all is well again."""
    seed = os.environ.get("STORM_SEED", "natal")
    cells = [cell for part, fault in CELLS for cell in chosen([part], [fault])]
    assert len(cells) == len(CELLS)
    with storm_shop(prazo_segundos=15) as shop:
        for measured in run_cells(shop, cells, seed, begun, enough):
            print(measured.line())
            assert not measured.lost, (measured.name, measured.lost)
            assert measured.asked[CATALOGUE] and not measured.failed[CATALOGUE], measured
            assert not (measured.part.store and measured.workers_lost), measured
