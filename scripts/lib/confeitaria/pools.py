"""The pools of FastCGI workers, the vigia and the conciliador: their configuration, and how many workers each is to
have."""
import re
import subprocess

from . import postgres, redis, scoreboard
from .cache import scoreboard_directory, scoreboard_make, versions
from .files import replace
from .installed import USERS
from .parts import ROLE, secrets_elsewhere
from .roles import ROLES
from .release import Release
from .say import Refused, UsageError
from .settings import Settings
from .state import owned_directory

PROGRAM = {
    "catalogo": "catalogo",
    "catalogo-busca": "catalogo",
    "catalogo-replica": "catalogo",
    "carrinho": "carrinho",
    "pedidos": "pedidos",
    "saude": "saude",
}
POOLS = tuple(PROGRAM)
SIZE = {"catalogo": 4, "catalogo-busca": 2, "catalogo-replica": 2, "carrinho": 4, "pedidos": 4, "saude": 2}
MAX = scoreboard.WORKERS
CONCILIADORES = ("conciliador:conciliador_00", "conciliador:conciliador_01")  # one works, one waits to take over


def named(name):
    """The pool of that name; replica is short for catalogo-replica."""
    pool = "catalogo-replica" if name == "replica" else name
    if pool not in PROGRAM:
        raise UsageError(f"there is no pool {name}: they are {' '.join(POOLS)}")
    return pool


def size(text):
    """A number of workers."""
    if not re.fullmatch("[1-9][0-9]?", text) or int(text) > MAX:
        raise UsageError(f"a pool has from 1 to {MAX} workers, not {text}")
    return int(text)


def assignment(text):
    """POOL=N, as --workers has it."""
    name, equals, number = text.partition("=")
    if not equals:
        raise UsageError(f"--workers takes POOL=N, not {text}")
    return named(name), size(number)


def sizes(state):
    """Pool -> how many workers it is to have."""
    found = dict(SIZE)
    try:
        lines = (state.etc / "pools").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return found
    for pool, number in (line.split() for line in lines if len(line.split()) == 2):
        if pool in found and re.fullmatch("[1-9][0-9]?", number):
            found[pool] = min(int(number), MAX)
    return found


def sizes_save(state, wanted):
    """Remembers the sizes. The worker that tells the metrics reads them, which may be another user's."""
    replace(state.etc / "pools", "".join(f"{pool} {number}\n" for pool, number in wanted.items()), 0o644)


def workers(pool, first, end):
    """The supervised names of a pool's workers from `first` up to and without `end`."""
    return [f"{pool}:{pool}_{number:02d}" for number in range(first, end)]


def programs(settings=None):
    """Name of a configuration file -> program that reads it."""
    del settings
    return {**PROGRAM, "vigia": "vigia", "conciliador": "conciliador"}


# Configuration


def database(state, settings, name, part):
    """How a part connects to the catalogue's or the orders' database, with a password where that is on another host; of
    several servers it takes the one that is what it wants."""
    role, elsewhere = ROLE[part], settings[f"{name}_bd"]
    clusters = ("pg-catalogo", "pg-replica") if name == "catalogo" else ("pg-pedidos",)
    here = [
        (state.postgres_sockets, postgres.port(settings, cluster))
        for cluster in clusters
        if cluster in settings["partes"]
    ]
    hosts, ports = (",".join(map(str, each)) for each in zip(*(elsewhere or here)))
    words = f"host={hosts} port={ports} dbname={name} user={role} application_name={role}"
    return {"postgres": words, **({"postgres_senha": state.secrets / f"pg_{role}"} if elsewhere else {})}


def catalogue(state, settings, wants, part):
    """Either of the two clusters may be the primary, or become it while the workers run."""
    found = database(state, settings, "catalogo", part)
    found["postgres"] += f" target_session_attrs={wants}"
    return found


def carts(state, settings, user):
    """How a part connects to Redis."""
    elsewhere = settings["redis_servidor"]
    return {
        "redis": ":".join(map(str, elsewhere)) if elsewhere else f"unix:{state.redis_socket}",
        "redis_usuario": user,
        "redis_senha": state.secrets / f"redis_{user}",
    }


def configurations(state, settings):
    """Name of a configuration -> a function that gives what sets it apart from the others."""
    cache = str(versions(state))
    internal = {"interno": state.internal_socket}
    return {
        "catalogo": lambda: {**catalogue(state, settings, "primary", "catalogo"), "versao": cache},
        "catalogo-busca": lambda: catalogue(state, settings, "primary", "catalogo-busca"),
        "vigia": lambda: {**catalogue(state, settings, "primary", "vigia"), "versao": cache, "intervalo_ms": 200},
        "catalogo-replica": lambda: {
            **catalogue(state, settings, "prefer-standby", "catalogo-replica"),
            "somente_leitura": "sim",
        },
        "carrinho": lambda: {**carts(state, settings, "carrinho"), **internal},
        "pedidos": lambda: {
            **database(state, settings, "pedidos", "pedidos"),
            **internal,
            "token": state.secrets / "pedidos.token",
            "fuso_horario": settings["fuso_horario"],
        },
        "saude": lambda: {
            **internal,
            "acesso": state.log / "acesso.log",
            "acesso_lido": state.data / "metricas/acesso",
            "pools": state.etc / "pools",
            "sockets": state.run,
            "ultimos": state.data / "ultimos",
        },
        "conciliador": lambda: {
            **database(state, settings, "pedidos", "conciliador"),
            **carts(state, settings, "conciliador"),
            **internal,
            "token": state.secrets / "conciliador.token",
            "intervalo_ms": settings["conciliador_intervalo_ms"],
            "anonimizar_dias": settings["anonimizar_dias"],
            "paciencia_ms": settings["conciliador_paciencia_ms"],
        },
    }


def scoreboard_path(state, pool):
    """The file in which the workers of a pool count."""
    return scoreboard_directory(state) / pool


def common(state, settings, name):
    """What every program is told. What it waits for within a request is a part of nginx's deadline."""
    seconds = settings["prazo_segundos"]
    return {
        **({"placar": scoreboard_path(state, name)} if name in POOLS else {}),
        "prazo_sql_ms": seconds * 375,
        "prazo_redis_ms": seconds * 250,
        "prazo_interno_ms": seconds * 625,
        "prazo_saude_ms": seconds * 100,
        "tokens": state.etc / "tokens",
        "usos": state.data / "usos",
        "log": state.log_of(name),
        "nivel": settings["nivel_log"],
        "lento_ms": settings["lento_ms"],
        "requisicoes_max": settings["requisicoes_max"],
        "memoria_max_kib": settings["memoria_max_mb"] * 1024,
    }


def operators_lines(state, name):
    """The operator's own lines for a program, etc/pools.d/NAME.conf: they stand in the place of ours."""
    try:
        text = (state.etc / "pools.d" / f"{name}.conf").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def render(state, settings, release, directory):
    """Writes a configuration for each program into a new generation."""
    del release
    for name, own in configurations(state, settings).items():
        if name not in settings["partes"]:
            continue
        lines = {**own(), **common(state, settings, name), **operators_lines(state, name)}
        text = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (directory / f"{name}.conf").write_text(text, encoding="utf-8")


def prepare(state):
    """What the workers write to: the days on which tokens were used, and how far the access log was read."""
    if not state.installed:
        owned_directory(state.data / "usos", 0o700)
        owned_directory(state.data / "metricas", 0o700)


def check_elsewhere(state, settings):
    """Asks each store that is on another host, as each user that is to."""
    for name in sorted(secrets_elsewhere(settings)):
        store, user = name.split("_", 1)
        if store == "redis":
            redis.check_elsewhere(state, settings, user)
        else:
            service = next(service for service, roles in ROLES.items() if user in roles)
            postgres.check_elsewhere(state, settings, service, user)


def check(state, directory):
    """Asks each program of a generation to prepare its statements: one that does not fit the schema is found before it
    serves. Then its pool has where to count."""
    check_elsewhere(state, Settings.of_generation(directory))
    scoreboard_make(state)
    release = Release((directory / "release").resolve())
    here = [name for name in programs() if (directory / f"{name}.conf").exists()]
    for name in here:
        program = programs()[name]
        done = subprocess.run(
            [release.program(program), "-c", directory / f"{name}.conf", "--check"],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            **state.as_user(USERS[name]),
        )
        if done.returncode:
            raise Refused(
                f"the program {name} refuses to work: {(done.stderr or done.stdout).strip() or 'no reason given'}",
                f"its log is {state.log_of(name)}",
            )
