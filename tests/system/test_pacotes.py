"""Installing packages: the policy that keeps their services from starting is gone afterwards, however that ends."""
import subprocess
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[2] / "scripts/lib/packages.sh"


def install(policy, apt):
    """packages_install with its policy elsewhere, and this in place of apt-get."""
    words = f"source {LIBRARY}; POLICY={policy}; packages_apt() {{ [[ -x $POLICY ]] && {apt}; }}; packages_install none"
    # What runs in the background ignores SIGINT, and bash can trap nothing that was ignored when it began.
    command = ["env", "--default-signal=INT", "bash", "-c", words]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode


@pytest.mark.parametrize("apt", ["true", "false", "kill -TERM $BASHPID", "kill -INT $BASHPID"])
def test_the_policy_goes(tmp_path, apt):
    """Also when the command is interrupted."""
    policy = tmp_path / "policy-rc.d"
    assert (install(policy, apt) == 0) == (apt == "true")
    assert not policy.exists()


def test_what_a_kill_left_goes_the_next_time(tmp_path):
    """kill -9 leaves it; the next installation knows it for its own."""
    policy = tmp_path / "policy-rc.d"
    install(policy, "kill -KILL $BASHPID")
    assert policy.exists()
    assert install(policy, "true") == 0
    assert not policy.exists()


def test_an_administrator_s_policy_stays(tmp_path):
    """As it was."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n", encoding="utf-8")
    policy.chmod(0o755)
    assert install(policy, "true") == 0
    assert policy.read_text(encoding="utf-8") == "#!/bin/sh\nexit 104\n"
