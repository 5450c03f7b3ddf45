"""Customers and an administrator who come again and again, while something is done to the system."""
import threading

from generated import problems
from shop import eventually

KINDS = ("reads", "orders", "writes")
PAUSE_SECONDS = 0.03  # between two requests of one: they leave the machine to what is done


def documented(answer):
    """Whether it is a problem that the API knows, with its own status: nobody is left in doubt."""
    try:
        return problems()[answer.json["codigo"]].status == answer.status
    except (KeyError, TypeError, ValueError):
        return False


class Traffic:
    """Each request on a connection of its own; what was not answered as it should be is kept, and fails the test at the
    end. Reads of the catalogue never fail. `refused`: what else is asked may be answered by a documented 5xx, until
    the end, when it is served again."""

    def __init__(self, shop, refused=False):
        self.shop, self.refused = shop, refused
        self.stop, self.failed, self.refusals = threading.Event(), [], 0
        self.product = shop.product(estoque=1000000)["id"]
        self.lock, self.served = threading.Lock(), {}
        self.threads = [threading.Thread(target=self.run, args=(kind,)) for kind in (*KINDS, "orders")]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        assert self.goes_on(), self.failed[:3]
        return self

    def __exit__(self, kind, *_):
        done = kind or self.goes_on()
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert done and not self.failed, self.failed[:3]

    def goes_on(self):
        """Waits until each kind of request has been served several times from now on."""
        before = dict(self.served)

        def more():
            return all(self.served.get(kind, 0) > before.get(kind, 0) + 5 for kind in KINDS)

        return eventually(lambda: self.failed or more()) and not self.failed

    def run(self, kind):
        """Again and again: a kept connection may be closed when nginx begins anew."""
        while not self.stop.is_set() and not self.failed:
            client = self.shop.client(self.shop.admin.token, checked=False)
            try:
                for answer in getattr(self, kind)(client):
                    client.close()
                    if not self.judge(kind, answer) or self.stop.wait(PAUSE_SECONDS):
                        break
            except OSError as error:
                self.failed.append((kind, error))

    def judge(self, kind, answer):
        """Whether it was served; what may not be is noted."""
        with self.lock:
            if answer.status < 400:
                self.served[kind] = self.served.get(kind, 0) + 1
                return True
            if self.refused and kind != "reads" and answer.status >= 500 and documented(answer):
                self.refusals += 1
            else:
                self.failed.append(answer)
            return False

    def reads(self, client):
        """The shop window."""
        yield client.get(f"/api/produtos/{self.product}")
        yield client.get("/api/produtos?limite=3")
        yield client.get("/api/categorias")

    def orders(self, client):
        """A cart and its order."""
        session = client.post("/api/carrinho/sessao")
        yield session
        cart = session.headers["Location"] or "/api/carrinho/x"
        yield client.post(f"{cart}/adicionar", {"produto_id": self.product, "quantidade": 1})
        yield client.post("/api/pedidos", self.shop.checkout(cart.rpartition("/")[2]))
        yield client.get(cart)

    def writes(self, client):
        """The shopkeeper."""
        yield client.put(f"/api/produtos/{self.product}/estoque", {"quantidade": 1, "operacao": "adicionar"})
        yield client.patch(f"/api/produtos/{self.product}", {"preco": 12.5})
