"""Files of rows: round trips of every format, and one line for what is damaged or lies."""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse as sp

from bbpscape.core import memory
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.files import load_inputs, read_rows
from bbpscape.simulation.data.inputs import inputs_of, prepare_inputs

ROWS = np.random.default_rng(0).standard_normal((40, 4))
FRAME = pd.DataFrame(ROWS, columns=["a", "b c", "d;e", "f"])


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["f8", ">f8", "f4", ">f2", "g", "u1", ">i8", "?"])
@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_arrays_of_every_kind(tmp_path, kind, save):
    rows = (10 * abs(ROWS)).astype(kind)
    path = tmp_path / ("rows.npy" if save is np.save else "rows.npz")
    for given in (rows, np.asfortranarray(rows), rows.reshape(40, 2, 2)):
        save(path, given)
        found = load_inputs(str(path))
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, rows.astype(float))


def test_one_array_of_several(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, first=ROWS, second=2 * ROWS)
    np.testing.assert_array_equal(load_inputs(path, "second"), 2 * ROWS)
    np.testing.assert_array_equal(load_inputs(path, key="first"), ROWS)


@pytest.mark.parametrize(
    "form", [sp.csr_matrix, sp.csc_array, sp.coo_array, sp.dia_matrix, sp.bsr_array]
)
def test_sparse_matrices(tmp_path, form):
    rows = np.where(ROWS > 0, ROWS, 0)
    sp.save_npz(tmp_path / "rows.npz", form(rows))
    np.testing.assert_array_equal(load_inputs(tmp_path / "rows.npz"), rows)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("header", [True, False])
def test_text_with_any_separator(tmp_path, separator, header):
    path = tmp_path / "rows.csv"
    FRAME.to_csv(path, sep=separator, header=header, index=False)
    rows = read_rows(path)
    np.testing.assert_array_equal(rows.values, ROWS)
    assert rows.labels == (tuple(FRAME) if header else ())


def test_text_as_others_write_it(tmp_path):
    path = tmp_path / "rows.csv"
    plain = FRAME.to_csv(index=False)
    for content in (b"\xef\xbb\xbf" + plain.encode(), plain.replace("\n", "\r\n").encode()):
        path.write_bytes(content)
        assert read_rows(path).labels == tuple(FRAME)
        np.testing.assert_array_equal(load_inputs(path), ROWS)
    for form in ("%.17g", "%25.17g"):
        np.savetxt(path, ROWS, form, header="four columns\nof numbers")
        np.testing.assert_array_equal(load_inputs(path), ROWS)
    path.write_text("a,b\nTrue,1e3\nFalse,-.5\n")
    assert load_inputs(path).tolist() == [[1.0, 1000.0], [0.0, -0.5]]


def test_long_text_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("bbpscape.simulation.data.files.BLOCK", 12)
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    np.testing.assert_array_equal(load_inputs(tmp_path / "rows.csv"), ROWS)


@pytest.mark.parametrize("groups", [7, 100])
def test_parquet(tmp_path, groups):
    path = tmp_path / "rows.parquet"
    frame = FRAME.assign(n=pd.array(range(40), dtype="Int64"), yes=[True, False] * 20)
    frame["half"] = frame["f"].astype("float32")
    frame.index = [f"sample {i}" for i in range(40)]
    frame.to_parquet(path, row_group_size=groups)
    rows = read_rows(path)
    assert rows.labels == tuple(frame)
    np.testing.assert_array_equal(rows.values, frame.to_numpy(dtype=float))
    wide = pd.DataFrame(np.arange(300.0).reshape(3, 100))
    wide.to_parquet(path)
    np.testing.assert_array_equal(load_inputs(path), wide)


def table(**columns):
    file = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def twice():
    file = io.BytesIO()
    pa.parquet.write_table(pa.table([[1.0, 2.0], [3.0, 4.0]], names=["a", "a"]), file)
    return file.getvalue()


def sparse(matrix):
    file = io.BytesIO()
    sp.save_npz(file, matrix)
    return file.getvalue()


def broken():
    matrix = sp.csr_matrix(ROWS)
    matrix.indices[0] = 10**6
    return matrix


WHOLE = npy(ROWS)
LIE = WHOLE.replace(b"(40, 4), }    ", b"(40, 4000), } ")
BAD = [
    ("none.npy", None, "there is no file"),
    ("rows.txt", b"1,2\n3,4\n", "must be a file .npy, .npz, .csv, .parquet, got"),
    ("a.npy", b"1,2\n3,4\n", "begins with b'1,2\\n3,': name a text file .csv"),
    ("a.npy", b"", "begins with b''"),
    ("a.npy", WHOLE[:6], "of version 1 or 2, got ()"),
    ("a.npy", WHOLE[:60], "cannot be read as an .npy file: EOF"),
    ("a.npy", WHOLE[:-8], "promises 1280 bytes of numbers, of shape (40, 4) and dtype float64, "),
    ("a.npy", WHOLE + b"\0", "and 1281 follow"),
    ("a.npy", LIE, "promises 1280000 bytes"),
    ("a.npy", zipped(rows=WHOLE), "begins with b'PK"),
    ("a.npy", npy(ROWS * 1j), "real numbers, got dtype complex128"),
    ("a.npy", npy(ROWS.astype(object)), "real numbers, got dtype object"),
    ("a.npy", npy(ROWS.astype("m8[s]")), "real numbers, got dtype timedelta64[s]"),
    ("a.npy", npy(np.array([["a"]] * 3)), "real numbers, got dtype <U1"),
    ("a.npy", npy(np.zeros(3, dtype=[("ä", "f8")])), "real numbers, got dtype [('ä', '<f8')]"),
    ("a.npy", npy(np.full((3, 2), np.nan)), "in 6 places of 3 rows (the first is row 0, column 0)"),
    ("a.npy", npy(np.float64(1.0)), "must have shape (n, N), got ()"),
    ("a.npy", npy(np.ones(5)), "must have shape (n, N), got (5,)"),
    ("a.npz", b"PK", "cannot be read as an .npz file: File is not a zip file"),
    ("a.npz", zipped(x=WHOLE, y=WHOLE), "key must say which array of the .npz file: x, y"),
    ("a.npz", zipped(), "key must say which array of the .npz file: it has none"),
    ("a.npz", zipped(x=LIE), "promises 1280000 bytes"),
    ("a.npz", zipped(x=npy(np.array([{}]))), "real numbers, got dtype object"),
    ("a.npz", zipped(x=WHOLE).replace(WHOLE[200:240], b"\0" * 40), "Bad CRC-32"),
    ("a.npz", sparse(broken()), "must be a sound sparse matrix"),
    ("a.npz", sparse(sp.csr_matrix(ROWS * 1j)), "real numbers, got dtype complex128"),
    ("a.npz", sparse(sp.coo_matrix((10**6, 10**6))), "rows = 1000000 needs"),
    ("a.npz", zipped(format=npy(b"csr"), shape=WHOLE, data=WHOLE), "as an .npz file: "),
    ("a.csv", b"", "a .csv file with a table in text"),
    ("a.csv", b"\n\n", "a .csv file with a table in text"),
    ("a.csv", b"1,2\0\n", "a .csv file with a table in text"),
    ("a.csv", WHOLE, "as a .csv file in UTF-8: "),
    ("a.csv", "ä,b\n1,2\n".encode("latin-1"), "as a .csv file in UTF-8: "),
    ("a.csv", "a,b\n1,2\n".encode("utf-16"), "as a .csv file in UTF-8: "),
    ("a.csv", b"a,b\n" + 50 * b"1,2\n" + b"\xe4,3\n", "as a .csv file in UTF-8: "),
    ("a.csv", b'"' + 200_000 * b"x" + b",1\n2,3\n", "field larger than field limit"),
    ("a.csv", b"a,b\n", "at least 2 rows, got 0"),
    ("a.csv", b"1,2\n", "at least 2 rows, got 1"),
    ("a.csv", b"a,b\n1,x\n2,y\n", "these columns are not: 'b' ('x')"),
    ("a.csv", b"a,b\n1,2\n2,?\n", "these columns are not: 'b' ('?')"),
    ("a.csv", b"a;b\n0,5;1,5\n2,5;1,0\n", "these columns are not: 'a' ('0,5'), 'b' ('1,5')"),
    ("a.csv", b"a,b\n1,\n2,3\n", "1 place of 1 row (the first is row 0, column 'b')"),
    ("a.csv", b"a,b,c\n1,2,3\n2,3\n", "(the first is row 1, column 'c')"),
    ("a.csv", b"1,2,\n3,4,\n", "2 places of 2 rows (the first is row 0, column 2)"),
    ("a.csv", b"a,b\n1,2\n2,3,4\n", "Expected 2 fields in line 3, saw 3"),
    ("a.csv", b"a,b\n1,2,3\n2,3,4\n", "Length of header or names does not match"),
    ("a.csv", b"1,2\n-inf,3\n", "(the first is row 1, column 0)"),
    ("a.csv", b",a,b\n0,1,2\n1,3,4\n", "must not have an index: the first column"),
    ("a.csv", b",0,1\n0,1,2\n1,3,4\n", "must not have an index: the first column"),
    ("a.csv", b"0,1,2\n3,4,5\n6,7,8\n", "the first line of"),
    ("a.parquet", b"PAR1 PAR1", "cannot be read as a .parquet file: "),
    ("a.parquet", table(a=[1.0, 2.0])[:-30], "cannot be read as a .parquet file: "),
    ("a.parquet", table(a=[1.0]), "at least 2 rows, got 1"),
    ("a.parquet", table(a=[1.0, None]), "1 place of 1 row (the first is row 1, column 'a')"),
    ("a.parquet", table(n=[1, 2], a=["x", "y"]), "these columns are not: 'a' ('x')"),
    ("a.parquet", table(n=[1, 2], a=[[1.0], [2.0]]), "these columns are not: 'a' (array([1.]))"),
    ("a.parquet", twice(), "must have columns of different names, got 'a'"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_a_bad_file_is_one_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput) as error:
        load_inputs(tmp_path / name)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert "pickle" not in str(error.value)


def test_keys_and_what_is_no_file(tmp_path):
    np.savez(tmp_path / "rows.npz", x=ROWS)
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(InvalidInput, match=r"an array of the \.npz file, x, got 'y'"):
        load_inputs(tmp_path / "rows.npz", "y")
    with pytest.raises(InvalidInput, match=r"key is for an array of an \.npz file, got 'x' for"):
        load_inputs(tmp_path / "rows.npy", "x")
    os.mkfifo(tmp_path / "pipe.npy")  # would wait for ever
    (tmp_path / "folder.npy").mkdir()
    for name, what in (("pipe", "device or a pipe"), ("folder", "folder")):
        with pytest.raises(InvalidInput, match=rf"inputs must be a file, and .* is a {what}"):
            load_inputs(tmp_path / f"{name}.npy")


WORDS = (b"'<f8'", b"(40, 4)", b"False", b"'shape'", b"{", b"}", b",")
LIES = (
    b"(99999999999, 4)", b"(-40, -4)", b"'O'", b"(" * 300, b"[1]" * 5, b"True", b"6", b"(40.0, 4)",
    b"'<c16'", b"'>i8'", b"None", b"('<f8', (2,))", b"[('a', '<f8')]", b"(True, 160)", b"'<M8[s]'",
    b"-" * 90, b"1e999", b"'\\N{x}'", b"\\x00", b"((((6, 4))))", b"'''", b"#", b"'V0'", b"(0, 4)",
)  # fmt: skip


def mutant(rng):
    """The file of ROWS with other bytes, words or lengths in its header."""
    header, rest = bytearray(WHOLE[:128]), WHOLE[128:]
    kind = rng.integers(4)
    if kind == 0:
        for _ in range(rng.integers(1, 6)):
            header[rng.integers(128)] = rng.integers(256)
    elif kind == 1:
        header = bytes(header).replace(rng.choice(WORDS), rng.choice(LIES), 1)
    elif kind == 2:
        return WHOLE[: rng.integers(len(WHOLE))]
    else:
        first, last = np.sort(rng.integers(6, 128, 2))
        header[first:last] = rng.integers(32, 127, last - first, dtype=np.uint8).tobytes()
    return bytes(header) + rest


def test_headers_that_lie(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "rows.npy"
    refused = []
    tracemalloc.start()
    try:
        for _ in range(500):
            path.write_bytes(mutant(rng))
            try:
                assert load_inputs(path).size == ROWS.size  # of another dtype of 8 bytes, or whole
            except InvalidInput as error:
                refused.append(str(error))
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
    assert 450 < len(refused) < 500
    assert not [one for one in refused if "\n" in one or "pickle" in one]


def test_a_length_of_the_header_that_lies(tmp_path):
    path, length = tmp_path / "rows.npy", 10**8
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x02\x00" + length.to_bytes(4, "little"))
        file.truncate(2 * length)  # takes no room on a disk
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="cannot be read as an .npy file: EOF"):
            load_inputs(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


AVAILABLE = 2 * 8 * ROWS.size - 1  # not enough for two copies


@pytest.mark.parametrize("name", ["a.npy", "b.npy", "a.npz", "s.npz", "a.csv", "a.parquet"])
def test_a_file_that_does_not_fit_is_refused_before_it_is_read(tmp_path, monkeypatch, name):
    np.save(tmp_path / "a.npy", ROWS)
    np.save(tmp_path / "b.npy", ROWS.astype(np.float32))
    np.savez_compressed(tmp_path / "a.npz", ROWS)
    sp.save_npz(tmp_path / "s.npz", sp.coo_matrix((40, 4)))
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(memory, "available_memory", lambda: AVAILABLE)
    with pytest.raises(InvalidInput, match=r"rows = 4\d needs .*: rows must be at most 39$"):
        load_inputs(tmp_path / name)


@pytest.mark.parametrize("name", ["double.npy", "single.npy", "rows.npz", "sparse.npz", "rows.csv"])
def test_two_copies_at_most(tmp_path, monkeypatch, name):
    """Peak memory over that of the rows in double precision, read, centred and whitened."""
    for module in ("core.tables", "simulation.data.files", "simulation.data.columns"):
        monkeypatch.setattr(f"bbpscape.{module}.BLOCK", 2**16)
    n, N = 10_000, 100
    rows = np.random.default_rng(0).standard_normal((n, N), dtype=np.float32).round(3)
    if name == "sparse.npz":
        sp.save_npz(tmp_path / name, sp.csr_matrix(np.where(rows > 1, rows, 0)))
    elif name == "rows.csv":
        pd.DataFrame(rows).to_csv(tmp_path / name, header=False, index=False)
    else:
        save = np.savez if name == "rows.npz" else np.save
        save(tmp_path / name, rows.astype(np.float32 if name == "single.npy" else float))
    del rows
    prepare_inputs(np.random.default_rng(0).standard_normal((9, 2)))
    tracemalloc.start()
    try:
        inputs_of(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 2.4 * 8 * n * N
    finally:
        tracemalloc.stop()
