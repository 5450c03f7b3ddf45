"""A worker dies after its commit, before it has made a new version: the vigia makes one, and no kept answer is used."""
import uuid

import pytest

from crash_points import CrashPoints
from shop import CONCILIADORES, Shop, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(name="points", scope="module")
def fixture_points():
    """The one file of this run."""
    points = CrashPoints()
    yield points
    points.close()


@pytest.fixture(name="shop", scope="module")
def fixture_shop(points):
    """A system whose programs know the points."""
    shop = Shop()
    with shop:
        shop.start_again_at_once(**points.environment())
        yield shop


def is_kept(shop, path):
    """Whether nginx has the answer."""
    return shop.public.get(path).headers["X-Cache"] == "HIT"


def test_a_price_whose_writer_died(shop, points):
    """The administrator was told nothing; the price is there, and is seen."""
    product = shop.product(preco=10)
    path = f"/api/produtos/{product['id']}"
    for preco in (11, 12, 13):
        assert eventually(lambda: is_kept(shop, path), every=0)
        before = shop.version()
        points.say("catalogo/sql/produto_alterar/depois")
        assert shop.client(shop.admin.token, checked=False).patch(path, {"preco": preco}).status == 502
        assert points.hit()
        assert eventually(lambda: shop.version() != before)
        assert shop.fresh(path)["preco"] == preco


def test_stock_whose_taker_died(shop, points):
    """An order dies between its reservation and the version after it; nobody undoes it meanwhile."""
    product = shop.product(estoque=10)
    path = f"/api/produtos/{product['id']}"
    session = shop.cart({product["id"]: 3})
    assert eventually(lambda: is_kept(shop, path), every=0)
    with shop.stopped(*CONCILIADORES):
        before = shop.version()
        points.say("catalogo/sql/reserva_fazer/depois")
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        shop.client(checked=False).post("/api/pedidos", shop.checkout(session), headers=headers)
        assert points.hit()
        assert shop.stock(product["id"]) == 7
        assert eventually(lambda: shop.version() != before)
        assert shop.fresh(path)["estoque"] == 7
