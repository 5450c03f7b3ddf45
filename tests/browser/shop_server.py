"""A private shop for tests in JavaScript: a line of JSON asks, one answers, the end of the input ends the shop.

{"do": NAME, "with": [ARGUMENTS]} -> {"ok": VALUE} or {"error": TEXT}; the names are those of Control's methods.
"""
import json
import os
import shutil
import signal
import sys
from pathlib import Path

TOP = Path(os.environ["CONFEITARIA_TOP"])
sys.path.insert(0, str(TOP / "tests/system"))

import processes  # noqa: E402  (found by the line above)
from shop import Shop, eventually  # noqa: E402

LOGS = TOP / "build/test/failed"


class Control:
    """What a test may do to its shop."""

    def __init__(self, shop):
        self.shop, self.frozen = shop, {}

    def where(self):
        """What the other side needs first."""
        return {
            "url": self.shop.url,
            "port": self.shop.port,
            "state": str(self.shop.state),
            "token": self.shop.admin.token,
        }

    def script(self, *words):
        """One of scripts/; what it printed."""
        return self.shop.script(*words).stdout

    def token(self, name, *options):
        """A new token."""
        return self.shop.script("token", "create", name, *options).stdout.strip()

    def processes(self):
        """Name -> process id."""
        return self.shop.processes()

    def kill(self, name):
        """kill -9 of a supervised process and of those below it that it would leave; it is started again."""
        pid = self.shop.processes()[name]
        supervisor = self.shop.supervisord
        return processes.kill(pid, supervisor)

    def stop(self, *names):
        """Until start(): as an operator does."""
        self.shop.supervisor("stop", *names)

    def start(self, *names):
        """What stop() has stopped."""
        self.shop.supervisor("start", *names)

    def stop_pool(self, pool):
        """All workers of a pool; their names, for start()."""
        names = list(self.shop.workers(pool))
        self.shop.supervisor("stop", *names)
        return names

    def freeze(self, name):
        """A part lives and does nothing, until thaw()."""
        self.frozen[name] = processes.freeze(processes.family(self.shop.processes()[name]))

    def thaw(self, name):
        """It goes on."""
        processes.thaw(self.frozen.pop(name))

    def recovered(self):
        """Waits until all is well."""
        return self.shop.recovered()

    def sql(self, text, database="catalogo"):
        """Rows."""
        return self.shop.sql(text, database)

    def redis(self, *words):
        """A command of Redis, as the operator."""
        return self.shop.redis().execute_command(*words)

    def log(self, name):
        """A log file."""
        return (self.shop.state / "log" / name).read_text(errors="replace")

    def keep_logs(self, name):
        """For who looks why a test failed; where they are."""
        place = LOGS / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.shop.state / "log", place, ignore_dangling_symlinks=True)
        return str(place)


def answer(control, line):
    """What a line asks for."""
    try:
        asked = json.loads(line)
        return {"ok": getattr(control, asked["do"])(*asked.get("with", []))}
    except Exception as error:  # pylint: disable=broad-exception-caught
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    """Settings are the arguments: NAME=VALUE, or options of scripts/up that begin with --."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    settings = dict(word.split("=", 1) for word in sys.argv[1:] if not word.startswith("--"))
    with Shop(*(word for word in sys.argv[1:] if word.startswith("--")), **settings) as shop:
        assert eventually(shop.well)
        control = Control(shop)
        print(json.dumps({"ok": control.where()}), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(control, line), default=str), flush=True)
        for name in list(control.frozen):
            control.thaw(name)


if __name__ == "__main__":
    main()
