"""What a setting may be: a kind says in words what it takes, and turns a text into a value."""
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ZONEINFO = Path("/usr/share/zoneinfo")
URL = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
WEEK = ("seg", "ter", "qua", "qui", "sex", "sab", "dom")


@dataclass(frozen=True)
class Kind:
    """`takes`: what it may be, for people. `read(text)`: its value, or None when it may not be that."""

    takes: str
    read: Callable


def number(low, high, unit="", zero=""):
    """A whole number from `low` to `high`; also 0, where that means `zero`, such as "never"."""

    def read(given):
        value = int(given) if re.fullmatch("0|[1-9][0-9]{0,9}", given) else -1
        return value if low <= value <= high or (zero and value == 0) else None

    return Kind(f"{low} to {high}" + f" {unit}" * bool(unit) + f", or 0: {zero}" * bool(zero), read)


def choice(*words):
    """One of some words."""
    return Kind(f"{', '.join(words[:-1])} or {words[-1]}", lambda given: given if given in words else None)


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


ORIGINS = Kind("* or origins such as https://loja.example, with spaces", read_origins)
ADDRESSES = Kind("addresses such as 127.0.0.1 or 10.0.0.0/8, with spaces, or nothing", read_addresses)
ZONE = Kind("a name in /usr/share/zoneinfo, such as America/Sao_Paulo", read_zone)
DAYS = Kind(f"days of {' '.join(WEEK)}, each once, with spaces", read_days)
HOURS = Kind("hours such as 9-18 or 8:30-18", read_hours)
