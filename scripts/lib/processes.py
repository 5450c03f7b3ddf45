"""Lists the processes of a state directory, known by what they run and where, never by name alone."""
import os
import sys

STORES = ("/postgres", "/redis-server", "/redis-check-rdb", "/nginx")

# Debian's redis-server is a link.
REAL_NAMES = {"redis-check-rdb": "redis-server"}


def link(pid, name):
    """Where /proc/PID/NAME points, or nothing when it may not be read or the process is gone."""
    try:
        return os.readlink(f"/proc/{pid}/{name}").removesuffix(" (deleted)")
    except OSError:
        return ""


def zombie(pid):
    """Whether the process has ended and only waits to be collected."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def ours(pid, state):
    """A worker runs the state's own copy of a program; stores and nginx have a directory inside it as their own."""
    program = link(pid, "exe")
    if program.startswith(f"{state}/bin/"):
        return True
    places = (f"{state}/data/", f"{state}/tmp/nginx")
    return program.endswith(STORES) and f"{link(pid, 'cwd')}/".startswith(places)


def main():
    """processes.py STATE: a line a process, its id and its program."""
    state = sys.argv[1]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if ours(pid, state) and not zombie(pid):
            program = os.path.basename(link(pid, "exe"))
            print(pid, REAL_NAMES.get(program, program))


if __name__ == "__main__":
    main()
