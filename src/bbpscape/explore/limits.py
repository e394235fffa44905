"""What one question may cost: what takes longer is refused, in the field that makes it so."""

from bbpscape.core.report import duration
from bbpscape.explore.state import Mistake
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import check_size, sample_count
from bbpscape.simulation.descent.rule import DescentRule, budget_seconds

# Seconds of a question, as predicted; one that runs longer is ended at TWICE.
LONGEST = 300.0
# Seconds of all eigenvalues and a few vectors of a matrix of n rows are this times n³.
CUBE = 4e-10
# The label-sampled theory is O(M) a draw.
MOST_LABELS_N = 20_000


def check_comparison(model: TeacherStudent, alpha: float, N: int, draws: int, seed: int) -> None:
    """Refuse dense Hessians that take too long."""
    p, M = check_size(model, N), sample_count(alpha, N)
    _check(draws * (CUBE * (p * N) ** 3 + 1e-9 * M * (p * N) ** 2), "N", f"{draws} draws")


def check_descent(
    model: TeacherStudent,
    rule: DescentRule,
    starts: int,
    alpha: float,
    N: int,
    draws: int,
    seed: int,
    field: str = "N",
) -> None:
    """Refuse descents that take too long."""
    p, M = check_size(model, N), sample_count(alpha, N)
    _check(draws * starts * budget_seconds(rule, p, N, M), field, f"{draws * starts} descents")


def check_labels(model: TeacherStudent, N: int) -> None:
    if N > MOST_LABELS_N:
        raise Mistake("N", f"N must be at most {MOST_LABELS_N} for the curve at finite N")


def _check(seconds: float, field: str, what: str) -> None:
    if seconds > LONGEST:
        raise Mistake(
            field,
            f"{what} would take about {duration(seconds)}, and the page stops at "
            f"{duration(LONGEST)}: lower {field}, draws, p or alpha, or copy the command",
        )
