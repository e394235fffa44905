"""
A study
=======

A grid of α and N, run into one file that can be interrupted and extended.
"""

import tempfile
from pathlib import Path

import bbpscape as bb

study = bb.Study(
    bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=2.0)),
    {"alpha": "0.6:2.6:5", "N": [40, 80]},
    ["m2"],
    draws=6,
    seed=0,
)
results = study.run(Path(tempfile.mkdtemp()) / "first.sqlite", workers=1)
results.plot(observable="m2")
