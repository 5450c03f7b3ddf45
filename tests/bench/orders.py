"""scripts/bench orders: orders a second through nginx beside the same SQL run by pgbench; what an order costs."""
import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import cost  # noqa: E402  (needs the path above, as shop does)
import pgbench  # noqa: E402
from data import prepare_carts, stock_up  # noqa: E402
from measure import TOP, Failed, Usage, median, refuse, say, table, write_json, wrk  # noqa: E402
from shop import Shop, eventually  # noqa: E402

POOLS = ("pedidos=8", "catalogo=8", "carrinho=4", "catalogo-replica=1")
HISTORY = 3000
COST_ORDERS = 200
GOAL = 0.35
OTHERS_MAX = 0.1


def options():
    """scripts/bench has checked them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", default="1,8,32")
    parser.add_argument("--workers", action="append", default=[])
    return parser.parse_args()


class Comparison:
    """nginx and pgbench in turns, on one running shop."""

    def __init__(self, shop, directory, seconds):
        self.shop = shop
        self.directory = directory
        self.seconds = seconds
        self.products = stock_up(shop)
        self.files = pgbench.write_scripts(directory, self.products)
        self.grow()

    def grow(self):
        """A shop with a past: plans for empty tables are sequential scans, and workers keep them for a while."""
        pgbench.run(self.shop, self.files, 8, HISTORY)
        for database in ("catalogo", "pedidos"):
            self.shop.sql("VACUUM ANALYZE", database)

    def confirmed(self):
        """How many orders there are."""
        return int(self.shop.value("SELECT count(*) FROM pedidos WHERE status = 'confirmado'", "pedidos"))

    def settle(self):
        """Waits until the orders in which wrk hung up have come to their end, and all events are published: neither
        belongs to another measurement."""
        query = """SELECT count(*), (SELECT count(*) FROM eventos WHERE publicado_em IS NULL),
                          count(*) FILTER (WHERE status < 'confirmado' AND status <> 'desfeito' OR pendencia IS NOT NULL)
                   FROM pedidos"""
        seen = []

        def quiet():
            seen.append(self.shop.sql(query, "pedidos")[0])
            return seen[-2:-1] == seen[-1:] and seen[-1][1:] == ["0", "0"]

        if not eventually(quiet, every=0.5):
            raise Failed("orders are not finished, or their events not published")

    def nginx(self, clients, seconds, carts):
        """Orders by wrk; CPU seconds by part for each 1,000 of them."""
        file = self.directory / "sessions"
        file.write_text("\n".join(prepare_carts(self.shop, self.products, carts)) + "\n", encoding="utf-8")
        orders, usage = self.confirmed(), Usage(self.shop)
        result = wrk(self.shop.url, TOP / "tests/bench/orders.lua", clients, seconds, file)
        self.settle()
        made = self.confirmed() - orders
        if not result["count"] <= made <= result["count"] + clients:
            raise Failed(f"{result['count']} orders were answered 201, and {made} are in the database")
        return {**result, **usage.read(made)}

    def pgbench(self, clients, orders):
        """The same statements directly on the databases."""
        usage = Usage(self.shop)
        result = pgbench.run(self.shop, self.files, clients, orders)
        self.settle()
        return {**result, **usage.read(result["count"])}

    def compare(self, clients, rounds):
        """All rounds with so many clients. pgbench goes first: it says how many carts nginx can need at most."""
        rate = self.pgbench(clients, max(300, clients * 30))["rate"]
        pairs = []
        for number in range(rounds):
            direct = self.pgbench(clients, rate * (self.seconds + 1))
            rate = direct["rate"]
            front = self.nginx(clients, self.seconds, max(int(2 * rate), 1000) * self.seconds + 2 * clients)
            pairs.append((front, direct))
            say(
                f"clients {clients}, round {number + 1} of {rounds}: nginx {front['rate']:.0f}, "
                f"pgbench {rate:.0f} orders/s, ratio {front['rate'] / rate:.2f}"
            )
        return summary(clients, pairs)

    def cost(self):
        """What an order costs, once everything is warm."""
        self.nginx(32, 1, 5000)
        return cost.measure(self.shop, prepare_carts(self.shop, self.products, COST_ORDERS), self.directory)

    def audit(self):
        """The books hold after all this: what the ledger says is what the shelf holds."""
        wrong = self.shop.value(
            """SELECT count(*) FROM produtos p WHERE estoque <>
            (SELECT sum(quantidade) FROM movimentos m WHERE m.produto_id = p.id AND tipo <> 'venda')"""
        )
        if wrong != "0":
            raise Failed(f"the books of {wrong} products do not hold")


def medians(results):
    """Of the CPU time of each part."""
    return {part: median([result["cpu_per_1000"][part] for result in results]) for part in results[0]["cpu_per_1000"]}


def summary(clients, pairs):
    """Medians of the rounds, and the rounds themselves."""
    fronts, directs = zip(*pairs)
    cpu = {"nginx": medians(fronts), "pgbench": medians(directs)}
    return {
        "clients": clients,
        "nginx": round(median([front["rate"] for front in fronts]), 1),
        "pgbench": round(median([direct["rate"] for direct in directs]), 1),
        "ratio": round(median([front["rate"] / direct["rate"] for front, direct in pairs]), 3),
        "cpu_ratio": round(sum(cpu["pgbench"].values()) / sum(cpu["nginx"].values()), 3),
        "p50_ms": median([front["p50_ms"] for front in fronts]),
        "p99_ms": median([front["p99_ms"] for front in fronts]),
        "others_share": median([result["others_share"] for result in fronts + directs]),
        "cpu_per_1000": cpu,
        "rounds": [{"nginx": front, "pgbench": direct} for front, direct in pairs],
    }


def show_rates(runs):
    """The comparison. At many clients pgbench may be past its best, so that is said too."""
    best = max(run["pgbench"] for run in runs)
    table(
        [("clients", "nginx", "pgbench", "ratio", "of pgbench's best", "by CPU", "p50 ms", "p99 ms")]
        + [
            (
                run["clients"],
                f"{run['nginx']:.0f}",
                f"{run['pgbench']:.0f}",
                f"{run['ratio']:.2f}",
                f"{run['nginx'] / best:.2f}",
                f"{run['cpu_ratio']:.2f}",
                f"{run['p50_ms']:.1f}",
                f"{run['p99_ms']:.1f}",
            )
            for run in runs
        ]
    )


def show_cpu(runs):
    """Where the time goes; `load` is wrk or pgbench itself."""
    parts = list(runs[0]["cpu_per_1000"]["nginx"])
    used = [(f"{run['clients']} {way}", run["cpu_per_1000"][way]) for run in runs for way in ("nginx", "pgbench")]
    table(
        [("clients", *parts, "all")]
        + [(name, *(f"{cpu[part]:.2f}" for part in parts), f"{sum(cpu.values()):.2f}") for name, cpu in used]
    )


def show_cost(counts):
    """An order in fsyncs and round trips."""
    rows = [
        (kind.replace("_", " "), f"{count:.2f}", part)
        for kind, found in counts.items()
        if kind != "orders"
        for part, count in found.items()
    ]
    for kind, count, part in rows:
        print(f"{kind:24}{count:>6}  {part}")
    print()


def show(report):
    """All tables."""
    runs = report["orders"]
    print(f"\nOrders a second, medians of {report['rounds']} rounds of {report['seconds']} s\n")
    show_rates(runs)
    print("CPU seconds for 1,000 orders\n")
    show_cpu(runs)
    print(f"What one order costs, counted over {report['cost']['orders']}\n")
    show_cost(report["cost"])
    others = max(run["others_share"] for run in runs)
    if others > OTHERS_MAX:
        print(f"Other programs used {others:.0%} of this machine meanwhile: measure again when it is quiet.\n")
    for run in runs:
        if run["clients"] == 32:
            print(f"Goal at 32 clients: {GOAL} of pgbench. Measured: {run['ratio']:.2f}\n")


def main():
    """Starts a shop, measures, stops it, reports."""
    wish = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    pools = {**dict(pool.split("=") for pool in POOLS), **dict(pool.split("=") for pool in wish.workers)}
    say("starting a private system")
    with Shop(
        "--direct-ports", "0", workers=[f"{pool}={size}" for pool, size in pools.items()]
    ) as shop, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        comparison = Comparison(shop, Path(directory), wish.seconds)
        report = {
            "what": "orders",
            "seconds": wish.seconds,
            "rounds": wish.rounds,
            "cores": os.cpu_count(),
            "workers": pools,
            "goal_at_32_clients": GOAL,
            "cost": comparison.cost(),
        }
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
