"""Gradient descent, and a photograph that it recovers."""

from bbpscape.core.codec import encode
from bbpscape.experiments.photograph import photograph
from bbpscape.explore import limits
from bbpscape.explore.state import MOST_STEPS, Mistake, State
from bbpscape.explore.views.messages import Send, part
from bbpscape.explore.words import STARTS
from bbpscape.model.reference import check_reference
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.study.spectral_start import find_start


def descent(state: State, send: Send) -> None:
    """m² and loss of each draw from three starts, record by record, on the same data."""
    model, sizes = state.model, state.sizes
    rule = DescentRule(steps=state.count("steps", 1, MOST_STEPS))
    limits.check_descent(model, rule, len(STARTS), **sizes)
    starts = [find_start(name).check_model(model) for name in STARTS]
    for index in range(sizes["draws"]):
        one = draw(model, sizes["alpha"], sizes["N"], sizes["seed"], index)
        begins = [start.begin(one) for start in starts]

        def tell(which: int, row: tuple[float, ...], index: int = index) -> None:
            send({"part": "step", "start": STARTS[which], "draw": index, "row": encode(list(row))})

        paths = descend_batch([one] * len(starts), begins, rule, tell=tell)
        for name, path in zip(STARTS, paths, strict=True):
            record = encode(path, compact=True)
            send({"part": "path", "start": name, "draw": index, "record": record})


def picture(state: State, send: Send) -> None:
    """A photograph recovered from its random measurements."""
    model, side = state.model, state.side
    check_reference(model, "the photograph")
    if model.p_star != 1:
        raise Mistake("p_star", "p_star must be 1: one photograph is one teacher")
    alpha, rule = state.value("alpha"), DescentRule(steps=state.count("steps", 1, MOST_STEPS))
    limits.check_descent(model, rule, 4, alpha, side**2, 1, 0, field="side")

    def tell(done: int, total: int) -> None:
        send({"part": "work", "done": done, "of": total})

    given = {"alpha": alpha, "side": side, "p": model.p, "a": model.normalization}
    found = photograph(**given, seed=state.value("seed"), rule=rule, progress=tell)
    send(part("photograph", found))
