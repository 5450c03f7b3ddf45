"""What one order costs in fsyncs and round trips: counted while one client orders, one order after the other."""
import http.client
import json
import os
import re
import subprocess
from collections import Counter

from client import WAIT_SECONDS
from measure import Failed, part_pids
from shop import CLIENTE, CONCILIADORES, RETIRADA, eventually

TRACE = "fsync,fdatasync,sendto"
PREFIX = "bench-custo-"
BACKENDS = "SELECT pid, backend_type FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
# They ask the stores at intervals, and no customer waits for them.
IN_BACKGROUND = (*CONCILIADORES, "vigia")


class Watch:
    """`with Watch(shop, directory) as watch:` counts what happens inside."""

    def __init__(self, shop, directory):
        self.shop = shop
        self.calls = directory / "strace"
        self.commands = directory / "monitor"
        self.strace = self.monitor = None
        self.names = {pid: ("redis", True) for pid in part_pids(shop)["redis"]}
        self.name_backends()

    def name_backends(self):
        """Whose process is whose: pid -> (part, whether somebody waits for what it does)."""
        for part, database in (("pg-pedidos", "pedidos"), ("pg-catalogo", "catalogo")):
            for pid, kind in self.shop.sql(BACKENDS, database):
                self.names[int(pid)] = (part, kind == "client backend")

    def __enter__(self):
        command = ["strace", "-f", "-qq", "-e", f"trace={TRACE}", "-e", "signal=none", "-o", self.calls]
        # With the postmasters, so that a connection that is opened meanwhile is followed too.
        parts = part_pids(self.shop)
        for pid in {*self.names, parts["pg-pedidos"][0], parts["pg-catalogo"][0]}:
            command += ["-p", str(pid)]
        self.strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        with open(self.commands, "w", encoding="utf-8") as output:
            command = [
                "redis-cli",
                "--no-auth-warning",
                "-s",
                self.shop.run / "redis.sock",
                "--user",
                "operador",
                "monitor",
            ]
            password = self.shop.secret("redis_operador")
            self.monitor = subprocess.Popen(command, stdout=output, env=dict(os.environ, REDISCLI_AUTH=password))
        if not eventually(self.watching):
            self.__exit__()
            raise Failed(f"cannot watch the stores: {self.strace.stderr.read() or 'strace or MONITOR is silent'}")
        return self

    def watching(self):
        """Whether MONITOR has begun, and strace has every process in hand."""

        def tracer(pid):
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                    return f"TracerPid:\t{self.strace.pid}" in status.read()
            except OSError:
                return True

        return self.commands.read_text(encoding="utf-8").startswith("OK") and all(map(tracer, self.names))

    def __exit__(self, *_):
        self.name_backends()
        for process in (self.strace, self.monitor):
            process.terminate()
            process.wait()

    def syscalls(self):
        """(part, waited for, system call) -> how many."""
        counts = Counter()
        for pid, call in re.findall(r"^(\d+) +(\w+)\(", self.calls.read_text(encoding="utf-8"), re.M):
            part, waited = self.names.get(int(pid), ("other", False))
            counts[part, waited, "fsync" if call.endswith("sync") else call] += 1
        return counts

    def redis_commands(self):
        """What clients sent to Redis, without what scripts call inside it."""
        text = self.commands.read_text(encoding="utf-8")
        return Counter(name.lower() for name in re.findall(r'^[\d.]+ \[\d+ (?!lua)[^\]]*\] "(\w+)"', text, re.M))


def order_all(shop, sessions):
    """One client, one connection, a request id an order."""
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=WAIT_SECONDS)
    for number, session in enumerate(sessions):
        body = json.dumps({"session_id": session, "cliente": CLIENTE, "entrega": RETIRADA})
        headers = {"Content-Type": "application/json", "X-Request-Id": f"{PREFIX}{number}"}
        connection.request("POST", "/api/pedidos", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise Failed(f"an order was answered {answer.status}: {text.decode('utf-8', 'replace')}")
    connection.close()


def http_calls(shop, orders):
    """Requests between services, by method and path: what carries an order's request id in nginx's access logs. Each of
    nginx's processes writes within a second: two looks in a row must find the same."""
    seen = []

    def complete():
        log = shop.logs()["acesso.log"] + shop.logs()["interno.log"]
        seen.append(Counter(re.findall(rf'"(\w+) (\S+) [^"]*" .* request_id={PREFIX}\d+ ', log)))
        return seen[-2:-1] == seen[-1:] and all(count % orders == 0 for count in seen[-1].values())

    eventually(complete, every=2)
    calls = seen[-1]
    if calls.pop(("POST", "/api/pedidos"), 0) != orders:
        raise Failed("not every order is in nginx's access log")
    return {f"{method} {uri}": count for (method, uri), count in calls.items()}


def measure(shop, sessions, directory):
    """Numbers an order: fsyncs that it waits for and others, round trips by kind."""
    orders = len(sessions)
    shop.supervisor("stop", *IN_BACKGROUND)
    with Watch(shop, directory) as watch:
        order_all(shop, sessions)
        internal = http_calls(shop, orders)
    shop.supervisor("start", *IN_BACKGROUND)
    calls, redis = watch.syscalls(), watch.redis_commands()

    def per_order(kind, waited):
        found = {part: count / orders for (part, w, call), count in calls.items() if call == kind and w == waited}
        return {part: round(value, 2) for part, value in sorted(found.items())}

    return {
        "orders": orders,
        "fsyncs_waited_for": per_order("fsync", True),
        "fsyncs_in_background": per_order("fsync", False),
        "sql_round_trips": {part: value for part, value in per_order("sendto", True).items() if part != "redis"},
        "redis_round_trips": {name: round(count / orders, 2) for name, count in sorted(redis.items())},
        "http_round_trips": {name: round(count / orders, 2) for name, count in sorted(internal.items())},
    }
