"""Draws beside the theory."""

from bbpscape.experiments.compare import comparisons
from bbpscape.explore import limits
from bbpscape.explore.state import State
from bbpscape.explore.views.messages import Send, part


def simulation(state: State, send: Send) -> None:
    """``compare``, draw by draw: the eigenvalues of each once, and all together at the end."""
    model, sizes = state.model, state.sizes
    limits.check_comparison(model, **sizes)
    found = None
    for found in comparisons(model, **sizes):
        record = found.to_dict(compact=True)
        eigenvalues = found.eigenvalues[-1].tolist()
        send({"part": "draw", "record": record, "eigenvalues": eigenvalues, "of": sizes["draws"]})
    if found is not None:
        send(part("comparison", found))
