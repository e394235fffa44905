"""
A phase diagram for a talk
==========================

m² over a and α: where the outlier is, and whether the overlap grows from 0 or jumps.
"""

import numpy as np

import bbpscape as bb

found = bb.diagram(a=np.geomspace(1e-2, 5, 24), alpha=np.linspace(0.4, 3, 24), p=2)
found.plot()
