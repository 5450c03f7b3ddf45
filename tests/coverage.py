#!/usr/bin/python3
"""Measures which lines of the C code the tests reach: gcc's counters (--enable-coverage), read by gcov.

coverage.py [unit] [system] [faults] [fuzz] [--lines FILE]...: builds in a directory of its own, runs these tests (unit
and the fast system tests when none is named), and prints a line a file. `fuzz` replays the corpora of tests/fuzz.
`--lines fcgi/core/sql.c` prints the lines of that file that were not reached. What dies by kill -9 has counted nothing.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"
PYTEST = f"{PYTHON} -m pytest -q {TOP}"
CORPUS = TOP / "tests/fuzz/corpus"
TARGETS = "catalogo carrinho pedidos saude json field cursor http auth config imagem trace"
TESTS = {
    "unit": "CK_FORK=no ./unit",
    "system": f"{PYTEST}/tests/system -m 'not slow and not commands' -n 2 --dist loadfile",
    "faults": f"{PYTEST}/tests/faults/test_faults.py",
    "fuzz": f"make -s fuzz && for target in {TARGETS}; do ./fuzz-$target {CORPUS}/$target/* || exit; done",
}


def build(place):
    """Programs and unit tests. Counters are written by whichever user a program runs as, so all may write them."""
    make = ["make", "-s", f"-j{os.cpu_count()}"]
    for command in ([TOP / "configure", "--quiet", "--enable-coverage"], [*make, "unit"], [*make, "stage"]):
        subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
    open_to_all(place)


def open_to_all(place):
    """Makes room for each object's counters."""
    for directory in (place, *place.rglob("*/")):
        directory.chmod(0o777)
    for notes in place.rglob("*.gcno"):
        counters = notes.with_suffix(".gcda")
        counters.touch()
        counters.chmod(0o666)


def run(place, test):
    """Some tests, on what was built; returns whether they passed."""
    environment = {**os.environ, "CONFEITARIA_BUILD": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(["bash", "-c", TESTS[test]], cwd=place, env=environment, check=False).returncode == 0


def lines_reached(place):
    """{file: {line: how often}} over all objects that a file was compiled into."""
    reached = defaultdict(lambda: defaultdict(int))
    counters = [str(path) for path in place.rglob("*.gcda") if path.stat().st_size > 0]
    gcov = subprocess.run(
        ["gcov", "--json-format", "--stdout", *counters], cwd=place, check=True, stdout=subprocess.PIPE
    )
    for text in gcov.stdout.decode().splitlines():
        for file in json.loads(text)["files"]:
            path = (place / file["file"]).resolve()
            if not path.is_relative_to(TOP / "fcgi"):
                continue
            for line in file["lines"]:
                reached[str(path.relative_to(TOP))][line["line_number"]] += line["count"]
    return reached


def tell(name, lines):
    """One line of the table."""
    done = sum(count > 0 for count in lines)
    print(f"{name:<36}{done:6} of {len(lines):5}   {100 * done / max(1, len(lines)):5.1f} %")


def report(reached, detailed):
    """A line a file, and what the directories come to."""
    for directory in sorted({str(Path(file).parent) for file in reached}):
        files = {file: reached[file] for file in sorted(reached) if str(Path(file).parent) == directory}
        for file, lines in files.items():
            tell(file, lines.values())
        tell(f"{directory}, all of it", [count for lines in files.values() for count in lines.values()])
        print()
    tell("all", [count for lines in reached.values() for count in lines.values()])
    for file in detailed:
        source = (TOP / file).read_text(encoding="utf-8").splitlines()
        for number in sorted(number for number, count in reached[file].items() if count == 0):
            print(f"{file}:{number}: {source[number - 1]}")


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", metavar="TEST", help=", ".join(TESTS))
    parser.add_argument("--lines", action="append", default=[], metavar="FILE")
    arguments = parser.parse_args()
    tests = arguments.tests or ["unit", "system"]
    if unknown := set(tests) - set(TESTS):
        parser.error(f"unknown tests: {', '.join(sorted(unknown))}")
    place = Path(tempfile.mkdtemp(prefix="cft-coverage-", dir="/var/tmp"))
    try:
        build(place)
        passed = [run(place, test) for test in tests]
        report(lines_reached(place), arguments.lines)
    finally:
        shutil.rmtree(place)
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
