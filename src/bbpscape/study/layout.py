"""The layout of a study's file: its tables, what a sound row is, and the digests of rows.

A file may have been written by anyone, and a disk or a copy may have changed it: what is there is
held against what this version writes before it is read.
"""

import hashlib
import sqlite3

FORMAT = 2
APPLICATION = 0x42425053  # "BBPS", in the header of the file

SIMULATION, THEORY, FINITE = "simulation", "theory", "finite N"
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"

# The tables, and the columns that files of format 1 lack.
SCHEMA = """
CREATE TABLE study (format INTEGER NOT NULL, created REAL NOT NULL, definition TEXT NOT NULL,
    points INTEGER, digest TEXT);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started REAL NOT NULL, beat REAL NOT NULL, ended REAL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, process REAL NOT NULL, executor TEXT NOT NULL,
    versions TEXT NOT NULL
);
CREATE TABLE points (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, cell TEXT NOT NULL,
    first INTEGER NOT NULL, count INTEGER NOT NULL, cost REAL NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending', run INTEGER REFERENCES runs (id),
    seed TEXT, finished REAL, seconds REAL, attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT, result TEXT, digest TEXT,
    UNIQUE (cell, source, first)
);
CREATE INDEX queue ON points (status, cost DESC, id);
"""
ADDED = (("study", "points INTEGER"), ("study", "digest TEXT"), ("points", "digest TEXT"))

# What SQLite does not hold a row to: the type of a value, and its range.
SOUND = {
    "study": """rowid = 1 AND typeof(format) = 'integer' AND typeof(created) = 'real'
        AND typeof(definition) = 'text'""",
    "runs": """typeof(beat) = 'real' AND typeof(ended) IN ('real', 'null')
        AND typeof(host) = 'text' AND typeof(pid) = 'integer' AND pid BETWEEN 1 AND 4294967295
        AND typeof(process) = 'real'""",
    "points": f"""source IN ('{SIMULATION}', '{THEORY}', '{FINITE}')
        AND typeof(cell) = 'text'
        AND typeof(first) = 'integer' AND first BETWEEN 0 AND 1000000000
        AND typeof(count) = 'integer' AND count BETWEEN 1 AND 1000000000
        AND typeof(cost) = 'real' AND cost BETWEEN 0 AND 1e300
        AND status IN ('{PENDING}', '{RUNNING}', '{DONE}', '{FAILED}')
        AND typeof(reason) = iif(status = '{FAILED}', 'text', 'null')
        AND typeof(result) = iif(status = '{DONE}', 'text', 'null')
        AND (seconds IS NULL OR typeof(seconds) = 'real' AND seconds BETWEEN 0 AND 1e300)
        AND typeof(seed) IN ('text', 'null')""",
}


def statements() -> list[str]:
    """The statements that make the tables."""
    return SCHEMA.strip().rstrip(";").split(";\n")


def create(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    for statement in statements():
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")


def check_format(db: sqlite3.Connection) -> int:
    """The format of a file; a later one is returned unread.

    Raises
    ------
    sqlite3.DatabaseError
        If there are other tables, a view or a trigger, or a row has values of other kinds.
    """
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL OR type != 'index'"
    rows = db.execute(query).fetchall()
    if any(kind not in ("table", "index") for kind, _, _ in rows):
        raise sqlite3.DatabaseError("it has views or triggers, which no study has")
    found = {" ".join(text.split()) for _, _, text in rows}
    latest = {" ".join(statement.split()) for statement in statements()}
    first = latest
    for _, column in ADDED:
        first = {statement.replace(f", {column}", "") for statement in first}
    expected = {1: first, FORMAT: latest}
    row = None
    if "study" in {name for _, name, _ in rows}:
        row = db.execute("SELECT format FROM study").fetchone()
    if row and isinstance(row[0], int) and row[0] > FORMAT:
        return row[0]
    number = next((one for one, texts in expected.items() if texts == found), None)
    if number is None or row not in (None, (number,)):
        raise sqlite3.DatabaseError("its tables are not those of a study")
    for table, sound in SOUND.items():
        query = f"SELECT rowid FROM {table} NOT INDEXED WHERE ({sound}) IS NOT TRUE LIMIT 1"
        if unsound := db.execute(query).fetchone():
            raise sqlite3.DatabaseError(f"row {unsound[0]} of {table} has values that none has")
    return number


def digest(source: str, cell: str, first: int, count: int, result: str | None) -> str:
    """What a point is, and what it is with its result: 64 bits of BLAKE2 each, hexadecimal."""
    point = hashlib.blake2b(f"{source}\0{cell}\0{first}\0{count}\0".encode(), digest_size=8)
    whole = point.copy()
    whole.update((result or "").encode())
    return point.hexdigest() + whole.hexdigest()


def definition_digest(definition: str, points: int) -> str:
    """That of the study's one row: its definition, and how many points it has."""
    return hashlib.blake2b(f"{points}\0{definition}".encode(), digest_size=16).hexdigest()


def add_functions(db: sqlite3.Connection) -> None:
    """Let the statements of a connection call ``digest`` and ``definition_digest``."""
    db.create_function("digest", 5, digest, deterministic=True)
    db.create_function("definition_digest", 2, definition_digest, deterministic=True)


def sign(db: sqlite3.Connection) -> None:
    """Note how many points there are, and the digest of that and the definition."""
    db.execute("UPDATE study SET points = (SELECT count(*) FROM points)")
    db.execute("UPDATE study SET digest = definition_digest(definition, points)")


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file of format 1 to this one: it gets the digests of what it has."""
    for table, column in ADDED:
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.execute("UPDATE points SET digest = digest(source, cell, first, count, result)")
    db.execute(f"UPDATE study SET format = {FORMAT}")
    sign(db)


def check_definition(db: sqlite3.Connection) -> None:
    """sqlite3.DatabaseError unless the definition is what was written."""
    query = "SELECT 1 FROM study WHERE digest IS NOT definition_digest(definition, points)"
    if db.execute(query).fetchone():
        raise sqlite3.DatabaseError("its definition is not what was written")


def check_digests(db: sqlite3.Connection, results: bool = True) -> None:
    """Hold every row, and how many there are, against what was written.

    Raises
    ------
    sqlite3.DatabaseError
        If one has changed; without ``results``, if it is more than a point's result.
    """
    check_definition(db)
    query = "SELECT (SELECT count(*) FROM points NOT INDEXED), points FROM study"
    if (row := db.execute(query).fetchone()) and row[0] != row[1]:
        raise sqlite3.DatabaseError(f"it has {row[0]} points of {row[1]}")
    if row := db.execute(f"{CHANGED} AND NOT {RESULT_ONLY} LIMIT 1").fetchone():
        raise sqlite3.DatabaseError(f"point {row[0]} is not what was written")
    if results and (row := db.execute(f"{CHANGED} LIMIT 1").fetchone()):
        raise sqlite3.DatabaseError(
            f"the result of point {row[0]} is not what was written, retry_failed computes it anew"
        )


# Points that are not what was written; of these, the ones that can be computed anew.
CHANGED = """SELECT id FROM points NOT INDEXED
    WHERE digest IS NOT digest(source, cell, first, count, result)"""
RESULT_ONLY = "substr(digest, 1, 16) IS substr(digest(source, cell, first, count, NULL), 1, 16)"
