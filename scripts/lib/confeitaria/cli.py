"""The command line: one table of commands, what each needs, and what root does before."""
import argparse
import importlib
import os
import signal
import socket
import sys

from . import build, manager, packages, parts, privilege, release
from .command import path_argument
from .installed import is_installed, state_of
from .say import Refused, UsageError, paste, prefix
from .state import WAIT_SECONDS

COMMANDS = (
    "up",
    "down",
    "status",
    "restart",
    "reload",
    "rollback",
    "maintenance",
    "scale",
    "settings",
    "token",
    "secret",
    "migrate",
    "seed",
    "promote",
    "standby",
    "backup",
    "restore",
    "audit",
    "archive",
    "customer",
    "unpark",
    "psql",
    "redis",
    "tools",
)
PACKAGED = ("setup",)  # where the Debian package is installed
NOT_PACKAGED = ("launch", "zelador", "reopen")  # systemd and Debian's logrotate do their work there
HIDDEN = ("launch", "zelador", "reopen", "packages")  # for supervisord, logrotate and our own scripts

WHAT_INSTEAD = "docs/operations.md, Installed as a Debian package, tells what does"


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Argparse's, with a capital letter."""

    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, "Usage: " if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """Says what is wrong as every command does."""

    def error(self, message):
        raise UsageError(message)

    def parse_args(self, args=None, namespace=None):
        """A first word that is no option of this command is named, rather than what is missing. Options may stand
        between words, unless the words are another program's."""
        first = args[0].partition("=")[0] if args else ""
        if first.startswith("--") and first not in ("--", *self._option_string_actions):
            self.error(f"unknown option {first}")
        if any(action.nargs == argparse.REMAINDER for action in self._actions):
            return super().parse_args(args, namespace)
        return self.parse_intermixed_args(args, namespace)


def load(name):
    """The Command of that name."""
    if name not in (*COMMANDS, *PACKAGED, *HIDDEN):
        raise UsageError(
            f"there is no command {name}", f"{prefix()}--help lists them" if prefix().endswith(" ") else ""
        )
    return importlib.import_module(f".commands.{name}", __package__).COMMAND


def overview():
    """What --help says without a command."""
    names = (*PACKAGED, *COMMANDS) if is_installed() else COMMANDS
    lines = [f"    {name:<11} {load(name).summary}" for name in names]
    name = "scripts/confeitaria" if "/" in prefix() else "confeitaria"
    end = "Each has --help. --version says which release this is."
    return "\n".join((f"Usage: {name} COMMAND [OPTION]...", "", *lines, "", end))


def parser_of(command):
    """The parser of a command's options."""
    parser = Parser(
        prog=f"{prefix()}{command.name}", description=command.text, formatter_class=Formatter, allow_abbrev=False
    )
    command.arguments(parser)
    if command.state != "none":
        parser.add_argument(
            "--state",
            type=path_argument,
            metavar="DIR",
            help="the system's directory (default ./var)" if "/" in prefix() else "the system's directory",
        )
    return parser


def begin_as_root(command, state, args, words):
    """What root does, and then not again: the rest is the owner's. Returns only where root itself has the last word."""
    if state.path.is_dir() and state.path.stat().st_uid != 0:  # an ordinary user's
        if command.stages:
            privilege.claim(state)
        installed = release.newest(state)
    elif command.stages:
        privilege.service_user()
        if command.state == "new":
            state = privilege.place(args.state)
        installed = privilege.install(state, build.stage())
    else:
        installed = release.newest(state) if state.exists() else None
    if command.root:
        return command.root(state, args, installed, words)
    state.require()
    if installed is None:
        raise Refused(f"nothing was ever started in {state.path}", f"{paste(state, 'up')} starts it")
    if command.provide:
        command.provide(state, args)
    return privilege.become_owner(state, installed, words)


def begin_installed(command, state, args):
    """As root, from the package: the package has installed what the program needs, and nothing becomes an owner's."""
    if command.name in NOT_PACKAGED:
        raise Refused(f"{command.name} does not work where the Debian package is installed", WHAT_INSTEAD)
    if command.stages and release.CHOSEN not in os.environ:
        if getattr(args, "upgrade", False) and not state.exists():
            return 0  # the package is here, and no system was set up
        os.environ[release.CHOSEN] = privilege.install(state, build.stage()).name
    os.chdir("/")
    if command.provide:
        command.provide(state, args)
    privilege.clean_environment(state)
    return run(command, state, args)


def run(command, state, args):
    """As the owner: checks that what the command needs is there, and does it."""
    if command.state == "running":
        if not manager.of(state).running():
            raise Refused(f"the system in {state.path} is not running", f"start it with {paste(state, 'up')}")
    parts.require(state, *command.here)
    if command.lock:
        with state.locked():
            return command.run(state, args)
    return command.run(state, args)


def dispatch(words):
    """Runs a command line; its exit status."""
    if not words or words[0] in ("--help", "-h"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"confeitaria {release.Release(build.installed())}")
        return 0
    os.environ["CONFEITARIA_COMMAND"] = words[0]
    os.environ.setdefault("CONFEITARIA_CWD", os.getcwd())
    command = load(words[0])
    args = parser_of(command).parse_args(words[1:])
    if command.state == "none":
        return command.run(None, args)
    stages = command.stages and release.CHOSEN not in os.environ
    state = state_of(args.state)
    if command.state in ("running", "there") and not command.absent_is_well:
        state.require()
    if state.installed:
        state.require_root()
        return begin_installed(command, state, args)
    if stages:
        packages.need(*build.needs())
    if privilege.is_root():
        return begin_as_root(command, state, args, words)
    if command.provide and release.CHOSEN not in os.environ:
        command.provide(state, args)
    if stages:
        os.environ[release.CHOSEN] = privilege.install(state, build.stage()).name
    if state.path.is_dir():
        os.chdir(state.path)
    privilege.clean_environment(state)
    return run(command, state, args)


def interrupted(_number, _frame):
    """Ends the command as an interrupt at a terminal does: what it had begun is taken back."""
    raise KeyboardInterrupt


def main(words):
    """The program. Exit statuses are those of sysexits.h, 1 for what was refused, 3 for a system that is not
    running."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    os.umask(0o022)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    socket.setdefaulttimeout(WAIT_SECONDS)
    try:
        return dispatch(words) or 0
    except Refused as refused:
        name = os.environ.get("CONFEITARIA_COMMAND", "")
        print(
            f"{prefix()}{name}: {refused.message}",
            *(f"    {line}" for line in refused.remedies if line),
            sep="\n",
            file=sys.stderr,
        )
        return refused.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, and what is left of it with him
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
