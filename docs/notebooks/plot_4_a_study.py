"""
A study and its finite-size analysis
====================================

Many draws in one file, stopped and gone on with, extended, exported and analysed.
"""

import tempfile
from pathlib import Path

import bbpscape as bb

folder = Path(tempfile.mkdtemp())
model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.5))
axes = {"alpha": "0.8:3.2:5", "N": [30, 60]}
study = bb.Study(model, axes, ["m2", "lowest"], draws=4, seed=0)

# %%
# How many points, how long, how much memory:

study.plan()

# %%
# Run it. A second run computes what is missing and nothing else, so it can be stopped at any time.

results = study.run(folder / "first.sqlite", workers=1)
results

# %%
# More draws extend the same file: the first four are kept.

more = bb.Study(model, axes, ["m2", "lowest"], draws=12, seed=0)
results = more.run(folder / "first.sqlite", workers=1)
results.plot(observable="m2")

# %%
# A tidy table, and files for others:

results.to_dataframe().head()

# %%

results.export(folder / "first.csv")

# %%
# Where do the curves of two N meet, and where do they begin?

bb.analyse(results, "m2", resamples=50, label_draws=20)
