#!/usr/bin/python3
"""The storm: many customers and administrators, whatever is killed; then quiet, and the books must be right."""
import random
import shutil
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from checks import Checks
from client import TOP, WAIT_SECONDS
from customers import ADMINISTRATORS, DEFINITE_SECONDS, Customer
from journal import Journal
from killers import killers
from options import Options, number_to, seed_text
from shop import PRODUCT_DEADLINES, Shop, eventually

CUSTOMERS = 64
PRODUCTS = 6
SIZES = {"catalogo": 3, "catalogo-replica": 2, "carrinho": 3, "pedidos": 4}
CONCILIADORES = 2
PROGRESS_SECONDS = 5
HANG_SECONDS = 10  # of a storm with the product's own deadlines on an idle machine: nobody waits longer
PRICES = [Decimal(text) for text in ("3.50", "7.99", "12.34", "45.90", "0.01", "99.95")]


class Watcher(threading.Thread):
    """Looks at the lowest stock again and again."""

    def __init__(self, storm):
        super().__init__(name="stock-watcher", daemon=True)
        self.storm, self.looks = storm, 0

    def run(self):
        """Until the storm is over. A store that is down is looked at later."""
        while not self.storm.over.wait(0.5):
            try:
                least = int(self.storm.shop.value("SELECT min(estoque) FROM produtos"))
            except (AssertionError, subprocess.SubprocessError):
                continue
            self.looks += 1
            if least < 0:
                self.storm.journal.violation(f"a stock of {least}", "/estoque")


class Storm:
    """One storm over a running shop."""

    stock = (3, 15)
    make_journal = Journal

    def __init__(self, shop, seed, directory, tokens=None, **journal):
        self.shop, self.seed, self.directory = shop, seed, directory
        self.sizes, self.prices = {**SIZES, "conciliador": CONCILIADORES}, PRICES
        self.calm, self.over = threading.Event(), threading.Event()
        directory.mkdir(parents=True, exist_ok=True)
        self.journal = self.make_journal(directory / "diario.jsonl", **journal)
        self.supervisord = shop.supervisord
        rng = random.Random(f"{seed}/produtos")
        self.category = shop.category()
        self.products = [
            shop.product(categoria_id=self.category, preco=float(rng.choice(PRICES)), estoque=rng.randint(*self.stock))[
                "id"
            ]
            for _ in range(PRODUCTS)
        ]
        self.people, self.killers, self.watcher = self.populate(tokens), killers(self), Watcher(self)

    def populate(self, tokens):
        """Customers, and administrators with tokens of their own."""
        tokens = tokens or {name: self.shop.script("token", "create", name).stdout.strip() for name in ADMINISTRATORS}
        people = [Customer(self, number) for number in range(CUSTOMERS)]
        return people + [kind(self, name, tokens[name]) for name, kind in ADMINISTRATORS.items()]

    def run(self, enough, progress=lambda _: None):
        """Traffic and kills until enough(seconds so far); then the killing stops, then the traffic."""
        for thread in (*self.people, self.watcher, *self.killers):
            thread.start()
        began = told = time.monotonic()
        while not enough(time.monotonic() - began) and not self.journal.violations:
            time.sleep(0.2)
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told += PROGRESS_SECONDS
                progress(self.progress())
        self.calm.set()
        for killer in self.killers:
            killer.join()
        self.over.set()
        self.join()

    def join(self):
        """Waits for everybody to end."""
        for thread in (*self.people, self.watcher):
            thread.join(DEFINITE_SECONDS + 30)
            if thread.is_alive():
                self.journal.violation(f"{thread.name} did not come to an end", thread.name)

    def progress(self):
        """How far it is, in one line."""
        counts, kills = self.journal.counts, sum(self.journal.counted("killed ").values())
        named = "   ".join(f"{name} {counts[name]}" for name in ("orders", "refused", "unknown", "requests"))
        return f"{time.monotonic() - self.journal.began:6.0f} s   {named}   kills {kills}"

    def settle(self):
        """Waits until all is healthy and nothing is unfinished."""
        if not eventually(lambda: self.shop.script("status", check=False).returncode == 0):
            self.journal.violation("not healthy again: " + self.shop.script("status", check=False).stdout)
        done = self.shop.script("audit", "--settled", "--wait", str(WAIT_SECONDS), check=False)
        if done.returncode != 0:
            self.journal.violation("the audit found: " + done.stdout + done.stderr)

    def check(self):
        """All that is wrong; nothing when all is well."""
        self.settle()
        return [*self.journal.violations, *Checks(self).all()]

    def report(self, violations):
        """What to read of a failure: the first violation, its lines of the journal, where the logs are."""
        logs = self.directory / "log"
        shutil.rmtree(logs, ignore_errors=True)
        shutil.copytree(self.shop.state / "log", logs)
        text, words = violations[0]
        return "\n".join(
            [
                f"seed {self.seed}: {len(violations)} violations; the first: {text}",
                *self.journal.about(words),
                *(f"also: {text}" for text, _ in violations[1:10]),
                f"everything asked and answered is in {self.journal.path}, the logs are in {logs}",
            ]
        )

    def table(self):
        """What happened, for the end."""
        counts = self.journal.counts
        rows = [
            ("orders acknowledged", counts["orders"]),
            ("orders refused", counts["refused"]),
            ("given up without knowing", counts["unknown"]),
            ("requests", counts["requests"]),
            ("looks at the stock", self.watcher.looks),
            ("slowest answer, ms", round(self.journal.slowest * 1000)),
            *((f"killed {kind}", n) for kind, n in self.journal.counted("killed ").items()),
            *((f"failure {kind}", n) for kind, n in self.journal.counted("failure ").items()),
        ]
        return "\n".join(f"    {name:<44}{n:>8}" for name, n in rows)


def storm_shop(**settings):
    """A private system of the storm's sizes."""
    return Shop(workers=[f"{pool}={size}" for pool, size in SIZES.items()], **settings)


def place(seed):
    """Where a storm's journal and logs are kept."""
    return TOP / "build/test" / f"storm-{seed}"


def main():
    """One storm; 0 when all is well, 1 when not."""
    parser = Options("storm")
    parser.add_argument("--minutes", type=number_to(9999), default=1)
    parser.add_argument("--seed", type=seed_text, default=str(int(time.time())))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with storm_shop(**PRODUCT_DEADLINES) as shop:
        storm = Storm(shop, options.seed, place(options.seed), hang_seconds=HANG_SECONDS)
        storm.run(lambda seconds: seconds >= options.minutes * 60, lambda line: print(line, flush=True))
        print("waiting for quiet, then checking", flush=True)
        violations = storm.check()
        print(storm.table())
        if violations:
            print(storm.report(violations))
    if not violations and not options.keep:
        shutil.rmtree(storm.directory)
    print("FAILED" if violations else "all is well")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
