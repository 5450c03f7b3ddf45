"""What a setting may be: a kind says in words what it takes, and turns a text into a value."""
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ZONEINFO = Path("/usr/share/zoneinfo")
URL = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
POOLS = ("catalogo", "catalogo-busca", "catalogo-replica", "carrinho", "pedidos", "saude")
# What may run on another host; each has a zelador.
PARTS = ("nginx", *POOLS, "vigia", "conciliador", "pg-catalogo", "pg-replica", "pg-pedidos", "redis")
WEEK = ("seg", "ter", "qua", "qui", "sex", "sab", "dom")


@dataclass(frozen=True)
class Kind:
    """`takes`: what it may be, for people. `read(text)`: its value, or None when it may not be that. `words`: all that
    a list may hold, for who mistypes one. `choices`: all that it may be, where that is one of some words."""

    takes: str
    read: Callable
    words: tuple = ()
    choices: tuple = ()


def number(low, high, unit="", zero=""):
    """A whole number from `low` to `high`; also 0, where that means `zero`, such as "never"."""

    def read(given):
        value = int(given) if re.fullmatch("0|[1-9][0-9]{0,9}", given) else -1
        return value if low <= value <= high or (zero and value == 0) else None

    return Kind(f"{low} to {high}" + f" {unit}" * bool(unit) + f", or 0: {zero}" * bool(zero), read)


def choice(*words):
    """One of some words."""
    return Kind(
        f"{', '.join(words[:-1])} or {words[-1]}", lambda given: given if given in words else None, choices=words
    )


def characters(most):
    """Up to `most` characters."""
    return Kind(f"1 to {most} characters", lambda given: given if given.strip() and len(given) <= most else None)


def pattern(form, takes):
    """A text of that form."""
    return Kind(takes, lambda given: given if re.fullmatch(form, given) else None)


def read_origins(given):
    """A tuple of origins."""
    words = tuple(given.split())
    return words if words == ("*",) or words and all(re.fullmatch(URL, word) for word in words) else None


def read_addresses(given):
    """A tuple of IP addresses and networks; nginx knows no zones (%eth0)."""
    try:
        for word in given.split():
            ipaddress.ip_network(word, strict=False)
    except ValueError:
        return None
    return None if "%" in given else tuple(given.split())


def read_zone(given):
    """A time zone's name. A machine without tzdata yet, before packages are installed, takes any."""
    formed = re.fullmatch("[A-Za-z]+([/_+-][A-Za-z0-9]+)*", given)
    return given if formed and (not ZONEINFO.is_dir() or (ZONEINFO / given).is_file()) else None


def read_days(given):
    """A tuple of days of the week."""
    days = tuple(given.split())
    return days if days and set(days) <= set(WEEK) and len(set(days)) == len(days) else None


def read_hours(given):
    """A text: from when to when in a day."""
    match = re.fullmatch("(0|[1-9][0-9]?)(?::([0-5][0-9]))?-([1-9][0-9]?)(?::([0-5][0-9]))?", given)
    hour, minute, last_hour, last_minute = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
    return given if hour * 60 + minute < last_hour * 60 + last_minute <= 24 * 60 else None


def read_clock(given):
    """(hour, minute) of a day; () for never."""
    match = re.fullmatch("([01]?[0-9]|2[0-3]):([0-5][0-9])", given)
    return (int(match[1]), int(match[2])) if match else () if given == "nunca" else None


def read_parts(given):
    """A tuple of parts."""
    words = tuple(given.split())
    return words if words and set(words) <= set(PARTS) and len(set(words)) == len(words) else None


def read_hosts(given):
    """A tuple of IP addresses. A name would be looked up, which has no deadline."""
    try:
        for word in given.split():
            ipaddress.ip_address(word)
    except ValueError:
        return None
    return None if "%" in given else tuple(given.split())


def read_port(given):
    """A port, or None."""
    return int(given) if re.fullmatch("[1-9][0-9]{0,4}", given) and int(given) <= 65535 else None


def read_servers(given):
    """`host=ADDRESS,… port=N,…`, which is libpq's: a tuple of (address, port); one port stands for all."""
    match = re.fullmatch("host=([0-9a-fA-F.:,]+) port=([0-9,]+)", given)
    if not match:
        return None if given else ()
    hosts, ports = match[1].split(","), [read_port(port) for port in match[2].split(",")]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    good = None not in ports and len(ports) == len(hosts) and all(read_hosts(host) for host in hosts)
    return tuple(zip(hosts, ports)) if good else None


def read_server(given):
    """ADDRESS:PORT, an IPv6 address in brackets: (address, port); () for none."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]+)", given)
    if not match:
        return None if given else ()
    host, port = match[1] or match[2], read_port(match[3])
    return (host, port) if port and read_hosts(host) else None


WORDS_OF_PARTS = Kind(f"words of {' '.join(PARTS)}, each once, with spaces", read_parts, PARTS)
HOSTS = Kind("IP addresses such as 127.0.0.1 10.0.0.11, with spaces, or nothing", read_hosts)
SERVERS = Kind(
    "host=10.0.0.11,10.0.0.12 port=5432,5433: IP addresses, a port each or one for all; or nothing", read_servers
)
SERVER = Kind("ADDRESS:PORT such as 10.0.0.11:6379, or nothing", read_server)
ORIGINS = Kind("* or origins such as https://loja.example, with spaces", read_origins)
ADDRESSES = Kind("addresses such as 127.0.0.1 or 10.0.0.0/8, with spaces, or nothing", read_addresses)
PATH = pattern("(/.+)?", "an absolute path, or nothing")
ZONE = Kind("a name in /usr/share/zoneinfo, such as America/Sao_Paulo", read_zone)
DAYS = Kind(f"days of {' '.join(WEEK)}, each once, with spaces", read_days)
CLOCK = Kind("a time of day such as 03:30, or nunca", read_clock)
DIRECTORY = pattern("(/[A-Za-z0-9._+@,=-]+)*", "an absolute path of letters, digits and . _ / + @ , = -, or nothing")
HOURS = Kind("hours such as 9-18 or 8:30-18", read_hours)
