"""Negative controls: breaks the product on purpose, one patch a copy, and sees that the tests notice.

Each tests/controls/*.patch is applied to a throw-away copy of this tree, built there, and the tests that its header
names must fail. First the same tests must pass in an unbroken copy; and a patch whose copy runs the same as the
unbroken one proves nothing, so that fails too.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "CONFEITARIA_BUILD"}
BROKEN_WAIT_SECONDS = "10"  # for what a broken copy never does; an unbroken one has all the time it needs


def run(command, cwd, **environment):
    """A command whose words are kept."""
    keep = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, cwd=cwd, check=False, env={**ENVIRONMENT, **environment}, **keep)


def must(command, cwd):
    """A command that the controls rest on."""
    done = run(command, cwd)
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stdout[-3000:]}")


def copy_of_the_tree(place):
    """The files that git knows or would take, as they are now; nothing that was built from others."""
    names = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], TOP).stdout.split("\0")
    for name in filter(None, names):
        if (TOP / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, place / name)


def build(place):
    """As scripts/up does."""
    if not (place / "build/Makefile").exists():
        must(["./autogen.sh"], place)
        (place / "build").mkdir()
        must(["../configure", "--quiet"], place / "build")
    must(["make", "-s", f"-j{os.cpu_count()}", "stage"], place / "build")


def what_runs(place):
    """All that releases are made of, in one number."""
    total = hashlib.sha256()
    for path in sorted((place / "build/stage").rglob("*")):
        if path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()


def pytest_of(place, tests, **environment):
    """Runs tests in a copy up to the first that fails: exit status, how many failed, or could not begin; last words."""
    done = run(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "--tb=line", *tests], place, **environment)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (failed|error|passed)", done.stdout)}
    return done.returncode, counts, done.stdout[-2000:]


def header(patch):
    """What the patch says of itself: the tests that must fail."""
    tests = re.findall(r"^Caught by: (\S+)$", patch.read_text(encoding="utf-8").split("\ndiff ")[0], re.M)
    if not tests:
        sys.exit(f"{patch.name} names no test")
    return tests


def control(patch, sound, place):
    """None when the tests notice the patch, else why not."""
    shutil.copytree(sound, place, symlinks=True)
    applied = run(["git", "apply", "--whitespace=nowarn", str(patch)], place)
    if applied.returncode != 0:
        return f"does not apply: {applied.stdout}"
    build(place)
    if what_runs(place) == what_runs(sound):
        return "changes nothing that runs"
    status, counts, words = pytest_of(place, header(patch), CONFEITARIA_TEST_WAIT=BROKEN_WAIT_SECONDS)
    if status != 1 or counts.get("error") or not counts.get("failed"):
        return f"was not noticed as it should be (pytest ended with {status}):\n{words}"
    return None


def controlled(patch, sound, work):
    """The same, told, and the copy is gone."""
    try:
        reason = control(patch, sound, work / patch.stem)
    finally:
        shutil.rmtree(work / patch.stem, ignore_errors=True)
    print(f"{patch.stem}: {reason or 'noticed'}", flush=True)
    return reason


def main():
    """run.py [NAME...]: all controls, or those of the patches named."""
    wanted = sys.argv[1:]
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not wanted or patch.stem in wanted]
    work = Path(tempfile.mkdtemp(prefix="cft-controls-", dir=os.environ.get("CONFEITARIA_TEST_PLACE", "/tmp")))
    work.chmod(0o755)
    try:
        sound = work / "sound"
        sound.mkdir()
        copy_of_the_tree(sound)
        build(sound)
        status, _, words = pytest_of(sound, sorted({test for patch in patches for test in header(patch)}))
        if status != 0:
            sys.exit(f"the tests do not pass in the unbroken copy:\n{words}")
        # Two at a time: each mostly waits for a system of its own to start and to stop.
        with ThreadPoolExecutor(2) as pool:
            failed = sum(
                reason is not None for reason in pool.map(lambda patch: controlled(patch, sound, work), patches)
            )
    finally:
        shutil.rmtree(work)
    print(f"note: {len(patches) - failed} of {len(patches)} faults put in on purpose were noticed")
    print(f"{len(patches) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
