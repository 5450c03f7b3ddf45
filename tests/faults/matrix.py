#!/usr/bin/python3
"""The fault matrix: each part fails in each way under real traffic, and what its clients saw is written down."""
import contextlib
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import faults_md
from client import TOP
from options import Options, number_to, seed_text
from parts import FAULTS, PARTS, Fault, Part, disks, disks_possible
from shop import PRODUCT_DEADLINES, eventually
from storm import storm_shop
from traffic import CATALOGUE, KINDS, Traffic, make_tokens

BEFORE_SECONDS = 3
LASTING_SECONDS = 15
CALM_SECONDS = 2  # without a failure: normal again


@dataclass
class Measured:
    """What one cell of the matrix showed."""

    part: Part
    fault: Fault
    asked: Counter = field(default_factory=Counter)  # kind -> answers
    failed: Counter = field(default_factory=Counter)  # kind -> reads that failed
    refused: int = 0  # writes answered 503: nothing was changed
    unknown: Counter = field(default_factory=Counter)  # writes whose result was lost: "502 servico_fora" -> how many
    how: Counter = field(default_factory=Counter)  # reads that failed: the same
    lost: list = field(default_factory=list)  # what was acknowledged and is not so, or the other way round
    slowest: float = 0.0
    pause: float = 0.0  # the longest time in which one kind had no success
    normal: float = 0.0  # seconds from the part's return to the last failure
    workers_lost: int = 0

    @property
    def name(self):
        """As one asks for it."""
        return f"{self.part.title} × {self.fault.title}"

    def line(self):
        """For whoever watches."""
        lost = f"   LOST {len(self.lost)}: {self.lost[0]}" if self.lost else ""
        failed = f"{self.failed[CATALOGUE]}+{sum(self.failed.values()) - self.failed[CATALOGUE]}"
        return (
            f"{self.name:<40} reads failed {failed:>7}   refused {self.refused:>4}   "
            f"unknown {sum(self.unknown.values()):>3}   slowest {self.slowest:4.1f} s   "
            f"pause {self.pause:4.1f} s   normal after {self.normal:4.1f} s{lost}"
        )


class Cell:
    """One part, one way to fail."""

    def __init__(self, shop, part, fault, tokens, directory):
        self.shop, self.measured = shop, Measured(part, fault)
        for client in (shop.admin, shop.public):
            client.close()  # its connection may have ended with the cell before
        self.traffic = Traffic(shop, directory.name, directory, tokens)
        self.began = self.back = 0.0

    def run(self, begun, enough):
        """Traffic until begun(cell), the fault until enough(cell) if it lasts, traffic until all is normal."""
        part, fault = self.measured.part, self.measured.fault
        workers, everybody = set(self.shop.workers().values()), set(self.shop.processes())
        self.traffic.start()
        while not begun(self):
            time.sleep(0.05)
        self.began = time.monotonic()
        with fault.of(self.shop, part):
            self.back = time.monotonic()  # of what comes back by itself
            if fault.lasting:
                while not enough(self):
                    time.sleep(0.05)
                self.back = None
        self.back = self.back or time.monotonic()
        whole = eventually(lambda: self.calm() and set(self.shop.processes()) == everybody)
        self.traffic.stop()
        if not whole:
            self.traffic.journal.violation("did not become normal after it was back")
        self.measured.workers_lost = len(workers - set(self.shop.workers().values()))
        self.measure()
        return self.measured

    def since(self, moment, *kinds):
        """Answers of these kinds, or of all, that came after a moment."""
        return [
            answer for answer in self.traffic.answers if answer.end >= moment and (not kinds or answer.kind in kinds)
        ]

    def calm(self):
        """Nobody was refused anything for a while."""
        since = max([self.back, *(answer.end for answer in self.traffic.answers if answer.failed)])
        return time.monotonic() - since > CALM_SECONDS

    def measure(self):
        """What the answers since the fault say, and what the stores say of the writes."""
        measured = self.measured
        answers = sorted((a for a in self.traffic.answers if a.end >= self.began), key=lambda a: a.end)
        for answer in answers:
            measured.asked[answer.kind] += 1
            measured.refused += answer.refused
            if answer.read and answer.failed:
                measured.failed[answer.kind] += 1
                measured.how[answer.how] += 1
            if answer.unknown:
                measured.unknown[answer.how] += 1
        measured.slowest = max(a.end - a.begin for a in answers)
        measured.pause = max(longest_pause(answers, kind, self.began) for kind in KINDS)
        measured.normal = max([0.0, *(a.end - self.back for a in answers if a.failed)])
        measured.lost = [text for text, _ in self.traffic.check()]
        self.traffic.journal.close()


def longest_pause(answers, kind, began):
    """The longest time without a success of this kind."""
    ends = [began, *(a.end for a in answers if a.kind == kind and not a.failed)]
    return max((after - before for before, after in zip(ends, ends[1:])), default=0.0)


def chosen(parts, faults):
    """The cells whose part and fault have such a title, or all."""
    return [
        (part, FAULTS[name])
        for part in PARTS
        for name in part.faults
        if (not parts or part.title in parts) and (not faults or FAULTS[name].title in faults)
    ]


def for_seconds(seconds):
    """A time, as begun and enough of Cell.run()."""
    return lambda cell: time.monotonic() - (cell.began or cell.traffic.journal.began) >= seconds


def run_cells(shop, cells, seed, begun, enough):
    """Measures one after the other; a cell that went well leaves nothing behind."""
    tokens = make_tokens(shop)
    for number, (part, fault) in enumerate(cells):
        directory = TOP / "build/test" / f"faults-{seed}" / f"{number:02}"
        measured = Cell(shop, part, fault, tokens, directory).run(begun, enough)
        if not measured.lost:
            shutil.rmtree(directory)
        yield measured


def options_read():
    """What was asked for, and the cells that it names."""
    parser = Options("faults")
    parser.add_argument("--seconds", type=number_to(999), default=LASTING_SECONDS)
    parser.add_argument("--seed", type=seed_text, default=str(int(time.time())))
    parser.add_argument("--part", action="append", default=[])
    parser.add_argument("--fault", action="append", default=[])
    options = parser.parse_args()
    cells = chosen(options.part, options.fault)
    if not cells:
        print(
            f"no such cell: parts are {', '.join(part.title for part in PARTS)}; "
            f"faults are {', '.join(fault.title for fault in FAULTS.values())}",
            file=sys.stderr,
        )
        sys.exit(64)
    return options, cells


def main():
    """All of them, or some; writes docs/faults.md when it was all. 0 when nothing was lost and every goal is met."""
    options, cells = options_read()
    filled = [cell for cell in cells if cell[1] is FAULTS["full"]]
    mountable = disks_possible()
    if not mountable:
        cells = [cell for cell in cells if cell not in filled]
    results = []
    with storm_shop(**PRODUCT_DEADLINES) as shop, disks(shop) if filled and mountable else contextlib.nullcontext():
        for measured in run_cells(shop, cells, options.seed, for_seconds(BEFORE_SECONDS), for_seconds(options.seconds)):
            results.append(measured)
            print(f"{len(results):>2}/{len(cells)}  {measured.line()}", flush=True)
    goals = faults_md.goals(results)
    print("\n".join(faults_md.goal_lines(goals)))
    if not (options.part or options.fault):
        faults_md.write(TOP / "docs/faults.md", results, mountable, options.seconds)
    return 0 if all(goal.met for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
