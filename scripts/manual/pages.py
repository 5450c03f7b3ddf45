#!/usr/bin/env python3
"""Writes the manual pages: pages.py VERSION DIRECTORY. A page a command out of what its --help is made of, an overview,
and confeitaria.conf(5) out of the table of settings. A page has the date of SOURCE_DATE_EPOCH, else none."""
import os
import re
import sys
import time
from pathlib import Path

from tables import arguments, commands, metavar

from confeitaria.settings import ROWS, Settings

NAME = "confeitaria"
ESCAPES = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}
FACTS = """\
{name} runs an online shop: three services as pools of FastCGI workers behind nginx, with PostgreSQL, a standby of the
catalogue, and Redis. Everything a system is lives in one directory, STATE, which --state names (default
/var/lib/confeitaria).

Commands that change a system wait for each other, up to two minutes. Those that only look wait for nobody. A command
that was killed can be run again, and goes on from there. As root a command becomes the system's user once packages,
user and release are there."""
STATUSES = (
    ("0", "done, or all is well"),
    ("1", "refused, failed, or not as it should be; standard error says what to do"),
    ("3", "the system, or a store that is asked for, does not run"),
    ("64", "the command line is wrong"),
    ("69", "a Debian package is missing"),
)
FILES = (
    ("STATE/etc/confeitaria.conf", f"the settings: {NAME}.conf(5)"),
    ("STATE/etc/*.d", "lines of your own for nginx, PostgreSQL, Redis, supervisord and the pools"),
    ("STATE/etc/tokens", "the staff's tokens, as hashes"),
    ("STATE/etc/segredos", "passwords that the parts show to each other"),
    ("STATE/data, STATE/log, STATE/run", "data, logs, sockets"),
    ("STATE/current", "what the running system was configured with; made anew by each change"),
)
CONF = f"""\
The operator's settings, in STATE/etc/{NAME}.conf: a line NAME = VALUE each. Lines that begin with # are remarks, a line
without a value is the default. A name that there is not, a value that cannot be and a name that is there twice are
refused with their line, before anything is touched.

`{NAME} up --set NAME=VALUE` changes a line and leaves the others as they are. `{NAME} settings` says what is set, and
what does not count yet. A setting takes effect by `reload`, which interrupts nothing; by `restart` of its part; or by
`down and up`."""


def escaped(text):
    """Text as roff has it, on one line; blanks at its ends stay."""
    found = "".join(ESCAPES.get(char, char if char.isascii() else rf"\[u{ord(char):04X}]") for char in text)
    return re.sub(r"\s+", " ", rf"\&{found}" if found.startswith(".") else found)


def styled(text):
    """Text with words in `quotes` in bold."""
    parts = [escaped(part) for part in text.split("`")]
    return "".join(rf"\fB{part}\fP" if at % 2 else part for at, part in enumerate(parts))


def paragraphs(text):
    """Text for a page: paragraphs stand apart by an empty line; one that is indented stays as it is."""
    lines = []
    for block in text.strip().split("\n\n"):
        if block.startswith("    "):
            lines += [".PP", ".EX", *(escaped(line) for line in block.split("\n")), ".EE"]
        else:
            lines += [".PP", styled(block)]
    return lines[1:]


def synopsis(parser):
    """How a command is called: options in bold, what stands for something else in italics."""
    os.environ["COLUMNS"] = "10000"
    text = escaped(parser.format_usage().removeprefix("Usage: ").strip())
    text = re.sub(r"\\-(\\-)?[a-z]+(\\-[a-z]+)*", lambda match: rf"\fB{match[0]}\fP", text)
    text = re.sub(r"\b[A-Z]+(=[A-Z]+)?\b", lambda match: rf"\fI{match[0]}\fP", text)
    command = escaped(parser.prog)
    return rf"\fB{command}\fP" + text.removeprefix(command)


def tagged(pairs):
    """A list of terms, each with its explanation."""
    return [line for term, text in pairs for line in (".TP", term, text)]


def option(action):
    """An argument as a term."""
    value = rf" \fI{escaped(metavar(action))}\fP" if metavar(action) else ""
    return ", ".join(rf"\fB{escaped(name)}\fP{value}" for name in action.option_strings) or value.strip()


def explained(parser, action):
    """The --help of an argument."""
    formatter = parser._get_formatter()  # pylint: disable=protected-access
    return styled(formatter._expand_help(action))  # pylint: disable=protected-access


def page(heading, section, version, **sections):
    """A whole page; its sections are lists of lines."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    date = time.strftime("%Y-%m-%d", time.gmtime(int(epoch))) if epoch else ""
    lines = [
        r".\" Made by scripts/manual/pages.py of the texts that --help shows.",
        f'.TH {escaped(heading.upper())} {section} "{date}" "{NAME} {escaped(version)}" "{NAME}"',
        ".nh",
        ".ad l",
    ]
    for title, body in sections.items():
        lines += [f".SH {title.replace('_', ' ')}", *body]
    return "\n".join(lines) + "\n"


def see_also(*names):
    """The last section."""
    return [", ".join(rf"\fB{escaped(name)}\fP({section})" for name, section in names)]


def command_page(command, parser, version):
    """NAME-COMMAND(8)."""
    listed = [(option(action), explained(parser, action)) for action in arguments(parser) if action.help]
    return page(
        f"{NAME}-{command.name}",
        8,
        version,
        NAME=[rf"{escaped(f'{NAME}-{command.name}')} \- {escaped(command.summary)}"],
        SYNOPSIS=[synopsis(parser)],
        DESCRIPTION=paragraphs(command.text),
        OPTIONS=tagged(listed),
        EXIT_STATUS=[rf"As all commands have it, unless said above: see \fB{NAME}\fP(8)."],
        SEE_ALSO=see_also((NAME, 8), (f"{NAME}.conf", 5)),
    )


def overview(version):
    """confeitaria(8)."""
    named = [(rf"\fB{escaped(f'{NAME}-{command.name}')}\fP(8)", escaped(command.summary)) for command in commands()]
    return page(
        NAME,
        8,
        version,
        NAME=[rf"{NAME} \- runs a confectionery shop"],
        SYNOPSIS=[rf"\fB{NAME}\fP \fICOMMAND\fP [\fIOPTION\fP]..."],
        DESCRIPTION=paragraphs(FACTS.format(name=NAME)),
        COMMANDS=tagged(named),
        OPTIONS=tagged(
            [(r"\fB\-\-help\fP", "lists the commands"), (r"\fB\-\-version\fP", "says which release this is")]
        ),
        EXIT_STATUS=tagged((number, escaped(text)) for number, text in STATUSES),
        FILES=tagged((rf"\fI{escaped(path)}\fP", escaped(text)) for path, text in FILES),
        SEE_ALSO=see_also((f"{NAME}.conf", 5), *((f"{NAME}-{command.name}", 8) for command in commands())),
    )


def settings_page(version):
    """confeitaria.conf(5)."""
    unset, listed = Settings({}), []
    for row in ROWS:
        default = escaped(unset.text(row.name)) or "none"
        facts = f"Takes {row.kind.takes}. Effect: {row.effect}. Parts: {' '.join(row.parts)}."
        listed += [
            ".TP",
            rf"\fB{escaped(row.name)}\fP",
            styled(row.meaning),
            ".br",
            rf"Default: {default}. {escaped(facts)}",
        ]
    return page(
        f"{NAME}.conf",
        5,
        version,
        NAME=[rf"{NAME}.conf \- settings of {NAME}(8)"],
        DESCRIPTION=paragraphs(CONF),
        SETTINGS=listed,
        FILES=[rf"\fISTATE/etc/{NAME}.conf\fP"],
        SEE_ALSO=see_also((NAME, 8), (f"{NAME}-settings", 8), (f"{NAME}-reload", 8)),
    )


def main(version, directory):
    """Writes all pages into a directory, which is made."""
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    pages = {
        f"{NAME}-{command.name}.8": command_page(command, parser, version) for command, parser in commands().items()
    }
    pages |= {f"{NAME}.8": overview(version), f"{NAME}.conf.5": settings_page(version)}
    for name, text in pages.items():
        (place / name).write_text(text, encoding="ascii")


main(sys.argv[1], sys.argv[2])
