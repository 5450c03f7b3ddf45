#!/usr/bin/python3
"""Runs the steps of scripts/test, several side by side, and ends with a line `N passed, N failed`.

A step is a command with a log of its own, build/test/<step>.log. It begins when the steps that it needs have passed
and there is room for it: a step weighs as much as it keeps the machine busy. No test depends on time, so what runs
beside what makes no difference but to how long all of it takes.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LOGS = TOP / "build/test"
ROOM = 5
STEP_SECONDS = 4 * 3600  # a test that hangs fails long before: tests/pytest.ini, tests/unit/main.c
AGAIN_SECONDS = 2400  # what only confirms is not begun later: a slow machine too has an answer in time
SKIPPED = 77  # the exit status of a step that cannot be done here and has said why (as automake has it)
TAIL = 60
FUZZ_RUNS = 15000  # inputs of each target, the same ones each time
PYTHON = "/usr/bin/python3"
MEMORY = "/dev/shm"
MEMORY_NEEDED = 12 * 2**30  # bytes; systems that run at the same time took six
DEBIAN_12 = re.search(r'^VERSION_ID="?12\b', Path("/etc/os-release").read_text(encoding="utf-8"), re.M) is not None


def place():
    """Where tests make their systems: in memory where there is room. They make and delete files by the ten thousand,
    and ext4 looks at each inode deleted in the last seconds before it gives one out: a quarter of the whole time."""
    try:
        there = os.statvfs(MEMORY)
    except OSError:
        return "/tmp"
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    available = 1024 * int(re.search(r"^MemAvailable: +(\d+) kB$", text, re.M)[1])
    room = min(available, there.f_bavail * there.f_frsize)
    return MEMORY if room >= MEMORY_NEEDED and not there.f_flag & os.ST_NOEXEC else "/tmp"


@dataclass(frozen=True)
class Step:
    """`build`: the directory whose programs its tests start. `debian_12`: other versions' tools have other opinions.
    `again`: it confirms what other steps have shown."""

    name: str
    command: str
    needs: tuple = ("build",)
    weight: int = 1
    build: str = "build"
    debian_12: bool = False
    again: bool = False

    @property
    def log(self):
        """Where all that it says is kept."""
        return LOGS / f"{re.sub(r'[^a-z0-9]+', '-', self.name.lower())}.log"


def building(name, directory, configure=""):
    """A build directory of its own."""
    return Step(name, f"tests/build {directory} {configure}", needs=("autogen",))


def pytest(name, arguments, lanes=1, **more):
    """Tests in so many lanes, each of which takes whole files and starts a shop of its own."""
    spread = f"-n {lanes} --dist loadfile" if lanes > 1 else ""
    return Step(name, f"{PYTHON} -m pytest -q {spread} {arguments}", weight=lanes, **more)


def unit(name, directory, before="", **more):
    """Unit tests. CK_FORK=no where each process is dear: all in one."""
    return Step(name, f"cd {directory} && {before} ./unit", **more)


QUICK = (
    Step("autogen", "[ configure -nt configure.ac -a Makefile.in -nt Makefile.am ] || ./autogen.sh", needs=()),
    building("build", "build"),
    unit("unit tests", "build"),
    pytest("operator's program", "tests/operator"),
    Step("format", "make -s -C build format-check", debian_12=True),
    Step("shellcheck", "make -s -C build shellcheck", debian_12=True),
)
FAST = pytest("system tests, the fast ones", "tests/system -m 'not slow'", lanes=2)
# What another version of PostgreSQL, Redis, nginx or Python could break; all of the contract's calls are in it.
VERSIONS = pytest(
    "system tests, those of versions",
    "-m 'not slow' "
    + " ".join(
        f"tests/system/test_{name}.py"
        for name in (
            *("contrato", "openapi", "busca", "cache", "conciliador", "console", "fluxo", "fotos", "http_ruim", "logs"),
            *("manutencao", "metricas", "nginx", "papeis", "partes", "replica", "saude", "seguranca", "tls", "up"),
        )
    ),
    lanes=2,
)
# The tests of the API run with the sanitizers' programs, the others with those that users have.
WHOLE = (
    *QUICK,
    pytest("system tests", "tests/system -m '(slow or commands) and not long'", lanes=3),
    building("build, crash points", "build/crash", "--enable-crash-points"),
    building("build, sanitizers", "build/sanitizers", "--enable-sanitizers"),
    Step("browser tests", "tests/browser/run", weight=2),
    Step("package, booted", "tests/booted/run"),
    pytest(
        "deaths between two effects",
        "tests/faults/test_crash_points.py tests/faults/test_crash_cache.py",
        needs=("build, crash points",),
        build="build/crash",
    ),
    pytest("faults under traffic", "-s tests/faults/test_faults.py"),
    pytest(
        "system tests of the API, sanitizers",
        "tests/system -m 'not slow and not commands'",
        lanes=2,
        needs=("build, sanitizers",),
        build="build/sanitizers",
    ),
    unit("unit tests, sanitizers", "build/sanitizers", "CK_FORK=no", needs=("build, sanitizers",)),
    Step("lint, C", "make -s -C build lint", debian_12=True),
    pytest("alerts", "tests/monitoring", needs=(), debian_12=True),
    Step("lint, Python", "make -s -C build lint-python", debian_12=True),
    Step("dist", "tests/dist"),
    pytest("storm", "-s tests/faults/test_storm.py"),
    Step("OpenAPI by others' tools", "tests/openapi/run"),
    Step("Debian 13, what versions may break", "tests/debian13", weight=2, again=True),
    Step("negative controls", f"{PYTHON} tests/controls/run.py", again=True),
    pytest("workers under valgrind", "tests/system/test_valgrind.py -m valgrind", again=True),
    unit(
        "unit tests, valgrind",
        "build",
        "CK_FORK=no valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite",
        again=True,
    ),
    building("build, clang", "build/clang", "CC=clang"),
    unit("unit tests, clang", "build/clang", needs=("build, clang",)),
    Step("fuzz targets, briefly", f"scripts/fuzz --runs {FUZZ_RUNS}", again=True),
)
ALL = (
    *WHOLE,
    pytest("system tests of the API", "tests/system -m 'not slow and not commands'", lanes=3),
    pytest("system tests, the long ones", "tests/system -m long"),
    Step("Debian 13, the fast part", "tests/debian13 --quick", needs=("Debian 13, what versions may break",), weight=2),
    Step("distcheck", "make -s -C build distcheck", needs=("dist",)),
    Step("package, booted, all of it", "tests/booted/run --all", needs=("build", "package, booted")),
    Step("storm of ten minutes", "scripts/storm --minutes 10"),
    Step(
        "starts killed fifty times",
        f"CONFEITARIA_TEST_KILLS=50 {PYTHON} -m pytest -q -s tests/system/test_interrompido.py",
    ),
)


@dataclass
class Result:
    """What became of a step. `failures`: a line for each of its tests that failed, with where its logs are."""

    passed: int = 0
    failed: int = 0
    skipped: str = ""
    failures: tuple = ()


def count(text):
    """How many tests passed and failed, by the last word of what says `N passed, N failed`, of Check or of pytest."""
    own = re.search(r"^(\d+) passed, (\d+) failed\n?\Z", text, re.M)
    if own:
        return int(own[1]), int(own[2])
    check = re.findall(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)", text)
    if check:
        ran, failures, errors = map(int, check[-1])
        return ran - failures - errors, failures + errors
    last = [re.findall(rf"\b(\d+) {word}", text)[-1:] for word in ("passed", "failed", "errors?\\b")]
    passed, failed, errors = (int(found[0]) if found else 0 for found in last)
    return passed, failed + errors


def failures_in(step, text):
    """Its tests that failed, by name; the step itself when no test is named."""
    inner = re.findall(r"^FAILED  (.+)$", text, re.M)  # this program's own, in tests/debian13
    if inner:
        return tuple(f"{step.name}: {line}" for line in inner)
    names = re.findall(r"^(?:FAILED|ERROR) (\S+)", text, re.M)  # pytest -rfE
    names += re.findall(r"^\S+:\d+:[FE]:\w+:(\w+):", text, re.M)  # Check
    logs = {name: place for place, name in re.findall(r"^LOGS (\S+) (\S+)", text, re.M)}  # tests/conftest.py
    return tuple(f"{step.name}: {name}   {logs.get(name, step.log)}" for name in dict.fromkeys(names)) or (
        f"{step.name}   {step.log}",
    )


def judge(step, status, text):
    """What a step's exit status and words come to. One that counts nothing is one test."""
    if status == SKIPPED:
        return Result(skipped=(text.split("\n")[-2:] or [""])[0])
    passed, failed = count(text)
    if status == 0 and passed + failed == 0:
        passed = 1
    if status != 0 and failed == 0:
        failed = 1
    return Result(passed, failed, failures=failures_in(step, text) if failed else ())


class Suite:
    """Steps that run side by side."""

    def __init__(self, steps):
        self.steps, self.results, self.running, self.processes = steps, {}, set(), {}
        self.began = time.monotonic()
        self.changed = threading.Condition()
        self.place = place()
        self.stopped = False

    def run(self):
        """All of them; one whose needs have failed fails."""
        waiting, threads = list(self.steps), []
        with self.changed:
            while waiting and not self.stopped:
                step = self.next_of(waiting)
                if step is None:
                    self.changed.wait()
                    continue
                waiting.remove(step)
                self.running.add(step)
                threads.append(threading.Thread(target=self.carry_out, args=(step,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def next_of(self, waiting):
        """The first one whose needs have been done, once there is room for it: none goes before a heavier one."""
        ready = (step for step in waiting if all(need in self.results for need in step.needs))
        step = next(ready, None)
        room = ROOM - sum(other.weight for other in self.running)
        return step if step and (step.weight <= room or not self.running) else None

    def carry_out(self, step):
        """One step."""
        began = time.monotonic()
        missing = [need for need in step.needs if self.results[need].failed]
        if missing:
            result = Result(failed=1, failures=(f"{step.name}: not run, since {missing[0]} failed",))
        elif step.debian_12 and not DEBIAN_12:
            result = Result(skipped="on Debian 12 only: the tools of other versions have other opinions")
        elif step.again and self.steps is not ALL and began - self.began > AGAIN_SECONDS:
            result = Result(skipped="this machine is slow: scripts/test --all has it")
        else:
            result = self.result_of(step)
        with self.changed:
            self.results[step.name] = result
            self.running.remove(step)
            tell(step, result, time.monotonic() - began)
            self.changed.notify()

    def result_of(self, step):
        """Runs its command in a process group of its own."""
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CONFEITARIA_BUILD": str(TOP / step.build),
            "CONFEITARIA_TEST_PLACE": self.place,
        }
        with step.log.open("w", encoding="utf-8") as log:
            with subprocess.Popen(
                ["bash", "-c", step.command],
                cwd=TOP,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process:
                self.processes[step.name] = process
                try:
                    status = process.wait(STEP_SECONDS)
                except subprocess.TimeoutExpired:
                    log.write(f"\nstopped: it took longer than {STEP_SECONDS} s\n")
                    os.killpg(process.pid, signal.SIGTERM)
                    status = process.wait()
        return judge(step, status, step.log.read_text(encoding="utf-8", errors="replace"))

    def stop(self, *_):
        """Ends what runs, gently: shops are taken down by the tests that started them."""
        self.stopped = True
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)


def tell(step, result, seconds):
    """A line a step; the end of its log when it failed."""
    word = "FAILED" if result.failed else "skipped" if result.skipped else "ok"
    print(f"{step.name:<38}{word:<8}{seconds:5.0f} s   {result.skipped}".rstrip(), file=sys.stderr, flush=True)
    if not step.log.exists() or result.skipped:
        return
    lines = step.log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines[-TAIL:] if result.failed else [line for line in lines if line.startswith("note: ")]:
        print(f"    {line}", file=sys.stderr, flush=True)


def one_test(arguments):
    """Brings the build up to date and runs some tests in the foreground; does not return."""
    directory = TOP / "build"
    subprocess.run([TOP / "tests/build", "build"], check=True)
    os.environ["CONFEITARIA_BUILD"] = str(directory)
    if arguments.unit:
        os.chdir(directory)
        os.environ["CK_RUN_SUITE"] = arguments.unit
        os.execv("./unit", ["./unit"])
    os.execv(PYTHON, [PYTHON, "-m", "pytest", "-q", "-k", arguments.k, str(TOP / "tests/system")])


def steps_of(arguments):
    """Those that the options ask for."""
    if arguments.quick or arguments.versions:
        return (*QUICK, FAST if arguments.quick else VERSIONS)
    return ALL if arguments.all else WHOLE


def main():
    """See scripts/test --help."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--unit")
    parser.add_argument("-k")
    arguments = parser.parse_args()
    if arguments.unit or arguments.k:
        one_test(arguments)
    LOGS.mkdir(parents=True, exist_ok=True)
    suite = Suite(steps_of(arguments))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, suite.stop)
    suite.run()
    results = suite.results.values()
    for line in (line for result in results for line in result.failures):
        print(f"FAILED  {line}")
    failed = sum(result.failed for result in results) + suite.stopped
    print(f"{sum(result.passed for result in results)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
