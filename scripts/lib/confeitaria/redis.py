"""Redis for the carts: an answered write is on the disk, and each user may do only what it is for."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import own, parts
from .files import replace
from .say import Refused
from .state import owned_directory, wait_for
from .tokens import secret_hashes, secret_write

SERVER = "/usr/bin/redis-server"
CLIENT = "/usr/bin/redis-cli"
DEBIAN_FILE = "etc/redis/redis-confeitaria.conf"  # what redis-server@confeitaria.service reads
ADDITIONS = "redis.d"  # in etc: the operator's own *.conf and *.acl

CONFIGURATION = """\
{listen}
unixsocketperm {permissions}
daemonize no
appendonly yes
appendfsync always
save ""
repl-diskless-sync-delay 0
maxmemory {memory}mb
maxmemory-policy noeviction
logfile {log}
slowlog-log-slower-than {slow}

{own}

# What the system finds it by.
unixsocket {socket}
dir {data}
aclfile {secrets}/redis.acl
pidfile {pid}
"""
CARTS = """+evalsha +eval +script|load +hgetall +hget +hmget +hset +hdel +hexists +hlen +hincrby +exists +del +expire
 +pexpire +ttl +pttl +time +ping +role +memory|stats""".replace(
    "\n", ""
)
EVENTS = "+evalsha +eval +script|load +xadd +xlen +xrange +xtrim +xpending +xinfo|groups +ping +role"
# Nothing that shows a key: an entry of the slow log is a whole command, so only their number.
MEASURES = "+ping +info +dbsize +role +memory|stats +latency|latest +latency|histogram +slowlog|len +client|list"
# Nobody can be the user default (off, no password), but it may do all: Redis replays its own log of commands as that
# user, and without the rights it drops every transaction in it at a restart.
DEFAULT = "user default off resetpass ~* &* +@all"
USERS = {
    "carrinho": f"~carrinho:* resetchannels -@all {CARTS}",
    "conciliador": f"~pedidos:eventos resetchannels -@all {EVENTS}",
    "operador": "~* &* +@all",
    "consulta": "%R~* resetchannels -@all +@read -@dangerous +ping +info +memory|usage",
    "monitor": f"resetchannels -@all {MEASURES}",
}


def render(state, settings, _release, directory):
    """Writes Redis's configuration into a generation's directory."""
    if "redis" not in settings["partes"]:
        return
    words = {
        "listen": listen(settings),
        "memory": settings["redis_memoria_mb"],
        "socket": state.redis_socket,
        "permissions": 777 if state.installed else 770,
        "log": state.log_of("redis"),
        "slow": slow(settings),
        "data": state.redis_data,
        "pid": state.redis_socket.with_name("redis-server.pid") if state.installed else state.redis_data / "redis.pid",
        "secrets": state.secrets,
    }
    additions = "".join(f"# {file}\n{file.read_text(encoding='utf-8')}\n" for file in own.files(state, ADDITIONS))
    text = CONFIGURATION.format(own=additions, **words)
    (directory / "redis.conf").write_text(text, encoding="utf-8")


def slow(settings):
    """From how many microseconds on a command is in the slow log, which is in its memory: commands hold keys."""
    return settings["lento_ms"] * 1000 or -1


def listen(settings):
    """Where it listens besides its socket."""
    addresses = settings["redis_escuta"]
    return f"bind {' '.join(addresses)}\nport {settings['redis_porta']}" if addresses else "port 0"


def access(state):
    """The lines of the ACL file: our users with their passwords, of which there are two while one is changed, and the
    operator's of etc/redis.d/*.acl."""
    lines = [DEFAULT]
    for user, rights in USERS.items():
        passwords = " ".join(f"#{one}" for one in secret_hashes(state, f"redis_{user}"))
        lines.append(f"user {user} on {passwords} {rights}")
    for file in sorted((state.etc / ADDITIONS).glob("*.acl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                lines.append(own_user(line.strip(), f"{file} line {number}"))
    return lines


def own_user(line, place):
    """A line of the operator's, which defines a user that is not ours."""
    name = re.match(r"user (\S+) ", line)
    if not name or name[1] in ("default", *USERS):
        raise Refused(f"{place} is not the line of a user of your own", "write: user NAME on #SHA256 ~KEYS +COMMANDS")
    return line


def access_write(state):
    """Writes the ACL file, which Redis reads when it starts."""
    secret_write(state, "redis.acl", state.secrets / "redis.acl", "\n".join(access(state)) + "\n")


def access_renew(state):
    """Tells a running Redis what its users may do and which passwords they have, and writes the ACL file when it has
    taken that. ACL LOAD would cut off the workers."""
    users = {line.split()[1]: line for line in access(state)[1:]}
    commands = [f"ACL SETUSER {name} reset {line.split(None, 2)[2]}" for name, line in users.items()]
    gone = set(cli(state, "acl", "users").split()) - set(users) - {"default"}
    commands += [f"ACL DELUSER {name}" for name in sorted(gone)]
    cli(state, input="\n".join(commands) + "\n")
    access_write(state)


def reload(state):
    """Lets a running Redis take its users, its limit of memory and what is slow as they are now."""
    access_renew(state)
    words = ("maxmemory", f"{state.settings['redis_memoria_mb']}mb", "slowlog-log-slower-than", slow(state.settings))
    cli(state, "config", "set", *words)


def init(state):
    """What Redis needs before its first start: the directory of its data, the ACL file."""
    if state.installed:
        as_redis(state, "/usr/bin/mkdir", "-p", state.redis_data)
        as_redis(state, "/usr/bin/tee", state.root / DEBIAN_FILE, text=f"include {state.current}/redis.conf\n")
    else:
        owned_directory(state.redis_data, 0o700)
    access_write(state)


def as_redis(state, *command, text="", output=subprocess.DEVNULL):
    """Runs a program as the user who has Redis's data; `output`: an open file for what it prints. Raises Refused with
    its words."""
    words = {"input": text, "stdout": output, "stderr": subprocess.PIPE, "text": True}
    done = subprocess.run(list(map(str, command)), **words, check=False, **state.as_user("redis"))
    if done.returncode:
        raise Refused(f"{command[0]} failed", *done.stderr.strip().splitlines()[-3:])


def cli(state, *words, input=None, seconds=30, user="operador", settings=None):  # pylint: disable=redefined-builtin
    """Runs a command, or the commands of `input`, a line each, as a user of Redis; what it answered. Raises Refused.
    The password goes by the environment, which only this user can see. Users of workers may ask one that is elsewhere,
    by `settings` or those in effect."""
    elsewhere = (settings or state.running)["redis_servidor"]
    if user not in parts.REDIS_USERS:
        parts.require(state, "redis")
    place = ["-h", elsewhere[0], "-p", str(elsewhere[1])] if elsewhere else ["-s", state.redis_socket]
    command = [CLIENT, "--no-auth-warning", "-e", *place, "--user", user, *map(str, words)]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "REDISCLI_AUTH": state.secret(f"redis_{user}")}
    given = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    try:
        done = subprocess.run(
            command, **given, capture_output=True, text=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        where = f"it is at {':'.join(map(str, elsewhere))}" if elsewhere else f"see {state.log_of('redis')}"
        raise Refused(f"Redis did not answer within {seconds} seconds", where) from None
    except OSError as error:
        raise Refused(f"redis-cli cannot be run: {error}") from error
    if done.returncode:
        raise Refused("Redis refused a command", *(done.stderr + done.stdout).strip().splitlines()[-5:])
    return done.stdout


def check_elsewhere(state, settings, user):
    """Refuses a Redis on another host that does not answer, or does not take our password."""
    try:
        cli(state, "ping", user=user, settings=settings)
    except Refused as error:
        raise parts.refused_elsewhere("redis", settings, user, error.remedies or (error.message,)) from error


def ready(state):
    """Whether Redis answers."""
    try:
        return cli(state, "ping", seconds=5).strip() == "PONG"
    except Refused:
        return False


def check(state, directory):
    """Refuses a redis.conf, or users, that Redis does not accept: starts another server with them, without data."""
    if not (directory / "redis.conf").exists():
        return
    with tempfile.TemporaryDirectory(dir=state.tmp) as place:
        acl, sock = Path(place) / "acl", state.run / f"redis.{os.getpid()}"
        replace(acl, "\n".join(access(state)) + "\n", 0o600)
        if state.installed:
            sock = Path(place) / "sock"
            for path in (acl, place):
                shutil.chown(path, "redis")
        options = (
            f"--port 0 --unixsocket {sock} --dir {place} --aclfile {acl} --appendonly no --pidfile {place}/pid".split()
        )
        with subprocess.Popen(
            [SERVER, directory / "redis.conf", *options, "--logfile", ""],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **state.as_user("redis"),
        ) as server:
            try:
                wait_for(lambda: sock.is_socket() or server.poll() is not None, 30)
            finally:
                server.terminate()
                output = server.communicate()[0]
                sock.unlink(missing_ok=True)
        if server.returncode:
            lines = output.strip().splitlines()
            words = [line for line in lines if not re.match("[0-9]+:", line)]  # what is said before there is a log
            raise Refused("Redis does not accept its configuration", *(words or lines[-1:]))
