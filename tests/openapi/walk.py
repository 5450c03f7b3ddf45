"""Goes through a private shop behind Prism, a validating proxy, which holds every answer against openapi.yaml: with the
compiled clients of walk.ts and hey.ts, and on the tour of tests/system/tour.py, which gets each operation to give each
status that the document names. walk.py SCRIPT... ends with a line `N passed, N failed`; each call is a test.
"""
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from client import TOP, Client
from shop import Shop, eventually, free_ports, port_free
from tour import ONE_A_SECOND, Tour

DOCUMENT = TOP / "nginx/html/api/openapi.yaml"


class Proxied(Client):
    """A client of the shop by way of Prism, which names in a header what the document does not allow."""

    calls = 0

    def __init__(self, shop, port, token=None):
        super().__init__(port, token, shop.contract)
        self.direct = Client(shop.port, token)

    def exchange(self, method, target, body, headers):
        """What is wrong with a request matters only if the shop took it. A picture goes past Prism, which makes text of
        every body."""
        if body is not None and target.split("?")[0].endswith("/foto"):
            return self.direct.exchange(method, target, body, headers)
        answer = super().exchange(method, target, body, headers)
        Proxied.calls += 1
        assert answer.headers["X-Request-Id"], f"{answer}: not answered by the shop"
        for violation in json.loads(answer.headers["sl-violations"] or "[]"):
            refused = answer.status >= 400 and violation["location"][0] == "request"
            assert refused or violation["message"] == "Selected route not found", (answer, violation)
        return answer


@contextmanager
def prism(shop):
    """The proxy in front of a shop; its port."""
    port = free_ports()[0]
    command = ["node", "node_modules/.bin/prism", "proxy", DOCUMENT, shop.url, "--port", str(port)]
    with open(f"prism-{port}.log", "w", encoding="utf-8") as log:
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
            try:
                assert eventually(lambda: process.poll() is not None or not port_free(port)) and process.poll() is None
                yield port
            finally:
                process.terminate()


def walk(script, port, token):
    """One of the compiled clients; how many calls passed, and how many failed."""
    command = ["node", script, f"http://127.0.0.1:{port}", token]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(script, done.stdout, flush=True)
    found = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    return (int(found[1]), int(found[2])) if found and (done.returncode == 0) == (found[2] == "0") else (0, 1)


def tour(shop, port):
    """Each operation with each of its answers."""
    whole = Tour(shop, lambda token: Proxied(shop, port, token))
    whole.successes()
    whole.refusals()
    whole.outages()
    with Shop(**ONE_A_SECOND) as limited, prism(limited) as other:
        whole.excess(Proxied(limited, other))
    assert whole.missed() == [], whole.missed()


def main(scripts):
    """All of it."""
    with Shop() as shop, prism(shop) as port:
        walks = [walk(script, port, shop.admin.token) for script in scripts]
        passed, failed = map(sum, zip(*walks))
        tour(shop, port)
    print(f"{passed + Proxied.calls} passed, {failed} failed")
    sys.exit(failed > 0)


main(sys.argv[1:])
