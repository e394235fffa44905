"""The diagram over two parameters."""

from typing import Any

from bbpscape.core.grids import parse_grid
from bbpscape.explore.state import State
from bbpscape.explore.views.messages import Send, part
from bbpscape.explore.words import GRIDS, alpha_grid
from bbpscape.model.reference import check_reference
from bbpscape.theory.diagram import diagram


def phases(state: State, send: Send) -> None:
    """The diagram over two parameters, of the source's loss and teacher on any inputs."""
    model = state.model
    check_reference(model, "the phase diagram", any_inputs=True)
    given: dict[str, Any] = {"p": model.p, "p_star": model.p_star, "a": model.normalization}
    given |= {x: parse_grid(x, GRIDS[x][0], whole=x == "p") for x in state.axes if x in GRIDS}
    if "alpha" in state.axes:
        given["alpha"] = parse_grid("alpha", alpha_grid(model.p_star))

    def tell(done: int, total: int) -> None:
        send({"part": "work", "done": done, "of": total})

    found = diagram(**given, inputs=model.inputs, **state.dimension, progress=tell)
    send(part("diagram", found))
