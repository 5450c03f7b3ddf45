"""A program dies between any two effects of an order: the client asks again or gives up, and the books are right."""
import uuid

import pytest

from crash_points import CrashPoints, written_effects
from shop import CONCILIADORES, Shop, eventually

pytestmark = pytest.mark.slow

UNPUBLISHED = "SELECT count(*) FROM eventos WHERE publicado_em IS NULL"
RESERVED = "SELECT count(*) FROM reservas WHERE estado = 'reservada'"
PERSONAL = "SELECT count(*) FROM pedidos WHERE status = 'desfeito' AND anonimizado_em IS NULL"
OPEN_ORDERS = "SELECT count(*) FROM pedidos WHERE status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL"


@pytest.fixture(name="points", scope="module")
def fixture_points():
    """The one file of this run."""
    points = CrashPoints()
    yield points
    points.close()


@pytest.fixture(name="shop", scope="module")
def fixture_shop(points):
    """A system whose programs know the points."""
    shop = Shop(workers=("catalogo=4", "catalogo-replica=1", "carrinho=4", "pedidos=4"))
    with shop:
        shop.start_again_at_once(**points.environment())
        shop.watch, shop.points = Watch(shop), points
        make_patient(shop)
        yield shop


def make_patient(shop):
    """The conciliadores look ten times a second, and leave alone what is younger than an hour: see grown_old()."""
    shop.own_lines("pools.d/conciliador.conf", "paciencia_ms = 3600000\nintervalo_ms = 100\n")
    shop.script("reload", "conciliador")
    shop.supervisor("stop", *CONCILIADORES)
    shop.supervisor("start", *CONCILIADORES)


def grown_old(shop):
    """Whether the conciliadores, who may now take all that is unfinished for left behind, have left nothing to do."""
    shop.sql(
        """UPDATE pedidos SET atualizado_em = atualizado_em - interval '2 hours'
                WHERE (status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL)
                  AND atualizado_em > now() - interval '1 hour'""",
        "pedidos",
    )
    return shop.watch.settled()


class Watch:
    """Looks into the stores over kept connections, as the superuser."""

    def __init__(self, shop):
        self.pedidos, self.catalogo = shop.login("postgres", "pedidos"), shop.login("postgres")

    def orders(self, session):
        """The states of a session's orders that came to be."""
        with self.pedidos.cursor() as cursor:
            cursor.execute(
                "SELECT status FROM pedidos WHERE session_id = %s AND status > 'desfeito' ORDER BY numero", (session,)
            )
            return [status for status, in cursor.fetchall()]

    @staticmethod
    def count(connection, text):
        """The one number of a query."""
        with connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchone()[0]

    def settled(self):
        """Whether nothing is left to do in any store."""
        return (
            self.count(self.pedidos, OPEN_ORDERS) == 0
            and self.count(self.pedidos, UNPUBLISHED) == 0
            and self.count(self.catalogo, RESERVED) == 0
        )


def until_definite(call):
    """Asks again while the answer is that nobody knows."""
    answers = []

    def ask():
        answers.append(call())
        return answers[-1].status < 500

    assert eventually(ask, every=0.1), answers[-1]
    return answers[-1]


class Checkout:
    """A customer orders two cakes and a pie; asked again with the same key, or by the same click."""

    keyed = True

    def __init__(self, shop, stock=10):
        self.shop = shop
        lot = shop.category()
        self.cake = shop.product(estoque=stock, categoria_id=lot)["id"]
        self.pie = shop.product(estoque=10, categoria_id=lot)["id"]
        self.session = shop.cart({self.cake: 2, self.pie: 1})
        self.headers = {"Idempotency-Key": str(uuid.uuid4())} if self.keyed else {}
        self.prepare()

    def prepare(self):
        """What comes before the call in question."""

    def post(self, headers=None):
        """POST /api/pedidos, on a connection of its own."""
        headers = self.headers if headers is None else headers
        return self.shop.client(checked=False).post("/api/pedidos", self.shop.checkout(self.session), headers=headers)

    def call(self):
        """What a program dies in."""
        return self.post()

    def acknowledged(self, answer):
        """What the client then knows to be true."""
        order = answer.ok(201)
        assert self.shop.public.get(f"/api/pedidos/{order['id']}").data["itens"] == order["itens"]
        assert self.orders() == ["confirmado"]

    def orders(self):
        """The states of the session's orders that came to be."""
        return self.shop.watch.orders(self.session)

    def taken(self):
        """How many cakes and pies are off the shelf."""
        return 10 - self.shop.stock(self.cake), 10 - self.shop.stock(self.pie)

    def in_cart(self):
        """What the cart still holds."""
        return {
            line["produto_id"]: line["quantidade"]
            for line in self.shop.public.get(f"/api/carrinho/{self.session}").data["itens"]
        }

    def consistent(self):
        """Whether orders, shelf and cart tell the same story, whatever it is."""
        alive = [status for status in self.orders() if status != "cancelado"]
        assert len(alive) <= 1, self.orders()
        assert self.taken() == ((2, 1) if alive else (0, 0))
        if self.orders():
            assert self.in_cart() == {}
        else:
            assert self.in_cart() == {self.cake: 2, self.pie: 1}


class BareCheckout(Checkout):
    """The same without a key."""

    keyed = False


class Adopted(Checkout):
    """Ordered without a key, then again with one."""

    def prepare(self):
        self.post({}).ok(201)


class Refused(Checkout):
    """Somebody else bought the last cakes meanwhile: refused, and nothing is left of the order."""

    def prepare(self):
        self.shop.admin.put(f"/api/produtos/{self.cake}/estoque", {"quantidade": 1, "operacao": "definir"}).ok()

    def acknowledged(self, answer):
        answer.problem("estoque_insuficiente")
        assert self.orders() == []

    def taken(self):
        cakes, pies = super().taken()
        return cakes - 9, pies


class Cancelled(Checkout):
    """The customer changes his mind."""

    def prepare(self):
        self.order = self.post().ok(201)["id"]

    def call(self):
        return self.shop.client(checked=False).post(f"/api/pedidos/{self.order}/cancelar")

    def acknowledged(self, answer):
        assert answer.ok()["status"] == "cancelado"
        assert self.orders() == ["cancelado"]


def hinder(shop, order):
    """The catalogue refuses to give an order's goods back, the first time."""
    name = f"impedido_{order.replace('-', '')}"
    shop.sql(
        f"""
        CREATE SEQUENCE {name}; GRANT USAGE ON {name} TO catalogo_dono;
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('{name}') = 1 THEN RAISE 'not this time'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name} BEFORE UPDATE ON reservas FOR EACH ROW
            WHEN (NEW.pedido_id = '{order}' AND NEW.estado = 'liberada') EXECUTE FUNCTION {name}()"""
    )


class Hindered(Cancelled):
    """The same, and the catalogue refuses to give the goods back, the first time."""

    def prepare(self):
        super().prepare()
        hinder(self.shop, self.order)


class Prepared(Checkout):
    """The shopkeeper moves the order on."""

    def prepare(self):
        self.order = self.post().ok(201)["id"]

    def call(self):
        client = self.shop.client(self.shop.admin.token, checked=False)
        return client.put(f"/api/pedidos/{self.order}/status", {"status": "em_preparo"})

    def acknowledged(self, answer):
        assert answer.ok()["status"] == "em_preparo"
        assert self.orders() == ["em_preparo"]


class AfterACrash(Checkout):
    """The first click died with its order written or its goods reserved; the customer takes a cake out and orders."""

    dies_at = "pedidos/sql/pedido_abrir/depois"

    def prepare(self):
        self.shop.points.say(self.dies_at)
        assert self.post({}).status >= 500 and self.shop.points.hit()
        body = {"quantidade": 1}
        self.shop.public.put(f"/api/carrinho/{self.session}/atualizar/{self.cake}", body).ok()

    def consistent(self):
        alive = self.orders()
        assert len(alive) <= 1, alive
        assert self.taken() == ((1, 1) if alive else (0, 0))
        assert self.in_cart() == ({} if alive else {self.cake: 1, self.pie: 1})


class AfterACrashInReserve(AfterACrash):
    """The same with the stock already taken."""

    dies_at = "catalogo/sql/reserva_fazer/depois"


class AfterACrashBeforeTheCart(AfterACrash):
    """The first click was confirmed and never answered; what it bought must not be bought again."""

    dies_at = "pedidos/sql/pedido_confirmar/depois"

    def acknowledged(self, answer):
        problem = answer.problem("carrinho_vazio")
        assert self.shop.public.get(f"/api/pedidos/{problem['pedido_id']}").data["itens"][0]["quantidade"] == 2

    def consistent(self):
        assert self.orders() == ["confirmado"] and self.taken() == (2, 1) and self.in_cart() == {}


class Orphan(Checkout):
    """A reservation is left open whose order never was: the conciliador finds it by its time limit."""

    def prepare(self):
        self.post().ok(201)

    def call(self):
        self.leave(str(uuid.uuid4()))

    def leave(self, order):
        """Opens a reservation for it."""
        self.shop.sql(f"INSERT INTO reservas (pedido_id, estado, expira_em) VALUES ('{order}', 'reservada', now())")


class Unreleased(Orphan):
    """The same, and the catalogue refuses to release it, the first time."""

    def call(self):
        order = str(uuid.uuid4())
        hinder(self.shop, order)
        self.leave(order)


class Forgotten(Checkout):
    """A sale that the catalogue forgot, as its disk may after a power cut: the order stands, so it is sold again."""

    def prepare(self):
        self.order = self.post().ok(201)["id"]

    def call(self):
        self.shop.sql(
            f"""
            BEGIN;
            DELETE FROM movimentos WHERE pedido_id = '{self.order}' AND tipo = 'venda';
            UPDATE reservas SET estado = 'reservada', expira_em = now() WHERE pedido_id = '{self.order}';
            COMMIT"""
        )


# fmt: off
# Who asks again, and who is left to the conciliador.
ASK_AGAIN = (Checkout, BareCheckout, Adopted, Refused, Cancelled, Hindered, Prepared, AfterACrash, AfterACrashInReserve,
             AfterACrashBeforeTheCart)
# fmt: on
GIVE_UP = (Checkout, Refused, Cancelled, Hindered, Orphan, Unreleased, Forgotten)
SCENARIOS = [*((scenario, False) for scenario in ASK_AGAIN), *((scenario, True) for scenario in GIVE_UP)]


def healthy_books(shop):
    """All is settled in time, and the audit agrees."""
    assert eventually(lambda: grown_old(shop))
    shop.script("audit", "--settled")


def signed(shop):
    """The conciliador has logged all points that it passed: it signs what it did, and now and then that it looked."""

    def signs():
        return shop.logs()["conciliador.log"].count("conciliador/sql/conciliacao_somar/depois")

    before = signs()
    assert eventually(lambda: signs() > before)


def traced(shop, points, scenario, gives_up):
    """The points that a run of the scenario passes, the conciliador's included."""
    run = begun(shop, scenario)
    points.trace(shop)
    signed(shop)  # what the preparations led to
    points.trace(shop)
    if gives_up:
        run.call()
    else:
        run.acknowledged(until_definite(run.call))
    assert eventually(lambda: grown_old(shop))
    # The conciliador takes personal data out of what never was only now and then.
    assert eventually(lambda: shop.watch.count(shop.watch.pedidos, PERSONAL) == 0)
    signed(shop)
    found = points.passed(shop)
    points.forget()
    # The customer's next call takes care of an earlier crash, and what was refused is left alone until it has grown
    # old; other scenarios are for the conciliador's deaths.
    others = issubclass(scenario, (AfterACrash, Hindered))
    return [point for point in found if not (others and point.startswith("conciliador/"))]


def begun(shop, scenario):
    """A scenario, and nothing going on but what it left unfinished on purpose."""
    run = scenario(shop)
    if not issubclass(scenario, AfterACrash):
        assert eventually(lambda: grown_old(shop))
    return run


def crash(shop, points, scenario, point, gives_up):
    """One death, and what comes after."""
    run = begun(shop, scenario)
    points.say(point)
    answer = run.call()
    assert eventually(points.hit), f"{point} was not passed"
    if not gives_up:
        run.acknowledged(answer if answer.status < 500 else until_definite(run.call))
    healthy_books(shop)
    run.consistent()


@pytest.fixture(name="passed", scope="module")
def fixture_passed():
    """All points that were passed, by every scenario."""
    return set()


@pytest.mark.parametrize("scenario, gives_up", SCENARIOS)
def test_a_death_anywhere(shop, points, passed, scenario, gives_up):
    """At each point that the scenario passes, one after the other."""
    found = traced(shop, points, scenario, gives_up)
    assert found, "no points: were the programs built with --enable-crash-points?"
    for point in points.distinct(found):
        try:
            crash(shop, points, scenario, point, gives_up)
        except AssertionError as error:
            raise AssertionError(f"after a death at {point}: {error}") from error
    passed |= set(found)


def test_every_effect_was_a_point(passed, capsys):
    """No statement, script or call that changes something can be added without a death before and after it."""
    effects = {tuple(point.split("/")[1:3]) for point in passed if point.split("/")[1] in ("sql", "redis")}
    assert written_effects() <= effects, written_effects() - effects
    for point in passed:
        place, when = point.rsplit("/", 1)
        assert when == "depois" or point.split("/")[1] == "resposta" or f"{place}/depois" in passed, point
    with capsys.disabled():
        print(f"\nnote: {len(passed)} crash points, {len(SCENARIOS)} scenarios")
