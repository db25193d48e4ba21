"""The kiosk and its devices: faults are named on the page, and pass by themselves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from greenline.cli.demo_run import State, await_state, begin_case, post
from greenline.prints.frame import Frame
from tests.line.conftest import ENROLLED, Checkpoint


def phase(*wanted: str) -> Callable[[State], bool]:
    return lambda state: state["capture"]["phase"] in wanted


def begin(checkpoint: Checkpoint) -> None:
    begin_case(checkpoint.kiosk)


def test_a_blank_press_is_asked_for_again_and_then_stopped_with_nothing_kept(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    begin(checkpoint)

    for attempt in (1, 2, 3):
        await_state(
            checkpoint.kiosk,
            lambda state, attempt=attempt: (
                phase("place_finger")(state) and state["capture"]["attempt"] == attempt
            ),
        )
        checkpoint.module.press(Frame(np.full((288, 256), 240, np.uint8), 500.0))
        again = await_state(checkpoint.kiosk, phase("again", "stopped"))
        assert again["capture"]["instruction"].endswith("Lift the finger")
        checkpoint.module.lift()

    stopped = await_state(checkpoint.kiosk, phase("stopped"))
    assert "No usable picture" in stopped["capture"]["instruction"]
    assert stopped["checks"] == []


def test_a_stopped_check_keeps_nothing_and_the_next_can_begin(checkpoint: Checkpoint) -> None:
    checkpoint.start("kiosk")
    begin(checkpoint)

    post(checkpoint.kiosk, "api/case", {"event": "stop"})

    stopped = await_state(checkpoint.kiosk, phase("stopped"))
    assert stopped["capture"]["instruction"] == "Stopped"
    assert stopped["checks"] == []
    begin(checkpoint)


def test_a_sensor_that_is_pulled_out_is_named_and_works_again_when_it_is_back(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    begin(checkpoint)

    checkpoint.line.unplug()
    fault = await_state(checkpoint.kiosk, phase("fault"))
    assert fault["capture"]["instruction"].startswith("Sensor fault: ")

    checkpoint.line.plug_in()
    await_state(checkpoint.kiosk, phase("ready"))
    request = checkpoint.take(ENROLLED)
    assert checkpoint.check(request)["words"] == "Not checked yet"


def test_a_kiosk_without_a_sensor_says_so_and_still_shows_its_page(checkpoint: Checkpoint) -> None:
    checkpoint.line.unplug()

    checkpoint.start("kiosk")

    fault = await_state(checkpoint.kiosk, phase("fault"))
    assert fault["capture"]["instruction"] == (
        f"Sensor fault: {checkpoint.site.sensor_link}: it is not there; "
        "plug the sensor in and look at its name"
    )


def missing(state: State) -> set[str]:
    codes = {device["code"] for device in state["devices"] if device["missing"]}
    return codes - {"E51"}  # the uplink, which is not started here


def test_a_kiosk_without_its_panel_names_each_device_and_goes_on_taking_fingers(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    config = checkpoint.site.folder / "kiosk.toml"
    folder = tmp_path / "pictures"
    table = f'[panel]\ncamera = "folder:{folder}"'
    config.write_text(
        f"""{config.read_text().replace("[panel]", table)}
        [panel.display]
        controller = "sh1106"
        line = "{tmp_path}/no-such-line"
        """
    )
    checkpoint.start("kiosk")
    await_state(checkpoint.kiosk, lambda state: missing(state) == {"E31", "E35"})

    request = checkpoint.take(ENROLLED)
    assert checkpoint.check(request)["words"] == "Not checked yet"

    folder.mkdir()
    Image.new("RGB", (40, 30)).save(folder / "one.png")
    await_state(checkpoint.kiosk, lambda state: missing(state) == {"E35"})


def test_a_sensor_that_is_pulled_out_between_two_persons_is_named(checkpoint: Checkpoint) -> None:
    checkpoint.start("kiosk")
    await_state(checkpoint.kiosk, phase("ready"))

    checkpoint.line.unplug()

    await_state(checkpoint.kiosk, lambda state: missing(state) == {"E21"})
    checkpoint.line.plug_in()
    await_state(checkpoint.kiosk, lambda state: phase("ready")(state) and not missing(state))
