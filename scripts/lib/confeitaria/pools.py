"""The pools of FastCGI workers, the vigia and the conciliador: their configuration, and how many workers each is to
have."""
import re
import subprocess

from .cache import cache_directory
from .files import replace
from .postgres import PORT
from .release import Release
from .say import Refused, UsageError
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
MAX = 32  # SCOREBOARD_WORKERS in fcgi/core/scoreboard.h
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
    """Remembers the sizes."""
    replace(state.etc / "pools", "".join(f"{pool} {number}\n" for pool, number in wanted.items()))


def workers(pool, first, end):
    """The supervised names of a pool's workers from `first` up to and without `end`."""
    return [f"{pool}:{pool}_{number:02d}" for number in range(first, end)]


def programs(settings=None):
    """Name of a configuration file -> program that reads it."""
    del settings
    return {**PROGRAM, "vigia": "vigia", "conciliador": "conciliador"}


# Configuration


def database(state, hosts, name, role):
    """A worker's connection string; of several servers it takes the one that is what it wants."""
    ports = ",".join(str(PORT[cluster]) for cluster in hosts)
    places = ",".join([str(state.run)] * len(hosts))
    return f"host={places} port={ports} dbname={name} user={role} application_name={role}"


def catalogue(state, wants, role):
    """Either of the two clusters may be the primary, or become it while the workers run."""
    return f"{database(state, ('pg-catalogo', 'pg-replica'), 'catalogo', role)} target_session_attrs={wants}"


def configurations(state, settings):
    """Name of a configuration -> what sets it apart from the others."""
    cache = str(cache_directory(state))
    internal = {"interno": state.run / "interno.sock"}
    orders = database(state, ("pg-pedidos",), "pedidos", "{}")

    def redis(user):
        return {
            "redis": f"unix:{state.run}/redis.sock",
            "redis_usuario": user,
            "redis_senha": state.secrets / f"redis_{user}",
        }

    return {
        "catalogo": {"postgres": catalogue(state, "primary", "catalogo"), "versao": cache},
        "catalogo-busca": {"postgres": catalogue(state, "primary", "catalogo_leitura")},
        "vigia": {"postgres": catalogue(state, "primary", "catalogo"), "versao": cache, "intervalo_ms": 200},
        "catalogo-replica": {
            "postgres": catalogue(state, "prefer-standby", "catalogo_leitura"),
            "somente_leitura": "sim",
        },
        "carrinho": {**redis("carrinho"), **internal},
        "pedidos": {
            "postgres": orders.replace("{}", "pedidos"),
            **internal,
            "token": state.secrets / "pedidos.token",
            "fuso_horario": settings["fuso_horario"],
        },
        "saude": internal,
        "conciliador": {
            "postgres": orders.replace("{}", "conciliador"),
            **redis("conciliador"),
            **internal,
            "token": state.secrets / "conciliador.token",
            "intervalo_ms": settings["conciliador_intervalo_ms"],
            "anonimizar_dias": settings["anonimizar_dias"],
            "paciencia_ms": settings["conciliador_paciencia_ms"],
        },
    }


def common(state, settings, name):
    """What every program is told. What it waits for within a request is a part of nginx's deadline."""
    seconds = settings["prazo_segundos"]
    return {
        "prazo_sql_ms": seconds * 375,
        "prazo_redis_ms": seconds * 250,
        "prazo_interno_ms": seconds * 625,
        "prazo_saude_ms": seconds * 100,
        "tokens": state.etc / "tokens",
        "usos": state.data / "usos",
        "log": state.log / f"{name}.log",
        "nivel": settings["nivel_log"],
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
        lines = {**own, **common(state, settings, name), **operators_lines(state, name)}
        text = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (directory / f"{name}.conf").write_text(text, encoding="utf-8")


def prepare(state):
    """What the workers write to: the days on which tokens were used."""
    owned_directory(state.data / "usos", 0o700)


def check(state, directory):
    """Asks each program of a generation to prepare its statements: one that does not fit the schema is found before it
    serves."""
    release = Release((directory / "release").resolve())
    for name, program in programs().items():
        done = subprocess.run(
            [release.program(program), "-c", directory / f"{name}.conf", "--check"],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise Refused(
                f"the program {name} refuses to work: {(done.stderr or done.stdout).strip() or 'no reason given'}",
                f"its log is {state.log / name}.log",
            )
