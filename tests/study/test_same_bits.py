"""The same bits whatever computes them, as studies.md promises: two BLAS threads."""

import os
import subprocess
import sys

# Sizes at which the BLAS takes both of its threads, and gives other digits then.
SIMULATE = """
import numpy as np
import bbpscape as bb
model = bb.TeacherStudent(2, 1)
one, two = (bb.simulate(model, 3.0, 300, 2, workers=workers) for workers in (1, 2))
for a, b in zip(one.draws, two.draws):
    np.testing.assert_array_equal(a.eigenvalues, b.eigenvalues)
    np.testing.assert_array_equal(a.m2, b.m2)
"""
STUDY = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import bbpscape as bb
study = bb.Study(bb.TeacherStudent(2, 1), {"alpha": [2.0, 3.0], "N": 200}, ["lowest", "m2"], 4)
alone = study.run(workers=1)
with ThreadPoolExecutor(2) as pool:
    together = study.run(executor=pool)
processes = study.run(workers=2)
for other in (together, processes, study.run(workers=1)):
    for a, b in zip(alone.rows, other.rows, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
"""


def run(code):
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr


def test_draws_of_simulate_whatever_the_workers():
    run(SIMULATE)


def test_points_of_a_study_in_this_process_in_threads_and_in_processes():
    run(STUDY)
