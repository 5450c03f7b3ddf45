"""Applies the migrations that a running system lacks."""
from .. import migrations, parts, postgres, release
from ..command import Command
from ..say import say

TEXT = """\
Applies each file of db/<service>/migrations that the databases have not had yet, in order, each in its own transaction. Refuses
when one that was applied has been changed since. Traffic goes on; a migration that cannot get its locks in 5 seconds gives up
and leaves nothing behind."""


def run(state, _args):
    """Of the release that runs."""
    if not postgres.services(state):
        parts.require(state, "pg-catalogo")
    migrations.apply(state, release.current(state))
    postgres.functions(state)
    say("the databases are up to date")


COMMAND = Command("migrate", "migrations that the databases lack", TEXT, run, lock=True)
