"""The page of the metrics, read as Prometheus reads it."""
import re

from client import Client
from shop import METRICS

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\})? (-?[0-9.]+)')


def text(shop):
    """The page; it answers in any case."""
    answer = Client(shop.base + METRICS).get("/metrics")
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


class Page:
    """What the page says now."""

    def __init__(self, shop):
        self.samples = {}
        for line in text(shop).splitlines():
            if not line.startswith("#"):
                match = SAMPLE.fullmatch(line)
                assert match, line
                labels = frozenset(re.findall(r'([a-z]+)="([^"]*)"', match[2] or ""))
                key = (match[1], labels)
                assert key not in self.samples, line
                self.samples[key] = float(match[3])

    def get(self, name, **labels):
        """The sum of the samples that have these labels; None when there is none."""
        found = [
            value for (one, has), value in self.samples.items() if one == name and labels.items() <= dict(has).items()
        ]
        return sum(found) if found else None

    def names(self):
        """All names."""
        return {name for name, _ in self.samples}
