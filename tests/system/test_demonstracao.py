"""docs/demonstracao.md: each experiment is run as written, shows what it says, and leaves the shop as it was."""
import os
import re
import subprocess

import pytest

from client import TOP
from shop import COMMAND_SECONDS, Shop, eventually, free_ports

pytestmark = [pytest.mark.slow, pytest.mark.commands]

DOCUMENT = TOP / "docs/demonstracao.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
EXPERIMENTS = [title for title in SECTIONS if title[0].isdigit()]
PARTS = ("**O que se aprende.**", "**No painel.**", "**O que acontece e por quê.**", "**A pergunta da banca.**")
# A reader's shop has the product's own limits. Its deadlines are longer, for slow machines, but not much: what a crash
# left is mended six seconds after them.
READER = {
    "limite_leituras": 200,
    "limite_buscas": 20,
    "limite_escritas": 50,
    "limite_sessoes": 10,
    "limite_pedidos": 10,
    "limite_sessoes_dia": 10000,
    "limite_pedidos_dia": 3000,
    "limite_conexoes": 100,
    "prazo_segundos": 10,
}
END = "\x1e"  # after what each block of commands says


def blocks(section):
    """Its blocks of commands, each with what the document says that is seen."""
    return re.findall(r"^```sh\n(.*?)^```\n+```text\n(.*?)^```$", SECTIONS[section], re.M | re.S)


def pattern(expected):
    """`…` stands for what varies: within a line, or for any lines where it is alone. Blanks of `uniq -c` may be any."""
    lines = []
    for line in expected.splitlines():
        if line == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(re.sub(r"(?:\\ )+", r"\\s+", re.escape(line.strip())).replace("…", ".*") + r"\n")
    return re.compile("".join(lines))


def as_seen(text):
    """What a block said, without the blanks at the ends of its lines."""
    return "".join(f"{line.strip()}\n" for line in text.splitlines())


def run(shop, *sections, **environment):
    """Runs their blocks in one bash, as a reader does; those blocks with what each was to say and what it said."""
    wanted = [block for section in sections for block in blocks(section)]
    copy, _ = free_ports()
    place = {"LOJA": shop.url, "ESTADO": str(shop.state), "COPIA": str(copy)}
    script = "".join(f"{commands}printf '{END}'\n" for commands, _ in wanted)
    done = subprocess.run(
        ["bash"],
        input=script,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        cwd=TOP,
        env={**os.environ, **shop.environment, **place, **environment},
        check=False,
    )
    said = done.stdout.split(END)
    assert len(said) == len(wanted) + 1, f"{done.stdout}\n{done.stderr}"
    for (commands, expected), output in zip(wanted, said):
        assert pattern(expected).fullmatch(as_seen(output)), f"{commands}\n{output}\n{done.stderr}"


def kept(shop):
    """What an experiment must leave as it was: products on sale, tokens, pools, who is the primary."""
    parts = shop.status()["parts"]
    return {
        "products": shop.fresh("/api/produtos?limite=500"),
        "tokens": sorted(line.split()[0] for line in shop.script("token", "list").stdout.splitlines() if line.strip()),
        "parts": {name: (part.get("declared"), part.get("role")) for name, part in parts.items()},
    }


@pytest.fixture(name="reader", scope="module")
def fixture_reader():
    """The shop of a reader."""
    with Shop(**READER) as running:
        yield running


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[title.partition(".")[0] for title in EXPERIMENTS])
def test_an_experiment(reader, experiment):
    """It shows what it says; then the books add up, nothing is left to be done, and the shop is as it was."""
    before = kept(reader)
    run(reader, "Preparação", experiment, "Arrumação")
    assert eventually(lambda: reader.script("audit", "--settled", check=False).returncode == 0, every=0.5)
    assert eventually(reader.well)
    assert kept(reader) == before


def test_ten_experiments_that_are_whole():
    """Each says all that a teacher needs, all its commands are run, and the files that it names are there."""
    assert [title.partition(".")[0] for title in EXPERIMENTS] == [str(number) for number in range(1, 11)]
    for title, body in SECTIONS.items():
        assert body.count("```sh\n") == len(blocks(title)), title
        assert title not in EXPERIMENTS or all(part in body for part in PARTS), title
    named = set(re.findall(r"`((?:db|fcgi|nginx|scripts|tests)/[\w./-]+)`", TEXT))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (TOP / name).exists()] == []


def test_the_readmes_lead_to_it():
    """The way to it begins at both READMEs."""
    for name in ("README.md", "README.pt-BR.md"):
        assert "(docs/demonstracao.md)" in (TOP / name).read_text(encoding="utf-8"), name


def test_nothing_stays_in_the_temporary_directory(reader, tmp_path):
    """Neither notes nor copies of the shop."""
    run(reader, "Preparação", TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir())
    for path in tmp_path.iterdir():
        path.rmdir()
    run(reader, "Preparação", "Arrumação", TMPDIR=str(tmp_path))
    assert not list(tmp_path.iterdir())
