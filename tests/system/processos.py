"""What a shop's processes cost, as Linux counts it."""
from pathlib import Path


def children(parents):
    """Processes whose parent is one of these."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent in parents:
            found.append(int(stat.parent.name))
    return found


def serving(shop):
    """Those that answer requests: the workers, Redis, the backends of PostgreSQL."""
    processes = shop.processes()
    masters = {pid for name, pid in processes.items() if name.startswith("pg-")}
    workers = {pid for name, pid in processes.items() if ":" in name and not name.startswith("conciliador")}
    return [*workers, processes["redis"], *children(masters)]


def cpu(processes):
    """Seconds of CPU that they have used so far: a process that is gone has used none."""
    total = 0
    for pid in processes:
        try:
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9
