"""A salvage that is cut short, by the power or by a full card, is gone on with; nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from greenline.firmware.store_aside import (
    untold,
)
from greenline.firmware.store_damage import damage_of
from greenline.firmware.store_log import log_of
from greenline.firmware.store_salvage import salvage
from tests.firmware.damaged_stores import (
    NOW,
    opens,
    verify,
)
from tests.firmware.test_store_salvage import damaged, ids_in

KILLED_AT_EACH_STEP = """
import os, signal, sys
from pathlib import Path
from tests.firmware.damaged_stores import NOW, opens, verify
from tests.firmware.test_store_salvage import damaged
from greenline.firmware.store_salvage import salvage

TOUCHES = {"open", "os.rename", "os.mkdir", "os.remove", "sqlite3.connect", "os.listdir"}

def ended(path, left):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    def count(event, arguments):
        nonlocal left
        if event in TOUCHES:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    salvage(path, verify, opens, NOW, "why")
    os._exit(0)

step, status = 0, signal.SIGKILL
while status == signal.SIGKILL:
    step += 1
    path = Path(sys.argv[1]) / str(step) / "kiosk.store"
    path.parent.mkdir()
    damaged(path)
    status = ended(path, step)
print(step, status)
"""


def test_a_power_cut_at_any_step_loses_nothing(tmp_path: Path) -> None:
    """A process is killed at the first file that it touches, the next at the second, and so on."""
    (tmp_path / "whole").mkdir()
    ids = damaged(tmp_path / "whole" / "kiosk.store")
    command = [sys.executable, "-c", KILLED_AT_EACH_STEP, str(tmp_path)]

    steps, status = map(int, subprocess.check_output(command).split())

    assert status == 0
    assert steps > 20
    for step in range(1, steps + 1):
        path = tmp_path / str(step) / "kiosk.store"
        while (why := damage_of(path)) is not None:
            salvage(path, verify, opens, NOW, why)
        assert ids_in(path) == ids
        assert not log_of(path).exists()
        assert [told.requests + told.answers for told in untold(path)] == [len(ids)]
        assert [told.lost for told in untold(path)] == [()]
        assert not path.with_name("kiosk.store.salvaging").exists()


ON_A_SMALL_CARD = """
import sys
from pathlib import Path
from tests.firmware.damaged_stores import NOW, opens, verify
from tests.firmware.test_store_salvage import damaged, ids_in
from greenline.firmware.errors import StoreFullError
from greenline.firmware.store_aside import aside
from greenline.firmware.store_damage import CUT_SHORT, damage_of
from greenline.firmware.store_log import give_up_reserve, reserve_of
from greenline.firmware.store_salvage import salvage

path = Path(sys.argv[1]) / "kiosk.store"
ids = damaged(path)
reserve_of(path).write_bytes(bytes(int(sys.argv[2])))
rest = path.with_name("rest")
try:
    with rest.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
except OSError as fault:
    print("full:", fault.errno)
try:
    salvage(path, verify, opens, NOW, "why")
except StoreFullError as fault:
    print(fault)
    print("gone on with:", damage_of(path) == CUT_SHORT)
    print("files:", sorted(each.name for each in path.parent.iterdir()))
    rest.unlink()
    salvage(path, verify, opens, NOW, "again")
print("whole:", ids_in(path) == ids, "folders:", len(aside(path)))
print("reserve:", reserve_of(path).stat().st_size)
"""


@pytest.mark.parametrize("reserve", [0, 100_000])
def test_on_a_full_card_the_reserve_is_given_up_and_without_one_it_is_said(
    tmp_path: Path, reserve: int
) -> None:
    inside = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1" "$4"'
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside, "sh", str(tmp_path), sys.executable,
         ON_A_SMALL_CARD, str(reserve)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    full, *said = ended.stdout.splitlines() or [""]
    if full != "full: 28":
        pytest.skip(f"no small card can be mounted here: {ended.stderr.strip()[-200:]}")

    done = ["whole: True folders: 1", "reserve: 0"]
    if reserve:
        assert said == done
    else:
        files = "files: ['kiosk.store-reserve', 'kiosk.store.damaged-1', 'rest']"
        assert "is damaged, and the card is too full to salvage it: free space" in said[0]
        assert said[1:] == ["gone on with: True", files, *done]
