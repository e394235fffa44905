"""The sizes of what is drawn at finite N, checked alike for every experiment."""

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import check_size, sample_count


def check_sizes(model: TeacherStudent, alpha: float, N: int) -> tuple[int, int]:
    """(N, M), M = round(αN).

    Raises
    ------
    InvalidInput
        If p is infinite, N not above p*, there would be no sample, more than can be counted, or no
        such inputs at N.
    """
    N = int(positive_integer("N", N))
    M = sample_count(alpha, N)
    check_size(TeacherStudent.check(model), N)
    if model.p_star >= N:
        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {N}")
    return N, M
