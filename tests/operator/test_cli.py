"""Command lines: where options may stand, what is another program's, what is wrong."""
import pytest

from confeitaria import cli
from confeitaria.say import UsageError


@pytest.fixture(autouse=True)
def fixture_called(monkeypatch):
    """As scripts/ calls the program."""
    monkeypatch.setenv("CONFEITARIA_CWD", "/tmp")
    monkeypatch.setenv("CONFEITARIA_PREFIX", "scripts/")


def parsed(line):
    """What a command line says."""
    name, *words = line.split()
    return cli.parser_of(cli.load(name)).parse_args(words)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_has_help(name, capsys):
    """It begins with how it is called."""
    with pytest.raises(SystemExit):
        parsed(f"{name} --help")
    assert capsys.readouterr().out.startswith(f"Usage: scripts/{name} ")


def test_version(tmp_path, monkeypatch, capsys):
    """That of the build that this checkout has; without one it says so."""
    monkeypatch.setenv("CONFEITARIA_BUILD", str(tmp_path))
    assert cli.main(["--version"]) == 1 and "not whole" in capsys.readouterr().err
    share = tmp_path / "stage/share/confeitaria"
    share.mkdir(parents=True)
    (share / "version.json").write_text('{"version": "1.2.3", "commit": "abcdef0", "dirty": false}')
    assert cli.main(["--version"]) == 0 and capsys.readouterr().out == "confeitaria 1.2.3 (abcdef0)\n"


@pytest.mark.parametrize(
    "line",
    [
        "token create ana --right admin --state /s",
        "token --state /s create --right admin ana",
        "token --right admin create --state /s ana",
    ],
)
def test_options_stand_anywhere(line):
    """Before, between and behind the words."""
    found = parsed(line)
    assert (found.words, found.right, found.state) == (["create", "ana"], "admin", "/s")


def test_what_follows_is_another_programs():
    """Our own options come before it; what begins with - comes after --."""
    found = parsed("psql --state s --monitor pedidos -c x --state y")
    assert (found.state, found.monitor, found.database) == ("/tmp/s", True, "pedidos")
    assert found.more == ["-c", "x", "--state", "y"]
    assert parsed("redis -- -r 3 PING").more == ["--", "-r", "3", "PING"]


@pytest.mark.parametrize(
    "line",
    ["token --rihgt admin", "audit 7", "audit --wait", "audit --wait x", "archive", "up x", "psql", "tokem list"],
)
def test_what_is_wrong(line):
    """Exit status 64, and where the options are told of."""
    with pytest.raises(UsageError) as refused:
        parsed(line)
    assert refused.value.status == 64 and "help" in refused.value.remedies[0] or line.startswith("tokem")
