"""The command ``bbpscape``, and ``python -m bbpscape``: it can be interrupted from the start on."""

import os
import sys

from bbpscape.core import interruption


def main() -> None:
    """Run the command line; Ctrl-C is one line, also while it is being imported."""
    interruption.listen()
    try:
        from bbpscape.cli import main as run

        run()
    except (Exception, KeyboardInterrupt):
        # An import that is interrupted may end in any error.
        if interruption.received() is None:
            raise
        said, status = interruption.ending()
        if sys.stderr is not None:
            sys.stderr.write(f"bbpscape: {said}\n")
            sys.stderr.flush()
        # Where the interruption came within an exec, Python would end itself by a signal.
        os._exit(status)
    finally:
        interruption.finish()


if __name__ == "__main__":
    main()
