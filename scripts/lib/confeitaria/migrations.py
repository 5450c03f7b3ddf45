"""Migrations and stock: each file of db/<service>/migrations once, in order, in a transaction of its own."""
import base64
import hashlib
import re
from dataclasses import dataclass

from . import postgres
from .say import Refused, say
from .state import WAIT_SECONDS

SERVICES = ("catalogo", "pedidos")
FILE = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")
# A migration's first line names the oldest releases that run on its schema: by the newest migration that they know.
RUNS_WITH = re.compile(r"-- runs with: ([0-9]{4})\n")
# Held by what changes a schema or the stock: psql goes on when the command that began it is killed.
LOCK = 4602678819172646912
TABLE = """
SELECT pg_advisory_lock({lock});
SET ROLE {service}_dono;
CREATE TABLE IF NOT EXISTS migracoes (
    numero int PRIMARY KEY,
    nome text NOT NULL,
    sha256 text NOT NULL,
    aplicada_em timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE migracoes ADD COLUMN IF NOT EXISTS compativel_desde int;
"""
# The schema changes under traffic: rather than hold everyone back behind a lock it gives up, and can be run again.
BEGIN = """
SET LOCAL lock_timeout = '5s';
SELECT pg_advisory_xact_lock({lock});
SET LOCAL ROLE {service}_dono;
"""
WRITTEN = """
INSERT INTO migracoes (numero, nome, sha256, compativel_desde) VALUES ({number}, '{name}', '{sha256}', {runs_with});
"""


@dataclass(frozen=True)
class Migration:
    """A file of db/<service>/migrations."""

    service: str
    number: int
    name: str
    sql: str

    @property
    def sha256(self):
        """What it is known by: one that was applied must not be another one later."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def runs_with(self):
        """A release that has this migration, or a later one, runs on the schema. None: only one that has this file."""
        declared = RUNS_WITH.match(self.sql)
        return int(declared[1]) if declared else None


def of_release(release, service):
    """The migrations that a release has, by number."""
    files = sorted(release.share("db", service, "migrations").glob("*.sql"))
    found = [
        Migration(service, int(name[1]), file.stem, file.read_text("utf-8"))
        for file in files
        if (name := FILE.fullmatch(file.name))
    ]
    return {migration.number: migration for migration in found}


def applied(state, service):
    """What a database has had: {number: (sha256, runs with)}. Waits for what a killed command began."""
    cluster = postgres.cluster_of(state, service)
    postgres.psql(state, cluster, TABLE.format(service=service, lock=LOCK), service, seconds=WAIT_SECONDS)
    query = "SELECT numero, sha256, compativel_desde FROM migracoes"
    return {
        int(number): (sha256, int(since) if since else None)
        for number, sha256, since in postgres.rows(state, cluster, query, service)
    }


def missing(known, had, service):
    """What a database lacks, in order. `known`: a release's migrations, `had`: those of the database. Refuses when a
    known one was applied with another text, and when an unknown one does not say that this release runs with it."""
    newest = max(known, default=0)
    for number, (sha256, runs_with) in sorted(had.items()):
        if number not in known:
            if number < newest or runs_with is None or runs_with > newest:
                remedy = "run the release that made it, or a newer one"
                raise Refused(
                    f"the database {service} has migration {number}, with which this release does not run", remedy
                )
        elif sha256 != known[number].sha256:
            remedy = "put the file back and write a new migration"
            raise Refused(f"migration {known[number].name} of {service} was changed after it was applied", remedy)
    return [migration for number, migration in sorted(known.items()) if number not in had]


def pending(state, release):
    """What the databases lack of a release's migrations. Refuses what the release cannot run on; changes no schema."""
    return [
        one
        for service in postgres.services(state)
        for one in missing(of_release(release, service), applied(state, service), service)
    ]


def apply(state, release):
    """Applies what the databases lack; refuses before the first when one of them is not for this release."""
    for migration in pending(state, release):
        migrate(state, migration)


def migrate(state, migration):
    """Applies one migration, or leaves nothing behind."""
    service = migration.service
    say(f"database {service}: migration {migration.name}")
    written = WRITTEN.format(
        number=migration.number, name=migration.name, sha256=migration.sha256, runs_with=migration.runs_with or "NULL"
    )
    sql = BEGIN.format(service=service, lock=LOCK) + migration.sql + written
    try:
        postgres.psql(state, postgres.cluster_of(state, service), sql, service, single=True)
    except Refused as error:
        raise Refused(
            f"migration {migration.name} of {service} failed and left nothing behind", *error.remedies
        ) from error


def catalogue_script(state, sql_text, variables=None):
    """Runs SQL as the owner of the catalogue, all or nothing."""
    sql = f"SELECT pg_advisory_xact_lock({LOCK});\nSET LOCAL ROLE catalogo_dono;\n{sql_text}"
    postgres.psql(state, postgres.catalogue_primary(state), sql, "catalogo", variables=variables, single=True)


def catalogue_value(state, query):
    """The one value of a query on the catalogue."""
    return postgres.value(state, postgres.catalogue_primary(state), query, "catalogo")


def seed_first(state, release):
    """The first stock, for an empty shop only."""
    if catalogue_value(state, "SELECT EXISTS (SELECT FROM produtos)") == "f":
        say("putting the first stock on the shelves")
        stock = release.share("db", "catalogo", "seed.sql").read_text("utf-8")
        catalogue_script(state, f"{stock}\n{pictures(release)}")


def pictures(release):
    """The SQL that gives the first stock's products their drawings, db/catalogo/fotos/NN-name.svg."""
    place = release.share("db", "catalogo")
    sql = [(place / "fotos.sql").read_text("utf-8")]
    for file in sorted(place.glob("fotos/[0-9][0-9]-*.svg")):
        number, name = file.stem.split("-", 1)
        sql.append(
            f"SELECT pg_temp.desenho({int(number)}, '{name}', '{base64.b64encode(file.read_bytes()).decode()}');"
        )
    return "\n".join(sql) + "\n"
