"""Rows of whatever Python holds: the numbers that were put in, or one line that says why not."""

import sys
import types

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp

import bbpscape as bb
from bbpscape.core import memory
from bbpscape.core.checks import InvalidInput
from bbpscape.core.tables import Rows, rows_of, to_rows

ROWS = np.random.default_rng(0).integers(-4, 5, (12, 6)) / 4  # exact in every precision
FRAME = pd.DataFrame(ROWS, columns=list("abcdef"))


class Items:
    """A dataset as torch knows it: items by number, and how many."""

    def __init__(self, items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def nullable(rows):
    frame = pd.DataFrame(rows).astype("Float64")
    frame[0] = (4 * frame[0]).astype("Int64") / 4
    return frame


FORMS = {
    "list": ROWS.tolist(),
    "objects": ROWS.astype(object),
    "float32": ROWS.astype(np.float32),
    "big-endian": ROWS.astype(">f8"),
    "big-endian half": ROWS.astype(">f2"),
    "long double": ROWS.astype(np.longdouble),
    "columns first": np.asfortranarray(ROWS),
    "stack": ROWS.reshape(12, 3, 2),
    "stack of colours": ROWS.reshape(12, 1, 3, 2),
    "stack of lists": ROWS.reshape(12, 3, 2).tolist(),
    "unmasked": np.ma.masked_array(ROWS),
    "frame": FRAME,
    "nullable frame": nullable(ROWS),
    "sparse frame": FRAME.astype(pd.SparseDtype(float, 0.0)),
    "arrow frame": FRAME.astype("float32[pyarrow]"),
    "arrow table": pa.Table.from_pandas(FRAME),
    "csr": sp.csr_matrix(ROWS),
    "csc": sp.csc_array(ROWS),
    "coo": sp.coo_array(ROWS),
    "lil": sp.lil_matrix(ROWS.astype(np.float32)),
    "dataset of rows": Items(ROWS),
    "dataset of pairs": Items((row.astype(np.float32), 1) for row in ROWS),
    "dataset of images": Items((row.reshape(3, 2), 1) for row in ROWS),
    "dataset of lists": Items(row.tolist() for row in ROWS),
    "prepared": Rows(ROWS),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_numbers_that_were_put_in(form):
    found = to_rows(FORMS[form])
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, ROWS)


@pytest.mark.parametrize("kind", [bool, "u1", ">i2", "i8", "boolean", "Int8"])
def test_integers_and_booleans(kind):
    wanted = np.array([[0, 1], [1, 1], [1, 0]])
    np.testing.assert_array_equal(to_rows(pd.DataFrame(wanted).astype(kind)), wanted)
    if kind not in ("boolean", "Int8"):
        np.testing.assert_array_equal(to_rows(wanted.astype(kind)), wanted)
        np.testing.assert_array_equal(to_rows(wanted.astype(kind).tolist()), wanted)
    if kind in (bool, "u1", "i8"):
        np.testing.assert_array_equal(to_rows(sp.csr_matrix(wanted.astype(kind))), wanted)


def test_torch():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(ROWS)
    data = torch.utils.data
    for given in (
        tensor,
        tensor.float(),
        tensor.bfloat16(),
        tensor.clone().requires_grad_(),
        tensor.to_sparse(),
        tensor.reshape(12, 3, 2),
        list(tensor),
        data.TensorDataset(tensor, torch.zeros(12)),
        data.Subset(data.TensorDataset(tensor.reshape(12, 2, 3), torch.zeros(12)), range(12)),
    ):
        np.testing.assert_array_equal(to_rows(given), ROWS)
    np.testing.assert_array_equal(to_rows(tensor > 0), ROWS > 0)
    with pytest.raises(InvalidInput, match=r"real numbers, got dtype torch\.complex128"):
        to_rows(tensor * 1j)
    with pytest.raises(InvalidInput, match="real numbers, got DataLoader"):
        to_rows(data.DataLoader(data.TensorDataset(tensor)))


def broken(matrix):
    matrix.indices[0] = 100
    return matrix


def spoiled():
    rows = ROWS.copy()
    rows[3, 1], rows[5, [2, 4]] = np.nan, np.inf
    return rows


ODD = pd.DataFrame(
    {
        "n": [1.0, 2.0],
        "city": ["Paris", "Rome"],
        "day": pd.to_datetime(["2020", "2021"]),
        "wait": pd.to_timedelta([1, 2], unit="s"),
        "group": pd.Categorical([1, 2]),
        "none": [None, None],
    }
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ROWS * 1j, "inputs must be real numbers, got dtype complex128"),
        (sp.csr_matrix(ROWS * 1j), "inputs must be real numbers, got dtype complex128"),
        (np.ma.masked_less(ROWS, 0), "inputs must have no masked entries"),
        (np.ones((3, 2)).astype("M8[s]"), "inputs must be real numbers, got dtype datetime64[s]"),
        (np.ones((3, 2)).astype("m8[s]"), "inputs must be real numbers, got dtype timedelta64[s]"),
        (np.array([["1", "2"]] * 3), "inputs must be real numbers, got dtype <U1"),
        (np.array([[{}, 1]] * 3), "inputs must be real numbers, got dict"),
        (np.zeros(3, dtype=[("a", "f8")]), "inputs must be real numbers, got dtype [('a', '<f8')]"),
        ("rows.csv", "inputs must be real numbers, got dtype <U8"),
        ({"a": [1.0]}, "inputs must be real numbers, got dict"),
        (iter(ROWS), "inputs must be real numbers, got iterator"),
        ([[1.0], [1.0, 2.0]], "inputs must be an array of numbers, got rows that differ"),
        (np.ones(5), "inputs must have shape (n, N), got (5,)"),
        (FRAME["a"], "inputs must have shape (n, N), got (12,)"),
        (np.ones((3, 0)), "inputs must have shape (n, N), got (3, 0)"),
        (np.ones((1, 4)), "inputs must have at least 2 rows, got 1"),
        (FRAME[:1], "inputs must have at least 2 rows, got 1"),
        (Items(ROWS[:1]), "inputs must have at least 2 rows, got 1"),
        (spoiled(), "got nan or inf in 3 places of 2 rows (the first is row 3, column 1)"),
        (
            pd.DataFrame(spoiled(), columns=list("abcdef")),
            "got nan or inf in 3 places of 2 rows (the first is row 3, column 'b')",
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": pd.array([True, None], dtype="boolean")}),
            "got nan or inf in 1 place of 1 row (the first is row 1, column 'b')",
        ),
        (
            ODD,
            "inputs must be real numbers, and these columns are not: 'city' ('Paris'), "
            "'day' (Timestamp('2020-01-01 00:00:00')), 'wait' (Timedelta('0 days 00:00:01')) and 2 "
            "more; drop them or turn them into numbers",
        ),
        (ODD[["n", "none"]], "these columns are not: 'none' (empty); drop them"),
        (FRAME * 1j, "these columns are not: 'a' ("),
        (broken(sp.csr_matrix(np.eye(3))), "inputs must be a sound sparse matrix: "),
        (Items([{"x": 1}] * 2), "got items that are dictionaries with ['x']"),
        (Items([[1.0, 2.0], [1.0]]), "item 0 of the dataset has 2 numbers, item 1 has 1"),
        (Items(["ab", "cd"]), "inputs must be real numbers, got dtype <U2"),
        (sp.coo_matrix((10**6, 10**6)), "rows = 1000000 needs"),
        (sp.coo_matrix((10, 10**12)), "whatever rows: fewer columns"),
    ],
)
def test_what_holds_no_rows(data, message):
    with pytest.raises(InvalidInput) as error:
        to_rows(data)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


AVAILABLE = 2 * 8 * ROWS.size - 1  # not enough for two copies


@pytest.mark.parametrize("form", ["float32", "frame", "csr", "dataset of rows", "arrow table"])
def test_what_does_not_fit_is_refused_before_it_is_made(form, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: AVAILABLE)
    with pytest.raises(InvalidInput, match=r"rows = 12 needs .*: rows must be at most 11$"):
        to_rows(FORMS[form])
    assert to_rows(ROWS) is ROWS  # takes none


def test_names_of_columns():
    assert rows_of(FRAME).labels == tuple("abcdef")
    assert rows_of(FRAME).named([1, 3]) == "columns 'b', 'd'"
    assert rows_of(ROWS).named(np.array([2])) == "column 2"
    assert rows_of(pd.DataFrame(ROWS)).named([5, 4, 3, 2]) == "columns 5, 4, 3 and 1 more"


def test_a_table_of_another_library():
    """Anything that hands out its columns by the protocol of Arrow."""
    table = pa.Table.from_pandas(FRAME)
    other = types.SimpleNamespace(columns=[], __arrow_c_stream__=table.__arrow_c_stream__)
    assert rows_of(other).labels == tuple("abcdef")


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    np.testing.assert_array_equal(bb.data.to_rows(Items(ROWS)), ROWS)
