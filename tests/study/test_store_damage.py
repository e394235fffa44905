"""What a disk, a copy or another hand has changed in a study's file is refused, in one line."""

import contextlib
import hashlib
import json
import random
import sqlite3
import time

import pytest
from tests.study import small

from bbpscape.core.checks import InvalidInput
from bbpscape.study import layout
from bbpscape.study.status import study_status
from bbpscape.study.store import New, Store
from bbpscape.study.study import open_study

FLIPS = 1000
READERS = (open_study, study_status, lambda path: small.run(path.with_suffix(".toml"), 1))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = small.write(tmp_path_factory.mktemp("finished"))
    small.run(path, 1)
    return path


@pytest.fixture
def copy(finished, tmp_path):
    path = small.write(tmp_path).with_suffix(".sqlite")
    path.write_bytes(finished.with_suffix(".sqlite").read_bytes())
    return path


def _read(path):
    with Store(path) as store:
        return store.definition(), store.results()


def _refused(call, *arguments):
    """The one line of a refusal, None if there is none."""
    line = None
    try:
        call(*arguments)
    except InvalidInput as error:
        line = str(error)
    assert line is None or line.isprintable()
    return line


def _change(path, *statements, values=()):
    """Change a file as its own program does, digests and all, but for what is asked."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        layout.add_functions(db)
        for statement in statements:
            db.execute(statement, values if "?" in statement else ())


def test_no_flipped_bit_gives_another_table(finished, copy):
    """A table follows from the definition and the results: both bit-equal, or a refusal."""
    sound = copy.read_bytes()
    expected = _read(copy)
    chosen = random.Random(1).sample(range(8 * len(sound)), FLIPS)
    refused = 0
    for bit in chosen:
        flipped = bytearray(sound)
        flipped[bit // 8] ^= 1 << bit % 8
        copy.write_bytes(flipped)
        if _refused(_read, copy) is None:
            assert _read(copy) == expected, bit
        else:
            refused += 1
        assert not list(copy.parent.glob("*.sqlite-*"))
    # About a third of the file is what has digests; the rest is the index, and room.
    assert refused > FLIPS / 5


def test_every_bit_of_a_result_counts(copy, undisturbed):
    """A late digit of one number, in a file with which SQLite finds nothing wrong."""
    sound = copy.read_bytes()
    with Store(copy) as store:
        text = store.results()[-1][-1]
    where = sound.index(text.encode()) + text.index(".") + 5
    for bit in range(3):
        copy.write_bytes(sound[:where] + bytes([sound[where] ^ 1 << bit]) + sound[where + 1 :])
        with Store(copy) as store:
            assert store.check() == "ok"
        assert "is not what was written" in _refused(open_study, copy)
        assert "is not what was written" in _refused(small.run, copy.with_suffix(".toml"), 1)
    # The point can be computed again, and has the same bits.
    assert small.run(copy.with_suffix(".toml"), 1, retry_failed=True).done == 1
    small.same(copy, undisturbed)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM points WHERE id = 7", "has 53 points of 54"),
        ("UPDATE points SET cell = replace(cell, 'alpha', 'alphb') WHERE id = 7", "point 7"),
        ("UPDATE points SET first = first + 4", "point 1 is not"),
        ("UPDATE study SET definition = replace(definition, '0.5', '0.7')", "its definition"),
        ("UPDATE study SET points = 53", "its definition"),
    ],
)
def test_a_change_that_sqlite_does_not_see(copy, statement, message):
    _change(copy, statement)
    for read in READERS[::2]:
        assert message in _refused(read, copy)


SIGNED = "UPDATE points SET digest = digest(source, cell, first, count, result)"
HOSTILE = {
    "unknown status": "UPDATE points SET status = 'lost' WHERE id = 3",
    "unknown source": "UPDATE points SET source = 'hearsay' WHERE id = 3",
    "blob for a result": "UPDATE points SET result = x'80042E' WHERE id = 3",
    "blob for a cell": "UPDATE points SET cell = x'80042E' WHERE id = 3",
    "no result": "UPDATE points SET result = NULL WHERE id = 3",
    "blob for a reason": "UPDATE points SET status = 'failed', result = NULL, reason = x'00'",
    "text for a cost": "UPDATE points SET cost = 'dear'",
    "an infinite cost": "UPDATE points SET cost = 9e999",
    "text for seconds": "UPDATE points SET seconds = 'long'",
    "negative draws": "UPDATE points SET count = -1",
    "more draws than there are": "UPDATE points SET count = 9223372036854775807",
    "text for a process": "UPDATE runs SET pid = 'x'",
    "a process that cannot be": "UPDATE runs SET pid = -1, ended = NULL",
    "blob for a host": "UPDATE runs SET host = x'00', ended = NULL",
    "blob for a definition": "UPDATE study SET definition = x'7B7D'",
    "bad text in a result": "UPDATE points SET result = CAST(x'7BFF7D' AS TEXT) /* UTF-8 */",
    "bad text in a cell": "UPDATE points SET cell = CAST(x'7BFF' AS TEXT) || id /* UTF-8 */",
    "bad text in a definition": "UPDATE study SET definition = CAST(x'7BFF' AS TEXT) /* UTF-8 */",
    "two studies": "INSERT INTO study SELECT * FROM study",
    "a later format": "UPDATE study SET format = 3",
    "an earlier format": "UPDATE study SET format = 1",
    "text for a format": "UPDATE study SET format = 'two'",
    "a trigger": "CREATE TRIGGER t BEFORE UPDATE ON points BEGIN DELETE FROM points; END",
    "another table": "CREATE TABLE more (x)",
    "another index": "CREATE INDEX more ON points (result)",
    "a column that is computed": "ALTER TABLE points ADD COLUMN x AS (zeroblob(1000000000))",
    "no digests": "ALTER TABLE points DROP COLUMN digest",
}


@pytest.mark.parametrize("statement", HOSTILE.values(), ids=list(HOSTILE))
def test_what_no_study_holds(copy, statement):
    _change(copy, statement)
    before = copy.read_bytes()
    for read in READERS:
        began = time.monotonic()
        # The status counts points, and does not read what they hold.
        assert _refused(read, copy) or (read is study_status and "UTF-8" in statement)
        assert time.monotonic() - began < 5
    assert copy.read_bytes() == before


@pytest.mark.parametrize("name", ["study", "runs", "points"])
def test_a_view_in_place_of_a_table_is_not_asked(copy, name):
    """It would count for ever."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    _change(copy, f"ALTER TABLE {name} RENAME TO hidden", f"CREATE VIEW {name} AS {endless}")
    began = time.monotonic()
    for read in READERS:
        assert "views or triggers" in _refused(read, copy)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "result",
    [
        '{"lowest": [1%s]}' % ("0" * 400),
        '{"lowest": [1%s]}' % ("0" * 5000),
        '{"lowest": [1e999]}',
        '{"lowest": [true]}',
        '{"lowest": "x"}',
        "[" * 100_000,
        '{"lowest": [NaN]}',
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.parametrize("source", ["simulation", "theory"])
def test_signed_results_that_are_none(copy, result, source):
    if source == "theory":
        result = result.replace("[1", "1").replace("]", "") if "[1" in result else result
    change = f"UPDATE points SET result = ? WHERE source = '{source}'"
    _change(copy, change, SIGNED, values=(result,))
    assert "result that is none" in _refused(open_study, copy)


@pytest.mark.parametrize("where", ["seed", "draws", "tolerance", "axes", "model", "block"])
@pytest.mark.parametrize("value", [10**400, [[]], None, {"a": {}}], ids=lambda v: str(v)[:9])
def test_signed_definitions_that_are_none(copy, where, value):
    definition = _read(copy)[0] | {where: value}
    if where == "axes":
        definition[where] = {"alpha": [value], "N": [20]}
    elif where == "model":
        definition[where] = {"p": value, "p_star": 1}
    change = "UPDATE study SET definition = ?"
    sign = "UPDATE study SET digest = definition_digest(definition, points)"
    _change(copy, change, sign, values=(json.dumps(definition),))
    assert _refused(open_study, copy)


def test_a_file_of_the_format_before(tmp_path, undisturbed):
    """It has no digests: it can be read, says so, and gets them with the next run."""
    path = small.write(tmp_path)
    small.run(path, 1)
    store = path.with_suffix(".sqlite")
    _change(
        store,
        "ALTER TABLE points DROP COLUMN digest",
        "ALTER TABLE study DROP COLUMN digest",
        "ALTER TABLE study DROP COLUMN points",
        "UPDATE study SET format = 1",
    )
    before = store.read_bytes()
    small.same(path, undisturbed)
    assert not study_status(path).has_digests
    assert store.read_bytes() == before
    path.write_text(small.text(draws=5))
    assert small.run(path, 1).done == 12
    assert study_status(path).has_digests
    _change(store, "UPDATE points SET result = replace(result, '1', '2') WHERE id = 1")
    assert "result of point 1 is not" in _refused(open_study, path)


def test_a_digest_is_what_it_was(tmp_path):
    """Files outlive this program: the digest of a row is fixed."""
    with Store(tmp_path / "s.sqlite", create=True) as store:
        with store.extending():
            store.write_definition({"seed": 1})
            store.add([New("simulation", '{"N":20}', 0, 1, 0.1)])
        (point,) = store.claim(run := store.start_run("test"), 1)
        assert store.finish(run, point, "1", 0.1, {"lowest": [0.5]})
        ((digest,),) = store.rows(["digest"])
    assert digest == "a026f2b51b4f83e8438b23c038bad0cc"
    row = b'simulation\0{"N":20}\x000\x001\0'
    parts = (hashlib.blake2b(row + end, digest_size=8) for end in (b"", b'{"lowest":[0.5]}'))
    assert digest == "".join(part.hexdigest() for part in parts)
