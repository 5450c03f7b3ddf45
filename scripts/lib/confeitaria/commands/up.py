"""Brings the whole system up."""
import errno

from .. import (
    build,
    cache,
    generation,
    maintenance,
    manager,
    nginx,
    own,
    parts,
    pools,
    ports,
    postgres,
    release,
    renew,
    system,
    tls,
    tokens,
)
from ..command import Command
from ..say import Refused, UsageError, paste, say, warn
from ..settings import parse_assignment
from ..state import owned_directory, space_needed


POSTGRES_PORT = "5442"  # where the package is installed: 5432 is Debian's own cluster's
LAST_OFFSET = max(port.offset for port in nginx.PORTS.values())
DIRECT = ", ".join(f"BASE+{port.offset} {service}" for service, port in nginx.PORTS.items())

TEXT = """Installs missing Debian packages (as root), builds, makes or reuses the stores, starts the workers
and nginx, and waits until all of it is healthy. Can be run again at any time: what is there is
kept, what does not run is started, what a command that was killed has begun is finished. A system
that runs keeps its release and its settings; restart changes them.

Ports, sizes and settings are remembered in the state for the next time. CONFEITARIA_BUILD=DIR takes
the programs of a build that is ready. As root the servers run as the user confeitaria."""


def port(text):
    """A port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535 or text.startswith("0"):
        raise UsageError(f"{text} is no port")
    return text


def base(text):
    """The base of the direct ports."""
    if text != "0" and int(port(text)) > 65535 - LAST_OFFSET:
        raise UsageError(f"{text} is no base for ports: the last one is {LAST_OFFSET} above it, and ports end at 65535")
    return text


def arguments(parser):
    """What it takes."""
    parser.add_argument(
        "--port", type=port, metavar="N", help="the front door (default 80, or 8080 when 80 cannot be had)"
    )
    reach = parser.add_mutually_exclusive_group()
    reach.add_argument(
        "--public", dest="reach", action="store_const", const="public", help="the front door listens on every address"
    )
    reach.add_argument(
        "--loopback",
        dest="reach",
        action="store_const",
        const="loopback",
        help="… only on loopback, as it does at first",
    )
    parser.add_argument(
        "--direct-ports",
        type=base,
        metavar="BASE",
        help=f"a port a service on loopback: {DIRECT} (default 5000; 0 for none)",
    )
    parser.add_argument(
        "--workers",
        type=pools.assignment,
        metavar="POOL=N",
        action="append",
        default=[],
        help=f"workers of a pool (1 to {pools.MAX}): {', '.join(pools.POOLS)}",
    )
    parser.add_argument(
        "--set",
        type=parse_assignment,
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a setting of etc/confeitaria.conf: the command settings --all lists them",
    )
    parser.add_argument("--no-seed", dest="seed", action="store_false", help="leave an empty shop empty")


def wanted(state, args):
    """The settings, with what this command line says."""
    given = {"port": args.port, "reach": args.reach, "direct_ports": args.direct_ports}
    return state.settings.with_values({**dict(args.set), **{name: text for name, text in given.items() if text}})


def choose_ports(state, settings):
    """The settings with ports that can be had: without a wish 80 is tried, then 8080, for TLS 443, then 8443."""
    if state.installed and not settings.is_set("postgres_porta"):
        settings = settings.with_values({"postgres_porta": POSTGRES_PORT})
    if "nginx" not in settings["partes"]:
        return settings
    if state.installed and manager.of(state).main_process("nginx"):  # that is who listens there
        return settings if settings.is_set("port") else settings.with_values({"port": "80"})
    settings = choose_port(settings, "port", 80, "--port N")
    if tls.on(settings):
        settings = choose_port(settings, "tls_porta", 443, "--set tls_porta=N")
    if refused := ports.refusals("127.0.0.1", nginx.loopback_ports(settings)):
        raise Refused(
            f"port {', port '.join(refused)}",
            "stop that, or take others with --direct-ports BASE, or none with --direct-ports 0",
        )
    return settings


def choose_port(settings, name, usual, option):
    """The settings with one of the front door's ports: the wished one, or the usual one, or that plus 8000."""
    address = nginx.front_address(settings)
    if not settings.is_set(name):
        refused = ports.refusals(address, [usual])
        if refused:
            say(f"port {refused[0]}: taking {usual + 8000}")
        settings = settings.with_values({name: str(usual + 8000 if refused else usual)})
    if refused := ports.refusals(address, [settings[name]]):
        raise Refused(f"port {refused[0]}", f"stop that, or take another one with {option}")
    return settings


def check_stores_ports(settings):
    """Refuses addresses on which the stores that are to start cannot listen for other hosts."""
    numbers = {
        "postgres": [
            postgres.port(settings, cluster) for cluster in postgres.CLUSTERS if cluster in settings["partes"]
        ],
        "redis": [settings["redis_porta"]] * ("redis" in settings["partes"]),
    }
    for store, wanted_ports in numbers.items():
        for address in settings[f"{store}_escuta"]:
            if wanted_ports and ports.refusal(0, address) == errno.EADDRNOTAVAIL:
                raise Refused(f"{address} is no address of this host", f"change {store}_escuta")
            if refused := ports.refusals(address, wanted_ports):
                raise Refused(f"port {', port '.join(refused)}", f"stop that, or take another {store}_porta")


def prepare(state, settings):
    """What the operator finds in etc/, and what the parts need before they are configured."""
    for folder in own.FOLDERS:
        owned_directory(state.etc / folder)
    tokens.secrets_make(state, settings)
    pools.prepare(state)
    if not state.installed:
        owned_directory(state.tmp / "nginx", 0o700)


def configure(state, args, chosen):
    """Settings, the clusters, and a generation made of them, which is checked and turned to."""
    settings = choose_ports(state, wanted(state, args))
    if system.stopped(state):
        check_stores_ports(settings)
    settings.save(state.etc / "confeitaria.conf")
    state.settings_changed(settings)
    pools.sizes_save(state, {**pools.sizes(state), **dict(args.workers)})
    system.init_stores(state, settings["partes"])
    if generation.about(state).get("inputs") == generation.inputs(state, chosen, settings):
        generation.check(state, state.current)
        return
    say(f"writing the configuration for release {chosen}")
    directory = generation.stage(state, chosen, settings)
    try:
        generation.check(state, directory)
    except Refused:
        generation.discard(directory)
        raise
    generation.turn(state, directory)


def already_running(state, args, chosen):
    """Says what of the command line counts only later."""
    pid = manager.of(state).pid()
    how = f"supervisord is process {pid}" if pid else "its supervisord was killed"
    say(f"the system in {state.path} is already running ({how})")
    if wanted(state, args).texts() != state.settings.texts():
        wanted(state, args).save(state.etc / "confeitaria.conf")
        warn(f"the settings are noted; {paste(state, 'restart')} makes them count")
    if args.workers:
        warn(f"its pools keep their sizes; {paste(state, 'scale', 'POOL', 'N')} changes them")
    running = release.current(state)
    if running.name != chosen.name:
        warn(f"release {chosen} is installed, and {running} runs; {paste(state, 'restart')} turns to it")


def renew_running(state, args, chosen):
    """Where the package is installed: what the command line says counts, and the release is the package's."""
    settings = wanted(state, args)
    if settings.texts() != state.settings.texts():
        settings.save(state.etc / "confeitaria.conf")
        state.settings_changed(settings)
    if args.workers:
        warn(f"its pools keep their sizes; {paste(state, 'scale', 'POOL', 'N')} changes them")
    renew.deploy(state, chosen, system.front(state))


def run(state, args):
    """Starts what is declared and does not run."""
    chosen = release.chosen(state)
    space_needed(100 if state.cluster("pg-pedidos").is_dir() else 500, state.path, "--state")
    postgres.check_version(state)
    settings = wanted(state, args)  # refuses a bad file before anything is touched
    prepare(state, settings)
    tls.warn_in_the_open(settings)
    if names := parts.in_the_open(settings):
        warn(
            f"{' and '.join(names)}: what goes over the network is not encrypted; let it be one of the shop's own hosts"
        )
    serving = manager.of(state).running() and system.serving(state)
    began = not serving and system.stopped(state)
    try:
        if serving or (generation.current(state) and system.serving(state)):
            (renew_running if state.installed else already_running)(state, args, chosen)
        else:
            configure(state, args, chosen)
        system.start(state, release.current(state), args.seed)
        renew.renew(state, generation.outdated(state, system.front(state)))
    except BaseException:
        if began:
            say("stopping what was started")
            system.stop(state)
            if not state.installed:
                cache.cache_remove(state)
        raise
    if parts.here(state, ["nginx"]):
        summary(state)
        if state.installed:
            nginx.warn_of_connections(state)
        maintenance.remind(state)
        build.pages_check(state, release.current(state))
    else:
        say(f"healthy: {' '.join(state.running['partes'])}; state in {state.path}, logs in {state.log}")


def summary(state):
    """Where everything is."""
    settings = state.running
    secure = tls.on(settings)
    scheme, number, usual = ("https", settings["tls_porta"], 443) if secure else ("http", settings["port"], 80)
    url = f"{scheme}://localhost" if number == usual else f"{scheme}://localhost:{number}"
    sizes = pools.sizes(state)
    lines = {
        "/": "the shop",
        "/painel": "the back office",
        "/api/": "the API, to read and to try",
        "/api/produtos": "products",
        "/api/categorias": "categories",
        "/api/openapi.yaml": "the whole API, machine-readable",
        "/health": "health of all parts",
    }
    say("healthy")
    print()
    for path, what in lines.items():
        print(f"    {url + path:<44} {what}")
    for pool, direct in nginx.direct_ports(settings).items():
        print(f"    {f'http://127.0.0.1:{direct}/':<44} {pool} alone ({sizes[pool]} workers)")
    if port := nginx.metrics_port(settings):
        print(f"    {f'http://127.0.0.1:{port}/metrics':<44} metrics, for Prometheus")
    print(
        f"""
    State in {state.path}, logs in {state.log}.
    An administrator's token:  {paste(state, 'token')} create NAME
    Is it well?                {paste(state, 'status')}
    Stop:                      {paste(state, 'down')}

    A first call:
        curl {'-sk' if secure else '-s'} '{url}/api/produtos?busca=limao'""",
        flush=True,
    )


COMMAND = Command(
    "up", "starts the system, and finishes what was begun", TEXT, run, arguments, state="new", stages=True, lock=True
)
