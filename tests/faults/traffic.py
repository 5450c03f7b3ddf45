"""Steady traffic of all kinds at a modest rate: every answer is timed and classed, every write looked up afterwards."""
import time
from dataclasses import dataclass

from customers import Clerk, Customer, Person, Pricer, Stockist
from journal import Journal
from storm import Storm

CATALOGUE, OTHER, ADMIN, CARTS, ORDERS = "catalogue", "other reads", "administrators", "carts", "orders"
KINDS = (CATALOGUE, OTHER, ADMIN, CARTS, ORDERS)
CLERKS = {"andamento": Clerk, "reposicao": Stockist, "precos": Pricer}
UNITS = 100_000  # enough that nobody goes without: a refusal is then the fault's


@dataclass(frozen=True)
class Answered:
    """One answer, as its client had it. Status 0: none came."""

    kind: str
    begin: float
    end: float
    status: int
    codigo: str

    @property
    def read(self):
        """Nothing was to be changed."""
        return self.kind in (CATALOGUE, OTHER)

    @property
    def failed(self):
        """Not the client's doing."""
        return self.status == 0 or self.status >= 500 or self.codigo == "undocumented"

    @property
    def how(self):
        """It failed."""
        return f"{self.status} {self.codigo}" if self.status else self.codigo

    @property
    def refused(self):
        """A write that was not done, and was told so: 503 and Retry-After, as Caller.judge() has seen."""
        return self.failed and not self.read and self.status == 503 and self.codigo != "resultado_desconhecido"

    @property
    def unknown(self):
        """A write that may have been done."""
        return self.failed and not self.read and not self.refused


def kind_of(asked):
    """What a request is about."""
    method, target = asked.split(" ", 1)
    catalogue = target.startswith(("/api/produtos", "/api/categorias"))
    if method == "GET":
        return CATALOGUE if catalogue else OTHER
    return ADMIN if catalogue else CARTS if target.startswith("/api/carrinho") else ORDERS


class TimedJournal(Journal):
    """A journal that also keeps when each answer came, however late."""

    def __init__(self, path):
        super().__init__(path)
        self.answers = []

    def write(self, who, what, **fields):
        """One line, and one answer."""
        super().write(who, what, **fields)
        if "status" in fields:
            now = time.monotonic()
            self.answers.append(
                Answered(kind_of(what), now - fields["segundos"], now, fields["status"], fields["codigo"])
            )

    def close(self):
        """No more is written."""
        self.file.close()


class Browser(Person):
    """Reads the catalogue in every way there is."""

    pause = (0.02, 0.08)

    def step(self):
        """One page."""
        produto, categoria = self.product(), self.storm.category
        self.caller.ask(
            "GET",
            self.random.choice(
                (
                    "/api/produtos",
                    "/api/produtos?limite=20&ordem=-preco",
                    "/api/produtos?busca=bolo",
                    f"/api/produtos?ids={produto}",
                    f"/api/produtos?categoria_id={categoria}&em_estoque=true",
                    f"/api/produtos/{produto}",
                    f"/api/produtos/{produto}/estoque?quantidade=2",
                    f"/api/produtos/categoria/{categoria}",
                    "/api/categorias",
                    f"/api/categorias/{categoria}",
                )
            ),
        )


class Keeper(Person):
    """Keeps a cart of one product, sets its quantity again and again: what he reads is what he was told."""

    pause = (0.05, 0.25)

    def __init__(self, storm, name, token=None):
        super().__init__(storm, name, token)
        self.session, self.produto, self.quantidade = None, 0, 0

    def step(self):
        """Sets it, then reads it. After a lost answer it may be either for a while: then another cart."""
        if self.session is None and not self.open():
            return
        quantidade = self.random.randint(1, 99)
        reply = self.caller.ask(
            "PUT", f"/api/carrinho/{self.session}/atualizar/{self.produto}", {"quantidade": quantidade}
        )
        if reply.unknown:
            self.session = None
            return
        if reply.ok:
            self.quantidade = quantidade
        reply = self.caller.ask("GET", f"/api/carrinho/{self.session}")
        if reply.ok:
            read = [line["quantidade"] for line in reply.data["itens"]]
            if read != [self.quantidade]:
                self.journal.violation(f"{self.name} was told {self.quantidade} and reads {read}", self.session)

    def open(self):
        """A new cart with one unit of something; whether there is one."""
        reply = self.caller.ask("POST", "/api/carrinho/sessao")
        if not reply.ok:
            return False
        session, self.produto, self.quantidade = reply.data["session_id"], self.product(), 1
        if self.caller.ask("POST", f"/api/carrinho/{session}/adicionar", {"produto_id": self.produto}).ok:
            self.session = session
        return self.session is not None


class Traffic(Storm):
    """A storm's people, few of them and in no hurry, before shelves that are full."""

    stock = (UNITS, UNITS)
    make_journal = TimedJournal

    def populate(self, tokens):
        """Browsers, customers, keepers of carts, administrators."""
        people = [Browser(self, f"vitrine-{number}") for number in range(3)]
        people += [Customer(self, number) for number in range(4)]
        people += [Keeper(self, f"carrinho-{number}") for number in range(2)]
        people += [kind(self, name, tokens[name]) for name, kind in CLERKS.items()]
        for person in people:
            if not isinstance(person, (Browser, Keeper)):
                person.pause = (0.1, 0.4)
        return people

    def start(self):
        """Begins."""
        for thread in (*self.people, self.watcher):
            thread.start()

    def stop(self):
        """Lets everybody end what he has begun."""
        self.over.set()
        self.join()

    @property
    def answers(self):
        """Every answer so far."""
        return list(self.journal.answers)


def make_tokens(shop):
    """A token an administrator: name -> token."""
    return {name: shop.script("token", "create", name).stdout.strip() for name in CLERKS}
