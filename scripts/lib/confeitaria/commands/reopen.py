"""For logrotate: has logs opened by name again."""
from .. import supervisor
from ..command import Command


def run(state, _args):
    """All parts of this host."""
    supervisor.reopen(state)


COMMAND = Command("reopen", "has logs opened again, for logrotate", run.__doc__, run)
