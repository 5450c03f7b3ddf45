"""scripts/bench goals: the front door beside what its parts can do at most, and beside PHP-FPM, on the same data."""
import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import limits  # noqa: E402  (needs the path above, as shop does)
from data import STOCK, prepare_carts, stock_up, write_carts  # noqa: E402
from measure import TOP, Failed, Usage, median, refuse, say, write_json, wrk  # noqa: E402
from peers import PHP, RETURN, TRIVIAL, Peers, ports  # noqa: E402
from processes import children, pss_kib  # noqa: E402
from report import OURS, TITLES, Report  # noqa: E402
from shop import Shop  # noqa: E402

PGBENCH, REDIS = "pgbench, the same SELECT", "redis-benchmark, the same command"
POOLS = ("catalogo=16", "carrinho=16", "pedidos=16", "catalogo-replica=1")
HERE = TOP / "tests/bench"
SEED = 1
ASKED = 1000  # different products and carts that are asked for
SHELF = 20  # products of the list
CART = 5  # lines of the cart that is read
CARTS = 5000  # enough for two seconds of orders, which warm the workers of pedidos
THINKERS = 64  # connections of those who ask at half of the peak
STARTS = 3
# fmt: off
SIDES = {"produto": (OURS, RETURN, PHP), "lista": (OURS, RETURN, PHP), "estoque": (OURS, TRIVIAL, PHP, PGBENCH),
         "adicionar": (OURS, TRIVIAL, REDIS), "carrinho": (OURS, TRIVIAL, REDIS)}
# fmt: on
LETTER = {"adicionar": "8", "carrinho": "9"}  # of the carts' keys


def options():
    """scripts/bench has checked them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--svg", required=True)
    parser.add_argument("--trivial", required=True)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", action="append", default=[])
    return parser.parse_args()


def session(kind, number):
    """The key of a cart: a UUID that ends in a number, as redis-benchmark draws it."""
    return f"00000000-0000-4000-{LETTER[kind]}000-{number:012d}"


def prepare(shop):
    """The data; for each question the requests that ask it, and the products."""
    first, size = products = stock_up(shop)
    shop.sql(
        f"""INSERT INTO categorias (nome) VALUES ('Vitrine');
        UPDATE produtos SET categoria_id = (SELECT max(id) FROM categorias)
            WHERE id >= {first} AND id < {first + SHELF};
        VACUUM ANALYZE produtos"""
    )
    shelf = shop.value("SELECT max(id) FROM categorias")
    draw = random.Random(SEED)
    ids = [draw.randrange(first, first + size) for _ in range(ASKED)]
    write_carts(shop, {session("adicionar", n): {} for n in range(ASKED)})
    write_carts(
        shop,
        {session("carrinho", n): {id: 1 for id in draw.sample(range(first, first + size), CART)} for n in range(ASKED)},
    )
    adds = [
        f'POST /api/carrinho/{session("adicionar", n)}/adicionar {{"produto_id": {id}, "quantidade": 1}}'
        for n, id in enumerate(ids)
    ]
    return products, {
        "produto": [f"GET /api/produtos/{first}"],
        "lista": [f"GET /api/produtos?categoria_id={shelf}"],
        "estoque": [f"GET /api/produtos/{id}/estoque?quantidade=5" for id in ids],
        "adicionar": adds,
        "carrinho": [f'GET /api/carrinho/{session("carrinho", n)}' for n in range(ASKED)],
    }


class Bench:
    """What is measured, on a running shop with its peers."""

    def __init__(self, shop, directory, wish, pools):
        self.shop, self.directory, self.wish, self.pools = shop, Path(directory), wish, pools
        self.products, questions = prepare(shop)
        self.files = {name: self.directory / f"{name}.requests" for name in questions}
        for name, requests in questions.items():
            self.files[name].write_text("\n".join(requests) + "\n", encoding="utf-8")
        self.peers = Peers(shop, self.directory, {name: requests[0] for name, requests in questions.items()})
        self.stock_check = limits.write_stock_check(self.directory / "estoque.pgbench", self.products)
        self.rates = {}

    def start_peers(self):
        """All of them, each with as many workers as the pool that it is compared with."""
        returns, php, *trivials = ports(2 + 3)
        self.peers.add_return(returns, ["produto", "lista"])
        self.peers.add_php(php, ["produto", "lista", "estoque"], self.pools["catalogo"])
        pools = {"estoque": "catalogo", "adicionar": "carrinho", "carrinho": "carrinho"}
        for port, (name, pool) in zip(trivials, pools.items()):
            self.peers.add_trivial(port, name, self.wish.trivial, self.pools[pool])
        self.peers.open()

    def redis_command(self, name):
        """What a worker of carrinho asks Redis, with redis-benchmark's number for the cart's."""
        key = "carrinho:" + session(name, 0)[:-12] + "__rand_int__"
        if name == "carrinho":
            return ["HGETALL", key]
        return [
            "EVALSHA",
            limits.redis_load(self.shop, "adicionar"),
            1,
            key,
            86400000,
            "",
            self.products[0],
            1,
            STOCK,
            STOCK,
            100,
        ]

    def ask(self, side, name, seconds):
        """One measurement."""
        if side == PGBENCH:
            return limits.select(self.shop, self.stock_check, self.pools["catalogo"], seconds)
        if side == REDIS:
            count = max(1000, int(self.rates.get(name, 5000) * seconds))
            result = limits.redis(self.shop, self.redis_command(name), ASKED, self.pools["carrinho"], count)
            self.rates[name] = result["rate"]
            return result
        url = self.shop.url if side == OURS else self.peers.url(side, name)
        return wrk(url, HERE / "ask.lua", self.wish.clients, seconds, self.files[name])

    def measure(self, side, name):
        """One measurement, and who used the CPU."""
        usage = Usage(self.shop, self.peers.pids())
        result = self.ask(side, name, self.wish.seconds)
        return {**result, **usage.read(result["count"])}

    def warm(self):
        """Every side once, so that plans are made, caches filled, and statements prepared."""
        for name, sides in SIDES.items():
            for side in sides:
                self.ask(side, name, 1)

    def round(self, number):
        """Every side of every question, in turns."""
        results = {}
        for name, sides in SIDES.items():
            results[name] = {side: self.measure(side, name) for side in sides}
            rates = ", ".join(f"{side} {result['rate']:.0f}" for side, result in results[name].items())
            say(f"round {number + 1} of {self.wish.rounds}: {TITLES[name]}: {rates}")
        return results

    def half(self, side, peak):
        """The stock check at half of the peak: so many ask as they like that no queue of theirs keeps the pace."""
        url = self.shop.url if side == OURS else self.peers.url(side, "estoque")
        mean = THINKERS / (peak / 2) * 1000
        usage = Usage(self.shop, self.peers.pids())
        result = wrk(url, HERE / "ask.lua", THINKERS, self.wish.seconds, self.files["estoque"], f"{mean:.3f}")
        say(
            f"half of the peak, {side}: {result['rate']:.0f} of {peak:.0f} requests/s, p50 {result['p50_ms']:.2f} ms, "
            f"p99 {result['p99_ms']:.2f} ms"
        )
        return {**result, **usage.read(result["count"])}

    def memory(self):
        """KiB of PSS of each worker, by pool, after all have worked; and of the peers', for comparison."""
        carts = self.directory / "sessions"
        carts.write_text("\n".join(prepare_carts(self.shop, self.products, CARTS)) + "\n", encoding="utf-8")
        wrk(self.shop.url, HERE / "orders.lua", self.wish.clients, 2, carts)
        pools = {pool: self.shop.workers(pool).values() for pool in self.pools}
        php = children(self.peers.php.pid)
        return {
            pool: sorted(pss_kib([pid]) for pid in pids)
            for pool, pids in {**pools, "php-fpm": php, "trivial": self.peers.pids()["trivial"]}.items()
        }


def starts(shop):
    """Seconds that scripts/up takes when everything is built and made, with the pools as they come."""
    taken = []
    for _ in range(STARTS):
        shop.script("down")
        began = time.monotonic()
        shop.up()
        taken.append(round(time.monotonic() - began, 2))
        say(f"scripts/up, healthy after {taken[-1]:.1f} s")
    return taken


def measure_all(shop, directory, wish, pools):
    """Everything, as report.Report takes it."""
    found = {
        "what": "goals",
        "seconds": wish.seconds,
        "clients": wish.clients,
        "cores": os.cpu_count(),
        "workers": pools,
        "up_seconds": starts(shop),
    }
    shop.script("down")
    shop.up(*(word for pool, size in pools.items() for word in ("--workers", f"{pool}={size}")))
    bench = Bench(shop, directory, wish, pools)
    with bench.peers:
        bench.start_peers()
        say("the peers answer the same; warming up")
        bench.warm()
        found["rounds"] = [bench.round(number) for number in range(wish.rounds)]
        peaks = {side: median([each["estoque"][side]["rate"] for each in found["rounds"]]) for side in (OURS, TRIVIAL)}
        found["half"] = [{side: bench.half(side, peak) for side, peak in peaks.items()} for _ in range(wish.rounds)]
        found["pss_kib"] = bench.memory()
        say("stopping it")
    return found


def main():
    """Starts a shop and its peers, measures, stops them, reports."""
    wish = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    pools = {pool: int(size) for pool, size in (word.split("=") for word in (*POOLS, *wish.workers))}
    say("starting a private system")
    with Shop("--direct-ports", "0", workers=()) as shop, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        found = measure_all(shop, directory, wish, pools)
    report = Report(found)
    report.show()
    report.draw(wish.svg)
    write_json(wish.json, {**found, "goals": report.goals})


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        refuse(error)
