"""What a setting may be: each kind checks a text, says in words what it takes, and turns it into a value."""
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

ZONEINFO = Path("/usr/share/zoneinfo")
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
DAYS = ("seg", "ter", "qua", "qui", "sex", "sab", "dom")
SHOWN = 80  # characters of a wrong value in a message


class Bad(ValueError):
    """A text that is no value of a kind: what is wrong, and what to write instead."""

    def __init__(self, fault, remedy):
        super().__init__(f"{fault}: {remedy}")
        self.fault, self.remedy = fault, remedy


def shown(text):
    """A value as a message may hold it."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text[:SHOWN] + "…" if len(text) > SHOWN else text or "empty"


@dataclass(frozen=True)
class Number:
    """A whole number from `low` to `high`; also 0 where that means `zero`, such as "never"."""

    low: int
    high: int
    unit: str = ""
    zero: str = ""

    @property
    def takes(self):
        """The range, in words."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.low} to {self.high}{unit}" + (f", or 0: {self.zero}" if self.zero else "")

    def value(self, text):
        """An int; raises Bad."""
        if re.fullmatch("0|[1-9][0-9]{0,9}", text):
            number = int(text)
            if self.low <= number <= self.high or (self.zero and number == 0):
                return number
        raise Bad(f"is {shown(text)}", f"write a whole number, {self.takes}")


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple

    @property
    def takes(self):
        """The words."""
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    def value(self, text):
        """The word; raises Bad."""
        if text in self.words:
            return text
        raise Bad(f"is {shown(text)}", f"write {self.takes}")


@dataclass(frozen=True)
class Text:
    """Up to `most` characters on one line."""

    most: int

    @property
    def takes(self):
        """The length, in words."""
        return f"1 to {self.most} characters"

    def value(self, text):
        """The text; raises Bad."""
        if text.strip() and text.isprintable() and len(text) <= self.most:
            return text
        raise Bad(f"is {shown(text)}", f"write {self.takes} on one line")


@dataclass(frozen=True)
class Pattern:
    """A text of a certain form, or nothing where `empty`."""

    form: str
    takes: str
    empty: bool = False

    def value(self, text):
        """The text; raises Bad."""
        if re.fullmatch(self.form, text) or (self.empty and not text):
            return text
        raise Bad(f"is {shown(text)}", f"write {self.takes}")


class Origins:
    """Origins of pages, or * for any."""

    takes = "* or origins such as https://loja.example, with spaces"

    def value(self, text):
        """A tuple of origins; raises Bad."""
        words = tuple(text.split())
        for word in words:
            if words != ("*",) and not URL.fullmatch(word):
                raise Bad(f"has {shown(word)}, which is no origin", f"write {self.takes}")
        return words


class Addresses:
    """IP addresses and networks."""

    takes = "addresses such as 127.0.0.1 or 10.0.0.0/8, with spaces, or nothing"

    def value(self, text):
        """A tuple of addresses; raises Bad."""
        for word in text.split():
            try:
                if "%" in word:  # a zone, which nginx does not know
                    raise ValueError
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                raise Bad(f"has {shown(word)}, which is no address", f"write {self.takes}") from None
        return tuple(text.split())


class Zone:
    """A time zone that this machine knows."""

    takes = "a name in /usr/share/zoneinfo, such as America/Sao_Paulo"

    def value(self, text):
        """Its name; raises Bad. A machine without tzdata yet, before packages are installed, takes any."""
        formed = re.fullmatch("[A-Za-z]+([/_+-][A-Za-z0-9]+)*", text)
        if formed and (not ZONEINFO.is_dir() or (ZONEINFO / text).is_file()):
            return text
        raise Bad(f"is {shown(text)}", f"write {self.takes}")


class Days:
    """Days of the week."""

    takes = f"days of {' '.join(DAYS)}, each once, with spaces"

    def value(self, text):
        """A tuple of days; raises Bad."""
        days = tuple(text.split())
        if days and set(days) <= set(DAYS) and len(set(days)) == len(days):
            return days
        raise Bad(f"is {shown(text)}", f"write {self.takes}")


class Hours:
    """From when to when, in a day."""

    takes = "hours such as 9-18 or 8:30-18"

    def value(self, text):
        """The text; raises Bad."""
        match = re.fullmatch("(0|[1-9][0-9]?)(?::([0-5][0-9]))?-([1-9][0-9]?)(?::([0-5][0-9]))?", text)
        if match:
            hour, minute, last_hour, last_minute = (int(part or 0) for part in match.groups())
            if hour * 60 + minute < last_hour * 60 + last_minute <= 24 * 60:
                return text
        raise Bad(f"is {shown(text)}", f"write {self.takes}")
