"""People and their rights: what each token may ask, until when, and who has asked."""
import re
import uuid

import pytest

from calls import GOOD
from client import TOP
from contract import METHODS, Contract
from generated import routes
from shop import eventually

CONTRACT = Contract(TOP / "nginx/html/api/openapi.yaml")
OPERATIONS = {
    item[method]["operationId"]: item[method]
    for item in CONTRACT.document["paths"].values()
    for method in METHODS
    if method in item
}
# Open to all, but what it shows with this parameter only the staff sees.
STAFF_ONLY = "ativo=todos"
OPEN_TO_MORE = [name for name, one in OPERATIONS.items() if {} in one["security"] and "401" in one["responses"]]
REFUSALS = {"nao_autenticado": 401, "nao_autorizado": 403}
PAST = "2020-01-31"


class People:
    """A token of each kind: `tokens` by the name of the kind; `rights` that it has, None for one that is not valid."""

    rights = {
        "none": None,
        "unknown": None,
        "expired": None,
        "atendente": {"atendente"},
        "admin": {"admin"},
        "service": {"reservas", "retirar"},
    }

    def __init__(self, shop):
        self.shop = shop
        self.tokens = {
            "none": None,
            "unknown": "cft_" + "A" * 43,
            "expired": self.create("vencido", "--days", "1"),
            "atendente": self.create("balcao", "--right", "atendente"),
            "admin": shop.admin.token,
            "service": shop.secret("pedidos.token"),
        }
        self.expire("vencido")

    def create(self, *arguments):
        """A new token."""
        return self.shop.script("token", "create", *arguments).stdout.strip()

    def expire(self, name):
        """The token was made for a time that is past now: nothing is restarted."""
        path = self.shop.state / "etc/tokens"
        text, count = re.subn(rf"^(\w+ {name} \S+ \S+) \S+$", rf"\1 {PAST}", path.read_text(), flags=re.M)
        assert count == 1
        path.write_text(text)

    def refusal(self, kind, wanted):
        """The codigo with which a route that asks for one of these rights refuses; None when it does not."""
        if not wanted:
            return None
        if self.rights[kind] is None:
            return "nao_autenticado"
        return None if self.rights[kind] & set(wanted.split(",")) else "nao_autorizado"

    def client(self, kind):
        """Asks as they would."""
        return self.shop.client(self.tokens[kind])


@pytest.fixture(name="people", scope="module")
def fixture_people(shop):
    """Those of this module."""
    return People(shop)


@pytest.fixture(name="atendente", scope="module")
def fixture_atendente(people):
    """The person at the counter."""
    return people.client("atendente")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", People.rights)
def test_each_operation_lets_in_whom_the_document_says(shop, people, operation, kind):
    """And no other: 401 without a valid token, 403 without the right."""
    call = GOOD[operation](shop)
    answer = people.client(kind).request(call.method, call.target, call.body, headers=call.headers)
    refusal = people.refusal(kind, CONTRACT.rights(OPERATIONS[operation]))
    if refusal:
        answer.problem(refusal)
    else:
        assert answer.status < 300, answer


@pytest.mark.parametrize("operation", OPEN_TO_MORE)
@pytest.mark.parametrize("kind", People.rights)
def test_what_an_open_operation_shows_only_the_staff(shop, people, operation, kind):
    """The products that are not on sale."""
    call = GOOD[operation](shop).but(STAFF_ONLY)
    answer = people.client(kind).request(call.method, call.target)
    refusal = people.refusal(kind, "admin,atendente")
    if refusal:
        answer.problem(refusal)
    else:
        assert answer.ok()


@pytest.mark.parametrize("route", [one for one in routes() if one[1].startswith("/interno/")], ids=" ".join)
@pytest.mark.parametrize("kind", People.rights)
def test_what_services_ask_each_other_people_may_not(shop, people, route, kind):
    """Not even an administrator."""
    method, pattern, rights = route
    target = pattern.replace("{uuid}", str(uuid.uuid4()))
    answer = shop.internal(people.tokens[kind]).request(method, target, {})
    refusal = people.refusal(kind, rights)
    if refusal:
        answer.problem(refusal)
    else:
        assert answer.status not in REFUSALS.values(), answer


def log_line(shop, answer):
    """What the worker wrote of a request."""

    def lines():
        return [
            line
            for text in shop.logs().values()
            for line in text.splitlines()
            if f"request_id={answer.headers['X-Request-Id']} " in line and "event=request" in line
        ]

    return eventually(lines)[0]


def test_the_log_names_who_asked(shop, people, atendente):
    """Each request to a route with a right, also a refused one; not a token, and no name for one that is not valid."""
    product = f"/api/produtos/{shop.product()['id']}"
    for answer, author in (
        (shop.admin.patch(product, {"preco": 2}), "testes"),
        (atendente.patch(product, {"preco": 3}), "balcao"),
        (atendente.get("/api/pedidos?limite=1"), "balcao"),
        (atendente.get("/api/pedidos?limite=x"), "balcao"),
        (atendente.get("/api/produtos?ativo=todos&limite=1"), "balcao"),
        (people.client("service").get("/api/pedidos"), "servico-pedidos"),
        (people.client("expired").get("/api/pedidos"), None),
        (people.client("unknown").get("/api/pedidos"), None),
        (shop.public.get("/api/produtos?ativo=todos"), None),
    ):
        line = log_line(shop, answer)
        assert re.findall(r" autor=(\S+)", line) == ([author] if author else []), line
        assert f"status={answer.status} " in line
        if author is None:
            assert "codigo=nao_autenticado" in line
    for name, text in shop.logs().items():
        assert not [token for token in people.tokens.values() if token and token in text], name


def test_a_failed_sign_in_can_be_traced_to_an_address(shop, people):
    """nginx's log has it, under the same id."""
    answer = people.client("unknown").get("/api/eu")

    def line():
        wanted = f" request_id={answer.headers['X-Request-Id']} "
        found = [one for one in shop.logs()["acesso.log"].splitlines() if wanted in one]
        return [one for one in found if one.startswith("127.0.0.1 ") and '"GET /api/eu HTTP/1.1" 401 ' in one]

    assert eventually(line)


def test_whose_token_it_is(shop, people):
    """GET /api/eu: name, rights, and until when."""
    assert shop.admin.get("/api/eu").data == {"nome": "testes", "direitos": ["admin"], "expira_em": None}
    assert people.client("atendente").get("/api/eu").data["direitos"] == ["atendente"]
    token = people.create("diarista", "--right", "atendente", "--expires", "2998-01-31T18:00:00-03:00")
    answer = shop.client(token).get("/api/eu")
    assert answer.data == {"nome": "diarista", "direitos": ["atendente"], "expira_em": "2998-01-31T21:00:00.000000Z"}
    assert answer.headers["Cache-Control"] == "no-store"
    people.expire("diarista")
    shop.client(token).get("/api/eu").problem("nao_autenticado")


def test_who_serves_moves_orders_along(shop, atendente):
    """Reads them, moves them, and is named in their history."""
    order = shop.order({shop.product()["id"]: 1})
    assert order["id"] in [one["id"] for one in atendente.get("/api/pedidos?limite=500").data]
    moved = atendente.put(f"/api/pedidos/{order['id']}/status", {"status": "em_preparo"}).data
    assert moved["status"] == "em_preparo"
    past = shop.sql(
        f"SELECT status, autor FROM pedido_historico WHERE pedido_id = '{order['id']}' ORDER BY id", "pedidos"
    )
    assert past == [["confirmado", "cliente"], ["em_preparo", "balcao"]]


def test_who_serves_sees_every_product_and_changes_none(shop, atendente):
    """Also those that are not on sale."""
    product = shop.product()
    address = f"/api/produtos/{product['id']}"
    atendente.patch(address, {"preco": 1}).problem("nao_autorizado")
    atendente.put(f"{address}/estoque", {"quantidade": 1, "operacao": "adicionar"}).problem("nao_autorizado")
    atendente.delete(address).problem("nao_autorizado")
    shop.admin.delete(address).ok()
    assert atendente.get(address).data["ativo"] is False
    found = atendente.get(f"/api/produtos?ativo=false&ids={product['id']}").data
    assert [one["id"] for one in found] == [product["id"]]
    shop.public.get(address).problem("produto_nao_encontrado")
