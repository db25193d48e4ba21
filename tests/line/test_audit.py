"""The whole checkpoint leaves an audit log behind, at the kiosk and at the centre, both whole."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from greenline.cli.audit import app
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return str(done.output)


def rows(source: Path, out: Path) -> list[dict[str, Any]]:
    run("export", source, "--out", out)
    return [json.loads(line) for line in out.read_text().splitlines()]


OF_THE_CASE = {"case", "attempt"}


def kinds(found: list[dict[str, object]], owner: str = "kiosk-01") -> list[object]:
    """What was noted, but for what an officer does: a case ends while its answer comes."""
    apart = {*OF_THE_CASE, "signature"}
    return [row["kind"] for row in found if row["owner"] == owner and row["kind"] not in apart]


def steps(found: list[dict[str, Any]], kind: str) -> list[str]:
    return [row["details"].get("what", "") for row in found if row["kind"] == kind]


def test_a_check_is_in_both_logs_and_the_kiosks_is_at_the_centre(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    checkpoint.start(*EVERYTHING)
    checkpoint.answer(checkpoint.take(ENROLLED))
    request_id = checkpoint.take(UNKNOWN)
    checkpoint.answer(request_id)
    checkpoint.kill("kiosk")
    checkpoint.start("kiosk")  # signs what the killed one left, and reports it
    checkpoint.children["matcher"].wait_for_event("audit report kept")
    checkpoint.children["kiosk"].wait_for_event("audit receipt")
    checkpoint.stop_all()
    folder = checkpoint.site.folder

    kiosk = folder / "audit"
    here = rows(kiosk, tmp_path / "kiosk.jsonl")
    check = ["collect", "disclose", "consult", "erase"]
    checks = [*check, "consult", *check]  # who is looked for is read in a step of its own
    assert kinds(here) == ["start", *checks, "start", "consult", "consult", "stop"]
    case = ["opened", "adult confirmed", "notice given", "ended: sent"]
    assert steps(here, "case") == [*case, *case]
    (attempt, _) = [row["details"] for row in here if row["kind"] == "attempt"]
    assert attempt["quality"] >= attempt["threshold"]
    run("verify", kiosk, "--config", folder / "kiosk.toml")

    there = rows(folder / "audit.db", tmp_path / "centre.jsonl")
    assert kinds(there)[: 1 + len(checks)] == ["start", *checks]
    own = kinds(there, "matcher-01")
    assert [kind for kind in own if kind != "keep"] == ["start", "consult", "consult", "stop"]
    assert "keep" in own
    run(
        "verify", folder / "audit.db", "--identity", folder / "kiosks",
        "--identity", folder / "matcher-01.json",
    )  # fmt: skip

    # One case has one name in both, and it is not the request's id.
    cases = [{row["case"] for row in log if row["case"]} for log in (here, there)]
    assert cases[0] == cases[1]
    assert len(cases[0]) == 2
    written = b"".join(path.read_bytes() for path in (*kiosk.iterdir(), folder / "audit.db"))
    assert bytes.fromhex(request_id) not in written
    assert f"entry-{ENROLLED}".encode() not in written
    assert b"FMR\x00" not in written
