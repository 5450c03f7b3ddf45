"""Installs what our own scripts need: scripts/test and others that are no commands of the operator."""
from .. import packages
from ..command import Command

TEXT = "Installs Debian packages that are missing, as root; else says which they are and exits with 69."


def arguments(parser):
    """What it takes."""
    parser.add_argument(
        "kinds", metavar="KIND", nargs="+", choices=packages.PACKAGES, help=", ".join(packages.PACKAGES)
    )


def run(_state, args):
    """Installs them."""
    packages.need(*args.kinds)


COMMAND = Command("packages", "installs Debian packages of a kind", TEXT, run, arguments, state="none")
