"""Every number that figures/README.md takes from data is that of the data."""

import pytest
from figures.kit import HERE
from figures.stated import TOLD, read


@pytest.mark.parametrize("number", TOLD)
def test_the_page_says_what_the_data_say(number):
    page = " ".join((HERE / "README.md").read_text(encoding="utf-8").split())
    missing = [text for text in TOLD[number](read(number)) if text not in page]
    assert not missing
