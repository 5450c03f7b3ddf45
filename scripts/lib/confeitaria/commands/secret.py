"""Lists and changes the secrets that the parts show to each other: the old one is valid until all show the new one."""
import datetime
import os

from .. import parts, redis, renew, tokens
from ..command import Command
from ..say import Refused, UsageError, paste, say
from ..state import replace

# The parts that read a secret when they begin. Commands read theirs each time.
READERS = {
    "redis_carrinho": ("carrinho",),
    "redis_conciliador": ("conciliador",),
    "pedidos.token": ("pedidos",),
    "conciliador.token": ("conciliador",),
    "redis_consulta": ("redis-commander",),
}
ASKED = "/interno/reservas/vencidas"  # what either service's token may ask for, and which changes nothing
ROW = "{:<20} {:<14} {:<12} {}"

TEXT = """\
list shows each secret of etc/segredos, the parts that show it, and when it was last changed (UTC), never the secret
itself. change makes a new one while customers go on: it is made valid beside the old one, the parts that show it
are renewed one after the other, and then the old one is refused. Broken off at any moment it locks nothing out: run
it again, and it is ended.

Who is outside and uses redis_monitor or redis_consulta, an exporter say, must read the new one from etc/segredos."""


def arguments(parser):
    """What the command takes."""
    parser.add_argument("words", nargs="*", metavar="list | change SECRET")


def run(state, args):
    """Does one of the two."""
    if args.words == ["list"]:
        show(state)
    elif len(args.words) == 2 and args.words[0] == "change":
        name = args.words[1]
        if name not in tokens.SECRETS:
            raise UsageError(f"there is no secret {name}: they are {' '.join(tokens.SECRETS)}")
        shared(state, name)
        with state.locked():
            change(state, name)
    else:
        raise UsageError("list or change SECRET is needed")


def readers(state, name):
    """Those that there are: the web views may be off."""
    return [part for part in READERS.get(name, ()) if part not in parts.TOOLS or parts.here(state, [part])]


def shared(state, name):
    """Refuses a secret of which another host has a copy, or made it: there the old one would be shown on."""
    for part in (*readers(state, name), *(("redis",) if name in tokens.PASSWORDS else ())):
        if not parts.here(state, [part]):
            raise Refused(
                f"{name} is a secret of {part} too, which is on another host",
                "docs/operations.md, Parts on several hosts, tells how to change it",
            )


def show(state):
    """A line a secret."""
    print(ROW.format("NAME", "SHOWN-BY", "CHANGED", "STATE"))
    for name in tokens.SECRETS:
        secret, new, old = tokens.secret_files(state, name)
        if not secret.exists():
            print(ROW.format(name, "-", "-", "missing"))
            continue
        changed = datetime.datetime.fromtimestamp(secret.stat().st_mtime, datetime.timezone.utc)
        begun = new.exists() or old.exists()
        shown_by = " ".join(readers(state, name)) or ("commands" if name == "redis_operador" else "-")
        print(ROW.format(name, shown_by, f"{changed:%Y-%m-%d}", "change broken off" if begun else "-"))


def change(state, name):
    """Changes a secret, or ends the change that was broken off. What has been done is seen by the files. NAME.novo is
    the next secret. NAME.antigo is the one before, from before the next one is NAME: valid or, if empty, no more."""
    secret, new, old = tokens.secret_files(state, name)
    if new.exists() or old.exists():
        say(f"going on with a change of {name} that was broken off")
    if not old.exists():
        if not new.exists():
            tokens.secret_write(state, name, new, f"{tokens.secret_new(name)}\n")
        tokens.secret_write(state, name, old, secret.read_bytes())
    if new.exists():
        publish(state, name)
        os.replace(new, secret)
    renew.renew(state, readers(state, name))
    verify(state, name)
    replace(old, b"", 0o600)
    publish(state, name)
    old.unlink()
    say(f"{name} is another one, and the old one is refused")


def publish(state, name):
    """Makes what the files say valid, and nothing else."""
    if name in tokens.SERVICE_TOKENS:
        tokens.service_tokens_write(state)
    else:
        redis.access_renew(state)


def verify(state, name):
    """Refuses to go on when the new secret is not taken: the old one stays valid."""
    if name in tokens.SERVICE_TOKENS:
        taken = renew.answer_of_internal(state, ASKED, state.secret(name)) is not None
    else:
        taken = redis.cli(state, "ping", user=name.removeprefix("redis_")).strip() == "PONG"
    if not taken:
        raise Refused(
            f"the new {name} is not taken; the old one is still valid too",
            f"see {paste(state, 'status')}, then run {paste(state, 'secret', 'change', name)} again",
        )


COMMAND = Command("secret", "lists and changes the secrets of the system's parts", TEXT, run, arguments)
