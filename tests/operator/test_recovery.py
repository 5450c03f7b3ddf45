"""When a backup is due, and by which backup and which log one goes back to a moment."""
import os
from datetime import datetime, timedelta, timezone

import pytest

from confeitaria import last, recovery, repository, schedule
from confeitaria.say import Refused
from confeitaria.settings import Settings

NOON = datetime(2026, 12, 24, 12, tzinfo=timezone.utc)
ZONE = "America/Sao_Paulo"


def hours(count):
    """A moment so many hours after noon."""
    return NOON + timedelta(hours=count)


def base(count):
    """A base backup that ended then."""
    return repository.Backup(f"b{count}", True, hours(count), "0" * 24)


def way(target, *returns, bases=(-48, -24, 3)):
    """The way of one service to a moment."""
    found = {"catalogo": [base(count) for count in bases]}
    return recovery.plan(found, [recovery.Return(*one, {"catalogo": number}) for number, *one in returns], target)


def test_the_last_backup_before_it():
    """Takes one back; one that ended only then does not, and without one that is refused."""
    assert way(hours(1))["catalogo"] == ("b-24", "latest")
    assert way(hours(3))["catalogo"] == ("b-24", "latest")
    assert way(hours(4))["catalogo"] == ("b3", "latest")
    with pytest.raises(Refused, match="no backup of catalogo"):
        way(hours(-48))
    with pytest.raises(Refused, match="no backup"):
        way(hours(1), bases=())


def test_a_past_that_was_left():
    """Its backups lead nowhere from after it was left; a moment in it is reached by its own log."""
    left = (1, hours(5), hours(2))
    assert way(hours(6), left)["catalogo"] == ("b-24", "latest")
    assert way(hours(4), left)["catalogo"] == ("b3", "1")
    assert way(hours(1), left)["catalogo"] == ("b-24", "1")
    assert way(hours(6), left, (2, hours(8), hours(7)))["catalogo"] == ("b-24", "2")
    assert way(hours(9), left, bases=(-24, 3, 6))["catalogo"] == ("b6", "latest")


def test_times():
    """Without a zone a time is by the shop's clock."""
    assert recovery.time_of("2026-12-24 09:00", ZONE, hours(1)) == NOON
    assert recovery.time_of("2026-12-24T12:00:00Z", ZONE, hours(1)) == NOON
    assert recovery.time_of("2026-12-24T13:30:00.5+01:30", ZONE, hours(1)) == NOON + timedelta(seconds=0.5)
    for text in ("ontem", "2026-12-24", "2026-12-24 24:61", "2026-12-24T13:00:01Z", ""):
        with pytest.raises(Refused):
            recovery.time_of(text, ZONE, hours(1))


@pytest.fixture(name="shop")
def fixture_shop(state, monkeypatch):
    """Made at noon, with backups at 15:00 of UTC: note(hours, ok) ends one, due(hours) asks."""
    (state.etc / "confeitaria.conf").write_text(f"copias_hora = 12:00\nfuso_horario = {ZONE}\n", encoding="utf-8")
    state.data.mkdir()
    state.mark.touch()
    os.utime(state.mark, (NOON.timestamp(), NOON.timestamp()))

    def note(count, good):
        monkeypatch.setattr(last.time, "time", hours(count).timestamp)
        last.note(state, schedule.KIND, good)

    return note, lambda count: schedule.due(state, hours(count).timestamp())


def test_once_a_day(shop):
    """The first one at its time; one that was missed when the system is back; never twice for one time."""
    note, due = shop
    assert [due(count) for count in (0, 2.9, 3.1, 26, 50)] == [False, False, True, True, True]
    note(3.1, True)
    assert [due(count) for count in (3.2, 26.9, 27.1, 80)] == [False, False, True, True]


def test_after_a_failure(shop):
    """Again after a quarter of an hour, until one is good; a clock that was set back keeps nobody waiting."""
    note, due = shop
    note(3.1, False)
    assert [due(count) for count in (3.2, 3.3, 3.4, 30)] == [False, False, True, True]
    assert due(3.05)
    note(3.4, True)
    assert not due(26)
    note(27.1, False)
    assert not due(27.2) and due(27.4)


def test_never(state):
    """Where nobody wants any, or where there is no database."""
    (state.etc / "confeitaria.conf").write_text("copias_hora = nunca\n", encoding="utf-8")
    state.mark.touch()
    assert not schedule.due(state, hours(24 * 365).timestamp())
    at = NOON.replace(hour=3, minute=5)
    assert schedule.slot(Settings({"copias_hora": "0:05"}), NOON.timestamp()) == at.timestamp()
