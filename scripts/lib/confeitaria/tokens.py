"""Bearer tokens, of which only hashes are kept (fcgi/core/auth.h), and the secrets that the parts show to each other.

A line of etc/tokens: HASH NAME RIGHTS CREATED [EXPIRES]. Workers read the file again when it changed.
A secret is a file of etc/segredos. While it is changed (commands/secret.py) NAME.novo or NAME.antigo is beside it, and
is valid too.
"""
import os
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256

from . import parts
from .say import Refused
from .state import owned_directory, replace

PASSWORDS = ("redis_carrinho", "redis_conciliador", "redis_operador", "redis_consulta", "redis_monitor")
# What these show to catálogo and carrinho: the rights to reserve and to take out of carts, and no other.
SERVICE_TOKENS = {"pedidos.token": "servico-pedidos", "conciliador.token": "servico-conciliador"}
SERVICE_RIGHTS = "reservas,retirar"
SECRETS = (*PASSWORDS, *SERVICE_TOKENS)


@dataclass(frozen=True)
class Token:
    """A line of the tokens file; times as they stand there, RFC 3339 in UTC. No `expires`: it lasts."""

    hash: str
    name: str
    rights: str
    created: str = "-"
    expires: str = ""


def parse(line):
    """The token of a line of the file; None when it holds none."""
    words = line.split()
    return Token(*words[:5]) if len(words) >= 3 and not line.startswith("#") else None


def lines(state):
    """The lines of the tokens file, those included that hold no token."""
    try:
        return (state.etc / "tokens").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []


def everyone(state):
    """All tokens, in the order of the file."""
    return [token for line in lines(state) if (token := parse(line))]


def named(state, name):
    """The tokens of exactly this name: a file written by hand may have several."""
    return [token for token in everyone(state) if token.name == name]


def keep(state, wanted, *more):
    """Writes the file: its lines of whose token wanted(token) is true, those without a token, and more tokens."""
    kept = [line for line in lines(state) if (token := parse(line)) is None or wanted(token)]
    kept += [" ".join((token.hash, token.name, token.rights, token.created, token.expires)).strip() for token in more]
    replace(
        state.etc / "tokens",
        "".join(f"{line}\n" for line in kept).encode("utf-8", "surrogateescape"),
        0o640,
        state.owner_of("tokens"),
    )


def add(state, text, name, rights, expires=""):
    """Makes a token valid. `text` is the token itself; `expires` an RFC 3339 time in UTC, or "" for never."""
    keep(state, lambda token: True, Token(hash_of(text), name, rights, utc(time.time()), expires))


def revoke(state, name):
    """Ends the tokens of this name and forgets their uses; how many they were."""
    gone = named(state, name)
    if gone:
        keep(state, lambda token: token.name != name)
    for token in gone:
        use_file(state, token).unlink(missing_ok=True)
    return len(gone)


def random_token():
    """A new bearer token, as people see it once."""
    return f"cft_{secrets.token_urlsafe(32)}"


def hash_of(text):
    """How a token or a password is known to those who check it: hexadecimal SHA-256."""
    return sha256(text.encode()).hexdigest()


def utc(seconds):
    """A time as the file has it. Its year must have four digits."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def uses(state):
    """The directory where workers note a token's last use: an empty file of that time, named by the token's hash."""
    return state.data / "usos"


def use_file(state, token):
    """The file of a token's last use."""
    return uses(state) / os.path.basename(token.hash)


def last_use(state, token):
    """The day in UTC, or None. A link in the file's place is not followed."""
    try:
        return utc(use_file(state, token).lstat().st_mtime)[:10]
    except OSError:
        return None


def secret_new(name):
    """A new text for this secret."""
    return random_token() if name in SERVICE_TOKENS else secrets.token_hex(32)


def secret_files(state, name):
    """The files that hold this secret or may hold it, while it is changed, too: now, next, before."""
    return tuple(state.secrets / f"{name}{suffix}" for suffix in ("", ".novo", ".antigo"))


def secret_hashes(state, name):
    """The hashes of what is valid for a secret: one, or two while it is changed."""
    files = [path for path in secret_files(state, name) if not path.is_symlink() and path.is_file()]
    texts = [path.read_text(encoding="ascii").strip() for path in files]
    return list(dict.fromkeys(hash_of(text) for text in texts if text))


def secret_write(state, name, path, content):
    """Writes a file of a secret, which is of the part that shows it, and of nobody else."""
    replace(path, content, 0o600, state.owner_of(name))


def secrets_here(settings):
    """The secrets that this host makes: those of its services and stores."""
    here, found = settings["partes"], [*SERVICE_TOKENS]
    if "redis" in here:
        found += PASSWORDS
    if settings["postgres_escuta"]:
        found += sorted({f"pg_{role}" for part, role in parts.ROLE.items() if parts.ASKS[part][0] in here})
    return found


def secrets_copied(state, settings):
    """Refuses when a secret that another host has made is not here, or cannot be read."""
    needed = sorted(parts.secrets_elsewhere(settings))
    if missing := [name for name in needed if not os.access(state.secrets / name, os.R_OK)]:
        raise Refused(
            f"{state.secrets} lacks {' '.join(missing)}, or {state.owner.pw_name} cannot read them", parts.COPY
        )


def secrets_make(state, settings=None):
    """Makes the secrets that are missing, and gives the services' tokens their rights. What is there stays. Refuses
    when one is to come from another host."""
    settings = settings or state.settings
    owned_directory(state.secrets, 0o711 if state.installed else 0o700)
    secrets_copied(state, settings)
    for name in secrets_here(settings):
        path = state.secrets / name
        if not path.is_file() or not path.stat().st_size:
            secret_write(state, name, path, f"{secret_new(name)}\n")
    state.secrets_give()
    service_tokens_write(state)


def service_tokens_write(state):
    """Makes the tokens file agree with the services' secrets: each valid one is in it, and no other of the services."""
    for secret, name in SERVICE_TOKENS.items():
        valid = secret_hashes(state, secret)
        there = [token.hash for token in named(state, name)]
        missing = [Token(one, name, SERVICE_RIGHTS, utc(time.time())) for one in valid if one not in there]
        if missing or set(there) - set(valid):
            keep(state, lambda token: token.name != name or token.hash in valid, *missing)
