"""The alert rules by promtool: each fires when it is to, and does not where it nearly is."""
import re
import subprocess
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
RULES = TOP / "docs/monitoring/alerts.yml"
SHOP = 'instance="loja",job="confeitaria"'


def series(name, values, labels=""):
    """A series of the shop's, a value a minute in promtool's notation: 0+1x60."""
    return {"series": f"{name}{{{SHOP}{',' * bool(labels)}{labels}}}", "values": values}


def workers(busy, idle, declared, queue=0):
    """A pool that stays so."""
    pool = 'pool="carrinho"'
    return [
        series("confeitaria_workers", f"{busy}x60", f'{pool},state="busy"'),
        series("confeitaria_workers", f"{idle}x60", f'{pool},state="idle"'),
        series("confeitaria_workers_declared", f"{declared}x60", pool),
        series("confeitaria_queue_length", f"{queue}x60", pool),
    ]


def answers(good, bad):
    """So many of a pool a minute."""
    labels = 'pool="pedidos",method="POST",route="/api/pedidos"'
    return [
        series("confeitaria_requests_total", f"0+{good}x60", f'{labels},status="201"'),
        series("confeitaria_requests_total", f"0+{bad}x60", f'{labels},status="503"'),
    ]


def durations(fast, slow):
    """So many a minute within a tenth of a second, and so many that take two."""
    labels = 'pool="pedidos",method="GET",route="/api/pedidos"'
    counts = {"0.1": fast, "1": fast, "2.5": fast + slow, "+Inf": fast + slow}
    return [
        series("confeitaria_request_duration_seconds_bucket", f"0+{count}x60", f'{labels},le="{bound}"')
        for bound, count in counts.items()
    ]


def one(name, values, labels=""):
    """A single series."""
    return [series(name, values, labels)]


BUILD = one("confeitaria_build_info", "1x400", 'version="1",commit="a"')
DAY = 86400  # time begins at 0 here, so what is a day old has a negative time
# Alert: when to look (minutes), the labels that it has beside the shop's, what makes it fire, what nearly does.
CASES = {
    "Down": (2, {}, one("up", "1 0x60"), one("up", "0 1x60")),
    "StoreDown": (
        5,
        {"pool": "carrinho", "store": "redis"},
        one("confeitaria_store_up", "1 0x60", 'pool="carrinho",store="redis"'),
        one("confeitaria_store_up", "0 0 0 0 1x60", 'pool="carrinho",store="redis"'),
    ),
    "SourceDown": (
        9,
        {"source": "access_log"},
        one("confeitaria_source_up", "0x60", 'source="access_log"'),
        one("confeitaria_source_up", "0x5 1x60", 'source="access_log"'),
    ),
    "WorkersMissing": (5, {"pool": "carrinho"}, workers(1, 2, 4), workers(1, 3, 4)),
    "PoolSaturated": (9, {"pool": "carrinho"}, workers(4, 0, 4, queue=1), workers(4, 0, 4) + BUILD),
    "WorkersDying": (
        12,
        {"pool": "carrinho"},
        one("confeitaria_worker_deaths_total", "0+1x60", 'pool="carrinho"'),
        one("confeitaria_worker_deaths_total", "0 0 0 0 0 2x60", 'pool="carrinho"'),
    ),
    "Refusing": (
        15,
        {},
        one("confeitaria_refused_requests_total", "0+10x60", 'status="503"'),
        one("confeitaria_refused_requests_total", "0+10x60", 'status="429"')
        + one("confeitaria_refused_requests_total", "0+3x60", 'status="504"'),
    ),
    "Limited": (
        40,
        {},
        one("confeitaria_refused_requests_total", "0+400x60", 'status="429"'),
        one("confeitaria_refused_requests_total", "0+200x60", 'status="429"'),
    ),
    "Errors": (15, {"pool": "pedidos"}, answers(97, 3), answers(99, 1)),
    "Slow": (30, {"pool": "pedidos"}, durations(90, 10), durations(98, 2)),
    "BreakerOpen": (
        5,
        {"pool": "carrinho"},
        one("confeitaria_breakers_open", "0 1x60", 'pool="carrinho"'),
        one("confeitaria_breakers_open", "1 1 0x60", 'pool="carrinho"'),
    ),
    "ReplicationBroken": (
        5,
        {},
        one("confeitaria_replication_streaming", "0x60"),
        one("confeitaria_replication_streaming", "0 0 1x60"),
    ),
    "ReplicationLag": (
        9,
        {},
        one("confeitaria_replication_lag_seconds", "31x60"),
        one("confeitaria_replication_lag_seconds", "30x60"),
    ),
    "OrderStuck": (
        5,
        {},
        one("confeitaria_orders_unfinished_oldest_seconds", "301x60"),
        one("confeitaria_orders_unfinished_oldest_seconds", "290x60"),
    ),
    "Parked": (
        1,
        {},
        one("confeitaria_orders_parked", "0x60") + one("confeitaria_reservations_parked", "1x60"),
        one("confeitaria_orders_parked", "0x60") + one("confeitaria_reservations_parked", "0x60"),
    ),
    "EventsStuck": (
        5,
        {},
        one("confeitaria_events_unpublished_oldest_seconds", "301x60"),
        one("confeitaria_events_unpublished_oldest_seconds", "200x60"),
    ),
    "ConciliadorIdle": (
        5,
        {},
        one("confeitaria_conciliador_idle_seconds", "61x60"),
        one("confeitaria_conciliador_idle_seconds", "59x60"),
    ),
    "BackupOld": (
        15,
        {},
        one("confeitaria_last_backup_timestamp_seconds", f"{-2 * DAY}x60"),
        one("confeitaria_last_backup_timestamp_seconds", f"{3600 - 2 * DAY}x60"),
    ),
    "BackupMissing": (
        370,
        {"version": "1", "commit": "a"},
        BUILD,
        BUILD + one("confeitaria_last_backup_timestamp_seconds", "0x400"),
    ),
    "BackupFailed": (9, {}, one("confeitaria_last_backup_ok", "0x60"), one("confeitaria_last_backup_ok", "1x60")),
    "AuditFailed": (1, {}, one("confeitaria_last_audit_ok", "0x60"), one("confeitaria_last_audit_ok", "1x60")),
    "AuditOld": (
        65,
        {},
        one("confeitaria_last_audit_timestamp_seconds", f"{-8 * DAY}x70"),
        one("confeitaria_last_audit_timestamp_seconds", f"{36000 - 8 * DAY}x70"),
    ),
}
# These add up several series of a host, so nothing is left of who gathered them.
SUMS = ("WorkersMissing", "PoolSaturated", "Refusing", "Limited", "Errors", "Slow")


def rules():
    """The rules by name."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def promtool(*words):
    """What it says; it must be content."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expected(name, labels):
    """An alert as it is sent: its labels, and its words with them."""
    rule = rules()[name]
    labels = {"instance": "loja", **labels}
    if name.removeprefix("Confeitaria") not in SUMS:
        labels["job"] = "confeitaria"
    words = {
        key: re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels[match[1]], text)
        for key, text in rule["annotations"].items()
    }
    return {"exp_labels": {**labels, **rule["labels"]}, "exp_annotations": words}


def test_the_rules_are_sound():
    """Each says what it is about, what to do, and how much it hurries."""
    promtool("check", "rules", str(RULES))
    for rule in rules().values():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["description"].endswith(".") and "{{ $value" not in str(rule)


def test_each_rule_is_tested():
    """A rule that is new needs a line in CASES."""
    assert {f"Confeitaria{name}" for name in CASES} == set(rules())


@pytest.mark.parametrize("case", ["fires", "does not"])
def test_the_rules(tmp_path, case):
    """All of them in one run, each with series of its own."""
    tests = []
    for name, (minutes, labels, firing, quiet) in CASES.items():
        name = f"Confeitaria{name}"
        look = {"eval_time": f"{minutes}m", "alertname": name}
        look["exp_alerts"] = [expected(name, labels)] if case == "fires" else []
        tests.append(
            {
                "name": name,
                "interval": "1m",
                "input_series": firing if case == "fires" else quiet,
                "alert_rule_test": [look],
            }
        )
    whole = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    promtool("test", "rules", str(path))
