"""The command line as a whole."""

import subprocess
import sys


def test_a_reader_that_has_seen_enough_is_no_error():
    shell = f"{sys.executable} -m pipelines actions | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}"], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert (done.returncode, done.stderr) == (0, "")
