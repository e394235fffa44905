"""The page in the browser: theory answers as a slider moves, simulation fills in draw by draw."""

from __future__ import annotations

import html
import threading
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.explore.server import Server
from bbpscape.explore.state import State
from bbpscape.model.teacher_student import TeacherStudent


class Explorer:
    """A page that is being served: at ``address``, and in the cell of a notebook.

    It ends with ``close``, at the end of a ``with`` block, or with Python.
    """

    def __init__(self, server: Server, query: str) -> None:
        self._server = server
        self.address = server.address + (f"?{query}" if query else "")
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return when the page is no longer served."""
        while self._thread.is_alive():
            # In pieces: Ctrl-C ends no wait without a limit on every system.
            self._thread.join(1.0)

    def close(self) -> None:
        """Serve it no longer, and end its computations."""
        self._server.end()

    def summary(self) -> str:
        return f"The page is at {self.address}"

    def __enter__(self) -> Explorer:
        return self

    def __exit__(self, *of: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{html.escape(self.address)}" title="bbpscape explorer" width="100%" '
            'height="760" style="border:0"></iframe>'
        )


def explore(
    model: TeacherStudent | None = None,
    alpha: float = 3.0,
    N: int = 300,
    draws: int = 10,
    seed: int = 0,
    port: int = 0,
    host: str = "127.0.0.1",
) -> Explorer:
    """Serve a page in which α, the model and the sizes are dragged, and theory answers at once.

    Its views are the spectrum and the overlap with simulation beside them, the phase diagram,
    gradient descent, a photograph, and a story of five stops. The address holds all that is shown.

    Parameters
    ----------
    model : TeacherStudent
        What it begins with; the source's model by default.
    alpha : float
        Samples per dimension.
    N, draws, seed : int
        Of simulations.
    port : int
        Where it is served; 0 for any port that is free.
    host : str
        The address that it is served at. Others than this machine's own reach what it computes
        from elsewhere.

    Returns
    -------
    Explorer
        With its ``address``; a cell of a notebook shows the page itself.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, the address cannot say what the model is (objects of your own
        that are not listed), or the port is taken.

    Examples
    --------
    >>> import bbpscape as bb
    >>> page = bb.explore(alpha=2.0)
    >>> page.address.startswith("http://127.0.0.1:")
    True
    >>> page.close()
    """
    model = TeacherStudent() if model is None else TeacherStudent.check(model)
    state = State.of(model, alpha=alpha, N=N, draws=draws, seed=seed)
    for name in state.sizes:
        state.value(name)
    if not isinstance(host, str) or not host:
        raise InvalidInput(f"host must be an address as 127.0.0.1, got {host!r}")
    return Explorer(Server(host, port), state.query)
