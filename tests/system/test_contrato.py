"""Everything that openapi.yaml says of an answer really comes."""
import pytest

from shop import Shop
from tour import ONE_A_SECOND, Tour

pytestmark = pytest.mark.slow


@pytest.fixture(name="tour", scope="module")
def fixture_tour(shop):
    """One that has been made."""
    return Tour(shop, shop.client)


def test_each_call_succeeds_and_is_repeated(tour):
    """With the same key it gets the same answer, which says so."""
    tour.successes()


def test_each_call_is_refused(tour):
    """In each way that the document names."""
    tour.refusals()


def test_each_call_meets_an_outage(tour):
    """Of all workers, and of the catalogue's primary."""
    tour.outages()


def test_each_call_can_be_too_much(tour):
    """From one address."""
    with Shop(**ONE_A_SECOND) as limited:
        tour.excess(limited.public)


def test_the_document_names_nothing_else(tour):
    """The tests above have met it all."""
    assert tour.missed() == []
