"""SQLite's format read without SQLite: the same rows as it reads, and no bytes that stop it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_finds import find, schema
from greenline.firmware.store_pages import Kind, Pages, page_bytes_of_file, record, varint
from tests.firmware.damaged_stores import StoreOnCard, as_sqlite_sees, written

PAGE_SIZES = (1024, 4096)


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
@pytest.mark.parametrize("in_log", ["nothing", "half", "everything"])
def test_the_same_rows_are_read_as_by_sqlite(tmp_path: Path, page_bytes: int, in_log: str) -> None:
    evidence, _ = written(tmp_path, page_bytes, in_log, rows=300)
    pages = evidence.pages(evidence.logs()[0])

    found = find(pages)

    rows = {(row.table, row.values) for row in found.rows}
    lengths = {9: "request", 10: "answer", 4: "expired"}
    assert rows == {(lengths[len(row)], row) for row in as_sqlite_sees(pages)}
    assert found.whole_tables == found.whole_indexes == {"request", "answer", "expired"}
    assert not found.loose


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_an_index_tells_the_same_rows_as_its_table(tmp_path: Path, page_bytes: int) -> None:
    evidence, _ = written(tmp_path, page_bytes, "half", rows=300)

    found = find(evidence.pages(evidence.logs()[0]))

    for table in ("request", "answer", "expired"):
        rows = {(row.request_id, row.rowid) for row in found.rows if row.table == table}
        assert {(each.request_id, each.rowid) for each in found.entries[table]} == rows


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
@pytest.mark.parametrize("size", [0, 400, 1_000, 4_050, 4_070, 60_000, 120_000])
def test_a_payload_is_read_whatever_its_length(tmp_path: Path, page_bytes: int, size: int) -> None:
    store = StoreOnCard(tmp_path / "kiosk.store", page_bytes)
    store.fill(range(1, 3), size)
    evidence = store.leave()
    pages = evidence.pages(evidence.logs()[0])

    assert {row.values for row in find(pages).rows} == set(as_sqlite_sees(pages))


def test_every_kind_of_column_is_read(tmp_path: Path) -> None:
    row = (0, 1, -1, 127, -129, 40_000, -(1 << 23), 1 << 31, -(1 << 47), 1 << 62, b"", b"x", "text")
    path = tmp_path / "kinds"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"CREATE TABLE kinds ({', '.join(f'c{at}' for at in range(len(row)))})")
        db.execute(f"INSERT INTO kinds VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    data = path.read_bytes()
    pages = Pages(data, (), page_bytes_of_file(data))

    assert [record(cell.payload) for cell in pages.node(2).cells] == [row]
    assert schema(pages)[0][:4] == ("table", "kinds", "kinds", 2)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00", (0, 1)),
        (b"\x7f", (127, 1)),
        (b"\x81\x00", (128, 2)),
        (b"\xff" * 9, ((1 << 64) - 1, 9)),
        (b"\x81", None),
        (b"", None),
    ],
)
def test_a_number_of_one_to_nine_bytes(data: bytes, value: tuple[int, int] | None) -> None:
    assert varint(data, 0) == value


def test_a_page_that_claims_more_cells_than_it_has_gives_those_that_it_has(tmp_path: Path) -> None:
    evidence, _ = written(tmp_path, 4096, "nothing")
    number = next(
        number
        for number in range(2, len(evidence.database) // 4096)
        if evidence.database[(number - 1) * 4096] == Kind.TABLE_LEAF
    )
    data = bytearray(evidence.database)
    at = (number - 1) * 4096
    before = Pages(bytes(data), (), 4096).node(number)
    data[at + 3 : at + 5] = b"\xff\xff"

    after = Pages(bytes(data), (), 4096).node(number)

    assert not after.whole
    assert set(before.cells) <= set(after.cells)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[Evidence]:
    folder = tmp_path_factory.mktemp("stores")
    kinds = [(size, in_log) for size in PAGE_SIZES for in_log in ("nothing", "half", "everything")]
    return [written(folder, *kind, rows=12)[0] for kind in kinds]


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_no_bytes_stop_it_or_make_it_take_more_than_there_is(
    stores: list[Evidence], data: st.DataObject
) -> None:
    evidence = data.draw(st.sampled_from(stores))
    both = [bytearray(evidence.database), bytearray(evidence.log)]
    for part in both:
        for _ in range(data.draw(st.integers(0, 6))):
            at = data.draw(st.integers(0, max(0, len(part) - 1)))
            part[at : at + 4] = data.draw(st.binary(max_size=8))
        del part[data.draw(st.integers(len(part) // 2, len(part))) :]
    broken = Evidence(bytes(both[0]), bytes(both[1]))

    read = 0
    for log in broken.logs():
        found = find(broken.pages(log))
        read += sum(
            len(each) for row in found.rows for each in row.values if isinstance(each, bytes)
        )
    assert read <= 4 * (len(broken.database) + len(broken.log))


@given(database=st.binary(max_size=20_000), log=st.binary(max_size=10_000))
@settings(max_examples=50, deadline=None)
def test_bytes_that_are_no_store_hold_no_rows(database: bytes, log: bytes) -> None:
    evidence = Evidence(database, log)

    assert [find(evidence.pages(log)).rows for log in evidence.logs()] == [[]]
