"""Fixtures that several files share."""

import sys

import pytest

from bbpscape import cli


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process: (exit status, standard output, standard error)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bbpscape", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run
