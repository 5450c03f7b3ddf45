"""Who is killed, and when: workers, the conciliador, the vigia and nginx's workers often, whole stores now and then."""
import random
import subprocess
import threading

from processes import alive, kill, nginx_workers
from shop import POOLS, eventually

STORES = ("pg-catalogo", "pg-pedidos", "pg-replica", "redis")


class Killer(threading.Thread):
    """Draws kinds of victims from a bag, so that each has its turn, and kills one every now and then: not before the
    last one has been replaced, or a slow machine would have none left."""

    def __init__(self, storm, name, bag, pause):
        super().__init__(name=name, daemon=True)
        self.storm, self.kinds, self.pause, self.bag = storm, bag, pause, []
        self.random = random.Random(f"{storm.seed}/{name}")

    def run(self):
        """Until the killing is over."""
        while not self.storm.calm.wait(self.random.uniform(*self.pause)):
            self.bag = self.bag or self.random.sample(self.kinds, len(self.kinds))
            try:
                self.strike(self.bag.pop())
            except (subprocess.SubprocessError, OSError) as error:
                self.storm.journal.write(self.name, "missed", erro=repr(error))

    def victims(self, kind):
        """Processes of this kind that run."""
        processes = self.storm.shop.processes()
        if kind == "nginx":
            return [pid for pid in nginx_workers(processes.get("nginx")) if alive(pid)]
        return [pid for name, pid in sorted(processes.items()) if name.split(":")[0] == kind]

    def strike(self, kind):
        """Kills one of this kind, if one runs."""
        victims = self.victims(kind)
        of = self.storm.shop.processes().get("nginx") if kind == "nginx" else self.storm.supervisord
        if victims and kill(victim := self.random.choice(victims), of):
            self.storm.journal.count(f"killed {kind}")
            self.storm.journal.write(self.name, "kill -9", tipo=kind, pid=victim)
            eventually(lambda: self.storm.calm.is_set() or len(self.victims(kind)) >= len(victims))


def killers(storm):
    """One for what is lost often, one for the stores."""
    often = [*POOLS, *POOLS, "conciliador", "vigia", "nginx"]
    return [Killer(storm, "kill-processos", often, (0.1, 0.6)), Killer(storm, "kill-dados", list(STORES), (3.0, 7.0))]
