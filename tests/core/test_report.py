"""Reports as text and HTML, and registries."""

import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.core.registry import Registry
from bbpscape.core.report import WIDTH, Report, Table, counted, number, with_error
from bbpscape.core.status import Diagnostics, Status

TABLE = Table("m2, α = 2", ("method", "begins at"), [("Hessian", "0.9"), ("≤ <b>", "12.25")])


def test_text_is_aligned_and_complete():
    lines = TABLE.text().splitlines()
    assert lines[0] == "m2, α = 2"
    assert lines[1] == "method   begins at"
    assert lines[3:] == ["Hessian        0.9", "≤ <b>        12.25"]
    assert set(lines[2]) == {"─"}
    assert len(lines[2]) == len(lines[1])


def test_html_escapes_what_users_wrote():
    text = Report([TABLE], ["1 < 2"]).html()
    assert "≤ &lt;b&gt;" in text
    assert "<p>note: 1 &lt; 2</p>" in text
    assert text.count("<tr>") == 3


def test_notes_come_below_the_tables():
    assert Report([TABLE, TABLE], ["said"]).text().endswith("12.25\n\nnote: said")


def test_numbers_that_are_not_there_are_empty():
    assert (number(None), number(float("nan")), number(2.0)) == ("", "", "2")
    assert (counted(1, "draw"), counted(0, "draw")) == ("1 draw", "0 draws")


def test_a_status_says_what_to_try():
    assert str(Status()) == "converged"
    assert str(Status("it fell short", "try more")) == "it fell short: try more"
    assert Diagnostics(3, 0.0, 1e-11).status.ok
    fallen = Diagnostics(3, 0.0, 2e-10).status
    assert not fallen.ok
    assert "2e-10, above 1e-10" in str(fallen)
    assert not Diagnostics(3, 0.0, float("nan")).status.ok


def test_a_name_is_taken_once():
    known = Registry[int]("size")
    known.add("small", 1)
    known.add("small", 1)
    with pytest.raises(InvalidInput, match="there is a size 'small' already"):
        known.add("small", 2)
    assert known.add("small", 2, replace=True) == known["small"] == 2
    with pytest.raises(InvalidInput, match="size must be one of small, got 3"):
        known.get_known(3)
    with pytest.raises(InvalidInput, match="must be a text"):
        known.add("", 1)
    assert list(known) == ["small"]
    assert len(known) == 1


def test_a_wide_table_goes_on_below_and_notes_are_wrapped():
    names = ("alpha", *(f"column {i}" for i in range(12)))
    table = Table("x" * 70 + " and on", names, [[f"{i:.4f}" for i in range(13)]])
    text = Report([table], ["word " * 40]).text()
    assert max(map(len, text.splitlines())) <= WIDTH
    for i in range(12):
        assert text.count(f"column {i} ") + text.count(f"column {i}\n") == 1
    assert text.count("alpha") > 1
    assert text.split("note: ")[1].split() == ["word"] * 40
    assert text.count("11.0000") == text.count("12.0000") == 1


def test_a_value_has_the_digits_of_its_error():
    assert with_error(0.123456, 0.00321) == "0.1235 ± 0.0032"
    assert with_error(0.123456, 0.0996) == "0.12 ± 0.10"
    assert with_error(-98765.4, 321.0) == "-98765 ± 321"
    assert with_error(1.0, 0.0) == "1 ± 0"
    assert with_error(2e-9, 3e-10) == "2e-09 ± 3e-10"
    assert with_error(None, 0.1) == with_error(float("nan"), 0.1) == ""
    assert with_error(1.23456, None) == with_error(1.23456, float("nan")) == "1.235"
