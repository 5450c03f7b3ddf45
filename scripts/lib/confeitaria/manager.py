"""Who starts, stops and watches the processes of a system. Everything else of the program asks for it here and knows
parts and processes by the same names, whichever it is."""
from .supervisor import Supervisor


def of(state):
    """The manager of a state."""
    return Supervisor(state)
