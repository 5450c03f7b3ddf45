"""Makes, lists and revokes bearer tokens. Only their hashes are kept; workers see a change at once."""
import contextlib
import datetime
import re
import sys
import time
import zoneinfo

from .. import tokens
from ..command import Command
from ..say import Refused, UsageError, paste, warn

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.A)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})", re.A)
RIGHTS = ("admin", "atendente")
# Times have a year of four digits; a day's end elsewhere may be in UTC's next year.
LAST_SECOND = 253370764799
ROW = "{:<24} {:<18} {:<22} {:<22} {}"

TEXT = """\
create prints the new token on standard output, this once: it is kept only as a hash. Send it as
Authorization: Bearer TOKEN. list shows each token's last use as a day of UTC. revoke works at once,
without a restart. Without --expires and --days a token lasts until it is revoked."""


def arguments(parser):
    """What the command takes."""
    parser.add_argument("words", nargs="*", metavar="create NAME | list | revoke NAME")
    parser.add_argument(
        "--right",
        default="admin",
        metavar="RIGHT",
        help="admin may do everything (the default); atendente reads products and orders and moves orders along",
    )
    parser.add_argument(
        "--expires",
        metavar="DATE",
        help="the last day of the token, in the shop's time zone, like 2027-01-31, or a time like 2027-01-31T18:00:00Z",
    )
    parser.add_argument("--days", metavar="N", help="the token lasts N times 24 hours")


def run(state, args):
    """Does one of the three. Standard output is the token's alone: what is waited for is said elsewhere."""
    if args.right not in RIGHTS:
        raise UsageError(f"the rights that a person can have are admin and atendente, not {args.right}")
    if args.expires is not None and args.days is not None:
        raise UsageError("--expires and --days exclude each other")
    if args.words == ["list"]:
        show(state)
    elif len(args.words) == 2 and args.words[0] in ("create", "revoke"):
        with contextlib.ExitStack() as stack:
            with contextlib.redirect_stdout(sys.stderr):
                stack.enter_context(state.locked())
            (create if args.words[0] == "create" else revoke)(state, args.words[1], args)
    else:
        raise UsageError("create NAME, list or revoke NAME is needed")


def expiry(args, zone):
    """When the token ceases to be valid, as the tokens file has it; "" for one that lasts. `zone` is the shop's."""
    if args.days is not None:
        if not re.fullmatch(r"[1-9]\d{0,4}", args.days, re.A):
            raise UsageError(f"--days takes a whole number from 1 to 99999, not {args.days}")
        seconds = time.time() + int(args.days) * 86400
    elif args.expires is not None:
        seconds = moment(args.expires, zone)
        if seconds <= time.time():
            raise UsageError(f"--expires {args.expires} is past")
    else:
        return ""
    if seconds > LAST_SECOND:
        raise UsageError("a token ends in the year 9998 at the latest")
    return tokens.utc(seconds)


def moment(text, zone):
    """--expires in seconds: the last second of a day, or a time."""
    try:
        if DAY.fullmatch(text):
            end = datetime.time(23, 59, 59, tzinfo=zoneinfo.ZoneInfo(zone))
            return datetime.datetime.combine(datetime.date.fromisoformat(text), end).timestamp()
        if MOMENT.fullmatch(text):
            return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"--expires takes a date like 2027-01-31 or a time like 2027-01-31T18:00:00-03:00, not {text}")


def create(state, name, args):
    """Prints a new token."""
    if not NAME.fullmatch(name):
        raise UsageError(f"a name has up to 64 letters, digits and . _ - and begins with a letter or digit: not {name}")
    if name in tokens.SERVICE_TOKENS.values():
        raise UsageError(f"{name} is the name of a service's own token")
    if tokens.named(state, name):
        raise Refused(f"there is a token named {name} already", "revoke it first, or give another name")
    end = expiry(args, state.running["fuso_horario"])
    token = tokens.random_token()
    tokens.add(state, token, name, args.right, end)
    print(token)


def show(state):
    """A line a token."""
    print(ROW.format("NAME", "RIGHT", "CREATED", "EXPIRES", "LAST-USE"))
    for token in tokens.everyone(state):
        used = tokens.last_use(state, token) or "-"
        print(ROW.format(token.name, token.rights, token.created, token.expires or "-", used))


def revoke(state, name, _args):
    """Ends the token of exactly this name."""
    for secret, service in tokens.SERVICE_TOKENS.items():
        if name == service:
            raise Refused(
                f"orders cannot be taken without {name}", f"{paste(state, 'secret', 'change', secret)} changes it"
            )
    count = tokens.revoke(state, name)
    if not count:
        raise Refused(f"there is no token named {name}", f"{paste(state, 'token', 'list')} shows them")
    warn(f"revoked {name}" if count == 1 else f"revoked {name}: {count} tokens")


COMMAND = Command("token", "makes, lists and revokes bearer tokens", TEXT, run, arguments, state="there")
