"""Says which TCP ports cannot be bound, and by whose fault."""
import errno
import os
import socket
import sys


def refusal(port, address):
    """None when the port can be bound as nginx will, else the errno."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((address, port))
            sock.listen(1)
        except OSError as error:
            return error.errno
    return None


def listeners(port):
    """Inodes of the sockets that listen on a port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
        except OSError:
            continue
        found |= {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
    return found


def holder(port):
    """The process that listens, as far as this user may see."""
    sockets = {f"socket:[{inode}]" for inode in listeners(port)}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            files = os.listdir(f"/proc/{pid}/fd")
            if any(os.readlink(f"/proc/{pid}/fd/{name}") in sockets for name in files):
                with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                    return f"in use by {comm.read().strip()} (process {pid})"
        except OSError:
            continue
    return "in use by a process that this user cannot see"


def main():
    """ports.py ADDRESS PORT...: a line for each port that cannot be had; status 1 if there was one."""
    address, *ports = sys.argv[1:]
    bad = 0
    for port in map(int, ports):
        error = refusal(port, address)
        if error is None or error in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            continue
        bad = 1
        print(
            port,
            "not permitted to this user"
            if error == errno.EACCES
            else holder(port)
            if error == errno.EADDRINUSE
            else os.strerror(error),
        )
    return bad


if __name__ == "__main__":
    sys.exit(main())
