"""What an audit makes of its looks: what stays wrong, the tables, the first row of each check."""
import pytest

from confeitaria import audit

TESTS = [["teste", "exato", "catalogo.estoque", "3", "words"], ["teste", "entre", "reserva.estado", "2", "more words"]]
EXACT = ["erro", "exato", "catalogo.estoque", "7", "product 7 is wrong"]
BETWEEN = ["erro", "entre", "reserva.estado", "a", "order 1 is wrong"]
OTHER = ["erro", "entre", "reserva.estado", "b", "order 2 is wrong"]


@pytest.fixture(name="looks")
def fixture_looks(monkeypatch):
    """What one look after the other finds."""
    looks = []
    monkeypatch.setattr(audit, "look", lambda *_: looks.pop(0))
    monkeypatch.setattr(audit.time, "sleep", lambda _: None)
    return looks


def test_what_is_wrong_in_every_look_is_wrong(looks):
    """Between stores; inside one the first look says it. The words are the last look's."""
    looks += [[*TESTS, EXACT, BETWEEN, OTHER], [*TESTS, [*BETWEEN[:4], "order 1 is still wrong"]], TESTS]
    rows, wrong = audit.compare(None, 30, False)
    assert rows == TESTS and wrong == [EXACT]


def test_one_look_when_there_is_no_patience(looks):
    """Everything that is wrong in it."""
    looks += [[*TESTS, OTHER]]
    assert audit.compare(None, 0, False)[1] == [OTHER]


def test_the_tables():
    """Each check with the number of rows that are wrong; the orders' totals."""
    status = [["status", "confirmado", "2", "1"], ["status", "entregue", "40", "0"]]
    lines = list(audit.report([["livro", "  total"], *TESTS, *status], [BETWEEN, OTHER]))
    assert lines[1] == "  total"
    assert "catalogo.estoque             3  ok        words" in lines
    assert "reserva.estado               2  2 wrong   more words" in lines
    assert lines[-1] == "all                         42  1"


def test_the_first_row_of_each_check():
    """In the order of the checks."""
    assert audit.first_of_each([EXACT, BETWEEN, OTHER]) == [
        "catalogo.estoque: product 7 is wrong",
        "reserva.estado: order 1 is wrong",
    ]
