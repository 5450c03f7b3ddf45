"""The front door closed for a while: a file that nginx includes while it is there.

It belongs to no generation, so a restart, a rollback or a reboot leaves the door as it is.
docs/decisions/0049-maintenance-is-a-file.md """
from datetime import datetime, timezone

from .files import replace
from .say import paste, warn


def path(state):
    """The file."""
    return state.data / "manutencao.conf"


def close(state, minutes, addresses):
    """Writes it: when clients are told to come again, and the addresses of those who may pass."""
    passes = (f'if ($remote_addr = "{address}") {{\n    set $manutencao "";\n}}\n' for address in addresses)
    replace(path(state), f"set $manutencao {minutes * 60};\n{''.join(passes)}")


def open_again(state):
    """Takes it away."""
    path(state).unlink(missing_ok=True)


def since(state):
    """Since when the door is closed (UTC), or None."""
    try:
        return datetime.fromtimestamp(path(state).stat().st_mtime, timezone.utc)
    except FileNotFoundError:
        return None


def remind(state):
    """Says that it is closed, in the end of a command after which one expects it to be open."""
    if closed := since(state):
        warn(f"in maintenance since {closed:%Y-%m-%dT%H:%M:%SZ}; {paste(state, 'maintenance', 'off')} opens the shop")
