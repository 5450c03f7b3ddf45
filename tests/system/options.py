"""The options of scripts/storm, soak, faults and bench, and how a wrong one is refused."""
import argparse
import re
import sys


class Options(argparse.ArgumentParser):
    """Ends with 64 (sysexits.h) when the command line is wrong."""

    def __init__(self, name):
        super().__init__(prog=f"scripts/{name}", add_help=False, allow_abbrev=False)

    def error(self, message):
        print(f"{self.prog}: {message}\n    {self.prog} --help tells the options", file=sys.stderr)
        sys.exit(64)


def number_to(last):
    """The type of an option that takes a number from 1 to `last`."""

    def parse(text):
        if not re.fullmatch("[1-9][0-9]*", text) or int(text) > last:
            raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {last}")
        return int(text)

    return parse


def seed_text(text):
    """The type of --seed."""
    if not re.fullmatch("[A-Za-z0-9]{1,40}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is more than letters and digits")
    return text
