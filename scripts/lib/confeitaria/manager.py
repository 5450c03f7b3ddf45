"""Who starts, stops and watches the processes of a system: supervisord, or systemd where the package is installed.
Everything else of the program asks for it here and knows parts and processes by the same names, whichever it is."""
from .supervisor import Supervisor
from .systemd import Systemd


def of(state):
    """The manager of a state."""
    return Systemd(state) if state.installed else Supervisor(state)
