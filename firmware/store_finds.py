"""What a damaged store still tells: its rows, and from its indexes which rows there were.

A table and its index are two witnesses: a row that one of them has lost is known from the other.
Whether a row is right is not judged here (store_salvage.py). Pure: no file, no clock.

Source: sqlite.org/fileformat2, sections 1.6 (trees), 2.3 (tables), 2.5 (indexes), 2.6 (schema).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from greenline.firmware.store_pages import Cell, Kind, Node, Pages, Value, record

REQUEST_ID_BYTES = 16
TABLES = ("request", "answer")

_SCHEMA_PAGE = 1
_MOST_BEFORE_ID = 40
"""A cell's bytes in front of the request id: two lengths and at most ten columns' kinds."""
_SHAPES = {
    "biiiiiibb": ("request", 3),
    "biiiiiib": ("request", 2),
    "biiib": ("request", 1),
    "biiiiiiibb": ("answer", 3),
    "biiiiiiib": ("answer", 2),
    "biiiib": ("answer", 1),
    "biib": ("expired", 3),
    "bii": ("expired", 2),
}


@dataclass(frozen=True)
class Row:
    """A row as it was found, right or wrong. version: of the store that it was written by."""

    table: str
    version: int
    rowid: int
    values: tuple[int | bytes, ...]

    @property
    def request_id(self) -> bytes:
        """The first column."""
        return bytes(self.values[0]) if isinstance(self.values[0], bytes) else b""


@dataclass(frozen=True)
class Entry:
    """What an index says: there is a row of this request, with this number."""

    request_id: bytes
    rowid: int


@dataclass
class _Tree:
    numbers: list[int] = field(default_factory=list)
    whole: bool = False


@dataclass
class Finds:
    """What was found. entries: of each table's index. loose: of pages that belong to no tree.

    whole_tables, whole_indexes: read from end to end, nothing missing. read: pages that say all.
    """

    rows: list[Row] = field(default_factory=list)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    loose: list[Entry] = field(default_factory=list)
    whole_tables: set[str] = field(default_factory=set)
    whole_indexes: set[str] = field(default_factory=set)
    read: set[int] = field(default_factory=set)


def row_of(cell: Cell) -> Row | None:
    """Return the row that a table's cell holds; None: it is none of ours."""
    values = _numbers_and_bytes(record(cell.payload))
    if values is None:
        return None
    found = _SHAPES.get("".join("b" if isinstance(value, bytes) else "i" for value in values))
    first = values[0] if values else b""
    if found is None or not isinstance(first, bytes) or len(first) != REQUEST_ID_BYTES:
        return None
    return Row(*found, cell.rowid, values)


def find(pages: Pages) -> Finds:
    """Read a database: along its trees, and where a tree is broken every page by itself."""
    finds, complete = Finds(), True
    trees = _trees(pages)
    visited: set[int] = set()
    for (table, is_index), root in trees.items():
        tree = _walked(pages, root, Kind.INDEX_LEAF if is_index else Kind.TABLE_LEAF)
        visited.update(tree.numbers)
        take = _index_reader(finds.entries.setdefault(table, [])) if is_index else None
        whole = _read(pages, tree, finds, take or _table_reader(finds))
        if whole:
            (finds.whole_indexes if is_index else finds.whole_tables).add(table)
        complete = complete and whole
    if not complete or not {(table, False) for table in TABLES} <= trees.keys():
        _read_loose(pages, finds, visited)
    return finds


def schema(pages: Pages) -> list[tuple[Value, ...]]:
    """Return the rows of sqlite_master: type, name, table, root page, text."""
    tree = _walked(pages, _SCHEMA_PAGE, Kind.TABLE_LEAF)
    cells = (cell for number in tree.numbers for cell in pages.node(number).cells)
    rows = (record(cell.payload) for cell in cells if not cell.child)
    return [row for row in rows if row is not None and len(row) == 5]  # its columns


def rows_on(pages: Pages, numbers: Sequence[int]) -> Iterator[Row]:
    """Yield the rows on these pages, as far as they can be read."""
    for number in numbers:
        node = pages.node(number)
        rows = map(row_of, node.cells) if node.kind is Kind.TABLE_LEAF else ()
        yield from (row for row in rows if row is not None)


def carve(pages: Pages, wanted: Sequence[bytes], read: set[int]) -> Iterator[Row]:
    """Yield what looks like rows of these requests on the pages that are not known to be read."""
    for number in pages.numbers():
        if number in read:
            continue
        page = pages.page(number)
        for request_id in wanted:
            yield from _carved(pages, page, request_id)


def _carved(pages: Pages, page: bytes, request_id: bytes) -> Iterator[Row]:
    at = page.find(request_id)
    while at >= 0:
        for begin in range(max(0, at - _MOST_BEFORE_ID), at - 3):
            cell = pages.cell(page, begin, Kind.TABLE_LEAF)
            row = row_of(cell) if cell else None
            if row is not None and row.request_id == request_id:
                yield row
        at = page.find(request_id, at + 1)


def _trees(pages: Pages) -> dict[tuple[str, bool], int]:
    """Return where each of our tables, and its index, begins. The key says: table, is it an index.

    Tables of an older version that is being taken over keep their own names.
    """
    found = {}
    for kind, _, table, root, _ in schema(pages):
        if isinstance(table, str) and isinstance(root, int) and kind in {"table", "index"}:
            found[table, kind == "index"] = root
    return found


def _walked(pages: Pages, root: int, leaf: Kind) -> _Tree:
    """Return the pages of a tree. Goes on beside what is broken; no page is taken twice."""
    inner = Kind.INDEX_INNER if leaf is Kind.INDEX_LEAF else Kind.TABLE_INNER
    tree, seen, waiting = _Tree(whole=True), set[int](), [root]
    while waiting:
        number = waiting.pop()
        if number in seen or not 0 < number <= pages.count:
            tree.whole = False
            continue
        seen.add(number)
        node = pages.node(number)
        if node.kind not in {leaf, inner}:
            tree.whole = False
            continue
        tree.whole = tree.whole and node.whole
        tree.numbers.append(number)
        waiting.extend(reversed(node.children))
    return tree


def _read(pages: Pages, tree: _Tree, finds: Finds, take: Callable[[Cell], bool]) -> bool:
    """Take every cell of a tree; whether all could be read."""
    whole = tree.whole
    for number in tree.numbers:
        node = pages.node(number)
        if _take_all(node, take):
            finds.read.add(number)
        else:
            whole = False
    return whole


def _take_all(node: Node, take: Callable[[Cell], bool]) -> bool:
    if node.kind is Kind.TABLE_INNER:
        return node.whole
    taken = [take(cell) for cell in node.cells]
    return node.whole and all(taken)


def _table_reader(finds: Finds) -> Callable[[Cell], bool]:
    def take(cell: Cell) -> bool:
        row = row_of(cell)
        if row is not None:
            finds.rows.append(row)
        return row is not None

    return take


def _index_reader(entries: list[Entry]) -> Callable[[Cell], bool]:
    def take(cell: Cell) -> bool:
        columns = record(cell.payload)
        if columns is None or len(columns) != 2:  # the key, the row
            return False
        request_id, rowid = columns
        if not isinstance(request_id, bytes) or not isinstance(rowid, int):
            return False
        if len(request_id) != REQUEST_ID_BYTES:
            return False
        entries.append(Entry(request_id, rowid))
        return True

    return take


def _read_loose(pages: Pages, finds: Finds, visited: set[int]) -> None:
    """Read the leaves that no tree leads to."""
    takers = {Kind.TABLE_LEAF: _table_reader(finds)}
    takers |= dict.fromkeys((Kind.INDEX_LEAF, Kind.INDEX_INNER), _index_reader(finds.loose))
    for number in pages.numbers():
        if number in visited:
            continue
        node = pages.node(number)
        if node.kind in takers and _take_all(node, takers[node.kind]):
            finds.read.add(number)


def _numbers_and_bytes(columns: Sequence[Value] | None) -> tuple[int | bytes, ...] | None:
    """Return the columns if they are what our tables hold: numbers and bytes alone."""
    if columns is None:
        return None
    found = tuple(value for value in columns if isinstance(value, int | bytes))
    return found if len(found) == len(columns) else None
