"""scripts/bench: that it measures, not how fast anything is."""
import json
import subprocess
from xml.etree import ElementTree

import pytest

from client import TOP
from shop import COMMAND_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.commands]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nada"],
        ["--json", "x"],
        ["all", "--svg", "x"],
        ["orders", "--svg", "x"],
        ["goals", "--clients", "1,2"],
        ["goals", "--rounds", "0"],
        ["orders", "orders"],
        ["orders", "--seconds", "0"],
        ["orders", "--rounds", "x"],
        ["orders", "--clients", "1,,2"],
        ["orders", "--json"],
    ],
)
def test_bench_refuses_nonsense(arguments):
    """64, before anything is started."""
    done = subprocess.run(
        [TOP / "scripts/bench", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    assert done.returncode == 64 and "scripts/bench" in done.stderr and not done.stdout


def bench(*arguments):
    """Runs it; what it printed."""
    done = subprocess.run(
        [TOP / "scripts/bench", *arguments],
        capture_output=True,
        text=True,
        timeout=3 * COMMAND_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_bench_goals(tmp_path):
    """Every side of every question answers, every goal has its verdict, and there is a picture of it."""
    path, picture = tmp_path / "a/goals.json", tmp_path / "b/goals.svg"
    printed = bench(
        "goals",
        "--seconds",
        "1",
        "--rounds",
        "1",
        "--clients",
        "4",
        "--workers",
        "catalogo=3",
        "--workers",
        "carrinho=2",
        "--workers",
        "pedidos=2",
        "--json",
        path,
        "--svg",
        picture,
    )
    assert "round 1 of 1" in printed and str(path) in printed and str(picture) in printed
    report = json.loads(path.read_text())
    assert len(report["rounds"]) == 1 and len(report["up_seconds"]) == 3 and len(report["half"]) == 1
    busy = {
        "nginx return 200": "nginx",
        "nginx → trivial libfcgi worker": "trivial",
        "PHP-FPM + PDO": "php-fpm",
        "pgbench, the same SELECT": "pg-catalogo",
        "redis-benchmark, the same command": "redis",
        "confeitaria": "nginx",
    }
    asked = set()
    for sides in report["rounds"][0].values():
        asked |= set(sides)
        for side, result in sides.items():
            assert result["rate"] > 0 and result["cpu_per_1000"][busy[side]] > 0, (side, result)
    assert asked == set(busy)
    assert sorted(map(len, report["pss_kib"].values())) == sorted([3, 2, 2, 1, 3, 3 + 2 + 2])
    assert all(size > 100 for sizes in report["pss_kib"].values() for size in sizes)
    assert len(report["goals"]) == 11
    for goal in report["goals"]:
        assert goal["goal"] in printed and goal["measured"] > 0
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.long
def test_bench_orders(tmp_path):
    """Two ways, their ratio, and what an order costs by the code that is there."""
    path = tmp_path / "a/orders.json"
    printed = bench(
        "orders", "--seconds", "3", "--rounds", "1", "--clients", "2", "--workers", "pedidos=2", "--json", path
    )
    assert str(path) in printed and "round 1 of 1" in printed
    report = json.loads(path.read_text())
    assert report["workers"]["pedidos"] == "2" and len(report["orders"]) == 1
    run = report["orders"][0]
    assert run["clients"] == 2 and len(run["rounds"]) == 1
    assert run["ratio"] > 0 and run["nginx"] > 0 and run["pgbench"] > 0 and 0 < run["p50_ms"] <= run["p99_ms"]
    for way, parts in (("nginx", {"nginx", "pedidos", "catalogo", "carrinho", "redis", "load"}), ("pgbench", {"load"})):
        used = run["cpu_per_1000"][way]
        assert all(used[part] > 0 for part in parts | {"pg-pedidos", "pg-catalogo"}), (way, used)
    assert run["cpu_per_1000"]["pgbench"]["pedidos"] == 0

    cost = report["cost"]
    # Reserved and sold; written down, confirmed, and a debt crossed out that nobody waits for; taken out of the cart.
    # A worker that connects meanwhile logs in and prepares its statements: a fraction, for so many orders.
    assert cost["orders"] == 200
    assert cost["fsyncs_waited_for"] == pytest.approx({"pg-catalogo": 2, "pg-pedidos": 2, "redis": 1}, abs=0.2)
    assert cost["sql_round_trips"] == pytest.approx({"pg-catalogo": 2, "pg-pedidos": 3}, abs=0.2)
    assert cost["redis_round_trips"].items() >= {"evalsha": 1, "hgetall": 1}.items()
    assert sum(cost["redis_round_trips"].values()) < 2.2
    assert set(cost["http_round_trips"].values()) == {1} and len(cost["http_round_trips"]) == 4
