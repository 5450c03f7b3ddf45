"""Compares ledger, stock, reservations, orders and Redis, and says whether they add up."""
import re

from .. import audit, last, manager
from ..command import Command
from ..say import UsageError, warn

TEXT = """\
Compares ledger, stock, reservations, orders, the stream of events and the carts of a running system; it only reads.
Prints the books (inicial + ajustes = estoque + reservado + vendido), a line a check, and the orders by state.
Exits 0 when all adds up; 1 when not, with the first row of each check that does not; 3 when a store is not running."""


def seconds(text):
    """--wait."""
    if not re.fullmatch("[0-9]{1,5}", text):
        raise UsageError(f"--wait takes a number of seconds, not {text}")
    return int(text)


def arguments(parser):
    """What the command takes."""
    parser.add_argument(
        "--settled",
        action="store_true",
        help="also wants nothing left to be done: no open reservation, no unfinished order, no unpublished event",
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=30,
        metavar="SECONDS",
        help="how long a row that is wrong between two stores, and may be in flight, is looked at again (default 30)",
    )


def run(state, args):
    """Looks and says; its exit status."""
    if not manager.of(state).running():
        warn(f"the system in {state.path} is not running")
        return audit.BLIND
    rows, wrong = audit.compare(state, args.wait, args.settled)
    last.note(state, "audit", not wrong)
    print(*audit.report(rows, wrong), sep="\n")
    if wrong:
        warn("it does not add up; the first row of each check that found one:", *audit.first_of_each(wrong))
        return 1
    return 0


COMMAND = Command(
    "audit",
    "compares all stores and says whether they add up",
    TEXT,
    run,
    arguments,
    state="there",
    here=("pg-catalogo", "pg-pedidos", "redis"),
)
