"""Takes what is long past out of the ledger, the trail of prices, the history of orders and the outbox, into files."""
import datetime
import os
import re
import time
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from .. import postgres, release
from ..command import Command, path_argument
from ..say import Refused, UsageError, say

TEXT = """\
Moves what is older than the beginning of that day (of the shop's time zone) into compressed CSV files, batch after
batch, while customers go on: the ledger of the stock, the changes of prices, and the history and the events of
orders that were finished before it. A row is deleted only when the file that holds it is on the disk. The books
still balance: each product keeps the sums of what went, each order its last step. It may be killed at any moment,
and run again."""

BATCH = 10000
# What COPY pipes a batch into: it must be on the disk, and whole, before the batch is deleted. psql runs it.
WRITE = 'umask 077 && gzip >"$ARCHIVE_FILE" && gzip --test "$ARCHIVE_FILE" && sync "$ARCHIVE_FILE" "${ARCHIVE_FILE%/*}"'
UNFINISHED = ".incompleto"
WHAT = {"movimentos": "catalogo", "mudancas": "catalogo", "passado": "pedidos"}  # a file of db/DATABASE/archive each


def day_of(text):
    """--before; raises UsageError when it is no day."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.A):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise UsageError(f"--before takes a day such as 2026-01-31, not {text or 'nothing'}")


def arguments(parser):
    """What the command takes."""
    parser.add_argument(
        "--before",
        required=True,
        type=day_of,
        metavar="DATE",
        help="the first day that stays, such as 2026-01-31; today at the latest",
    )
    parser.add_argument(
        "--to",
        type=path_argument,
        metavar="DIRECTORY",
        help="where the files go (default STATE/archive, which down --purge deletes too: keep copies on another disk)",
    )


@dataclass(frozen=True)
class Archive:
    """Everything before `moment` (UTC, RFC 3339), of the ledger every row before row `cut`, goes into `place`."""

    state: object
    moment: str
    cut: str
    place: Path
    began: str  # in the files' names

    def ask(self, database, sql, variables):
        """Runs SQL on the database of that name; what it printed."""
        return postgres.psql(
            self.state, postgres.cluster_of(self.state, database), sql, database, variables=variables
        ).strip()

    def finish_others(self):
        """A file of an archive that was killed is whole if its batch was deleted; else its rows are in the tables."""
        question = "SELECT EXISTS (SELECT FROM arquivos WHERE arquivo = :'arquivo')"
        for file in self.place.glob(f"*.csv.gz{UNFINISHED}"):
            name = file.name.removesuffix(UNFINISHED)
            if "t" in [self.ask(database, question, {"arquivo": name}) for database in ("catalogo", "pedidos")]:
                self.move(file, name)
            else:
                postgres.tool(self.state, "/usr/bin/rm", file)

    def move(self, file, name):
        """Gives a file its name. It is the user's as whom psql runs, as is the directory."""
        postgres.tool(self.state, "/usr/bin/mv", "-T", file, self.place / name)

    def batches(self, what):
        """Batch after batch of WHAT, each into a file of its own."""
        sql = release.current(self.state).share("db", WHAT[what], "archive", f"{what}.sql").read_text(encoding="utf-8")
        rows = number = 0
        while True:
            number += 1
            name = f"{what}-{self.began}-{number:06}.csv.gz"
            unfinished = self.place / f"{name}{UNFINISHED}"
            environment = {"ARCHIVE_WRITE": WRITE, "ARCHIVE_FILE": unfinished}
            setenv = "".join(f"\\setenv {key} {postgres.quoted(value)}\n" for key, value in environment.items())
            variables = {"antes": self.moment, "corte": self.cut, "lote": str(BATCH), "arquivo": name}
            try:
                count = self.ask(WHAT[what], setenv + sql, variables)
            except Refused as error:
                remedy = f"what is in {self.place} is whole; run this again"
                raise Refused(
                    f"{what} was not archived any further: {error.message}", *error.remedies, remedy
                ) from error
            if not count.isdecimal():
                break
            self.move(unfinished, name)
            rows += int(count)
        say(f"{what}: {rows} rows")


def limits(state, day):
    """The moment at which that day begins in the shop, and the first row of the ledger that stays."""
    zone = state.running["fuso_horario"]
    if day > datetime.datetime.now(zoneinfo.ZoneInfo(zone)).date():
        raise Refused(f"{day} has not begun", "give today's date, or an earlier one")
    sql = release.current(state).share("db/catalogo/archive/corte.sql").read_text(encoding="utf-8")
    variables = {"dia": str(day), "zona": zone}
    answer = postgres.psql(state, postgres.catalogue_primary(state), sql, "catalogo", variables=variables).strip()
    found = re.fullmatch(r"([0-9TZ:-]+)\|(\d+)", answer)
    if not found:
        raise Refused(f"the catalogue's database says {answer or 'nothing'} of what is older than {day}")
    return found.groups()


def directory(state, given):
    """Where the files go, made if need be, as the user as whom psql runs."""
    place = Path(os.path.realpath(given or state.archive))
    user = postgres.OWNER if state.installed else state.owner.pw_name
    try:
        postgres.tool(state, "/usr/bin/mkdir", "-p", "-m", "700", place)
    except Refused as error:
        words = " ".join(error.remedies).rpartition(": ")[2]
        raise Refused(
            f"cannot make the directory {place}: {words}", f"let it belong to {user}, or give another one with --to"
        ) from error
    try:
        postgres.tool(state, "/usr/bin/test", "-w", place, "-a", "-x", place)
    except Refused:
        raise Refused(
            f"the user {user} cannot write into {place}", "give another directory with --to DIRECTORY"
        ) from None
    return place


def run(state, args):
    """Archives all that there is."""
    moment, cut = limits(state, args.before)
    now = time.time()
    began = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f"{int(now * 1000) % 1000:03}Z"
    archive = Archive(state, moment, cut, directory(state, args.to), began)
    archive.finish_others()
    say(f"archiving what is older than {moment} into {archive.place}")
    for what in WHAT:
        archive.batches(what)
    say("done")


COMMAND = Command(
    "archive",
    "takes what is long past out of the tables into files",
    TEXT,
    run,
    arguments,
    lock=True,
    here=("pg-catalogo", "pg-pedidos"),
)
