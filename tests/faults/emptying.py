"""Empties a store's log in a process that has the shim loaded, which logs every change.

python -m tests.faults.emptying FOLDER CHANGES, with LD_PRELOAD set to the shim; a note in the log
stands where the emptying begins.
"""

import os
import sys
from pathlib import Path

from bench.faults.shim import Shim
from greenline.firmware.store_log import empty_log
from greenline.firmware.store_rows import Pending
from tests.firmware.stores import open_store

REQUESTS = 30
STORE = "kiosk.store"


def main() -> None:
    folder, changes = Path(sys.argv[1]), Path(sys.argv[2])
    shim, file = Shim(), os.open(changes, os.O_WRONLY | os.O_CREAT, 0o600)
    shim.arm(folder)
    shim.log(file)
    store = open_store(folder / STORE)
    for number in range(REQUESTS):
        store.add_request(Pending(number.to_bytes(16), 0, 0, 5_000), os.urandom(2_500))
    shim.note(b"emptying")
    empty_log(store._file.db, folder / STORE)
    shim.log(-1)
    shim.disarm()
    store.close()


if __name__ == "__main__":
    main()
