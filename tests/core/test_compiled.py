"""Compiled kernels: the same numbers, lazily, from a cache where there is one."""

import os
import subprocess
import sys

import numpy as np

from bbpscape.core.compiled import compiled

KERNELS = """
import sys
import numpy as np
from bbpscape.core.compiled import compiled

@compiled
def double(x):
    return 2.0 * x

@compiled
def doubled(x):
    "Twice each."
    result = np.empty(x.size)
    for i in range(x.size):
        result[i] = double(x[i])
    return result

assert "numba" not in sys.modules
assert doubled.__doc__ == "Twice each."
print(doubled(np.arange(3.0)).tolist())
hits = doubled.machine().stats.cache_hits
print(sum(hits.values()))
"""


def test_code_is_compiled_once_and_kept(tmp_path):
    file = tmp_path / "kernels.py"
    file.write_text(KERNELS)
    folder = tmp_path / "cache"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    for hits in ("0", "1"):
        done = subprocess.run(
            [sys.executable, file], capture_output=True, text=True, check=True, env=environment
        )
        assert done.stdout.split("\n") == ["[0.0, 2.0, 4.0]", hits, ""]
    assert list(folder.rglob("*.nbc"))


def test_without_a_place_for_its_code_a_kernel_works_too():
    # A function without a file has none.
    names = {"compiled": compiled}
    exec("@compiled\ndef inverse(x):\n    return 1.0 / x\n", names)
    assert names["inverse"](4.0) == 0.25
    assert np.isinf(names["inverse"](0.0))
