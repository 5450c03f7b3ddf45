"""Manual pages and bash's completion: made of the tables of --help, and whole."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from confeitaria import cli, system
from confeitaria.settings import TABLE

COMMANDS = (*cli.PACKAGED, *cli.COMMANDS)
MANUAL = Path(__file__).resolve().parents[2] / "scripts/manual"
VERSION = "1.2.3"


def make(program, *words, **environment):
    """What a program of scripts/manual writes, with nothing of this environment but PATH."""
    command = [sys.executable, "-B", MANUAL / program, *words]
    environment = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture(name="pages", scope="module")
def fixture_pages(tmp_path_factory):
    """Name -> file of each page, of one day."""
    place = tmp_path_factory.mktemp("manual")
    make("pages.py", VERSION, place, SOURCE_DATE_EPOCH="1790000000")
    return {path.name: path for path in place.iterdir()}


def shown(page):
    """A page as a terminal has it, without fonts, each run of blanks as one."""
    command = ["groff", "-man", "-Tutf8", "-P-cbou", page]
    text = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return " ".join(text.stdout.split())


needs_groff = pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")


def test_a_page_for_each_command(pages):
    """One for what supervisord and logrotate call is not there."""
    assert set(pages) == {f"confeitaria-{name}.8" for name in COMMANDS} | {"confeitaria.8", "confeitaria.conf.5"}


@needs_groff
@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_s_page_says(pages, name, monkeypatch):
    """What --help says: summary, text, and each option with its meaning."""
    monkeypatch.delenv("CONFEITARIA_PREFIX", raising=False)
    command, text = cli.load(name), shown(pages[f"confeitaria-{name}.8"])
    assert f"NAME confeitaria-{name} - {command.summary} SYNOPSIS confeitaria {name} " in text
    assert " ".join(command.text.replace("`", "").split()) in text
    for action in cli.parser_of(command)._actions:  # pylint: disable=protected-access
        for option in action.option_strings:
            assert (f" {option}" in text) == (action.help != "==SUPPRESS==")


@needs_groff
def test_the_page_of_settings(pages):
    """Each with its default, values, effect and meaning."""
    text = shown(pages["confeitaria.conf.5"])
    for row in TABLE.values():
        assert f" {row.name} {row.meaning} Default: " in text
        assert f"Takes {row.kind.takes}. Effect: {row.effect}. Parts: {' '.join(row.parts)}." in text
    assert "Default: Rua das Amoras, 100 - São Paulo. " in text


@pytest.mark.parametrize("checker", ["groff -man -Tutf8 -ww -z", "mandoc -T lint -W warning"])
def test_the_pages_are_well_formed(pages, checker):
    """groff and mandoc warn of nothing."""
    if not shutil.which(checker.split()[0]):
        pytest.skip(f"{checker.split()[0]} is not installed")
    done = subprocess.run([*checker.split(), *pages.values()], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_pages_are_the_same_whenever_they_are_made(pages, tmp_path):
    """With a date and without one: nothing of the day and the machine is in them."""
    make("pages.py", VERSION, tmp_path)
    for name, page in pages.items():
        text = page.read_text()
        assert "2026-09-21" in text and text.replace("2026-09-21", "") == (tmp_path / name).read_text()


# Completion


@pytest.fixture(name="complete", scope="module")
def fixture_complete(tmp_path_factory):
    """What bash offers for a command line, given as readline splits it; the last word is at the cursor."""
    script = tmp_path_factory.mktemp("completion") / "confeitaria"
    script.write_text(make("completion.py", MANUAL / "completion.bash.in"))

    def complete(*words, breaks=" \t\n\"'><=;|&(:"):
        text = """source "$1"; COMP_WORDBREAKS=$2; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _confeitaria 2>&1 && printf '%s\\n' "${COMPREPLY[@]}" """
        command = ["bash", "--norc", "-uc", text, "bash", script, breaks, "confeitaria", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        assert not done.stderr
        return done.stdout.split()

    return complete


def test_commands(complete):
    """All that people type, and no other."""
    assert complete("") == [*COMMANDS]
    assert complete("s") == [name for name in COMMANDS if name.startswith("s")]
    assert complete("laun") == [] and complete("nothing", "") == []
    assert complete("-") == ["--help", "--version"]


@pytest.mark.parametrize("name", COMMANDS)
def test_options(complete, name, monkeypatch):
    """Those that a command shows in its --help."""
    monkeypatch.delenv("CONFEITARIA_PREFIX", raising=False)
    actions = cli.parser_of(cli.load(name))._actions  # pylint: disable=protected-access
    expected = [option for action in actions if action.help != "==SUPPRESS==" for option in action.option_strings]
    assert complete(name, "--") == [option for option in expected if option.startswith("--")]


@pytest.mark.parametrize(
    "words, expected",
    [
        ("scale cata", "catalogo catalogo-busca catalogo-replica"),
        ("scale --state /s pe", "pedidos"),
        ("scale pedidos ", ""),
        ("restart nginx pg-", "pg-catalogo pg-replica pg-pedidos"),
        ("up --workers pe", "pedidos="),
        ("up --set limite_s", "limite_sessoes= limite_sessoes_dia="),
        ("up --set = limite_s", "limite_sessoes= limite_sessoes_dia="),
        ("up --set reach =", "loopback public"),
        ("up --set reach = pu", "public"),
        ("up --set = reach = pu", "public"),
        ("up --set reach = public --set por", "port="),
        ("up --port ", ""),
        ("token ", "create list revoke"),
        ("token --right ", "admin atendente"),
        ("token --right admin c", "create"),
        ("token revoke ", ""),
        ("secret change ped", "pedidos.token"),
        ("psql ", "catalogo pedidos replica"),
        ("psql --monitor p", "pedidos"),
        ("psql pedidos --", ""),
        ("redis XLEN --", ""),
        ("status ", "--help --json --state"),
    ],
)
def test_values(complete, words, expected):
    """Where it is known what may stand there."""
    assert complete(*words.split(" ")) == expected.split()


def test_parts(complete):
    """Those of the program's own table."""
    assert complete("reload", "") == list(system.PARTS)


def test_where_readline_leaves_equals_signs_alone(complete):
    """It then expects the whole word."""
    assert complete("up", "--set=reach=pu", breaks=" ") == ["--set=reach=public"]
    assert complete("up", "--set=limite_f", breaks=" ") == ["--set=limite_fila="]


def test_files(complete, tmp_path):
    """Directories where one is asked for, else files too."""
    (tmp_path / "copies").mkdir()
    (tmp_path / "copy.tar").touch()
    start = f"{tmp_path}/cop"
    assert complete("backup", "--to", start) == [f"{tmp_path}/copies"]
    assert sorted(complete("restore", "--from", "=", start)) == [f"{tmp_path}/copies", f"{tmp_path}/copy.tar"]


def test_it_is_installed():
    """Where man and bash look, by what scripts/up takes too."""
    stage = Path(os.environ.get("CONFEITARIA_BUILD", MANUAL.parents[1] / "build")) / "stage/share"
    assert {path.name for path in stage.glob("man/man8/*")} == {
        "confeitaria.8",
        *(f"confeitaria-{name}.8" for name in COMMANDS),
    }
    assert (stage / "man/man5/confeitaria.conf.5").is_file()
    completion = (stage / "bash-completion/completions/confeitaria").read_text()
    assert re.search(r"^complete -F _confeitaria confeitaria$", completion, re.M)
