"""nginx: its configuration from the release's templates, its ports."""
import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import ferramentas, maintenance, own, parts, site, sockets, tls
from .cache import cache_directory, cache_make, versions
from .files import replace, write
from .kinds import POOLS
from .pages import render_pages
from .problems import error_answers, methods
from .say import Refused, say, warn

PROGRAM = "/usr/sbin/nginx"
GENERATION_PATH = "/interno/geracao"  # says there with which generation nginx runs
TEMPLATES = (
    *(
        "nginx",
        "limites",
        "manutencao",
        "logs",
        "origem",
        "seguranca",
        "cabecalhos",
        "pools",
        "cache",
        "cache-leitura",
        "cache-fotos",
    ),
    *("fastcgi", "saude", "saude-guarda", "saude-erros", "rotas", "acme", "interno"),
)
HEAD = "# Made anew by each change: lines of your own go into etc/nginx.d and etc/nginx-server.d.\n"
RATES = ("leituras", "buscas", "escritas", "sessoes", "pedidos", "arquivos")
MINUTES = 1440  # of a day
STREAMS = 32  # of a connection of HTTP/2
HTTP2_DIRECTIVE = (1, 25, 1)  # the first version that has one
IPV6 = Path("/proc/net/if_inet6")


@dataclass(frozen=True)
class DirectPort:
    """A service's own port on loopback: direct_ports and `offset`. `upstream` serves it, `health` what it says of
    itself."""

    offset: int
    upstream: str
    health_path: str
    health: str


PORTS = {
    "catalogo": DirectPort(1, "catalogo_escrita", "/health", "catalogo_interno"),
    "catalogo-replica": DirectPort(11, "catalogo_replica", "/health", "catalogo_replica_interno"),
    "carrinho": DirectPort(2, "carrinho", "/saude/carrinho", "saude"),
    "pedidos": DirectPort(3, "pedidos", "/saude/pedidos", "saude"),
}
METRICS_OFFSET = 4


def front_address(settings):
    """The IPv4 address of the front door: nothing beyond loopback unless it was asked for."""
    return "0.0.0.0" if settings["reach"] == "public" else "127.0.0.1"


def front_ports(settings):
    """The front door's ports."""
    return [settings["port"], settings["tls_porta"]] if tls.on(settings) else [settings["port"]]


def direct_ports(settings):
    """{service: port}, none with direct_ports = 0."""
    base = settings["direct_ports"]
    return {service: base + port.offset for service, port in PORTS.items()} if base else {}


def metrics_port(settings):
    """The port of the metrics; None with direct_ports = 0."""
    return settings["direct_ports"] + METRICS_OFFSET if settings["direct_ports"] else None


def loopback_ports(settings):
    """All that is on loopback only."""
    ports = [*direct_ports(settings).values(), metrics_port(settings), *ferramentas.ports(settings)]
    return [port for port in ports if port]


def render(state, settings, release, directory):
    """Writes nginx's files and its static root into the directory of a new generation. Raises Refused when the
    release is not whole."""
    if "nginx" not in settings["partes"]:
        return
    conf = directory / "nginx"
    conf.mkdir(mode=0o750)
    values = template_values(state, settings, directory.name.removesuffix(".new"))

    def share(name):
        return release.share(*name.split("/")).read_text(encoding="utf-8")

    texts = {name: fill(share(f"nginx/{name}.conf.in"), values) for name in TEMPLATES}
    texts["tls"] = fill(share("nginx/tls.conf.in"), values) if tls.on(settings) else ""
    texts["portas"] = "".join(
        fill(share("nginx/porta.conf.in"), {**values, **port_values(service, port)})
        for service, port in direct_ports(settings).items()
    )
    metrics = metrics_port(settings)
    texts["metricas"] = fill(share("nginx/metricas.conf.in"), {"METRICAS": metrics}) if metrics else ""
    tools = parts.tools(settings) and ferramentas.marks(state, settings, release)
    for name in ("ferramenta", "ferramentas"):
        texts[name] = fill(share(f"nginx/{name}.conf.in"), tools) if tools else ""
    texts["problemas"] = error_answers(release.table("problems"))
    texts["metodos"] = methods(release.table("routes"))
    for name, text in texts.items():
        write(conf / f"{name}.conf", HEAD + text)
    tls.take(state, settings, conf)
    own.take(state, directory, "nginx.d", "nginx-server.d")
    if state.installed:
        site.convert(conf, state.current / "nginx", HEAD)
    render_pages(state, settings, release, directory / "html")


def fill(text, values):
    """A template with each @NAME@ replaced; one without a value is a fault of ours."""
    return re.sub("@([A-Z]+)@", lambda mark: str(values[mark[1]]), text)


def template_values(state, settings, generation):
    """What the templates' marks stand for: {mark: text or number}."""
    seconds, queue = settings["prazo_segundos"], settings["limite_fila"]
    processes = settings["nginx_processos"]
    return {
        "RUN": state.run,
        "INTERNO": state.internal_socket,
        "WORKERS": state.run if state.installed else state.run / sockets.LINK,
        "LOG": state.log,
        "HTML": state.current / "html",
        "TMP": state.tmp / "nginx",
        "CACHE": cache_directory(state),
        "VERSAO": versions(state),
        "GENERATION": generation,
        "PROCESSOS": processes,
        "ACME": state.acme,
        "MANUTENCAO": maintenance.path(state).with_suffix(""),
        **addresses(settings, state.installed),
        "JUNTAS": min(STREAMS, settings["limite_conexoes"]),
        "HSTS": settings["hsts_segundos"],
        "FILA": share_of(queue, processes),
        "FILABUSCAS": share_of(queue // 8, processes),
        "PRAZO": seconds,
        "PRAZOMS": seconds * 950,
        "PRAZOLIGAR": seconds * 250,
        "PRAZODOIS": seconds * 1125,
        "PRAZOFIM": seconds * 1500,
        "PROXIES": "".join(f"set_real_ip_from {proxy};\n" for proxy in settings["proxies"]) or "# None.",
        "DEPROXIES": "\n".join(f"    {proxy}  1;" for proxy in settings["proxies"]),
        "CONEXOES": settings["limite_conexoes"],
        "BUSCASJUNTAS": -(-settings["limite_conexoes"] // 10),
        **origins(settings["cors_origens"]),
        **rates(settings),
    }


def share_of(number, processes):
    """The part of it that each of nginx's processes has, at least one."""
    return max(1, -(-number // processes))


def addresses(settings, installed=False):
    """What the marks of the front door's addresses stand for."""
    port = settings["tls_porta"]
    plain = listen(settings, settings["port"], installed)
    secure, http2 = "ssl http2 ", ""
    if version_on_disk() >= HTTP2_DIRECTIVE:
        secure, http2 = "ssl ", "\n    http2 on;"
    return {
        "LISTEN": listen(settings, port, installed, secure) + http2 if tls.on(settings) else plain,
        "LISTENPLAIN": plain,
        "PORTATLS": "" if port == 443 else f":{port}",
        "CERTIFICADO": tls.FILES["tls_certificado"],
        "CHAVE": tls.FILES["tls_chave"],
    }


def listen(settings, port, installed, more=""):
    """The lines for a port of the front door. Beside other sites the options of a socket are for one of them to say."""
    public = settings["reach"] == "public"
    options = ("", "") if installed else (" backlog=511", " ipv6only=on backlog=511")
    lines = [f"    listen {front_address(settings)}:{port} {more}default_server{options[0]};"]
    if IPV6.exists() and IPV6.read_text(encoding="ascii"):
        lines.append(f"    listen [{'::' if public else '::1'}]:{port} {more}default_server{options[1]};")
    return "\n".join(lines)


def version_on_disk():
    """The version of the program that the next start runs, (major, minor, patch)."""
    done = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", done.stderr)
    return tuple(map(int, found.groups())) if found else ()


def digest_into(settings, total):
    """Adds to a hash what a generation is made from beside settings: with TLS the certificate and its key, and how
    this nginx is told of HTTP/2."""
    if tls.on(settings):
        total.update(repr(version_on_disk() >= HTTP2_DIRECTIVE).encode())
        tls.digest_into(settings, total)


def origins(words):
    """The lines of the map from an origin to what it is told."""
    if words == ("*",):
        return {"ORIGINS": '    default "*";', "VARY": "Accept-Encoding"}
    lines = ['    default "";', *(f'    "{word}" "{word}";' for word in words)]
    return {"ORIGINS": "\n".join(lines), "VARY": "Accept-Encoding, Origin"}


def rates(settings):
    """A rate's burst is ten seconds of it. Of a day's allowance about half comes back minute by minute, the rest may
    come at once."""
    values = {}
    for name in RATES:
        rate = settings[f"limite_{name}"]
        values |= {name.upper(): rate, f"RAJADA{name.upper()}": rate * 10}
    for name in ("sessoes", "pedidos"):
        allowance = settings[f"limite_{name}_dia"]
        minute = max(1, allowance // (2 * MINUTES))
        values |= {f"MINUTO{name.upper()}": minute, f"RAJADADIA{name.upper()}": allowance - MINUTES * minute - 1}
    return values


def port_values(service, port):
    """What the marks of a service's own port stand for."""
    direct = PORTS[service]
    return {
        "SERVICE": service,
        "PORT": port,
        "POOL": direct.upstream,
        "CAMINHOSAUDE": direct.health_path,
        "SAUDE": direct.health,
    }


def check(state, directory):
    """Asks nginx what it thinks of a generation, if it has a part in it. Raises Refused with its words."""
    if not (directory / "nginx").exists():
        return
    if state.installed:
        if not state.current.exists():
            return  # the first one: join() asks
        command = check_beside_others(state, directory)
    else:
        if not cache_directory(state).is_dir():
            cache_make(state)
        sockets.ensure(state)
        (state.tmp / "nginx").mkdir(mode=0o700, exist_ok=True)
        command = [PROGRAM, "-q", "-t", "-e", state.log_of("nginx"), "-c", directory / "nginx/nginx.conf"]
    done = subprocess.run(command, cwd="/", capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        said = (done.stderr + done.stdout).replace(f"{directory}/nginx/../", f"{state.etc}/")  # the operator's own
        words = said.splitlines() or [f"see {state.log_of('nginx')}"]
        raise Refused(f"nginx refuses its configuration in {directory}/nginx:", *words)


def check_beside_others(state, directory):
    """The command that checks a generation within Debian's nginx and all its sites: in a namespace of its own, where
    the generation that is checked stands in the place of the one that runs."""
    running = os.path.realpath(state.current)
    bind = 'mount --bind "$0" "$1" && exec "$2" -q -t'
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", bind, str(directory), running, PROGRAM]


# As a site of Debian's nginx


def connections(state):
    """How many connections each process of Debian's nginx may have, and how many full queues take. A request in a
    queue has up to four: its own, that to its worker, and both of a call between services. None where that cannot be
    read."""
    settings = state.running
    try:
        text = (state.root / "etc/nginx/nginx.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"^[^#\n]*\bworker_connections\s+([0-9]{1,9})\s*;", text, re.M)
    return int(found[1]) if found else 512, 4 * len(POOLS) * -(-settings["limite_fila"] // settings["nginx_processos"])


def warn_of_connections(state):
    """Says that Debian's nginx has too few."""
    known = connections(state)
    if known and known[0] < known[1]:
        warn(
            f"nginx lets each of its processes have {known[0]} connections, and the shop's queues can take {known[1]}",
            "set in /etc/nginx/nginx.conf: worker_connections 16384; and before events: worker_rlimit_nofile 20000;",
            "then: systemctl reload nginx",
        )


def join(state):
    """Puts the site beside the others, if it is not there. Raises Refused with nginx's words, and the site is not there
    then. Whether nginx has something new to read."""
    etc = state.root / "etc/nginx"
    http, available, enabled = (etc / name for name in ("conf.d", "sites-available", "sites-enabled"))
    texts = {http / "confeitaria.conf": "http", available / "confeitaria": "site"}
    link_to = enabled / "confeitaria"
    if link_to.exists() and all(path.exists() for path in texts):
        return False
    default_site_leave(state, enabled / "default")
    for path, name in texts.items():
        replace(path, f"# Of confeitaria setup.\ninclude {state.current}/nginx/{name}.conf;\n", 0o644)
    if not os.path.lexists(link_to):
        link_to.symlink_to(available / "confeitaria")
    done = subprocess.run([PROGRAM, "-q", "-t"], cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        for path in (link_to, *texts):
            path.unlink()
        raise Refused("nginx refuses the site of the shop beside the others:", *done.stderr.strip().splitlines())
    return True


def default_site_leave(state, default):
    """Debian's own site is the default server of port 80 on every address. When the shop is to be that, it goes; one
    that somebody has made his own is his to move."""
    settings = state.running
    if settings["reach"] != "public" or settings["port"] != 80 or not os.path.lexists(default):
        return
    original = subprocess.run(
        ["/usr/bin/dpkg-query", "-W", "-f=${Conffiles}", "nginx-common", "nginx"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    known = re.search(r"/etc/nginx/sites-available/default ([0-9a-f]{32})", original)
    if not known or hashlib.md5(default.read_bytes(), usedforsecurity=False).hexdigest() != known[1]:
        raise Refused(
            f"{default} is the default server of port 80, and it is not Debian's any more",
            "take default_server out of it, or give the shop another port: --port N",
        )
    default.unlink()
    say(f"took away the link {default}: Debian's own site, unchanged")
