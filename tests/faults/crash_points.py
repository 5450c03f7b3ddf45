"""Points where a program dies: listed by watching a run pass them, then set one at a time (--enable-crash-points)."""
import os
import re
import shutil
import tempfile
from pathlib import Path

from client import TOP
from generated import statements

PASSED = re.compile(r'event=crash_point ponto="([^"]+)"')


class CrashPoints:
    """The file that names a point; the servers may write its directory, so that they can take the file away."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="cft-crash-", dir="/tmp"))
        self.directory.chmod(0o777)
        self.file = self.directory / "point"
        self.marks = {}

    def environment(self):
        """What the programs have to be started with."""
        return {"CONFEITARIA_CRASH": str(self.file)}

    def close(self):
        """Nothing of it stays."""
        shutil.rmtree(self.directory)

    def say(self, text):
        """In one step, as programs read it at any moment."""
        new = self.directory / "new"
        new.write_text(f"{text}\n")
        os.replace(new, self.file)

    def trace(self, shop):
        """From now on points that are passed are written down."""
        self.marks = {name: len(text) for name, text in shop.logs().items()}
        self.say("trace")

    def forget(self):
        """No more tracing."""
        self.file.unlink()

    def passed(self, shop):
        """The points passed since trace(), each once, in the order of each program."""
        found = {}
        for name, text in shop.logs().items():
            for point in PASSED.findall(text[self.marks.get(name, 0) :]):
                found[point] = None
        return list(found)

    @staticmethod
    def distinct(points):
        """Without those that come right after another of the same program: nothing has happened between the two."""
        kept = []
        for point, previous in zip(points, [""] + points):
            same_program = point.split("/")[0] == previous.split("/")[0]
            if not (same_program and point.endswith("/antes") and previous.endswith("/depois")):
                kept.append(point)
        return kept

    def hit(self):
        """Whether the point that was set has been passed, and its program is dead."""
        return not self.file.exists()


def written_effects():
    """Every effect on the stores of orders that the code knows: (kind, name) of writing statements and of scripts."""
    of_orders = [*statements("pedidos").values()]
    of_orders += [one for one in statements("catalogo").values() if one.file == "reservas"]
    scripts = {("redis", path.stem) for path in (TOP / "db/pedidos").glob("*.lua")} | {("redis", "retirar")}
    return {("sql", one.name) for one in of_orders if one.writes} | scripts
