"""What the comparisons of scripts/bench are made on: products with plenty of stock, carts as the workers write them."""
import random
import time
import uuid

PRODUCTS = 3000
STOCK = 10_000_000


def stock_up(shop):
    """A catalogue with plenty of everything, in the books too; its first id and its size."""
    before = int(shop.value("SELECT max(id) FROM produtos"))
    shop.script("seed", "--products", str(PRODUCTS))
    shop.sql(f"SELECT count(estoque_ajustar(id, 'definir', {STOCK}, 'bench')) FROM produtos; VACUUM ANALYZE produtos")
    return before + 1, PRODUCTS


def write_carts(shop, carts):
    """Carts, session -> {product: quantity}, written into Redis as db/carrinho/*.lua do."""
    now = str(time.time_ns() // 1000)
    sessions = list(carts)
    with shop.redis() as redis:
        for begin in range(0, len(sessions), 1000):
            pipe = redis.pipeline(transaction=False)
            for session in sessions[begin : begin + 1000]:
                lines = {f"i:{produto}": f"{quantidade} {now}" for produto, quantidade in carts[session].items()}
                pipe.hset(
                    f"carrinho:{session}",
                    mapping={"criado_em": now, "atualizado_em": now, "versao": 1 + len(lines), **lines},
                )
                pipe.pexpire(f"carrinho:{session}", 24 * 3600 * 1000)
            pipe.execute()


def prepare_carts(shop, products, count):
    """So many carts; their keys. Only the order is to be measured."""
    first, size = products

    def lines():
        chosen = random.sample(range(first, first + size), random.choice((2, 3)))
        return {produto: random.randint(1, 3) for produto in chosen}

    carts = {str(uuid.uuid4()): lines() for _ in range(count)}
    write_carts(shop, carts)
    return list(carts)
