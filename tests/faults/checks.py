"""What must hold when all is quiet again: what was answered is what the stores say, and the books balance."""
import collections
import concurrent.futures
import threading

from client import exact
from customers import content
from shop import eventually

READERS = 8
ORDERS = """
    SELECT id, numero, status, coalesce(chave, ''), session_id, carrinho_versao, coalesce(pendencia::text, ''),
           coalesce(valor_total, 0), itens, historico
    FROM pedidos_vistos ORDER BY numero"""
LEDGER = """
    SELECT p.id, p.estoque, sum(m.quantidade) FILTER (WHERE m.tipo <> 'venda'),
           sum(m.quantidade) FILTER (WHERE m.tipo IN ('inicial', 'ajuste')), min(m.saldo)
    FROM produtos p JOIN movimentos m ON m.produto_id = p.id GROUP BY p.id ORDER BY p.id"""
# A movement that does not follow from the one before it. A `venda` moves nothing.
BROKEN_CHAIN = """
    SELECT id, produto_id, saldo FROM (
        SELECT id, produto_id, saldo, quantidade, lag(saldo, 1, 0) OVER (PARTITION BY produto_id ORDER BY id) AS antes
        FROM movimentos WHERE tipo <> 'venda') AS m
    WHERE saldo <> antes + quantidade"""


class Stored:
    """An order as the database has it."""

    def __init__(self, row):
        self.id, self.numero, self.status, self.chave, self.session, self.versao, self.pendencia = row[:7]
        self.total, self.itens, self.historico = exact(row[7]), exact(row[8]), exact(row[9])

    @property
    def alive(self):
        """A client may see it."""
        return self.status not in ("desfazendo", "desfeito", "reservando")

    @property
    def sold(self):
        """Its goods have left the shelf for good."""
        return self.alive and self.status != "cancelado"


class Checks:
    """Each check is a method that gives the violations it finds: a text, and words that find the journal's lines."""

    def __init__(self, storm):
        self.storm, self.shop, self.journal = storm, storm.shop, storm.journal
        self.stored = {row[0]: Stored(row) for row in self.shop.sql(ORDERS, "pedidos")}
        self.answered = [order for wish in self.journal.wishes for order in wish.orders]

    def all(self):
        """Every violation of every check."""
        for check in (
            self.orders_stand,
            self.orders_read_the_same,
            self.moves_stand,
            self.one_order_a_wish,
            self.one_order_a_key,
            self.one_order_a_cart,
            self.refused_is_no_order,
            self.carts_add_up,
            self.books_balance,
            self.adjustments_stand,
            self.prices_were_asked,
            self.nothing_unfinished,
            self.pools_complete,
        ):
            yield from check()

    def orders_stand(self):
        """Every 201 exists with the content that was answered."""
        for order in self.answered:
            stored = self.stored.get(order["id"])
            if stored is None or not stored.alive:
                yield f"order {order['numero']} was answered and is not there", (order["id"],)
            elif (int(stored.numero), stored.total, stored.itens) != (
                order["numero"],
                order["valor_total"],
                order["itens"],
            ):
                yield f"order {order['numero']} is another than was answered", (order["id"],)

    def orders_read_the_same(self):
        """The API gives back each of them as it was answered."""

        def read(client, order):
            now = client.get(f"/api/pedidos/{order['id']}").ok()
            return None if content(now) == content(order) else f"order {order['numero']} reads differently now"

        yield from self.together(read, {order["id"]: order for order in self.answered})

    def moves_stand(self):
        """Every change of state that was acknowledged is in the order's history, once; a cancelled order stays so."""
        for pedido, status in self.journal.moves:
            stored = self.stored.get(pedido)
            history = [step["status"] for step in stored.historico] if stored else []
            if history.count(status) != 1:
                yield f"{status} was acknowledged, the history is {history}", (pedido,)
            elif status == "cancelado" and stored.status != "cancelado":
                yield f"cancelled, and now {stored.status}", (pedido,)

    def one_order_a_wish(self):
        """Whoever asked several times was answered one order."""
        for wish in self.journal.wishes:
            if len(ids := {order["id"] for order in wish.orders}) > 1:
                yield f"one wish was answered {len(ids)} orders", (wish.chave or wish.cart.session, *ids)

    def one_order_a_key(self):
        """The order of a key is the one that was answered to it."""
        keys = collections.defaultdict(list)
        for stored in self.stored.values():
            if stored.alive and stored.chave:
                keys[stored.chave].append(stored.id)
        for chave, ids in keys.items():
            if len(ids) > 1:
                yield f"{len(ids)} orders of one key", (chave,)
        for wish in self.journal.wishes:
            if wish.chave and wish.orders and keys[wish.chave] != [wish.orders[0]["id"]]:
                yield f"the order of a key is {keys[wish.chave]}", (wish.chave,)

    def one_order_a_cart(self):
        """One live order a version of a cart."""
        carts = collections.Counter((s.session, s.versao) for s in self.stored.values() if s.alive)
        for (session, versao), orders in carts.items():
            if orders > 1:
                yield f"{orders} orders of version {versao} of a cart", (session,)

    def refused_is_no_order(self):
        """A cart has no more orders than wishes that may have come true; the others were told that nothing changed."""
        orders = collections.Counter(stored.session for stored in self.stored.values() if stored.alive)
        granted = collections.Counter(
            wish.cart.session for wish in self.journal.wishes if not all(reply.refused for reply in wish.replies)
        )
        for session in {cart.session for cart in self.journal.carts}:
            if (number := orders[session]) > granted[session]:
                yield f"{number} orders of a cart, {granted[session]} of its wishes were not refused", (session,)

    def carts_add_up(self):
        """What was put into a cart is ordered or still in it: nothing lost, nothing ordered twice."""
        ordered = collections.defaultdict(collections.Counter)
        for stored in self.stored.values():
            if stored.alive:
                ordered[stored.session].update({i["produto_id"]: i["quantidade"] for i in stored.itens})

        def read(client, cart):
            left = client.get(f"/api/carrinho/{cart.session}").ok()["itens"]
            units = collections.Counter({i["produto_id"]: i["quantidade"] for i in left}) + ordered[cart.session]
            for produto in set(units) | set(cart.added):
                least, most = cart.added[produto], cart.added[produto] + cart.perhaps[produto]
                if not least <= units[produto] <= most:
                    return (
                        f"product {produto}: added {least} to {most}, ordered {ordered[cart.session][produto]}, "
                        f"ordered or left {units[produto]}"
                    )
            return None

        yield from self.together(read, {cart.session: cart for cart in self.journal.carts})

    def books_balance(self):
        """The ledger gives the stock, was never below zero, and what is sold is what the orders say."""
        sold = collections.Counter()
        for stored in self.stored.values():
            if stored.sold:
                sold.update({i["produto_id"]: i["quantidade"] for i in stored.itens})
        for row in self.shop.sql(LEDGER):
            produto, estoque, books, existed, least = (int(word) for word in row)
            if estoque != books or estoque != existed - sold[produto] or least < 0 or estoque < 0:
                yield (
                    f"product {produto}: stock {estoque}, ledger {books}, existed {existed}, sold {sold[produto]}, "
                    f"lowest {least}"
                ), (f"/{produto}/", f'"produto_id": {produto},')
        for movimento, produto, saldo in self.shop.sql(BROKEN_CHAIN):
            yield f"movement {movimento} of product {produto} leaves {saldo}, which does not follow", (f"/{produto}/",)

    def adjustments_stand(self):
        """Each acknowledged change of stock is in the ledger once; one that is there was asked for."""
        rows = self.shop.sql(
            "SELECT autor, produto_id, quantidade FROM movimentos WHERE tipo = 'ajuste' "
            f"AND produto_id IN ({', '.join(map(str, self.storm.products))})"
        )
        written = collections.Counter((autor, int(produto), int(units)) for autor, produto, units in rows)
        certain = collections.Counter(change for change, ok in self.journal.adjustments if ok)
        asked = collections.Counter(change for change, _ in self.journal.adjustments)
        authors = {change[0] for change in asked}
        for change in {*asked, *(change for change in written if change[0] in authors)}:
            if not certain[change] <= written[change] <= asked[change]:
                yield (
                    f"{change}: acknowledged {certain[change]}, asked for {asked[change]}, "
                    f"written {written[change]} times"
                ), (f"/{change[1]}/estoque",)

    def prices_were_asked(self):
        """Every price of an order is one that the product was given."""
        for order in self.answered:
            if any(item["preco_unitario"] not in self.storm.prices for item in order["itens"]):
                yield f"order {order['numero']} has a price that nobody set", (order["id"],)

    def nothing_unfinished(self):
        """No reservation is left, and each is as its order is; no order owes anything."""
        reservas = dict(self.shop.sql("SELECT pedido_id, estado FROM reservas"))
        for stored in self.stored.values():
            wanted = "confirmada" if stored.sold else "liberada"
            estado = reservas.pop(stored.id, "none" if stored.alive else "liberada")
            if estado != wanted or stored.pendencia or stored.status in ("reservando", "desfazendo"):
                yield (
                    f"order {stored.numero} is {stored.status}, owes {stored.pendencia or 'nothing'}, "
                    f"its reservation is {estado}"
                ), (stored.id,)
        for pedido, estado in reservas.items():
            if estado != "liberada":
                yield f"a reservation of no order is {estado}", (pedido,)

    def pools_complete(self):
        """Every worker that should be there is, or soon will be."""
        sizes = self.storm.sizes

        def running():
            return collections.Counter(name.split(":")[0] for name in self.shop.workers())

        eventually(lambda: all(running()[pool] == size for pool, size in sizes.items()))
        for pool, size in sizes.items():
            if running()[pool] != size:
                yield f"pool {pool} has {running()[pool]} workers of {size}", (pool,)

    def together(self, read, things):
        """Calls read(client, thing) for each, several at a time; gives the texts that it returns."""
        own = threading.local()

        def one(entry):
            if not hasattr(own, "client"):
                own.client = self.shop.client(checked=False)
            try:
                return entry[0], read(own.client, entry[1])
            except AssertionError as error:
                return entry[0], str(error)

        with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
            for word, text in readers.map(one, things.items()):
                if text:
                    yield text, (word,)
