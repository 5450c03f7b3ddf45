"""last.py: how the last backup and audit ended, and the words of `status` for it."""
import time

import pytest

from confeitaria import last, status


@pytest.fixture(name="state")
def fixture_state(state):
    """One with a place for data."""
    state.data.mkdir()
    return state


def test_what_was_noted_is_read(state):
    """A failure leaves the time of the last good one, and the file is open to who makes the metrics' page."""
    assert last.read(state, "backup") is None
    last.note(state, "backup", False)
    assert last.read(state, "backup").good == 0
    last.note(state, "backup", True)
    good = last.read(state, "backup")
    assert good.ok and good.good == good.ended and time.time() - good.good < 3600
    last.note(state, "backup", False)
    failed = last.read(state, "backup")
    assert not failed.ok and failed.good == good.good
    path = state.data / "ultimos/backup"
    assert path.stat().st_mode & 0o777 == 0o644 and path.read_text() == f"{failed.ended} 0 {good.good}\n"


@pytest.mark.parametrize("text", ["", "1 1 1", "-1 1 1\n", "1 2 1\n", "1 1 1\n\n", "1e9 1 1\n", "x" * 100, "1 1 é\n"])
def test_what_is_no_note_is_none(state, text):
    """A file that somebody else wrote says nothing."""
    last.note(state, "audit", True)
    (state.data / "ultimos/audit").write_text(text, encoding="utf-8")
    assert last.read(state, "audit") is None


@pytest.mark.parametrize(
    "seconds, words",
    [(-3, "0 s ago"), (59.9, "59 s ago"), (60, "1 min ago"), (3 * 3600, "3 h ago"), (172801, "2 d ago")],
)
def test_words_of_an_age(seconds, words):
    """The largest unit that is whole."""
    assert last.ago(seconds) == words


@pytest.mark.parametrize(
    "one, words",
    [
        (None, "none yet"),
        ((3600, True, 3600), "1 h ago"),
        ((3600, False, 7200), "failed 1 h ago, the last good one 2 h ago"),
        ((3600, False, None), "failed 1 h ago, no good one yet"),
    ],
)
def test_words_of_status(one, words):
    """What failed is not passed over, nor is when it was well last."""
    now = time.time()
    if one:
        ended, ok, good = one
        one = last.Last(int(now - ended), ok, int(now - good) if good else 0)
    assert status.words_of(one) == words
