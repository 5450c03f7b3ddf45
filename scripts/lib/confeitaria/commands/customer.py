"""Exports or anonymises what is kept of one person (LGPD, articles 16 and 18)."""
import re
import sys

from .. import postgres, release
from ..command import Command
from ..say import Refused, UsageError, say

TEXT = """\
export prints as JSON all that is kept of the person: every order with its lines and its history. anonymise takes
name, e-mail, telephone, address and remarks out of the person's finished orders, for ever; without --yes it only
says of which. Orders that are still open are left as they are and named; then the exit status is 1.

An e-mail is compared whole and without case, a telephone by its digits: ask for each that the person may have
given. With - it is read from standard input, so that it stands in no list of processes."""


def arguments(parser):
    """What the command takes."""
    parser.add_argument("words", nargs="*", metavar="export|anonymise EMAIL|TELEPHONE|-")
    parser.add_argument("--yes", action="store_true", help="do it")


def run(state, args):
    """Does one of the two."""
    if len(args.words) != 2 or args.words[0] not in ("export", "anonymise"):
        raise UsageError("export or anonymise, and an e-mail or a telephone, are needed")
    what, person = args.words
    if person == "-":
        person = sys.stdin.readline().strip()
    is_mail = re.search(r".@.", person) and person.isprintable()
    if not is_mail and not re.fullmatch("[0-9]{8,15}", re.sub("[^0-9]", "", person)):
        raise UsageError(f"{person} is neither an e-mail nor a telephone")
    if what == "export":
        print(ask(state, "exportar", person).rstrip("\n"))
    else:
        anonymise(state, person, args.yes)


def ask(state, name, person, **variables):
    """Runs a file of db/pedidos/cliente on what is kept of the person; what it printed."""
    sql = release.current(state).share("db/pedidos/cliente", f"{name}.sql").read_text(encoding="utf-8")
    return postgres.psql(state, "pg-pedidos", sql, "pedidos", variables={"cliente": person, **variables})


def anonymise(state, person, yes):
    """Takes the person out of finished orders, or says of which."""
    answer = ask(state, "anonimizar", person, fazer="on" if yes else "off").split("\n")
    finished, still_open = (answer + ["", ""])[:2]
    if not finished and not still_open:
        raise Refused("no order has this e-mail or telephone", "an e-mail is compared whole, a telephone by its digits")
    say(f"{'anonymised' if yes else 'would be anonymised'}: {finished or 'none'}")
    if still_open:
        raise Refused(f"still open, and left as they are: {still_open}", "deliver or cancel them, then run this again")
    if not yes:
        raise Refused("nothing was changed", "run it again with --yes: it cannot be taken back")


COMMAND = Command(
    "customer", "exports or anonymises what is kept of one person", TEXT, run, arguments, here=("pg-pedidos",)
)
