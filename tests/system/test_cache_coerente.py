"""Many read while others change: no reader sees a value older than one that was acknowledged before he asked."""
import random
import threading
import time

from shop import CLIENTE, RETIRADA, eventually

SECONDS = 5
HITS, STEPS = 100, 5  # that it takes to have tried anything
READERS = 6
LEAVING = 2000


class Sequence:
    """A value that only goes one way, and how far it was acknowledged. One thread writes."""

    def __init__(self, name, acknowledged):
        self.name, self.acknowledged, self.steps = name, acknowledged, 0

    def reached(self, value):
        """The writer was answered."""
        self.acknowledged = value
        self.steps += 1


class Market:
    """A category with products whose prices, stocks, names and number change."""

    def __init__(self, shop):
        self.shop, self.over = shop, threading.Event()
        self.category = shop.category("Coerente 0")
        self.word = f"coerente{self.category}"
        make = {"categoria_id": self.category, "nome": f"Bolo {self.word}"}
        self.priced, self.stocked, self.ordered = (
            shop.product(**{**make, **more})["id"] for more in ({"preco": 1}, {"estoque": 1}, {"estoque": 100000})
        )
        self.price, self.stock = Sequence("price", 100), Sequence("stock", 1)
        self.sold, self.name, self.count = Sequence("sold", 0), Sequence("category", 0), Sequence("products", 3)
        self.gone, self.leaving = Sequence("gone", 0), self.many(shop, shop.category())
        self.sequences = (self.price, self.stock, self.sold, self.name, self.count, self.gone)
        self.violations, self.failures, self.hits, self.reads = [], [], 0, 0
        self.lock = threading.Lock()

    @staticmethod
    def many(shop, category):
        """Products on sale, for one after the other to go."""
        rows = shop.sql(
            f"""INSERT INTO produtos (nome, preco, categoria_id)
                            SELECT 'Sai ' || n, 1, {category} FROM generate_series(1, {LEAVING}) n RETURNING id"""
        )
        return category, [int(row[0]) for row in rows]

    # Writers, one a sequence

    def writes_price(self, client, step):
        """A centavo more."""
        client.patch(f"/api/produtos/{self.priced}", {"preco": (100 + step) / 100}).ok()
        self.price.reached(100 + step)

    def writes_stock(self, client, step):
        """One more on the shelf."""
        body = {"quantidade": 1, "operacao": "adicionar"}
        client.put(f"/api/produtos/{self.stocked}/estoque", body).ok()
        self.stock.reached(1 + step)

    def writes_order(self, client, step):
        """A customer takes one."""
        session = client.post("/api/carrinho/sessao").ok(201)["session_id"]
        client.post(f"/api/carrinho/{session}/adicionar", {"produto_id": self.ordered}).ok()
        client.post("/api/pedidos", {"session_id": session, "cliente": CLIENTE, "entrega": RETIRADA}).ok(201)
        self.sold.reached(step)

    def writes_name(self, client, step):
        """Another name of the category."""
        client.put(f"/api/categorias/{self.category}", {"nome": f"Coerente {self.category}.{step}"}).ok()
        self.name.reached(step)

    def writes_product(self, client, step):
        """One product more."""
        body = {"nome": f"Torta {self.word}", "preco": 5, "categoria_id": self.category}
        client.post("/api/produtos", body).ok(201)
        self.count.reached(3 + step)

    def writes_absence(self, client, step):
        """A product goes off sale."""
        if step <= LEAVING:
            client.delete(f"/api/produtos/{self.leaving[1][step - 1]}").ok()
            self.gone.reached(step)

    # What is in an answer

    def in_product(self, data):
        """Values of one product."""
        name = data["categoria_nome"].rpartition(".")[2]
        yield self.name, int(name) if name.isdigit() else 0
        if data["id"] == self.priced:
            yield self.price, int(data["preco"] * 100)
        if data["id"] == self.stocked:
            yield self.stock, data["estoque"]
        if data["id"] == self.ordered:
            yield self.sold, 100000 - data["estoque"]

    def in_list(self, whole, products):
        """Values of a list and of what is in it."""
        yield self.count, whole["total"]
        for product in products:
            yield from self.in_product(product)

    def questions(self):
        """Paths, and what their answers tell."""

        def listed(answer):
            return self.in_list(answer.json, answer.data)

        def one(answer):
            return self.in_product(answer.data)

        def category(answer):
            name = answer.data["nome"].rpartition(".")[2]
            return [(self.name, int(name) if name.isdigit() else 0)]

        of_category = f"categoria_id={self.category}&limite=3"
        paths = {f"/api/produtos/{product}": one for product in (self.priced, self.stocked, self.ordered)}
        paths |= {f"/api/produtos?{of_category}": listed, f"/api/produtos?busca={self.word}&limite=3": listed}
        paths[f"/api/produtos?{of_category}&ordem=recentes"] = listed
        paths[f"/api/produtos/categoria/{self.category}?limite=3"] = lambda answer: self.in_list(
            answer.data, answer.data["produtos"]
        )
        paths[f"/api/produtos?categoria_id={self.leaving[0]}&limite=1&ordem=nome"] = lambda answer: [
            (self.gone, LEAVING - answer.json["total"])
        ]
        paths[f"/api/categorias/{self.category}"] = category
        return list(paths.items())

    # Threads

    def read(self, number):
        """Asks at random until it is over; what was acknowledged is noted before each question."""
        rng, client, questions = random.Random(number), self.shop.client(checked=False), self.questions()
        while not self.over.is_set():
            path, values = rng.choice(questions)
            known = {s: s.acknowledged for s in self.sequences}
            answer = client.get(path)
            seen = list(values(answer))
            with self.lock:
                self.reads += 1
                self.hits += answer.headers["X-Cache"] == "HIT"
                self.violations += [
                    f"{path}: {s.name} {value} after {known[s]} ({answer.headers['X-Cache']})"
                    for s, value in seen
                    if value < known[s]
                ]
        client.close()

    def write(self, step, token):
        """One change after the other, never more of them than kept answers were read: on a slow machine too an answer
        is kept long enough to be read again."""
        client = self.shop.client(token, checked=False)
        for number in range(1, 1000000):
            while not self.over.wait(0.01) and self.hits < number:
                pass
            if self.over.is_set():
                break
            step(client, number)
        client.close()

    def guarded(self, function, *arguments):
        """A thread whose failure is the test's."""

        def run():
            try:
                function(*arguments)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(repr(error))
                self.over.set()

        return threading.Thread(target=run)

    def tried(self):
        """Whether kept answers were read, and every value changed, often enough to say something."""
        return self.hits > HITS and min(sequence.steps for sequence in self.sequences) >= STEPS

    def open(self, seconds):
        """Everybody at once, for so long, and longer where a slow machine has not tried enough by then."""
        threads = [self.guarded(self.read, number) for number in range(READERS)]
        threads += [
            self.guarded(self.write, step, self.shop.admin.token)
            for step in (
                self.writes_price,
                self.writes_stock,
                self.writes_name,
                self.writes_product,
                self.writes_absence,
            )
        ]
        threads.append(self.guarded(self.write, self.writes_order, None))
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        eventually(lambda: self.over.is_set() or self.tried())
        self.over.set()
        for thread in threads:
            thread.join()


def test_no_reader_sees_less_than_was_acknowledged(shop, capsys):
    """Prices, stock, stock taken by orders, names, new products; in details, lists, filters and search."""
    market = Market(shop)
    began = time.monotonic()
    market.open(SECONDS)
    assert not market.failures, market.failures
    assert not market.violations, market.violations[:10]
    steps = {sequence.name: sequence.steps for sequence in market.sequences}
    assert market.tried(), f"{market.hits} of {market.reads} were kept answers beside {steps}: nothing was tried"
    with capsys.disabled():
        print(
            f"\nnote: {market.reads} reads, {market.hits} of them kept answers, "
            f"in {time.monotonic() - began:.0f} s beside {steps}"
        )
