"""The tokens file and the secrets: lines are kept, names are texts, what is there is never made anew."""
import stat
from argparse import Namespace

import pytest

from confeitaria import tokens
from confeitaria.commands import token as command
from confeitaria.say import UsageError

ZONE = "America/Sao_Paulo"
BY_HAND = f"""# ana admin: who has it, asked of the shop

{'0' * 64} a.b admin 2026-11-24
{'1' * 64} a.b atendente 2026-11-24T10:00:00Z 2027-11-24T10:00:00Z
{'2' * 64} 1.0 admin
no-token
"""


@pytest.fixture(name="written")
def fixture_written(state):
    """A state whose operator wrote the tokens file."""
    (state.etc / "tokens").write_text(BY_HAND, encoding="utf-8")
    (state.data / "usos").mkdir(parents=True)
    return state


def text(state):
    """The tokens file."""
    return (state.etc / "tokens").read_text(encoding="utf-8")


def test_what_is_a_token(written):
    """Comments and fragments are none; an old line has no expiry, or no time at all."""
    found = tokens.everyone(written)
    assert [token.name for token in found] == ["a.b", "a.b", "1.0"]
    assert found[1].expires == "2027-11-24T10:00:00Z" and found[2].created == "-" and not found[2].expires


def test_no_file_is_no_token(state):
    """As to the workers."""
    assert not tokens.everyone(state) and tokens.revoke(state, "ana") == 0 and not (state.etc / "tokens").exists()


def test_a_new_line_leaves_the_others(written):
    """Byte by byte, and the mode lets nobody else read it."""
    tokens.add(written, "cft_x", "ana", "admin", "2027-01-01T00:00:00Z")
    assert text(written).startswith(BY_HAND)
    words = text(written).removeprefix(BY_HAND).split()
    assert words[:3] == [tokens.hash_of("cft_x"), "ana", "admin"] and words[4] == "2027-01-01T00:00:00Z"
    assert stat.S_IMODE((written.etc / "tokens").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["a", "a.", ".*", "1", "10", "1e0", "A.B", "ana", "admin", "no-token", "", "a.b "])
def test_nothing_else_is_revoked(written, name):
    """Names are compared whole, as texts; a comment's second word is no name."""
    assert tokens.revoke(written, name) == 0 and text(written) == BY_HAND


def test_all_of_a_name_are_revoked(written):
    """With the marks of their uses."""
    (tokens.uses(written) / ("0" * 64)).touch()
    assert tokens.revoke(written, "a.b") == 2
    assert text(written) == "".join(line for line in BY_HAND.splitlines(True) if " a.b " not in line)
    assert not list(tokens.uses(written).iterdir())


def test_secrets_are_made_once(state):
    """0600 in 0700; made anew only when they are gone, and then the old token of a service is none any more."""
    state.data.mkdir(exist_ok=True)
    tokens.secrets_make(state)
    before = {name: (state.secrets / name).read_bytes() for name in tokens.SECRETS}
    first = text(state)
    assert len(set(before.values())) == len(before) and all(len(secret) > 40 for secret in before.values())
    assert {stat.S_IMODE((state.secrets / name).stat().st_mode) for name in before} == {0o600}
    assert stat.S_IMODE(state.secrets.stat().st_mode) == 0o700
    tokens.secrets_make(state)
    assert {name: (state.secrets / name).read_bytes() for name in tokens.SECRETS} == before and text(state) == first
    (state.secrets / "pedidos.token").write_bytes(b"")
    tokens.secrets_make(state)
    (token,) = tokens.named(state, "servico-pedidos")
    assert token.hash == tokens.hash_of(state.secret("pedidos.token")) and token.rights == "reservas,retirar"
    assert f"{token.hash} " not in first and len(tokens.everyone(state)) == 2


def test_a_secret_that_is_being_changed_has_two_hashes(state):
    """The next one or the one before, unless the file says no more that it is valid."""
    state.data.mkdir(exist_ok=True)
    tokens.secrets_make(state)
    secret, new, old = tokens.secret_files(state, "pedidos.token")
    new.write_text("cft_new\n", encoding="ascii")
    old.write_bytes(secret.read_bytes())
    now, then = tokens.hash_of(state.secret("pedidos.token")), tokens.hash_of("cft_new")
    assert tokens.secret_hashes(state, "pedidos.token") == [now, then]
    tokens.service_tokens_write(state)
    assert {token.hash for token in tokens.named(state, "servico-pedidos")} == {now, then}
    new.unlink()
    old.write_bytes(b"")
    tokens.service_tokens_write(state)
    assert [token.hash for token in tokens.named(state, "servico-pedidos")] == [now]


def ends(expires=None, days=None):
    """The expiry that these options give."""
    return command.expiry(Namespace(expires=expires, days=days), ZONE)


def test_the_last_day_counts_whole():
    """In the shop's time zone."""
    assert ends() == ""
    assert ends("2998-01-31") == "2998-02-01T02:59:59Z"
    assert ends("2998-01-31T18:00:00-03:00") == "2998-01-31T21:00:00Z" == ends("2998-01-31T21:00:00Z")
    assert ends(days="99999") > ends(days="1")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "amanhã",
        "2020-01-31",
        "2027-02-30",
        "2027-1-31",
        "2998-01-31T18:00",
        "2998-01-31T25:00:00Z",
        "9999-12-31",
        "9999-12-31T23:59:59-03:00",
        "2998-01-31\n",
        "２９９８-01-31",
    ],
)
def test_what_is_no_end(value):
    """Past, no day, or beyond what the file can say."""
    with pytest.raises(UsageError):
        ends(expires=value)


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "100000", "dois", "١", "1\n"])
def test_what_is_no_number_of_days(value):
    """Digits that only Unicode knows are none."""
    with pytest.raises(UsageError):
        ends(days=value)
