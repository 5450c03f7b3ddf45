"""Turns the web views of PostgreSQL and of Redis on and off."""
import os
import shutil

from .. import ferramentas, manager, packages, parts, ports, privilege, release, renew, system
from ..command import Command
from ..say import Refused, paste, say
from ..sockets import answers
from ..state import wait_for

TEXT = """on gives two pages to look into the stores with a browser on this machine: Adminer for PostgreSQL and
Redis Commander for Redis, behind a password, and as roles that only read. It installs what they need
(Debian packages as root, Redis Commander from npm) and says where they are and what the password is;
said again it says so again. They stay on after a restart or a reboot, until off."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("what", choices=("on", "off"), metavar="on | off")
    parser.add_argument("--new-password", action="store_true", help="with on: another password, and not the old one")


def provide(state, args):
    """Installs what both need, where only who installs may write."""
    if args.what == "on":
        packages.need("tools")
        if privilege.is_root() and state.path.stat().st_uid == 0:
            install(state, release.newest(state))


def install(state, chosen):
    """Has Redis Commander beside the releases, one command at a time."""
    with state.locked(what="installation", path=state.releases / ".lock"):
        ferramentas.install(state.releases, chosen)


def run(state, args):
    """Sets it, and has a running system take that."""
    on = args.what == "on"
    if on and os.access(state.releases, os.W_OK):
        install(state, release.current(state))
    if on and args.new_password:
        ferramentas.password_make(state)
    settings = state.settings.with_values({"ferramentas": "sim" if on else ""})
    if on and not parts.tools(settings):
        raise Refused("no store and no nginx of this host has a web view", "run this where they are")
    turns = manager.of(state).running() and settings.texts() != state.running.texts()
    if on and turns and not parts.tools(state.running):
        if refused := ports.refusals("127.0.0.1", ferramentas.ports(settings)):
            names = " or ".join(ferramentas.PORTS.values())
            raise Refused(f"port {', port '.join(refused)}", f"stop that, or take another one with {names}")
    (turn if turns else save)(state, settings)
    if not on and not state.installed:
        shutil.rmtree(ferramentas.temporary(state), ignore_errors=True)  # what was asked
    say(summary(state, settings) if on else "the tools are off")


def save(state, settings):
    """Writes the settings down."""
    settings.save(state.etc / "confeitaria.conf")
    state.settings_changed(settings)


def turn(state, settings):
    """Has the running system take the settings; what is refused is not kept."""
    before = state.settings
    going = [part for part in system.front(state) if part not in parts.TOOLS]
    save(state, settings)
    try:
        renew.deploy(state, release.current(state), going)
    except BaseException:
        save(state, before)
        raise
    for tool in parts.tools(state.running):
        if not wait_for(lambda: answers(ferramentas.socket(state, tool))):  # pylint: disable=cell-var-from-loop
            where = f"journalctl -u confeitaria-{tool}" if state.installed else state.log_of(tool)
            raise Refused(f"{tool} does not answer on {ferramentas.socket(state, tool)}", f"see {where}")


def summary(state, settings):
    """Where they are, for people."""
    if not (state.secrets / ferramentas.SECRET).is_file():
        return f"the tools are on when the system is: {paste(state, 'up')}"
    lines = [f"    http://localhost:{settings[name]}/    {what}" for what, name in ferramentas.PORTS.items()]
    password = f"    user {ferramentas.USER}, password {state.secret(ferramentas.SECRET)}"
    return "\n".join(("the tools are on, on this machine only", *lines, password))


COMMAND = Command(
    "tools",
    "web views of PostgreSQL and Redis, for this machine only",
    TEXT,
    run,
    arguments,
    "there",
    lock=True,
    provide=provide,
)
