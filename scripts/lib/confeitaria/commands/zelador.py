"""For supervisord: watches what supervisord does not."""
from .. import zelador
from ..command import Command


def run(state, _args):
    """Until its supervisord is gone."""
    zelador.run(state)


COMMAND = Command("zelador", "watches what supervisord does not", zelador.__doc__, run, state="there")
