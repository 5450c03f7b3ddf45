"""What scripts/bench goals found: ratios, goals met or missed, tables, a chart."""
from pathlib import Path

import chart
from measure import median, table
from peers import PHP, RETURN, TRIVIAL

OURS = "confeitaria"
OTHERS_MAX = 0.1
# fmt: off
TITLES = {"produto": "hot GET of a product", "lista": "hot GET of a list", "estoque": "stock check, never cached",
          "adicionar": "add to cart", "carrinho": "GET cart of 5 items"}
RATIOS = (("produto", RETURN, 0.5), ("produto", PHP, 12), ("lista", RETURN, 0.5), ("lista", PHP, 12),
          ("estoque", TRIVIAL, 0.6), ("estoque", PHP, 2.5), ("adicionar", TRIVIAL, 0.35), ("carrinho", TRIVIAL, 0.3))
# fmt: on
MEMORY_GOAL, START_GOAL, P99_GOAL = 2.5, 5, 5  # MiB, seconds, of p50
SERVICES = ("catalogo", "carrinho", "pedidos")


class Report:
    """Made of what goals.measure_all() found."""

    def __init__(self, found):
        self.found = found
        self.rounds = found["rounds"]
        self.sides = {name: list(self.rounds[0][name]) for name in TITLES}
        self.goals = [*(self.ratio(*goal) for goal in RATIOS), self.memory(), self.start(), self.p99()]

    def middle(self, name, side, what):
        """The median of the rounds; nothing where a side does not say that."""
        values = [each[name][side][what] for each in self.rounds if what in each[name][side]]
        return median(values) if values else None

    def ratio(self, name, side, goal):
        """Ours over theirs, round by round: what disturbs one round disturbs both."""
        ratio = self.times(name, side)
        return {
            **verdict(f"{TITLES[name]} : {side}", ratio, goal, "×", ratio >= goal),
            "by_cpu": round(self.by_cpu(name, side), 3),
        }

    def times(self, name, side):
        """Our rate in units of this side's."""
        return median([each[name][OURS]["rate"] / each[name][side]["rate"] for each in self.rounds])

    def cpu(self, name, side):
        """CPU seconds for 1,000 requests, by process group."""
        used = [each[name][side]["cpu_per_1000"] for each in self.rounds]
        return {part: median([each[part] for each in used]) for part in used[0]}

    def by_cpu(self, name, side):
        """What the ratio comes to when CPU is all that is scarce, and nobody else takes any."""
        return sum(self.cpu(name, side).values()) / sum(self.cpu(name, OURS).values())

    def memory(self):
        """The largest worker of any pool."""
        largest = max(self.found["pss_kib"][pool][-1] for pool in SERVICES) / 1024
        return verdict("memory of the largest worker, PSS", largest, MEMORY_GOAL, " MiB", largest < MEMORY_GOAL)

    def start(self):
        """scripts/up."""
        taken = median(self.found["up_seconds"])
        return verdict("scripts/up when built and initialised, healthy", taken, START_GOAL, " s", taken <= START_GOAL)

    def p99(self):
        """At half of the peak."""
        ratio = self.p99_of(OURS)
        return verdict("stock check at half of the peak, p99 : p50", ratio, P99_GOAL, "×", ratio < P99_GOAL)

    def p99_of(self, side):
        """p99 in units of p50."""
        return median([each[side]["p99_ms"] / each[side]["p50_ms"] for each in self.found["half"]])

    def others(self):
        """Which share of the machine other programs took, in the median measurement of the worst kind."""
        return max(self.middle(name, side, "others_share") for name, sides in self.sides.items() for side in sides)

    def show(self):
        """All tables."""
        print(f"\nMedians of {len(self.rounds)} rounds of {self.found['seconds']} s, {self.found['clients']} clients\n")
        self.show_rates()
        print("CPU seconds for 1,000 requests, by process group\n")
        self.show_cpu()
        print("Memory of a worker, PSS in MiB\n")
        table(
            [("pool", "workers", "median", "largest")]
            + [
                (pool, len(sizes), f"{median(sizes) / 1024:.2f}", f"{sizes[-1] / 1024:.2f}")
                for pool, sizes in self.found["pss_kib"].items()
            ]
        )
        self.show_goals()
        print(f"At half of its peak the trivial worker's p99 is {self.p99_of(TRIVIAL):.1f} times its p50.\n")
        if self.others() > OTHERS_MAX:
            print(
                f"Other programs used {self.others():.0%} of this machine meanwhile: measure again when it is quiet."
                "\n"
            )

    def show_goals(self):
        """Met or missed."""
        rows = [("goal", "measured", "wanted", "", "by CPU")]
        for goal in self.goals:
            measured, wanted = (f"{goal[what]:.2f}{goal['unit']}" for what in ("measured", "wanted"))
            rows.append(
                (
                    goal["goal"],
                    measured,
                    wanted,
                    "met" if goal["met"] else "MISSED",
                    f"{goal['by_cpu']:.2f}×" if "by_cpu" in goal else "",
                )
            )
        table(rows)

    def show_rates(self):
        """A line a side; ours over theirs."""
        rows = [("", "requests/s", "ours : this", "by CPU", "p50 ms", "p99 ms", "others")]
        for name, sides in self.sides.items():
            rows.append((TITLES[name], *[""] * 6))
            for side in sides:
                times = (self.middle(name, side, what) for what in ("p50_ms", "p99_ms"))
                rows.append(
                    (
                        f"  {side}",
                        f"{self.middle(name, side, 'rate'):.0f}",
                        f"{self.times(name, side):.2f}",
                        f"{self.by_cpu(name, side):.2f}",
                        *("" if each is None else f"{each:.2f}" for each in times),
                        f"{self.middle(name, side, 'others_share'):.0%}",
                    )
                )
        table(rows)

    def show_cpu(self):
        """Who used it; groups that used none anywhere are left out."""
        used = {(name, side): self.cpu(name, side) for name, sides in self.sides.items() for side in sides}
        parts = [part for part in next(iter(used.values())) if any(cpu[part] >= 0.005 for cpu in used.values())]
        rows = [("", *parts, "all")]
        for name, sides in self.sides.items():
            rows.append((TITLES[name], *[""] * (len(parts) + 1)))
            rows += [
                (
                    f"  {side}",
                    *(f"{used[name, side][part]:.3f}" for part in parts),
                    f"{sum(used[name, side].values()):.3f}",
                )
                for side in sides
            ]
        table(rows)

    def draw(self, path):
        """The chart."""
        groups = []
        for name, sides in self.sides.items():
            rates = {side: self.middle(name, side, "rate") for side in sides}
            wanted = max(goal * rates[side] for asked, side, goal in RATIOS if asked == name)
            groups.append((TITLES[name], list(rates.items()), wanted))
        note = (
            f"{self.found['cores']} cores, {self.found['clients']} clients on the same machine, medians of "
            f"{len(self.rounds)} rounds of {self.found['seconds']} s; other programs used {self.others():.0%} of it"
        )
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            chart.draw("Requests a second, beside what the parts can do and beside PHP-FPM", note, groups),
            encoding="utf-8",
        )
        print(f"The chart: {path}")


def verdict(goal, measured, wanted, unit, met):
    """A line of the last table."""
    return {"goal": goal, "measured": round(measured, 3), "wanted": wanted, "unit": unit, "met": met}
