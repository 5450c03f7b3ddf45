"""say.py: messages, refusals, commands to paste."""
from types import SimpleNamespace

import pytest

from confeitaria.say import EX_USAGE, Refused, UsageError, paste, say, warn


@pytest.fixture(autouse=True)
def checkout(monkeypatch):
    """As the scripts of a checkout call it."""
    monkeypatch.setenv("CONFEITARIA_PREFIX", "scripts/")
    monkeypatch.setenv("CONFEITARIA_COMMAND", "restart")


def test_progress_goes_to_standard_output(capsys):
    """One line, with the seconds."""
    say("writing")
    out, err = capsys.readouterr()
    assert out.startswith("[") and out.endswith(" s] writing\n") and not err


def test_warnings_go_to_standard_error(capsys):
    """Who says it, what, and what to do, indented."""
    warn("no port", "take another", "or none")
    out, err = capsys.readouterr()
    assert err == "scripts/restart: no port\n    take another\n    or none\n" and not out


def test_refusals_have_a_status():
    """1, or what sysexits.h has for it; a wrong command line is 64."""
    assert Refused("no").status == 1 and Refused("no", status=69).status == 69
    assert UsageError("no", "so").status == EX_USAGE == 64
    assert UsageError("no", "so").remedies == ("so",)


def test_commands_to_paste(monkeypatch):
    """They name the state only where it must be named, and survive a shell."""
    here = SimpleNamespace(is_default=True, given="/srv/var")
    there = SimpleNamespace(is_default=False, given="/srv/loja")
    assert paste(here, "up") == "scripts/up"
    assert paste(None, "up") == "scripts/up"
    assert paste(there, "token", "create", "Ana Maria") == "scripts/token --state /srv/loja create 'Ana Maria'"
    monkeypatch.delenv("CONFEITARIA_PREFIX")
    assert paste(here, "up") == "confeitaria up"
