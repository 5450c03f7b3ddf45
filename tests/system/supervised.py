"""A system's supervisord, as a test speaks to it."""
import os
import signal
import time
import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport

from client import WAIT_SECONDS

STOPPED = ("STOPPED", "FATAL")
WELL = ("ALREADY_STARTED", "NOT_RUNNING")  # it is as wanted


def server(path):
    """The supervisord that listens on this socket."""
    return xmlrpc.client.ServerProxy("http://supervisor", SupervisorTransport(None, None, f"unix://{path}"))


def states(it):
    """Name -> what supervisord knows of each process that is declared."""
    return {
        one["name"] if one["name"] == one["group"] else f"{one['group']}:{one['name']}": one
        for one in it.supervisor.getAllProcessInfo()
    }


def running(it):
    """Those that run: name -> process id. STARTING is the beginning of RUNNING."""
    return {
        name: one["pid"]
        for name, one in states(it).items()
        if one["statename"] in ("STARTING", "RUNNING") and one["pid"]
    }


def together(it, method, names, *more):
    """Calls a method for each name."""
    answers = it.system.multicall([{"methodName": f"supervisor.{method}", "params": [name, *more]} for name in names])
    for name, answer in zip(names, answers):
        fault = answer.get("faultString", "") if isinstance(answer, dict) else ""
        assert not fault or fault.split(":")[0] in WELL, (method, name, fault)


def start(it, names):
    """Starts processes and does not wait for them."""
    together(it, "startProcess", names, False)


def stop(it, names):
    """Stops processes and waits. One that has just died by itself can be stopped only once it has begun again."""
    end = time.monotonic() + WAIT_SECONDS
    while left := [name for name in names if states(it)[name]["statename"] not in STOPPED]:
        assert time.monotonic() < end, f"still running: {names}"
        together(it, "stopProcess", left, False)
        time.sleep(0.05)


def hangup(it, names):
    """SIGHUP for each."""
    together(it, "signalProcess", names, "HUP")


def reopen(it, _names):
    """Has nginx and supervisord open their logs by name again."""
    together(it, "signalProcess", ["nginx"], "USR1")
    os.kill(it.supervisor.getPID(), signal.SIGUSR2)


ACTIONS = {"start": start, "stop": stop, "hangup": hangup, "reopen": reopen}
