"""What the matrix measured, as docs/faults.md: a table, and which goals are met."""
from dataclasses import dataclass

from traffic import CATALOGUE, OTHER

ANSWER_SECONDS = 5
NORMAL_SECONDS = 5
CATALOGUE_PARTS = ("one catálogo worker", "all catálogo workers", "their socket file", "the catalogue's primary")

HEAD = """# When a part fails

*Written by `scripts/faults` from what it measured; do not edit.*

Each part of the system fails in each way while catalogue readers, customers with carts, customers who order and
administrators go on. A part is killed (`kill -9`), frozen (SIGSTOP, {seconds:g} s), stopped and started again (gone,
{seconds:g} s), or its disk has no byte left for {seconds:g} s. Nobody mends anything: what comes back does so by itself.
(A socket file can only be removed; nginx replaces a worker of its own that is taken away, as one that was killed.)

- **reads failed**: answers that were no success and not the client's fault, of the catalogue and of the rest (carts,
  orders), of those asked from the fault on.
- **refused**: writes answered 503 with `Retry-After` that were not done.
- **unknown**: writes whose answer was lost with a part (502, 504, `resultado_desconhecido`, or a connection that was
  cut): the client is told to ask again. Each was looked up afterwards: done once or not at all.
- **lost**: what was acknowledged and is not in the stores, or refused and is there; found by comparing every answer
  with the stores and by `scripts/audit`.
- **slowest**: the longest that any answer took. **pause**: the longest time in which one kind of request (catalogue,
  carts, orders, administrators) had no success.
- **normal after**: from the part's return to the last failure; of what was killed or removed, from that moment.

"""
# fmt: off
COLUMNS = ("part", "fault", "catalogue reads failed", "other reads failed", "refused", "unknown", "lost", "slowest",
           "pause", "normal after")
# fmt: on
REMARKS = """
## Remarks

- A frozen nginx worker keeps the connections that it has: who sent a request on one of them waits for as long as it is
  frozen, and nothing behind nginx can help him. New connections are the other worker's, and are served as ever.
- A killed nginx worker cuts its connections. What was on its way to a worker is done or not: that is the unknown.
- A frozen pool holds what it had in hand, and its queue: a write waits 4 s and is told 504. What nginx has given up is
  not begun any more when the pool goes on.
- Without room PostgreSQL refuses a write that needs some (503), and ends itself when it cannot write its log; Redis ends
  itself at the first write. supervisor starts them again and again until there is room.
"""


@dataclass
class Goal:
    """What is wanted, and the cells that miss it, each with its figure."""

    text: str
    missed: list

    @property
    def met(self):
        """By every cell."""
        return not self.missed


def goals(results):
    """Each goal against all cells that it is about."""

    def missing(wrong, figure, about=lambda m: True):
        return [f"{m.name} ({figure(m)})" for m in results if about(m) and wrong(m)]

    return [
        Goal("no write is lost", missing(lambda m: m.lost, lambda m: f"{len(m.lost)}: {m.lost[0]}")),
        Goal(
            "not one catalogue read fails with catálogo workers, their socket or the primary away",
            missing(
                lambda m: m.failed[CATALOGUE],
                lambda m: counted(m.failed[CATALOGUE], m.how),
                lambda m: m.part.title in CATALOGUE_PARTS,
            ),
        ),
        Goal(
            f"no answer of any kind later than {ANSWER_SECONDS} s",
            missing(lambda m: m.slowest > ANSWER_SECONDS, lambda m: f"{m.slowest:.1f} s"),
        ),
        Goal(
            f"normal again within {NORMAL_SECONDS} s of the part's return, without a person",
            missing(lambda m: m.normal > NORMAL_SECONDS, lambda m: f"{m.normal:.1f} s"),
        ),
        Goal(
            "no worker is lost to a store's failure",
            missing(lambda m: m.workers_lost, lambda m: f"{m.workers_lost} workers", lambda m: m.part.store),
        ),
    ]


def goal_lines(found):
    """A line a goal."""
    return [
        f"- {'met' if goal.met else '**missed**'}: {goal.text}" + ("" if goal.met else ": " + "; ".join(goal.missed))
        for goal in found
    ]


def counted(total, ways):
    """A number, and of which kinds."""
    detail = ", ".join(f"{number}× {way}" for way, number in sorted(ways.items()))
    return f"{total} ({detail})" if total else "0"


def row(measured):
    """A line of the table."""
    unknown = sum(measured.unknown.values())
    return (
        f"| {measured.part.title} | {measured.fault.title} "
        f"| {measured.failed[CATALOGUE]} of {measured.asked[CATALOGUE]} "
        f"| {measured.failed[OTHER]} of {measured.asked[OTHER]} | {measured.refused} "
        f"| {counted(unknown, measured.unknown)} | {len(measured.lost)} | {measured.slowest:.1f} s "
        f"| {measured.pause:.1f} s | {measured.normal:.1f} s |"
    )


def line(cells):
    """One of the table."""
    return f"| {' | '.join(cells)} |"


def write(path, results, mountable, seconds):
    """The whole file."""
    lines = [line(COLUMNS), line(["---"] * len(COLUMNS)), *(row(measured) for measured in results)]
    if not mountable:
        lines.append(
            line(
                [
                    "the stores",
                    "disk full",
                    "not measured: no file system can be mounted here",
                    *[""] * (len(COLUMNS) - 3),
                ]
            )
        )
    path.write_text(
        HEAD.format(seconds=seconds)
        + "\n".join(lines)
        + "\n\n## Goals\n\n"
        + "\n".join(goal_lines(goals(results)))
        + "\n"
        + REMARKS,
        encoding="utf-8",
    )
