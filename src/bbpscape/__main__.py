"""``python -m bbpscape``: the command line."""

from bbpscape.cli import main

main()
