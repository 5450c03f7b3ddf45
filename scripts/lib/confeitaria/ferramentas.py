"""The web views of PostgreSQL and of Redis: Debian's Adminer behind PHP-FPM, and Redis Commander from npm. Both only
read, on loopback, behind a password that nginx asks for. docs/decisions/0058-tools-that-only-read.md"""
import base64
import glob
import hashlib
import secrets
import shutil
import subprocess
from pathlib import Path

from . import packages, parts
from .files import replace, write
from .installed import USERS
from .release import current
from .say import EX_UNAVAILABLE, Refused, paste, say
from .state import owned_directory

USER = "operador"  # of the password
SECRET = "ferramentas"
SOCKETS = {"adminer": "adminer.sock", "redis-commander": "redis-commander.sock"}
PORTS = {"PostgreSQL": "ferramentas_postgres_porta", "Redis": "ferramentas_redis_porta"}
PHP_FPM = "/usr/sbin/php-fpm[0-9]*"
NODE = "/usr/bin/node"
LOCK = "package-lock.json"
# No php.ini and no extension but this one: no other driver, no phar, no foreign functions. Debian's Adminer and our
# file are all that it may open, beside what it writes for itself.
PHP = ("-n", "-d", "extension=pgsql")
POOL = """\
[global]
error_log = {log}
log_level = warning
daemonize = no

[adminer]
listen = {socket}
listen.mode = {mode}
listen.backlog = 16
pm = ondemand
pm.max_children = 4
pm.process_idle_timeout = 60s
request_terminate_timeout = 60s
env[FERRAMENTAS_SOCKETS] = {run}
env[FERRAMENTAS_PORTA] = {port}
env[PGCONNECT_TIMEOUT] = 5
env[PGOPTIONS] = "-c default_transaction_read_only=on -c statement_timeout=50s"
env[PGAPPNAME] = adminer
php_admin_value[open_basedir] = /usr/share/adminer/:{program}/:{tmp}/
php_admin_value[disable_functions] = "exec,passthru,shell_exec,system,proc_open,popen,pcntl_exec,mail,dl,fsockopen,\
pfsockopen,stream_socket_client,stream_socket_server,symlink,link,phpinfo,show_source,pg_lo_import,pg_lo_export,pg_trace"
php_admin_value[pcre.jit] = 0
php_admin_flag[allow_url_fopen] = off
php_admin_flag[file_uploads] = off
php_admin_flag[display_errors] = off
php_admin_flag[expose_php] = off
php_admin_value[memory_limit] = 128M
php_admin_value[sys_temp_dir] = {tmp}
php_admin_value[upload_tmp_dir] = {tmp}
php_admin_value[session.save_path] = {tmp}
php_admin_flag[session.use_strict_mode] = on
php_admin_flag[session.cookie_httponly] = on
php_admin_value[session.cookie_samesite] = Strict
php_admin_value[session.gc_maxlifetime] = 3600
"""


def modules(releases, release):
    """Where Redis Commander is, with all that it needs: where only who installs may write, named by its lock file."""
    lock = release.share("nginx", "ferramentas", LOCK).read_bytes()
    return releases / f"redis_commander.{hashlib.sha256(lock).hexdigest()[:12]}"


def install(releases, release):
    """Gets Redis Commander from npm, unless it is there. Raises Refused (69)."""
    place = modules(releases, release)
    if place.is_dir():
        return
    packages.need("pages")
    say("getting Redis Commander from npm")
    new = place.with_name(f"{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for name in ("package.json", LOCK):
        shutil.copyfile(release.share("nginx", "ferramentas", name), new / name)
    done = subprocess.run(
        [
            "/usr/bin/npm",
            *"ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --prefer-offline".split(),
            *"--no-update-notifier --fetch-retries=1 --fetch-timeout=30000".split(),
        ],
        cwd=new,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    if done.returncode:
        shutil.rmtree(new)
        raise Refused("npm could not get Redis Commander:", *done.stderr.splitlines()[-5:], status=EX_UNAVAILABLE)
    own = new / "node_modules/redis-commander/node_modules"  # where it looks for this one alone
    own.mkdir()
    (own / "jquery.json-viewer").symlink_to("../../jquery.json-viewer")
    new.rename(place)


# Configuration


def render(state, settings, release, directory):
    """Writes what both are told into a new generation, and the password where there is none."""
    tools = parts.tools(settings)
    if not tools:
        return
    if "redis-commander" in tools:
        program = modules(state.releases, release) / "node_modules/redis-commander"
        if not program.is_dir():
            raise Refused(
                "this release's Redis Commander is not installed", f"{paste(state, 'tools', 'on')} installs it"
            )
        (directory / "redis-commander").symlink_to(program)
    if not (state.secrets / SECRET).is_file():
        password_make(state)
    words = {
        "log": "syslog" if state.installed else "/proc/self/fd/2",  # the journal is no file that could be opened
        "socket": socket(state, "adminer"),
        "mode": "0660" if state.installed else "0600",
        "run": state.postgres_sockets,
        "port": settings["postgres_porta"],
        "program": release.share("nginx", "ferramentas"),
        "tmp": temporary(state),
    }
    write(directory / "adminer.conf", POOL.format(**words))


def marks(state, settings, release):
    """What the marks of nginx's templates stand for."""
    return {
        "ADMINER": release.share("nginx", "ferramentas", "adminer.php"),
        "SOCKETADMINER": socket(state, "adminer"),
        "SOCKETREDIS": socket(state, "redis-commander"),
        "SENHAFERRAMENTAS": hashes(state),
        "PORTAPOSTGRES": settings[PORTS["PostgreSQL"]],
        "PORTAREDIS": settings[PORTS["Redis"]],
    }


def check(state, directory):
    """Refuses a generation whose tools cannot be run."""
    if not (directory / "adminer.conf").exists():
        return
    if not state.installed:
        owned_directory(temporary(state), 0o700)
    done = subprocess.run(
        [php_fpm(state), *PHP, "-t", "-y", directory / "adminer.conf"],
        capture_output=True,
        text=True,
        check=False,
        **state.as_user(USERS["adminer"]),
    )
    if done.returncode:
        raise Refused("PHP-FPM does not accept its configuration", *done.stderr.splitlines()[-3:])


def ports(settings):
    """Those on which nginx listens for them."""
    return [settings[name] for name in PORTS.values()] if parts.tools(settings) else []


def temporary(state):
    """Where PHP keeps its sessions. systemd gives it a directory that goes with it."""
    return Path("/tmp") if state.installed else state.tmp / "adminer"


def php_fpm(state):
    """The program, of whichever version Debian has. Raises Refused."""
    if not (found := sorted(glob.glob(PHP_FPM))):
        raise Refused("PHP-FPM is not installed any more", f"{paste(state, 'tools', 'on')} installs it")
    return found[-1]


# The password


def hashes(state):
    """The file that nginx compares passwords with."""
    return state.secrets / f"{SECRET}.htpasswd"


def password_make(state):
    """Makes a new password. It is long and random, so a fast hash does not help who tries others; nginx knows it at
    once."""
    password, salt = secrets.token_urlsafe(24), secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    replace(state.secrets / SECRET, f"{password}\n", 0o600)
    line = f"{USER}:{{SSHA}}{base64.b64encode(digest + salt).decode()}\n"
    replace(hashes(state), line, 0o600, state.owner_of(hashes(state).name))


# Running


def command(state, part):
    """The command line of one of the two; what systemd has of it is in scripts/systemd."""
    if part == "adminer":
        return [php_fpm(state), *PHP, "-F", "-y", f"{state.current}/adminer.conf"]
    program = state.current / "redis-commander"
    socket(state, part).unlink(missing_ok=True)  # node does not begin where one is left
    words = {
        "NODE_ENV": "production",
        "NODE_CONFIG_DIR": program / "config",
        "ALLOW_CONFIG_MUTATIONS": "true",
        "FERRAMENTAS_PROGRAMA": program,
        "FERRAMENTAS_ESCUTA": socket(state, part),
        "FERRAMENTAS_REDIS": state.redis_socket,
        "FERRAMENTAS_SENHA": state.secrets / "redis_consulta",
    }
    return [
        "/usr/bin/env",
        *(f"{name}={value}" for name, value in words.items()),
        NODE,
        "--max-old-space-size=128",
        current(state).share("nginx", "ferramentas", "redis.js"),
    ]


def socket(state, part):
    """The socket of one of the two, to which only nginx may connect."""
    return (state.root / f"run/confeitaria-{part}" if state.installed else state.run) / SOCKETS[part]
