"""
Restarts a part whose socket file is gone: it goes on listening where no client can find it, and does not notice.
Rotates the logs.
"""
import os
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path

from supervisor import Transport, start, stop

LOOK_SECONDS = 0.5
ROTATION_SECONDS = 2
YOUNG_SECONDS = 5  # who is younger may be about to make it
PENDING = Path(__file__).with_name("zelador.pending")  # the processes to restart, while it lasts


def running(server, group):
    """The processes of a part, unless it is starting or an operator has stopped it."""
    found = [p for p in server.supervisor.getAllProcessInfo() if p["group"] == group and p["statename"] == "RUNNING"]
    if any(p["now"] - p["start"] < YOUNG_SECONDS for p in found):
        return []
    return [f"{group}:{p['name']}" for p in found]


def look(server, sockets, missing):
    """One look; the parts whose socket is missing. One that was missing the last time too is started anew."""
    now = {part for part, path in sockets.items() if not os.path.exists(path)}
    for part in now & missing:
        if names := running(server, part):
            print(f"{part}: {sockets[part]} is gone: restarting it", flush=True)
            PENDING.write_text("\n".join(names), encoding="utf-8")
            restart_pending(server)
    return now


def restart_pending(server):
    """Restarts what is to be restarted, also when this process has died half-way through it before."""
    if PENDING.exists():
        names = PENDING.read_text(encoding="utf-8").split("\n")
        stop(server, names)
        start(server, names)
        PENDING.unlink()


def rotate(configuration, status, said):
    """Lets logrotate look at the logs' sizes. What it complains of, printed unless that was said before."""
    command = ["/usr/sbin/logrotate", "--state", status, configuration]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        says = done.stderr.strip() if done.returncode else ""
    except OSError as error:
        says = str(error)
    if says and says != said:
        print(f"logrotate: {says}", flush=True)
    return says


def main():
    """zelador.py SUPERVISOR LOGROTATE-CONF LOGROTATE-STATUS PART=SOCKET...: until its supervisor is gone."""
    server = xmlrpc.client.ServerProxy("http://supervisor", transport=Transport(sys.argv[1]))
    configuration, status = sys.argv[2:4]
    sockets = dict(word.split("=", 1) for word in sys.argv[4:])
    parent, missing, says, rotated = os.getppid(), set(), "", time.monotonic()
    restart_pending(server)
    while os.getppid() == parent:
        missing = look(server, sockets, missing)
        if time.monotonic() - rotated >= ROTATION_SECONDS:
            says, rotated = rotate(configuration, status, says), time.monotonic()
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
