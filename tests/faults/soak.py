#!/usr/bin/python3
"""The soak: mixed traffic for long while workers die, and whether anything grows that should not."""
import os
import random
import re
import shutil
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from client import TOP
from faults_md import ANSWER_SECONDS
from options import Options, number_to, seed_text
from processes import alive, kill, nginx_workers, open_files, pss_kib
from shop import POOLS, PRODUCT_DEADLINES
from storm import storm_shop
from traffic import CARTS, Traffic, make_tokens

SAMPLE_SECONDS = 5
KILL_SECONDS = (3, 5)
WARM_SECONDS = 60  # a process has seen most of what it does
GROWTH_KB = 1024  # beyond that from its warm quarter to its last is a leak
FILES = 8  # a process; nginx has a connection a client
STREAM_MAX = 110_000  # conciliador cuts the stream at about 100,000
CACHE_KB = 40 * 1024  # max_size is 32 MB, and what came since nginx looked last
CACHE_FILES = 10_000  # of 4 kB, the smallest, that is max_size
ENTRY_BYTES = 3072  # of Redis, for a cart or an event

Sample = namedtuple("Sample", "age kb files")


class Killer(threading.Thread):
    """kill -9 for one worker after the other; the first of each pool is spared, so that something grows old."""

    def __init__(self, traffic):
        super().__init__(name="kill", daemon=True)
        self.traffic, self.killed = traffic, 0
        self.random = random.Random(f"{traffic.seed}/kill")

    def run(self):
        """Until it is over."""
        while not self.traffic.over.wait(self.random.uniform(*KILL_SECONDS)):
            victims = [pid for pool in POOLS for _, pid in sorted(self.traffic.shop.workers(pool).items())[1:]]
            self.killed += bool(victims) and kill(self.random.choice(victims), self.traffic.supervisord)


def file_sizes(path):
    """Of each file below; one that goes meanwhile is left out."""
    sizes = []
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                sizes.append(os.lstat(os.path.join(directory, name)).st_size)
            except FileNotFoundError:
                pass
    return sizes


def cache_of(shop):
    """Where nginx keeps answers."""
    text = (shop.state / "current/nginx/cache.conf").read_text()
    return Path(re.search(r"^fastcgi_cache_path (\S+)/c ", text, re.M)[1])


class Sampler(threading.Thread):
    """Looks at every process again and again."""

    def __init__(self, traffic):
        super().__init__(name="amostras", daemon=True)
        self.traffic, self.shop = traffic, traffic.shop
        self.samples, self.first = {}, {}
        self.cache = cache_of(self.shop)
        self.cache_kb = self.cache_files = 0

    def run(self):
        """Until it is over."""
        while not self.traffic.over.wait(SAMPLE_SECONDS):
            for name, pids in self.processes():
                self.look(name, pids)
            sizes = file_sizes(self.cache)
            self.cache_kb = max(self.cache_kb, sum(sizes) // 1024)
            self.cache_files = max(self.cache_files, len(sizes))

    def processes(self):
        """Workers, both of conciliador, vigia, nginx, zelador; nginx's workers together, as connections fall."""
        running = self.shop.processes()
        named = [
            (name.split(":")[0], (pid,))
            for name, pid in running.items()
            if ":" in name or name in ("nginx", "vigia", "zelador")
        ]
        return named + [("nginx workers", tuple(nginx_workers(running["nginx"])))]

    def look(self, name, pids):
        """What belongs together, at its age."""
        now = time.monotonic()
        age = now - self.first.setdefault(pids, now)
        sample = Sample(age, pss_kib(pids), open_files(pids))
        if all(map(alive, pids)):
            self.samples.setdefault((name, pids), []).append(sample)

    def veterans(self):
        """What is old enough to say something: (name, processes, first quarter's samples once warm, last quarter's)."""
        for (name, pids), samples in sorted(self.samples.items()):
            warm = [sample for sample in samples if sample.age >= WARM_SECONDS]
            if len(warm) >= 8:
                quarter = len(warm) // 4
                yield name, len(pids), warm[:quarter], warm[-quarter:]


def middle(values):
    """The median."""
    return sorted(values)[len(values) // 2]


class Soak:
    """The whole: traffic, deaths, samples, and a verdict."""

    def __init__(self, shop, seed):
        self.shop = shop
        self.traffic = Traffic(shop, seed, TOP / "build/test" / f"soak-{seed}", make_tokens(shop))
        self.killer, self.sampler = Killer(self.traffic), Sampler(self.traffic)
        self.redis_before = self.redis()
        self.faults = []

    def redis(self):
        """Bytes, carts, events."""
        link = self.shop.redis()
        return {
            "bytes": link.info("memory")["used_memory"],
            "keys": link.dbsize(),
            "events": link.xlen("pedidos:eventos"),
        }

    def run(self, seconds):
        """For so long, with a line every minute."""
        self.traffic.start()
        self.killer.start()
        self.sampler.start()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(60, left))
            failed = sum(answer.read and answer.failed for answer in self.traffic.answers)
            print(
                f"{time.monotonic() - self.traffic.journal.began:6.0f} s   answers {len(self.traffic.answers)}   "
                f"reads failed {failed}   workers killed {self.killer.killed}",
                flush=True,
            )
        self.traffic.stop()
        self.killer.join()
        self.sampler.join()

    def expect(self, good, text):
        """Notes what is not as it should be."""
        if not good:
            self.faults.append(text)

    def judge(self):
        """Every row of the table; what is wrong goes to self.faults."""
        answers = self.traffic.answers
        reads = [answer for answer in answers if answer.read]
        failed = [answer for answer in reads if answer.failed]
        self.expect(
            not failed,
            f"{len(failed)} reads failed: "
            + ", ".join(sorted({f"{answer.kind} {answer.status} {answer.codigo}" for answer in failed})),
        )
        yield "workers killed", self.killer.killed, ""
        yield "answers", len(answers), ""
        yield "reads failed", len(failed), f"of {len(reads)}"
        yield "writes refused (503)", sum(answer.refused for answer in answers), ""
        yield "writes with an unknown result", sum(answer.unknown for answer in answers), "each looked up"
        slowest = max(answer.end - answer.begin for answer in answers)
        self.expect(slowest <= ANSWER_SECONDS, f"an answer took {slowest:.1f} s")
        yield "slowest answer", f"{slowest:.1f} s", ""
        for text, _ in self.traffic.check():
            self.expect(False, text)
        yield from self.memory()
        yield from self.stores()

    def memory(self):
        """Each process that grew old is looked at, the eldest of a kind is shown."""
        eldest = {}
        for name, count, early, late in self.sampler.veterans():
            before, after = middle([s.kb for s in early]), middle([s.kb for s in late])
            files = max(s.files for s in early), max(s.files for s in late)
            self.expect(after - before <= GROWTH_KB, f"{name} grew from {before} KB to {after} KB")
            self.expect(files[1] - files[0] <= FILES * count, f"{name} had {files[0]} files open, then {files[1]}")
            row = late[-1].age, f"{before} → {after} KB", f"{files[0]} → {files[1]} files"
            eldest[name] = max(row, eldest.get(name, row))
        for name, (age, memory, files) in eldest.items():
            yield f"{name}, {age / 60:.0f} min old", memory, files

    def stores(self):
        """Redis and directories against their bounds."""
        before, after = self.redis_before, self.redis()
        entries = after["keys"] - before["keys"] + after["events"] - before["events"]
        carts = [answer for answer in self.traffic.answers if answer.kind == CARTS]
        opened, unknown = sum(answer.status == 201 for answer in carts), sum(answer.unknown for answer in carts)
        each = (after["bytes"] - before["bytes"]) / max(entries, 1)
        self.expect(each <= ENTRY_BYTES, f"Redis grew by {each:.0f} bytes for each of {entries} carts and events")
        self.expect(after["events"] <= STREAM_MAX, f"the stream has {after['events']} events")
        self.expect(
            after["keys"] - before["keys"] <= opened + unknown + 1, f"{after['keys']} keys, {opened} carts opened"
        )
        yield "Redis keys", f"{before['keys']} → {after['keys']}", f"{opened} carts opened, each lives 24 h"
        yield "Redis stream of events", f"{before['events']} → {after['events']}", "cut at about 100,000"
        yield (
            "Redis memory",
            f"{before['bytes'] // 1024} → {after['bytes'] // 1024} KB",
            f"{each:.0f} bytes a cart or event",
        )
        kb, files = self.sampler.cache_kb, self.sampler.cache_files
        self.expect(kb <= CACHE_KB and files <= CACHE_FILES, f"the cache had {files} files, {kb} KB")
        yield "cache of the catalogue, at most", f"{kb} KB", f"{files} files"
        scratch = sum(file_sizes(self.shop.state / "tmp")) // 1024
        self.expect(scratch <= 10 * 1024, f"tmp/ has {scratch} KB")
        yield "nginx's temporary files", f"{scratch} KB", ""
        yield "logs", f"{sum(file_sizes(self.shop.state / 'log')) // 1024} KB", f"{len(self.traffic.answers)} answers"


def main():
    """One soak; 0 when nothing failed and nothing grew."""
    parser = Options("soak")
    parser.add_argument("--minutes", type=number_to(9999), default=20)
    parser.add_argument("--seed", type=seed_text, default=str(int(time.time())))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with storm_shop(**PRODUCT_DEADLINES) as shop:
        soak = Soak(shop, options.seed)
        soak.run(options.minutes * 60)
        for name, value, remark in soak.judge():
            print(f"    {name:<34}{value!s:>22}   {remark}")
        logs = soak.traffic.directory / "log"
        if soak.faults:
            shutil.copytree(shop.state / "log", logs, dirs_exist_ok=True)
        else:
            shutil.rmtree(soak.traffic.directory)
    for text in soak.faults:
        print(f"WRONG: {text}")
    print("FAILED" if soak.faults else "nothing failed, nothing grew")
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
