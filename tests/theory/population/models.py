"""Models of the source on inputs of any law."""

import bbpscape as bb


def model_of(p, p_star, a, covariance="isotropic", radial="gaussian", **others):
    inputs = bb.InputLaw(covariance, radial, **others)
    return bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a), inputs=inputs)
