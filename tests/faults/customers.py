"""The traffic: what customers and administrators do while the storm lasts, each from a random sequence of its own."""
import random
import threading
import time
import uuid

from client import WAIT_SECONDS
from journal import Caller, Cart, Wish
from shop import CLIENTE, ENTREGA, RETIRADA

DEFINITE_SECONDS = 2 * WAIT_SECONDS  # whoever goes on asking is told yes or no before
NEXT = {"confirmado": "em_preparo", "em_preparo": "pronto", "pronto": "entregue", "em_rota": "entregue"}


class Person(threading.Thread):
    """Somebody who does his thing again and again until he is told to stop, then ends what he has begun."""

    pause = (0.0, 1.0)

    def __init__(self, storm, name, token=None):
        super().__init__(name=name, daemon=True)
        self.storm, self.journal = storm, storm.journal
        self.random = random.Random(f"{storm.seed}/{name}")
        self.caller = Caller(self.journal, name, storm.shop.port, token)

    def run(self):
        """Until the storm is over."""
        try:
            while not self.storm.over.wait(self.random.uniform(*self.pause)):
                self.step()
        except Exception as error:  # a thread's failure is the storm's
            self.journal.violation(f"{self.name} broke: {error!r}", self.name)
            raise

    def step(self):
        """What it does again and again."""
        raise NotImplementedError

    def product(self):
        """One of the few there are."""
        return self.random.choice(self.storm.products)

    def until_definite(self, call):
        """Asks until it is told yes or no."""
        end = time.monotonic() + DEFINITE_SECONDS
        while not (reply := call()).definite:
            if time.monotonic() > end:
                self.journal.violation(
                    f"{self.name} asked for {DEFINITE_SECONDS} s without being told yes or no", self.name
                )
                break
            time.sleep(self.random.uniform(0.05, 0.5))
        return reply


class Customer(Person):
    """Fills a cart, orders in one of several ways, and sometimes cancels."""

    pause = (0.0, 0.3)

    def __init__(self, storm, number):
        super().__init__(storm, f"cliente-{number:02}")
        self.second = Caller(self.journal, f"{self.name}-b", storm.shop.port)
        self.cart = None
        self.fields = {"cliente": {**CLIENTE, "nome": self.name}, "entrega": self.random.choice([RETIRADA, ENTREGA])}

    def step(self):
        """One visit to the shop. A cart is often kept for the next visit, with whatever was left in it."""
        self.cart = self.cart or self.open()
        if self.cart is None:
            return
        for _ in range(self.random.randint(1, 2)):
            self.add(self.cart)
        if self.cart.added or self.cart.perhaps:
            self.order(self.cart)
        if self.random.random() < 0.4:
            self.cart = None

    def open(self):
        """A new session; None when there is none to be had."""
        reply = self.caller.ask("POST", "/api/carrinho/sessao")
        if not reply.ok:
            return None
        cart = Cart(reply.data["session_id"])
        self.journal.carts.append(cart)
        return cart

    def add(self, cart):
        """Puts something in: with a key he asks until he is told; without one once, since a repeat could add twice."""
        produto, quantidade, chave = self.product(), self.random.randint(1, 3), self.key()
        path, body = f"/api/carrinho/{cart.session}/adicionar", {"produto_id": produto, "quantidade": quantidade}

        def ask():
            return self.caller.ask("POST", path, body, chave)

        reply = self.until_definite(ask) if chave else ask()
        if reply.ok:
            cart.added[produto] += quantidade
        elif reply.unknown:
            cart.perhaps[produto] += quantidade
        if reply.codigo == "sessao_nao_encontrada":
            self.journal.violation(f"{self.name}: an acknowledged session is gone", cart.session)

    def key(self):
        """An Idempotency-Key, half of the time."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4)) if self.random.random() < 0.5 else None

    def order(self, cart):
        """Orders what is in the cart, one way or another."""
        wish = Wish(cart, self.key())
        self.journal.wishes.append(wish)
        if self.random.random() < 0.3:
            self.double_click(wish)
        if not any(reply.definite for reply in wish.replies):
            way = self.random.choice([self.insist, self.insist, self.ask_once])
            way(wish)
        self.journal.count(
            "orders" if wish.orders else "refused" if any(reply.definite for reply in wish.replies) else "unknown"
        )
        if wish.orders:
            self.afterwards(wish)

    def ask(self, wish, caller=None):
        """Asks for it once."""
        body = {"session_id": wish.cart.session, **self.fields}
        reply = (caller or self.caller).ask("POST", "/api/pedidos", body, wish.chave)
        wish.replies.append(reply)
        return reply

    def double_click(self, wish):
        """Asks twice at once."""
        other = threading.Thread(target=self.ask, args=(wish, self.second))
        other.start()
        self.ask(wish)
        other.join()

    def insist(self, wish):
        """Asks, whatever goes wrong, until told."""
        self.until_definite(lambda: self.ask(wish))

    def ask_once(self, wish):
        """Gives up at the first failure."""
        self.ask(wish)

    def afterwards(self, wish):
        """Reads the order back; sometimes asks for it again with the same key; sometimes thinks better of it."""
        order = wish.orders[0]
        reply = self.caller.ask("GET", f"/api/pedidos/{order['id']}")
        if reply.definite and not (reply.ok and content(reply.data) == content(order)):
            self.journal.violation(f"{self.name} read another order than he was answered", order["id"])
        if wish.chave and self.random.random() < 0.3:
            self.insist(wish)
        if self.random.random() < 0.3:
            reply = self.until_definite(lambda: self.caller.ask("POST", f"/api/pedidos/{order['id']}/cancelar"))
            self.moved(order["id"], "cancelado", reply)

    def moved(self, pedido, status, reply):
        """Notes a change of state that was acknowledged."""
        if reply.ok:
            self.journal.moves.append((pedido, status))
        elif reply.definite and reply.codigo != "transicao_invalida":
            self.journal.violation(f"{self.name}: {status} was refused with {reply.codigo}", pedido)


class Clerk(Person):
    """Moves orders along; throws some away."""

    pause = (0.02, 0.1)
    moved = Customer.moved

    def step(self):
        """One order of the newest in some state."""
        status = self.random.choice(list(NEXT))
        reply = self.caller.ask("GET", f"/api/pedidos?limite=20&status={status}")
        if not (reply.ok and reply.data):
            return
        order = self.random.choice(reply.data)
        para = "cancelado" if status != "em_rota" and self.random.random() < 0.15 else NEXT[order["status"]]
        if order["status"] == "pronto" and order["entrega"]["tipo"] == "entrega" and para == "entregue":
            para = "em_rota"
        self.moved(order["id"], para, self.caller.ask("PUT", f"/api/pedidos/{order['id']}/status", {"status": para}))


class Stockist(Person):
    """Adds and takes units, more of the former, so that the shelves are never empty for long and never full."""

    pause = (0.05, 0.3)

    def step(self):
        """One change; what is acknowledged must stand in the ledger, once."""
        produto, more = self.product(), self.random.random() < 0.75
        quantidade = self.random.randint(3, 12) if more else self.random.randint(1, 3)
        reply = self.caller.ask(
            "PUT",
            f"/api/produtos/{produto}/estoque",
            {"quantidade": quantidade, "operacao": "adicionar" if more else "remover"},
        )
        if reply.ok or reply.unknown:
            change = (self.name, produto, quantidade if more else -quantidade)
            self.journal.adjustments.append((change, reply.ok))


class StockTaker(Person):
    """Counts the shelves anew: sets the stock."""

    pause = (1.0, 3.0)

    def step(self):
        """Sets one product to a few."""
        self.caller.ask(
            "PUT",
            f"/api/produtos/{self.product()}/estoque",
            {"quantidade": self.random.randint(0, 8), "operacao": "definir"},
        )


class Pricer(Person):
    """Changes prices."""

    pause = (0.2, 1.0)

    def step(self):
        """One product, one of the prices it may have."""
        self.caller.ask(
            "PATCH", f"/api/produtos/{self.product()}", {"preco": float(self.random.choice(self.storm.prices))}
        )


# fmt: off
ADMINISTRATORS = {"andamento": Clerk, "reposicao": Stockist, "reposicao-b": Stockist, "contagem": StockTaker,
                  "precos": Pricer}
# fmt: on


def content(order):
    """What of an order never changes."""
    return {name: order[name] for name in ("id", "numero", "itens", "valor_total", "cliente", "entrega")}
