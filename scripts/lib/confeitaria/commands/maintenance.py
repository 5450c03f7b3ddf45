"""Closes the front door for a while, with words for those who come, and opens it again."""
import ipaddress

from .. import maintenance, manager, parts, processes, renew
from ..command import Command
from ..say import UsageError, say

DEFAULT_MINUTES = 5  # as problems.def has it
TEXT = """on closes the front door: people get a page that says so, programs a 503 `manutencao`, both with
Retry-After. Requests that are under way are answered first: when the command ends there are none. The
parts go on, /health, /livez and the ports of single services on loopback answer. It stays closed
after a restart, a rollback or a reboot, until off opens it. Both can be said again, with other
options too."""


def minutes(text):
    """--minutes."""
    if not text.isdecimal() or not 1 <= int(text) <= 1440:
        raise UsageError(f"--minutes takes a number from 1 to 1440, not {text or 'nothing'}")
    return int(text)


def address(text):
    """--allow."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(f"--allow takes an IP address such as 203.0.113.7, not {text or 'nothing'}") from None


def arguments(parser):
    """What it takes."""
    parser.add_argument("what", choices=("on", "off"), metavar="on | off")
    parser.add_argument(
        "--minutes",
        type=minutes,
        default=DEFAULT_MINUTES,
        metavar="N",
        help=f"after how many clients are told to try again (default {DEFAULT_MINUTES}); it does not end by itself",
    )
    parser.add_argument(
        "--allow",
        type=address,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="clients of this address see the shop all the same",
    )


def run(state, args):
    """Closes or opens."""
    parts.require(state, "nginx")
    if args.what == "on":
        maintenance.close(state, args.minutes, args.allow)
    else:
        maintenance.open_again(state)
    if manager.of(state).running():
        before = renew.nginx_master(state).children()
        renew.reload_nginx(state)
        processes.wait_gone(before)
    say("the shop is in maintenance" if args.what == "on" else "the shop is open")


COMMAND = Command(
    "maintenance",
    "closes the front door for a while, with a page that says so",
    TEXT,
    run,
    arguments,
    "there",
    lock=True,
)
