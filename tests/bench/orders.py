"""scripts/bench orders: orders a second through nginx beside the same SQL statements run by pgbench; what an order costs."""
import argparse
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import cost  # noqa: E402  (needs the path above, as shop does)
import pgbench  # noqa: E402
from measure import TOP, Failed, cpu_by_part, median, refuse, say, table, write_json, wrk  # noqa: E402
from shop import Shop  # noqa: E402

POOLS = ("pedidos=8", "catalogo=8", "carrinho=4", "catalogo-replica=1")
PRODUCTS = 3000
STOCK = 10_000_000
COST_ORDERS = 200
GOAL = 0.35


def options():
    """scripts/bench has checked them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", default="1,8,32")
    parser.add_argument("--workers", action="append", default=[])
    return parser.parse_args()


def stock_up(shop):
    """A catalogue with plenty of everything, in the books too; its first id and its size."""
    before = int(shop.value("SELECT max(id) FROM produtos"))
    shop.script("seed", "--products", str(PRODUCTS))
    shop.sql(f"SELECT count(estoque_ajustar(id, 'definir', {STOCK}, 'bench')) FROM produtos; VACUUM ANALYZE")
    return before + 1, PRODUCTS


def prepare_carts(shop, products, count):
    """So many carts, written into Redis as db/carrinho/*.lua write them; their keys. Only the order itself is to be measured."""
    first, size = products
    now = str(time.time_ns() // 1000)
    sessions = [str(uuid.uuid4()) for _ in range(count)]
    with shop.redis() as redis:
        for begin in range(0, count, 1000):
            pipe = redis.pipeline(transaction=False)
            for session in sessions[begin:begin + 1000]:
                chosen = random.sample(range(first, first + size), random.choice((2, 3)))
                lines = {f"i:{produto}": f"{random.randint(1, 3)} {now}" for produto in chosen}
                pipe.hset(f"carrinho:{session}", mapping={"criado_em": now, "atualizado_em": now,
                                                          "versao": 1 + len(lines), **lines})
                pipe.pexpire(f"carrinho:{session}", 24 * 3600 * 1000)
            pipe.execute()
    return sessions


class Comparison:
    """nginx and pgbench in turns, on one running shop."""

    def __init__(self, shop, directory, seconds):
        self.shop = shop
        self.directory = directory
        self.seconds = seconds
        self.products = stock_up(shop)
        self.files = pgbench.write_scripts(directory, self.products)

    def confirmed(self):
        """How many orders there are."""
        return int(self.shop.value("SELECT count(*) FROM pedidos WHERE status = 'confirmado'", "pedidos"))

    def nginx(self, clients, seconds, carts):
        """Orders by wrk; CPU seconds by part for each 1,000 of them."""
        file = self.directory / "sessions"
        file.write_text("\n".join(prepare_carts(self.shop, self.products, carts)) + "\n", encoding="utf-8")
        orders, before = self.confirmed(), cpu_by_part(self.shop)
        result = wrk(self.shop.url, TOP / "tests/bench/orders.lua", clients, seconds, file)
        time.sleep(0.5)  # wrk hangs up in the middle of its last requests: these orders are brought to their end
        cpu = {part: used - before.get(part, 0) for part, used in cpu_by_part(self.shop).items()}
        cpu["wrk"] = result.pop("cpu_seconds")
        made = self.confirmed() - orders
        if not result["count"] <= made <= result["count"] + clients:
            raise Failed(f"{result['count']} orders were answered 201, and {made} are in the database")
        result["cpu_per_1000"] = {part: round(used / made * 1000, 3) for part, used in cpu.items()}
        return result

    def pgbench(self, clients, orders):
        """The same statements directly: the slower database's rate, and both."""
        rates = pgbench.run(self.shop, self.files, clients, orders)
        return {"rate": min(rates.values()), **rates}

    def compare(self, clients, rounds):
        """All rounds with so many clients. pgbench goes first: it says how many carts nginx can need at most."""
        rate = self.pgbench(clients, clients * 30)["rate"]
        pairs = []
        for number in range(rounds):
            direct = self.pgbench(clients, rate * self.seconds)
            rate = direct["rate"]
            front = self.nginx(clients, self.seconds, int(2 * rate * self.seconds) + 2 * clients)
            pairs.append((front, direct))
            say(f"{clients} clients, round {number + 1} of {rounds}: nginx {front['rate']:.0f}, pgbench {rate:.0f} orders/s, "
                f"ratio {front['rate'] / rate:.2f}")
        return summary(clients, pairs)

    def cost(self):
        """What an order costs, once everything is warm."""
        self.nginx(1, 1, 5000)
        return cost.measure(self.shop, prepare_carts(self.shop, self.products, COST_ORDERS), self.directory)

    def audit(self):
        """The books hold after all this: what the ledger says is what the shelf holds."""
        wrong = self.shop.value("""SELECT count(*) FROM produtos p WHERE estoque <>
            (SELECT sum(quantidade) FROM movimentos m WHERE m.produto_id = p.id AND tipo <> 'venda')""")
        if wrong != "0":
            raise Failed(f"the books of {wrong} products do not hold")


def summary(clients, pairs):
    """Medians of the rounds, and the rounds themselves."""
    fronts, directs = zip(*pairs)
    return {
        "clients": clients,
        "nginx": round(median([front["rate"] for front in fronts]), 1),
        "pgbench": round(median([direct["rate"] for direct in directs]), 1),
        "ratio": round(median([front["rate"] / direct["rate"] for front, direct in pairs]), 3),
        "p50_ms": median([front["p50_ms"] for front in fronts]),
        "p99_ms": median([front["p99_ms"] for front in fronts]),
        "cpu_per_1000": {part: median([front["cpu_per_1000"][part] for front in fronts])
                         for part in fronts[0]["cpu_per_1000"]},
        "rounds": [{"nginx": front, "pgbench": direct} for front, direct in pairs],
    }


def show(report):
    """The tables."""
    print(f"\nOrders a second, medians of {report['rounds']} rounds of {report['seconds']} s\n")
    table([("clients", "nginx", "pgbench", "ratio", "p50 ms", "p99 ms")] +
          [(run["clients"], f"{run['nginx']:.0f}", f"{run['pgbench']:.0f}", f"{run['ratio']:.2f}", f"{run['p50_ms']:.1f}",
            f"{run['p99_ms']:.1f}") for run in report["orders"]])
    print("CPU seconds for 1,000 orders\n")
    parts = sorted(report["orders"][-1]["cpu_per_1000"])
    table([("clients", *parts, "all")] +
          [(run["clients"], *(f"{run['cpu_per_1000'][part]:.2f}" for part in parts),
            f"{sum(run['cpu_per_1000'].values()):.2f}") for run in report["orders"]])
    print(f"What one order costs, counted over {report['cost']['orders']}\n")
    rows = [(kind.replace("_", " "), part, f"{count:.2f}") for kind, counts in report["cost"].items() if kind != "orders"
            for part, count in counts.items()]
    table([(kind if i == 0 or rows[i - 1][0] != kind else "", f"{count}  {part}") for i, (kind, part, count) in
           enumerate(rows)])
    for run in report["orders"]:
        if run["clients"] == 32:
            print(f"Goal at 32 clients: {GOAL} of pgbench. Measured: {run['ratio']:.2f}\n")


def main():
    """Starts a shop, measures, stops it, reports."""
    wish = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    pools = {**dict(pool.split("=") for pool in POOLS), **dict(pool.split("=") for pool in wish.workers)}
    say("starting a private system")
    with Shop("--direct-ports", "0", workers=[f"{pool}={size}" for pool, size in pools.items()]) as shop, \
            tempfile.TemporaryDirectory(prefix="bench-") as directory:
        comparison = Comparison(shop, Path(directory), wish.seconds)
        report = {"what": "orders", "seconds": wish.seconds, "rounds": wish.rounds, "cores": os.cpu_count(),
                  "workers": pools, "goal_at_32_clients": GOAL, "cost": comparison.cost()}
        say("counted what an order costs")
        report["orders"] = [comparison.compare(int(clients), wish.rounds) for clients in wish.clients.split(",")]
        comparison.audit()
        say("stopping it")
    show(report)
    write_json(wish.json, report)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        refuse(error)
