"""Who is killed, and when: workers, the conciliador, the vigia and nginx's workers often, whole stores now and then."""
import os
import random
import signal
import subprocess
import threading

from shop import POOLS

STORES = ("pg-catalogo", "pg-pedidos", "pg-replica", "redis")


def parent(pid):
    """The process's parent, None when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def children(pid, title):
    """Processes of this parent whose command line begins so."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and parent(entry) == pid:
            try:
                with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as line:
                    if line.read().startswith(title):
                        found.append(int(entry))
            except OSError:
                pass
    return sorted(found)


def kill(pid, of):
    """kill -9, if it is still that child of `of`: whoever has its number now is not hit. Whether it was."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if parent(pid) != of:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


class Killer(threading.Thread):
    """Draws kinds of victims from a bag, so that each has its turn, and kills one every now and then."""

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

    def strike(self, kind):
        """Kills one of this kind, if one runs."""
        processes = self.storm.shop.processes()
        if kind == "nginx":
            victims, of = children(processes.get("nginx"), "nginx: worker process"), processes.get("nginx")
        else:
            victims = [pid for name, pid in sorted(processes.items()) if name.split(":")[0] == kind]
            of = self.storm.supervisord
        if victims and kill(victim := self.random.choice(victims), of):
            self.storm.journal.count(f"killed {kind}")
            self.storm.journal.write(self.name, "kill -9", tipo=kind, pid=victim)


def killers(storm):
    """One for what is lost often, one for the stores."""
    often = [*POOLS, *POOLS, "conciliador", "vigia", "nginx"]
    return [Killer(storm, "kill-processos", often, (0.1, 0.6)), Killer(storm, "kill-dados", list(STORES), (3.0, 7.0))]
