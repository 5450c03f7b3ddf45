"""The operator's settings, etc/confeitaria.conf: one table says what there is, what it may be, what it means and how
it takes effect."""
import difflib
import json
import re
from dataclasses import dataclass
from typing import Any

from . import parts, tls
from .files import replace
from .kinds import (
    ADDRESSES,
    CLOCK,
    DAYS,
    DIRECTORY,
    HOSTS,
    HOURS,
    ORIGINS,
    PARTS,
    PATH,
    SERVER,
    SERVERS,
    URL,
    WORDS_OF_PARTS,
    ZONE,
)
from .kinds import Kind, characters, choice, number, pattern
from .say import Refused, UsageError, prefix

SHOWN = 80  # characters of a wrong value in a message
LINE = re.compile(r"\s*([^\s=#]+)\s*=\s*(.*?)\s*")
CLUSTERS = ("pg-catalogo", "pg-replica", "pg-pedidos")
DOWN = "down and up"
PER_SECOND = number(1, 100000, "a second")
LEVELS = choice("erro", "aviso", "info", "debug")
TELEPHONE = pattern(r"[0-9+(][0-9() -]{7,24}", "a telephone number such as (11) 5555-0123")
ADDRESS = pattern(f"({URL})?", "an address such as https://loja.example, or nothing")


@dataclass(frozen=True)
class Setting:
    """A row of the table. `default`: a text, or a function of the other settings that gives one. `effect`: "reload",
    when the parts take a change while they run, "restart", or DOWN: what runs would not be found by it."""

    name: str
    kind: Kind
    default: Any
    parts: tuple
    effect: str
    meaning: str


def patience(settings):
    """An order's worker may be at it for as long as nginx waits, and some seconds more."""
    return str(settings["prazo_segundos"] * 1000 + 6000)


# fmt: off
ROWS = (
    Setting("port", number(1, 65535), "80", ("nginx",), "reload",
            "The front door's port."),
    Setting("reach", choice("loopback", "public"), "loopback", ("nginx",), "reload",
            "Where the front door listens: on loopback only, or on every address."),
    Setting("tls_certificado", PATH, "", ("nginx",), "reload",
            "The front door's certificate (PEM, with those between it and the root): it then speaks TLS."),
    Setting("tls_chave", PATH, "", ("nginx",), "reload",
            "The certificate's private key (PEM), which the servers' user can read."),
    Setting("tls_porta", number(1, 65535), "443", ("nginx",), "reload",
            "The port of TLS; port then only sends clients there."),
    Setting("hsts_segundos", number(1, 63072000, "s", "forget it"), "2592000", ("nginx",), "reload",
            "For how long browsers that came by TLS refuse to come without it (HSTS)."),
    Setting("direct_ports", number(1, 65524, zero="none"), "5000", ("nginx",), "reload",
            "Ports of single services on loopback: +1 catalogo, +11 its replica, +2 carrinho, +3 pedidos, +4 metrics."),
    Setting("cors_origens", ORIGINS, "*", ("nginx",), "reload",
            "Origins whose pages may call the API."),
    Setting("proxies", ADDRESSES, "", ("nginx",), "reload",
            "Proxies in front of this, whose X-Forwarded-For says who the client is."),
    Setting("nginx_processos", number(1, 64), "2", ("nginx",), "reload",
            "Processes of nginx, which share the queues of the pools."),
    Setting("limite_leituras", PER_SECOND, "200", ("nginx",), "reload",
            "Reads (GET, HEAD) of the API by one address; /health is counted apart, with the same number."),
    Setting("limite_buscas", PER_SECOND, "20", ("nginx",), "reload",
            "Searches by one address, which are reads too."),
    Setting("limite_escritas", PER_SECOND, "50", ("nginx",), "reload",
            "Writes by one address."),
    Setting("limite_sessoes", PER_SECOND, "10", ("nginx",), "reload",
            "New carts of one address, which are writes too."),
    Setting("limite_pedidos", PER_SECOND, "10", ("nginx",), "reload",
            "Orders of one address, which are writes too."),
    # An allowance comes back by at least one a minute (nginx knows no slower rate), which is 1440 of it.
    Setting("limite_sessoes_dia", number(1500, 1000000), "10000", ("nginx",), "reload",
            "New carts of one address in any 24 hours."),
    Setting("limite_pedidos_dia", number(1500, 1000000), "3000", ("nginx",), "reload",
            "Orders of one address in any 24 hours; what was refused because of the cart or a field counts too."),
    Setting("limite_arquivos", PER_SECOND, "500", ("nginx",), "reload",
            "Files, and all else that is not the API, for one address; a page loads some twenty."),
    Setting("limite_conexoes", number(1, 4000), "100", ("nginx",), "reload",
            "Requests of one address at the same time; a tenth of them may be searches."),
    Setting("limite_fila", number(1, 200), "128", ("nginx",), "reload",
            "Requests of all clients that a pool has in work and waiting; the pool of searches has an eighth of it."),
    Setting("prazo_segundos", number(1, 60, "s"), "4", ("nginx", "pools", "conciliador"), "reload",
            "What a request may take, its wait for a worker included. More for a slow machine."),
    Setting("requisicoes_max", number(1, 1000000000, zero="never"), "0", ("pools",), "reload",
            "After how many requests a worker restarts itself."),
    Setting("memoria_max_mb", number(16, 1000000, "MiB", "never"), "128", ("pools",), "reload",
            "Above how much resident memory a worker restarts itself."),
    Setting("nivel_log", LEVELS, "info", ("pools", "vigia", "conciliador"), "reload",
            "What the workers log: this and what is graver."),
    Setting("lento_ms", number(1, 3600000, "ms", "none"), "1000",
            ("pools", "vigia", "conciliador", "redis", *CLUSTERS), "reload",
            "From how long on a request or a statement is logged as slow, without values; PostgreSQL and Redis too."),
    Setting("limite_log_kib", number(1, 999999, "KiB"), "32768", ("zelador",), "reload",
            "How large a log may become before it is rotated."),
    Setting("logs_guardados", number(1, 1000), "4", ("zelador",), "reload",
            "How many older ones of each log are kept."),
    Setting("atualizacoes", choice("sim", "nao"), "sim", ("zelador",), "reload",
            "Whether apt is asked which security updates wait, for status."),
    Setting("redis_memoria_mb", number(16, 1000000, "MiB"), "256", ("redis",), "reload",
            "What Redis may hold: carts and events."),
    Setting("postgres_memoria_mb", number(16, 1000000, "MiB"), "64", CLUSTERS, "restart",
            "Shared buffers of each of the three clusters."),
    Setting("postgres_conexoes", number(30, 2000), "100", CLUSTERS, "restart",
            "Connections that each cluster accepts; each worker has one."),
    Setting("conciliador_intervalo_ms", number(10, 60000, "ms"), "500", ("conciliador",), "reload",
            "How often the conciliador looks for what crashes left."),
    Setting("conciliador_paciencia_ms", number(1, 3600000, "ms", "none"), patience, ("conciliador",), "reload",
            "How long an order is left to its worker; without a value six seconds more than prazo_segundos."),
    Setting("anonimizar_dias", number(1, 36500, "days", "never"), "0", ("conciliador",), "reload",
            "After how many days finished orders lose their personal data."),
    Setting("fuso_horario", ZONE, "America/Sao_Paulo", ("nginx", "pools"), "reload",
            "The shop's time zone: whose days the dates of deliveries and of lists mean. Nothing is stored by it."),
    Setting("loja_nome", characters(60), "Confeitaria", ("nginx",), "reload",
            "The shop's name, on its pages."),
    Setting("loja_telefone", TELEPHONE, "(11) 5555-0123", ("nginx",), "reload",
            "Where to order without JavaScript, and to ask."),
    Setting("loja_endereco", characters(200), "Rua das Amoras, 100 - São Paulo", ("nginx",), "reload",
            "Where to pick up."),
    Setting("loja_dias", DAYS, "ter qua qui sex sab dom", ("nginx",), "reload",
            "The days on which the shop is open: those that a customer can choose."),
    Setting("loja_horario", HOURS, "9-18", ("nginx",), "reload",
            "The hours on such a day."),
    Setting("loja_url", ADDRESS, "", ("nginx",), "reload",
            "The address that others see: for the picture of shared links, which must be absolute."),
    Setting("copias_hora", CLOCK, "03:30", ("zelador", *CLUSTERS), "reload",
            "When the daily backup is made, in fuso_horario. The first one begins the archiving of the log."),
    Setting("copias_guardadas", number(1, 1000), "2", ("zelador",), "reload",
            "How many full backups are kept, one a week, and the log: one can go back to any moment since the first."),
    Setting("copias_lugar", DIRECTORY, "", ("zelador", *CLUSTERS), "reload",
            "Where they are: a directory of the servers' user, on another disk; else STATE/backups/repositorio."),
    Setting("copias_segundos", number(5, 3600, "s"), "60", CLUSTERS, "reload",
            "How many seconds of orders and changes are lost with the disk of the databases, at most."),
    Setting("ferramentas", choice("sim", "nao"), "nao", ("nginx", "adminer", "redis-commander"), "reload",
            "Whether there are web views of PostgreSQL and Redis on loopback: the command tools installs and sets it."),
    Setting("ferramentas_postgres_porta", number(1024, 65535), "5050", ("nginx",), "reload",
            "The port of Adminer, on loopback."),
    Setting("ferramentas_redis_porta", number(1024, 65535), "8081", ("nginx",), "reload",
            "The port of Redis Commander, on loopback."),
    Setting("partes", WORDS_OF_PARTS, " ".join(PARTS), PARTS, DOWN,
            "The parts that run on this host."),
    Setting("catalogo_bd", SERVERS, "", ("pools", "vigia"), "reload",
            "Where the catalogue's database and its replica are, when they are not here."),
    Setting("pedidos_bd", SERVERS, "", ("pools", "conciliador"), "reload",
            "Where the orders' database is, when it is not here."),
    Setting("redis_servidor", SERVER, "", ("pools", "conciliador"), "reload",
            "Where Redis is, when it is not here."),
    Setting("postgres_escuta", HOSTS, "", CLUSTERS, "restart",
            "Addresses of this host on which the three clusters listen for workers of other hosts."),
    Setting("postgres_porta", number(1024, 65533), "5432", CLUSTERS, DOWN,
            "The port of pg-catalogo; pg-replica has the next, pg-pedidos the one after. Sockets are named by it."),
    Setting("rede", ADDRESSES, "", CLUSTERS, "reload",
            "Addresses of the hosts whose workers PostgreSQL lets in, with passwords."),
    Setting("redis_escuta", HOSTS, "", ("redis",), "restart",
            "Addresses of this host on which Redis listens for workers of other hosts."),
    Setting("redis_porta", number(1, 65535), "6379", ("redis",), "restart",
            "The port of Redis on these addresses."),
)
# fmt: on
TABLE = {setting.name: setting for setting in ROWS}


class Settings:
    """The operator's values, all checked, and the defaults of the others. Is not changed: with_values() makes another
    one."""

    def __init__(self, given):
        """`given`: {name: text}, checked."""
        self._given = given

    @classmethod
    def read(cls, path):
        """The settings of a file; a missing one sets nothing. Raises Refused with all of the file's faults."""
        given, lines, faults = {}, {}, []
        for at, name, text in assignments(path):
            if name is None:
                faults.append((f"line {at} is no setting: {shown(text)}", "write NAME = VALUE, or # before a remark"))
            elif name in lines:
                faults.append((f"lines {lines[name]} and {at} both set {name}", "take one of them away"))
            elif fault := fault_of(name, text):
                faults.append((f"line {at}: {fault[0]}", fault[1]))
            lines.setdefault(name, at)
            if text:  # `name =` is what it is without the line
                given[name] = text
        refuse(path, faults)
        settings = cls(given)
        refuse(path, settings.faults())
        return settings

    @classmethod
    def of_generation(cls, directory):
        """Those that a generation was rendered with, or None when there is none in the directory. What there is not, or
        cannot be, in this release is left out."""
        try:
            texts = json.loads((directory / "generation.json").read_text(encoding="utf-8"))["settings"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cls({name: text for name, text in texts.items() if text and not fault_of(name, text)})

    def with_values(self, values):
        """These settings with other texts, {name: text}; an empty one goes back to the default. Raises Refused."""
        refuse("what is to be set", [fault for name, text in values.items() if (fault := fault_of(name, text))])
        changed = {**self._given, **values}
        settings = Settings({name: text for name, text in changed.items() if text})
        refuse("what is to be set", settings.faults())
        return settings

    def faults(self):
        """What does not fit together, as (fault, remedy)."""
        return [*parts.faults(self), *tls.faults(self)]

    def text(self, name):
        """A setting as it is written; the default when it is not set."""
        return self._given.get(name) or self.default(name)

    def default(self, name):
        """What a setting is when it is not set."""
        default = TABLE[name].default
        return default(self) if callable(default) else default

    def texts(self):
        """All of them, {name: text}."""
        return {name: self.text(name) for name in TABLE}

    def __getitem__(self, name):
        """The value: an int, a str, or for lists of words a tuple."""
        return TABLE[name].kind.read(self.text(name))

    def is_set(self, name):
        """Whether the operator says what it is, be it the default."""
        return name in self._given

    def save(self, path):
        """Writes what differs from the file; his remarks, the order and all other lines stay. A missing file is made
        from the table."""
        before = Settings.read(path)
        text = path.read_text(encoding="utf-8") if path.exists() else example()
        for name in TABLE:
            if self._given.get(name) != before._given.get(name):  # pylint: disable=protected-access
                text = set_in_text(text, name, self._given.get(name))
        replace(path, text)


def assignments(path):
    """The lines of a file that are no remarks: (line number, name, text); the name is None where it is no setting."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"cannot read {path}: {error}", "it must be a file in UTF-8 that its owner can read") from error
    for at, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            match = LINE.fullmatch(line)
            yield (at, *match.groups()) if match else (at, None, line)


def shown(text):
    """A value as a message may hold it."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text[:SHOWN] + "…" if len(text) > SHOWN else text or "empty"


def fault_of(name, text, strict=False):
    """What is wrong with an assignment and what to do, or None. `strict`: an empty one is wrong where the kind does not
    take it."""
    if name not in TABLE:
        near = difflib.get_close_matches(name, TABLE, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        return f"there is no setting {shown(name)}", f"{meant}{prefix()}settings --all lists them"
    if not text.replace("\t", " ").isprintable():
        return f"{name} is {shown(text)}", "write it on one line, without control characters"
    kind = TABLE[name].kind
    if kind.read(text) is None and (text or strict):
        return f"{name} is {shown(text)}", nearest(kind, text) or f"it takes {kind.takes}"
    return None


def nearest(kind, text):
    """What a mistyped word of a list was meant to be, or nothing."""
    wrong = next((word for word in text.split() if kind.words and word not in kind.words), "")
    near = difflib.get_close_matches(wrong, kind.words, n=1)
    return f"there is no {shown(wrong)}; did you mean {near[0]}?" if near else ""


def refuse(where, faults):
    """Raises Refused when there is a fault: with all of them."""
    if len(faults) == 1:
        raise Refused(f"{where}: {faults[0][0]}", faults[0][1])
    if faults:
        raise Refused(f"{where}: {len(faults)} faults", *(f"{fault}: {remedy}" for fault, remedy in faults))


def parse_assignment(word):
    """NAME=VALUE as an option gives it: (name, text), checked. Raises UsageError."""
    name, sign, text = word.partition("=")
    if not sign:
        raise UsageError(f"a setting is given as NAME=VALUE, not {shown(word)}")
    fault = fault_of(name, text, strict=True)
    if fault:
        raise UsageError(*fault)
    return name, text.strip()


def set_in_text(text, name, value):
    """The file's text with one setting changed in its place, or below the remark that shows its default; None takes
    its line away."""
    lines = text.rstrip("\n").split("\n")
    place = next((at for at, line in enumerate(lines) if (match := LINE.fullmatch(line)) and match[1] == name), None)
    if value is None:
        if place is not None:
            del lines[place]
    elif place is not None:
        lines[place] = f"{name} = {value}"
    else:
        remark = re.compile(rf"\s*#\s*{name}\s*=.*")
        shows = [at for at, line in enumerate(lines) if remark.fullmatch(line)]
        lines.insert(shows[-1] + 1 if shows else len(lines), f"{name} = {value}")
    return "\n".join(lines) + "\n"


def example():
    """The file as `up` writes it at first: all settings, as remarks."""
    head = "# Yours: the commands change only the lines of the settings that you give them.\n"
    unset = Settings({})
    return head + "".join(
        f"\n# {row.meaning} ({row.kind.takes})\n{f'# {row.name} = {unset.text(row.name)}'.rstrip()}\n" for row in ROWS
    )


def table_markdown():
    """The table of docs/operations.md."""
    lines = ["| setting | default | values | takes effect | what |", "|---|---|---|---|---|"]
    for row in ROWS:
        default = Settings({}).text(row.name).replace("*", "`*`") or "none"
        takes = row.kind.takes.replace("*", "`*`")
        lines.append(f"| `{row.name}` | {default} | {takes} | {row.effect} | {row.meaning} |")
    return "\n".join(lines) + "\n"
