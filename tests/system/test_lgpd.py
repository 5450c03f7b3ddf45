"""Personal data: how long it is kept, and what an operator exports or takes out for one person (LGPD)."""
import json
import uuid

import pytest

from shop import ENTREGA, Shop, eventually

NOTHING = {"nome": None, "email": None, "telefone": None}


@pytest.fixture(name="private", scope="module")
def fixture_private():
    """A shop that forgets who ordered after thirty days."""
    with Shop(anonimizar_dias=30) as running:
        yield running
        running.script("audit", "--settled")


class Person:
    """A customer whom nothing else in the shop is like."""

    def __init__(self, shop):
        self.shop, self.word = shop, "Q" + uuid.uuid4().hex[:12]
        digits = str(uuid.uuid4().int)[:8]
        self.telefone, self.digits = f"(21) 9{digits[:4]}-{digits[4:]}", f"219{digits}"
        self.email = f"{self.word}@Exemplo.com.br"
        self.cliente = {"nome": f"Ana {self.word}", "email": self.email, "telefone": self.telefone}

    def body(self, session):
        """An order with personal data wherever it may be."""
        entrega = {**ENTREGA, "endereco": f"Rua {self.word}, 12"}
        return self.shop.checkout(session, cliente=self.cliente, entrega=entrega, observacoes=f"Para {self.word}")

    def order(self, *steps, key=None):
        """An order that has gone these steps."""
        body = self.body(self.shop.cart({self.shop.product()["id"]: 2}))
        made = self.shop.public.post("/api/pedidos", body, headers={"Idempotency-Key": key or self.word}).ok(201)
        for step in steps:
            self.shop.admin.put(f"/api/pedidos/{made['id']}/status", {"status": step}).ok()
        return made, body

    def delivered(self):
        """One that has come to its end."""
        return self.order("em_preparo", "pronto", "em_rota", "entregue")[0]

    def kept(self):
        """The tables of the orders' database in which something of the person is."""
        tables = self.shop.sql(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace", "pedidos"
        )
        union = " UNION ALL ".join(
            f"SELECT '{name}' FROM {name} AS t WHERE t::text ILIKE '%{self.word}%' OR t::text LIKE '%{self.digits}%'"
            for (name,) in tables
        )
        return {name for (name,) in self.shop.sql(union, "pedidos")}

    def command(self, what, who, *options):
        """scripts/customer."""
        return self.shop.script("customer", what, who, *options, check=False)


def aged(shop, order, days):
    """It reached its state so many days ago."""
    shop.sql(f"UPDATE pedidos SET atualizado_em = now() - interval '{days} days' WHERE id = '{order['id']}'", "pedidos")


def forgotten(shop, order):
    """Whether the order has no person any more."""
    return shop.public.get(f"/api/pedidos/{order['id']}").data["cliente"] == NOTHING


def test_an_order_that_never_was_keeps_nothing(shop):
    """Refused in the catalogue: there is no reason to know who wanted it."""
    person = Person(shop)
    product = shop.product(estoque=1)["id"]
    body = person.body(shop.cart({product: 1}))
    shop.admin.put(f"/api/produtos/{product}/estoque", {"quantidade": 0, "operacao": "definir"}).ok()
    shop.public.post("/api/pedidos", body).problem("estoque_insuficiente")
    assert eventually(lambda: person.kept() == set())
    row = shop.sql(
        f"""SELECT status, anonimizado_em IS NOT NULL, corpo_sha256 IS NULL FROM pedidos
            WHERE session_id = '{body["session_id"]}'""",
        "pedidos",
    )
    assert row == [["desfeito", "t", "t"]]


def test_finished_orders_are_kept_for_ever_unless_a_setting_says_so(shop):
    """Without the setting the conciliador takes orders that never were, and no other."""
    person, other = Person(shop), Person(shop)
    order = person.delivered()
    aged(shop, order, 9999)
    test_an_order_that_never_was_keeps_nothing(shop)
    assert not forgotten(shop, order) and other.kept() == set()
    assert person.kept() == {"pedidos", "pedido_clientes"}


def test_finished_orders_after_so_many_days(private):
    """Those that were delivered or cancelled; what was sold stays; the customer's page opens, without the person."""
    person = Person(private)
    old, young, open_one = person.delivered(), person.delivered(), person.order()[0]
    cancelled = person.order("cancelado")[0]
    before = private.admin.get(f"/api/pedidos/{old['id']}")
    cursor = private.admin.get(f"/api/pedidos?ordem=atualizado&cliente={person.word}").json["retomar"]
    for order, days in ((old, 31), (cancelled, 31), (young, 29), (open_one, 31)):
        aged(private, order, days)
    assert eventually(lambda: forgotten(private, old) and forgotten(private, cancelled))
    assert not forgotten(private, young) and not forgotten(private, open_one)
    after = private.public.get(f"/api/pedidos/{old['id']}")
    assert after.etag != before.etag
    assert after.data["entrega"] == {**old["entrega"], "endereco": None} and after.data["observacoes"] is None
    for same in ("id", "numero", "itens", "valor_total", "criado_em"):
        assert after.data[same] == old[same]
    assert [step["status"] for step in after.data["historico"]][-1] == "entregue"
    found = private.admin.get(f"/api/pedidos?cliente={person.word}")
    assert {order["id"] for order in found.data} == {young["id"], open_one["id"]} and found.json["total"] == 2
    private.admin.get(f"/api/pedidos?ordem=atualizado&cliente={person.word}&cursor={cursor}").ok()
    assert private.admin.get(f"/api/pedidos?numero={old['numero']}").data[0]["cliente"] == NOTHING
    assert private.public.post(f"/api/pedidos/{cancelled['id']}/cancelar").data["cliente"] == NOTHING


def test_pollers_hear_of_it(private):
    """Who keeps a copy of the orders learns that it must forget, too."""
    person = Person(private)
    order = person.delivered()
    retomar = eventually(
        lambda: (page := private.admin.get(f"/api/pedidos?ordem=atualizado&numero={order['numero']}")).data
        and page.json["retomar"]
    )
    aged(private, order, 31)
    assert eventually(lambda: forgotten(private, order))
    target = f"/api/pedidos?ordem=atualizado&numero={order['numero']}&cursor={retomar}"
    seen = eventually(lambda: private.admin.get(target).data)
    assert [one["cliente"] for one in seen] == [NOTHING]


def test_export(private):
    """All orders of the person, by e-mail without case or by the telephone's digits, and no other person's."""
    person, other = Person(private), Person(private)
    first, second = person.delivered(), person.order(key="outra-chave")[0]
    other.order()
    for who in (
        person.email,
        person.email.upper(),
        person.telefone,
        person.digits,
        f"+{person.digits[:4]} {person.digits[4:]}",
    ):
        done = person.command("export", who)
        assert done.returncode == 0 and done.stderr == ""
        whole = json.loads(done.stdout)
        assert whole["cliente"] == who
        assert [order["id"] for order in whole["pedidos"]] == [first["id"], second["id"]]
        assert whole["pedidos"][1]["cliente"] == person.cliente
        assert whole["pedidos"][1]["idempotency_key"] == "outra-chave"
        for name in ("itens", "entrega", "observacoes", "numero", "criado_em"):
            assert json.dumps(whole["pedidos"][1][name]) == json.dumps(
                json.loads(json.dumps(second[name], default=float))
            )
        assert [step["status"] for step in whole["pedidos"][0]["historico"]][-1] == "entregue"
    for who in (person.email[1:], person.digits[:-1], f"%{person.word}%@%", "x' OR true --@y", "$$;@\\"):
        assert json.loads(person.command("export", who).stdout)["pedidos"] == []


def test_anonymise(private):
    """Only with --yes; finished orders at once, open ones are named and left; the same call again ends it."""
    person, other = Person(private), Person(private)
    old, open_one, others = person.delivered(), person.order(key="mais-uma")[0], other.delivered()
    done = person.command("anonymise", person.email)
    assert done.returncode == 1 and f"would be anonymised: {old['numero']}\n" in done.stdout
    assert f"still open, and left as they are: {open_one['numero']}\n" in done.stderr
    assert not forgotten(private, old)
    done = person.command("anonymise", person.digits, "--yes")
    assert done.returncode == 1 and f"] anonymised: {old['numero']}\n" in done.stdout
    assert f": {open_one['numero']}\n" in done.stderr
    assert forgotten(private, old) and not forgotten(private, open_one) and not forgotten(private, others)
    private.admin.put(f"/api/pedidos/{open_one['id']}/status", {"status": "cancelado"}).ok()
    done = person.command("anonymise", person.email.lower(), "--yes")
    assert done.returncode == 0 and done.stderr == "" and f"] anonymised: {open_one['numero']}\n" in done.stdout
    assert person.kept() == set()
    done = person.command("anonymise", person.email, "--yes")
    assert done.returncode == 1 and "no order has this e-mail or telephone" in done.stderr
    assert json.loads(person.command("export", person.email).stdout)["pedidos"] == []


def test_a_repeated_call_after_that(private):
    """The customer's lost answer is still to be had; nothing is taken twice, nothing of the person comes back."""
    person = Person(private)
    made, body = person.order("em_preparo", "pronto", "em_rota", "entregue")
    assert person.command("anonymise", person.email, "--yes").returncode == 0
    key = {"Idempotency-Key": person.word}
    again = private.public.post("/api/pedidos", body, headers=key)
    assert again.ok(201)["id"] == made["id"] and again.headers["Idempotency-Replayed"] == "true"
    assert again.json["data"]["cliente"] == NOTHING
    assert person.kept() == set()


@pytest.mark.parametrize(
    "words", [[], ["export"], ["export", "x"], ["export", "12-34"], ["forget", "a@b.c"], ["export", "a@b", "c"]]
)
def test_what_is_no_command(private, words):
    """Says so and does nothing."""
    assert private.script("customer", *words, check=False).returncode == 64


@pytest.mark.parametrize("value", ["-1", "", "36501", "1.5", "trinta"])
def test_what_is_no_number_of_days(private, value):
    """Refused before anything is changed."""
    done = private.script("up", "--set", f"anonimizar_dias={value}", check=False)
    assert done.returncode == 64 and "0: never" in done.stderr
