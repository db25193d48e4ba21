"""From the sensor to the answer, with everything in between killed once."""

import contextlib
import sqlite3

from greenline.cli.demo_run import await_state
from greenline.cli.site import LIST
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints import fmr
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint, open_gallery

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")


def references(check: dict[str, object]) -> list[str]:
    candidates = check["candidates"]
    assert isinstance(candidates, list)
    return [candidate["reference"] for candidate in candidates]


def test_an_enrolled_finger_gives_a_candidate_with_the_right_reference(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start(*EVERYTHING)

    answer = checkpoint.answer(checkpoint.take(ENROLLED))

    assert references(answer) == [f"entry-{ENROLLED}"]
    assert answer["words"] == "Possible match - must be verified"
    assert [searched["name"] for searched in answer["searched"]] == [LIST]


def test_a_kiosk_with_the_other_network_finds_whom_the_centre_enrolled_with_the_first(
    checkpoint: Checkpoint,
) -> None:
    config = checkpoint.site.folder / "kiosk.toml"
    text = config.read_text()
    assert 'model = "greenline-1"' in text
    config.write_text(text.replace('model = "greenline-1"', 'model = "leader-1"'))
    checkpoint.start(*EVERYTHING)

    known = checkpoint.answer(checkpoint.take(ENROLLED))
    unknown = checkpoint.answer(checkpoint.take(UNKNOWN))

    assert (references(known), references(unknown)) == ([f"entry-{ENROLLED}"], [])


def test_an_unknown_finger_gives_none_and_both_are_durable_and_sealed(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start(*EVERYTHING)

    answer = checkpoint.answer(checkpoint.take(UNKNOWN))
    checkpoint.stop_all()

    assert references(answer) == []
    assert answer["words"] == "No match found in the lists searched"
    written = b"".join(
        path.read_bytes()
        for name in ("kiosk.store*", "ledger.db*", "gallery.db*", "logs/*")
        for path in checkpoint.site.folder.glob(name)
    )
    assert len(written) > 10_000
    assert b"FMR\0" not in written


def test_without_a_broker_it_waits_for_a_link_and_is_answered_once_there_is_one(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("matcher", "kiosk", "uplink")

    request = checkpoint.take(ENROLLED)
    waiting = await_state(checkpoint.kiosk, lambda state: "no broker" in state["link_detail"])
    assert (waiting["link"], waiting["pending"]) == (False, 1)
    assert checkpoint.check(request)["words"] == "Not checked yet"

    checkpoint.start("broker")
    assert references(checkpoint.answer(request)) == [f"entry-{ENROLLED}"]
    assert checkpoint.state()["pending"] == 0


def test_a_killed_uplink_loses_nothing(checkpoint: Checkpoint) -> None:
    checkpoint.start(*EVERYTHING)
    await_state(checkpoint.kiosk, lambda state: state["link"])
    checkpoint.kill("uplink")

    request = checkpoint.take(ENROLLED)
    waiting = await_state(checkpoint.kiosk, lambda state: not state["link"])
    assert waiting["link_detail"] == "the uplink process is not running"
    assert checkpoint.check(request)["words"] == "Not checked yet"

    checkpoint.start("uplink")
    assert references(checkpoint.answer(request)) == [f"entry-{ENROLLED}"]


def test_a_matcher_killed_in_the_middle_of_a_search_answers_after_its_restart_once(
    checkpoint: Checkpoint, extractor: Extractor
) -> None:
    # Enough entries that the search is still going on when the kill comes.
    with contextlib.closing(open_gallery(checkpoint.site)) as gallery:
        other = extractor.extract(read_picture(checkpoint.prints.enrolled[2]))
        for copy in range(400):
            gallery.enrol(
                LIST, f"other-{copy}", 0, fmr.from_template(other), extractor.model_id, adult=True
            )
    checkpoint.start(*EVERYTHING)

    request = checkpoint.take(ENROLLED)
    checkpoint.children["matcher"].wait_for(
        lambda event: event["event"] == "accepted" and event["request"] == request, "accepted", 30
    )
    checkpoint.kill("matcher")
    assert ledger_states(checkpoint) in (["accepted"], ["searching"])
    assert checkpoint.check(request)["progress"] != "answered"

    checkpoint.start("matcher")
    assert references(checkpoint.answer(request)) == [f"entry-{ENROLLED}"]
    assert checkpoint.answers_logged(request) == 1
    assert ledger_states(checkpoint) == ["answered"]


def test_a_kiosk_killed_after_taken_has_the_answer_after_its_restart(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("matcher", "kiosk", "uplink")
    request = checkpoint.take(ENROLLED)
    checkpoint.kill("kiosk")

    checkpoint.start("broker", "kiosk")

    assert references(checkpoint.answer(request)) == [f"entry-{ENROLLED}"]
    assert checkpoint.answers_logged(request) == 1


def test_an_answer_is_still_shown_after_a_kiosk_is_killed_and_restarted(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start(*EVERYTHING)
    request = checkpoint.take(ENROLLED)
    before = checkpoint.answer(request)
    checkpoint.kill("kiosk")

    checkpoint.start("kiosk")

    after = checkpoint.answer(request)
    assert references(after) == references(before)
    assert checkpoint.state()["pending"] == 0


def ledger_states(checkpoint: Checkpoint) -> list[str]:
    with contextlib.closing(sqlite3.connect(checkpoint.site.folder / "ledger.db")) as ledger:
        return [row[0] for row in ledger.execute("SELECT state FROM request")]
