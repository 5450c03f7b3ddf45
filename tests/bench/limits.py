"""What the stores can do at most: the same SELECT by pgbench, the same commands by redis-benchmark."""
import csv
import re
import subprocess

import pgbench
from measure import TOP, Failed


def select(shop, file, clients, seconds):
    """Runs a script of pgbench on the catalogue; `rate` without the time of connecting."""
    process = pgbench.start(shop, "catalogo", [file], clients, "-T", seconds)
    output, errors = process.communicate(timeout=seconds + 60)
    count = re.search(r"^number of transactions actually processed: (\d+)", output, re.M)
    rate = re.search(r"^tps = ([\d.]+)", output, re.M)
    if process.returncode or not count or not rate:
        raise Failed(f"pgbench failed ({process.returncode}): {errors or output}")
    return {"count": int(count[1]), "rate": float(rate[1])}


def write_stock_check(path, products):
    """The script of the stock check, of the statement that the workers compile in."""
    first, size = products
    query = pgbench.filled("catalogo", "estoque_get", ":id")
    path.write_text(f"\\set id random({first}, {first + size - 1})\n{query}\n", encoding="utf-8")
    return path


def redis_load(shop, script):
    """Loads a script of db/carrinho into Redis; its SHA."""
    with shop.redis() as redis:
        return redis.script_load((TOP / f"db/carrinho/{script}.lua").read_text(encoding="utf-8"))


def redis(shop, command, sessions, clients, count):
    """redis-benchmark: the command so often, with a number below `sessions` for __rand_int__."""
    words = [
        "redis-benchmark",
        "-s",
        shop.run / "redis.sock",
        "--user",
        "operador",
        "-a",
        shop.secret("redis_operador"),
        "-c",
        clients,
        "-n",
        count,
        "-r",
        sessions,
        "--csv",
        *command,
    ]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=120)
    rows = list(csv.DictReader(line for line in done.stdout.splitlines() if line.startswith('"')))
    if done.returncode or len(rows) != 1 or "rror" in done.stdout + done.stderr:
        raise Failed(f"redis-benchmark failed ({done.returncode}): {done.stdout[-500:]}{done.stderr[-500:]}")
    return {
        "count": count,
        "rate": float(rows[0]["rps"]),
        "p50_ms": float(rows[0]["p50_latency_ms"]),
        "p99_ms": float(rows[0]["p99_latency_ms"]),
    }
