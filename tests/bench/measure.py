"""What every comparison of scripts/bench measures with: progress, CPU time by part, load by wrk, a table."""
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from processes import cpu_seconds, family

TOP = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
BEGAN = time.monotonic()


class Failed(Exception):
    """Something that makes every number of this run worthless."""


def say(text):
    """A line of progress, as the commands write it."""
    print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def median(values):
    """The middle one, which a single disturbed round does not move."""
    return statistics.median(values)


def part_pids(shop):
    """Part of the system -> ids of its processes. A pool is one part."""
    parts = {}
    for name, pid in shop.processes().items():
        parts.setdefault(name.partition(":")[0], []).extend(family(pid))
    return parts


def cpu_of_load():
    """Seconds of CPU that what this program ran to its end has used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_of_machine():
    """Seconds of CPU that anything on this machine has used: not idle, not waiting for a disk."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    return sum(int(field) for i, field in enumerate(fields[:8]) if i not in (3, 4)) / TICK


class Usage:
    """Between its making and read(): who used the CPU. `load` is what this program ran meanwhile, wrk for one."""

    def __init__(self, shop, peers=None):
        self.shop = shop
        self.peers = peers or {}
        self.began, self.machine = time.monotonic(), cpu_of_machine()
        self.parts = self.cpu_by_part()
        self.load = cpu_of_load()

    def cpu_by_part(self):
        """Seconds of CPU that each part has used so far; of peers it is told the processes."""
        return {part: cpu_seconds(pids) for part, pids in {**part_pids(self.shop), **self.peers}.items()}

    def read(self, count):
        """Seconds by part for 1,000 of `count` things, and which share of the machine others took."""
        load = cpu_of_load() - self.load
        used = {part: total - self.parts.get(part, 0) for part, total in sorted(self.cpu_by_part().items())}
        used["load"] = load
        others = cpu_of_machine() - self.machine - sum(used.values())
        capacity = (time.monotonic() - self.began) * os.cpu_count()
        return {
            "cpu_per_1000": {part: round(seconds / count * 1000, 3) for part, seconds in used.items()},
            "others_share": round(max(0, others / capacity), 3),
        }


def wrk(url, script, clients, seconds, *arguments):
    """Runs wrk; fails unless every answer was the one that the script wants, whose done() writes the RESULT line."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", script, url, "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    result = re.search(r"^RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) (.*)", done.stdout, re.M | re.S)
    if done.returncode or not result:
        raise Failed(f"wrk failed ({done.returncode}): {done.stdout}{done.stderr}")
    count, microseconds, errors = (int(result[i]) for i in (1, 2, 3))
    if errors or result[6].strip() or not count:
        raise Failed(f"{count} good answers, {errors} broken connections or time-outs, then: {result[6].strip()}")
    return {"count": count, "rate": count / microseconds * 1e6, "p50_ms": float(result[4]), "p99_ms": float(result[5])}


def table(rows):
    """Columns under each other: the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    for row in cells:
        print(
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))
            ).rstrip()
        )
    print()


def write_json(path, report):
    """All numbers, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".novo")
    new.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    new.replace(path)
    print(f"All numbers: {path}")


def refuse(error):
    """Ends the command as the operator's program does."""
    print(f"scripts/bench: {error}", file=sys.stderr)
    sys.exit(1)
