"""Sets up the system of an installed package, or brings it to the package's release."""
from .. import manager
from ..command import Command
from ..say import Refused, paste
from . import up

TEXT = """Where the Debian package is installed: makes the PostgreSQL clusters, Redis's instance, nginx's site and
the configuration of all parts, starts confeitaria.target, now and at boot, and waits until all of it is healthy. Can
be run again at any time: what is there is kept, and a running system takes the settings that are given and the
package's release, without losing a request. systemctl start and stop confeitaria.target do what their names say."""


def arguments(parser):
    """What it takes."""
    up.arguments(parser)
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="for the package: a system that runs takes the new release, one that does not is left alone",
    )


def run(state, args):
    """As up."""
    if not state.installed:
        raise Refused("this is for the Debian package", f"{paste(state, 'up')} starts a system here")
    if not args.upgrade or manager.of(state).running():
        up.run(state, args)


COMMAND = Command(
    "setup", "sets up the system of an installed package", TEXT, run, arguments, state="new", stages=True, lock=True
)
