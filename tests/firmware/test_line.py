"""The capture line with the real driver over a virtual port, real models, real store."""

import dataclasses

import numpy as np
import pytest

from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.firmware.errors import StoreFullError
from greenline.firmware.line import Case, Impression, Line, Unusable
from greenline.firmware.store import Store
from greenline.models.extraction import Extractor
from greenline.models.quality import ALGORITHM, Quality, Reason, judge
from greenline.models.quality_network import MODEL, QualityNetwork
from greenline.models.training.synthesis import Conditions, as_sensor, make_finger, press
from greenline.prints import fmr
from greenline.prints.frame import Frame
from greenline.prints.template import FEWEST_MINUTIAE, Template
from greenline.protocol.envelope import Envelope
from greenline.protocol.keys import SigningKey
from greenline.protocol.messages import decode_request
from tests.firmware.conftest import KIOSK, Parties

LIFETIME_MS = 1_000


@pytest.fixture(scope="module")
def finger() -> Frame:
    return as_sensor(press(make_finger(7_001), 2, conditions=Conditions()).frame, 1)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor()


@pytest.fixture
def module() -> ZfmModule:
    return ZfmModule(AS608, baud=115200)


@pytest.fixture
def signer() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def line(
    module: ZfmModule, store: Store, signer: SigningKey, parties: Parties, extractor: Extractor
) -> Line:
    port = VirtualPort(Wire(module, paced=True), 115200)
    return Line(
        sensor=Zfm.open(port, port.clock),
        judge=judge,
        extraction=extractor,
        minimum_quality=20,
        store=store,
        kiosk=KIOSK,
        signer=signer,
        matcher=parties.matcher,
        lifetime_ms=LIFETIME_MS,
        software="test",
        now_ms=lambda: 5_000,
    )


def take(line: Line) -> Impression:
    impression = line.take(2)
    assert isinstance(impression, Impression)
    return impression


def test_a_press_becomes_an_impression_with_an_iso_record(
    line: Line, module: ZfmModule, finger: Frame, extractor: Extractor
) -> None:
    module.press(finger)
    shares: list[float] = []
    judged: list[int] = []

    impression = line.take(2, shares.append, lambda _frame, quality: judged.append(quality.score))

    assert isinstance(impression, Impression)
    (view,) = fmr.decode(impression.record).views
    assert view.finger_position == 2
    assert view.quality == impression.quality.score == judged[0]
    assert len(view.template) == len(extractor.extract(finger))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert set(impression.steps_ms) == {"transfer", "quality", "template"}


def test_without_a_finger_the_person_is_asked_again(line: Line) -> None:
    assert line.take(2) is Retry.NO_FINGER


@pytest.mark.parametrize("pixels", [255, 0, "noise"])
def test_what_is_no_finger_is_not_searched(
    line: Line, module: ZfmModule, pixels: int | str
) -> None:
    if pixels == "noise":
        grey = np.random.default_rng(1).integers(0, 256, (288, 256)).astype(np.uint8)
    else:
        grey = np.full((288, 256), pixels, np.uint8)
    module.press(Frame(grey, 500.0))

    found = line.take(2)

    assert isinstance(found, Unusable)
    assert found.quality.reasons


def test_a_case_becomes_one_sealed_signed_durable_request(
    line: Line,
    module: ZfmModule,
    finger: Frame,
    store: Store,
    signer: SigningKey,
    parties: Parties,
) -> None:
    module.press(finger)
    impression = take(line)

    submitted = line.submit(Case("border-check", ("watch",), (impression,)))

    assert store.pending() == [submitted.pending]
    assert submitted.pending.expires_ms == 5_000 + LIFETIME_MS
    stored = store.envelope(submitted.pending.request_id)
    assert stored is not None
    assert impression.record not in stored
    envelope = Envelope.from_bytes(stored)
    envelope.verify(signer.public)
    request = decode_request(envelope.open(parties.matcher_opener))
    assert envelope.header.kiosk == KIOSK
    assert (request.purpose, request.lists) == ("border-check", ("watch",))
    assert [found.template for found in request.impressions] == [impression.record]
    assert request.impressions[0].quality_algorithm == ALGORITHM
    assert request.impressions[0].model == impression.model


def test_the_request_says_which_network_judged(
    line: Line, module: ZfmModule, finger: Frame, store: Store, parties: Parties
) -> None:
    network = QualityNetwork()
    module.press(finger)
    seen: list[Quality] = []
    take(line)  # from then on the size is known, and upper rows are looked at

    impression = dataclasses.replace(line, judge=network.judge).take(2, seen=seen.append)

    assert isinstance(impression, Impression)
    assert impression.quality == network.judge(finger)
    assert [quality.score for quality in seen] == sorted(quality.score for quality in seen)
    assert seen[0].score >= line.minimum_quality
    submitted = line.submit(Case("border-check", ("watch",), (impression,)))
    stored = store.envelope(submitted.pending.request_id)
    assert stored is not None
    request = decode_request(Envelope.from_bytes(stored).open(parties.matcher_opener))
    assert request.impressions[0].quality == impression.quality.score
    assert request.impressions[0].quality_algorithm == MODEL


def test_residue_beside_a_finger_is_no_reason_to_refuse_it(
    line: Line, module: ZfmModule, finger: Frame
) -> None:
    said = Quality(60, (Reason.RESIDUE,), MODEL)
    module.press(finger)

    impression = take(dataclasses.replace(line, judge=lambda _: said))

    assert impression.quality == said


def test_two_requests_of_one_case_have_ids_of_their_own(
    line: Line, module: ZfmModule, finger: Frame
) -> None:
    module.press(finger)
    case = Case("border-check", ("watch",), (take(line),))

    first, second = line.submit(case), line.submit(case)

    assert first.pending.request_id != second.pending.request_id


def test_on_a_full_disk_nothing_is_taken(
    line: Line, module: ZfmModule, finger: Frame, store: Store
) -> None:
    module.press(finger)
    case = Case("border-check", ("watch",), (take(line),) * 20)
    pages = store._file.db.execute("PRAGMA page_count").fetchone()[0]
    store._file.db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's way to meet a full disk

    with pytest.raises(StoreFullError):
        line.submit(case)

    assert store.pending() == []


def test_a_small_round_sensor_works_too(line: Line, finger: Frame) -> None:
    module = ZfmModule(R503, baud=57600)
    port = VirtualPort(Wire(module, paced=True))
    small = dataclasses.replace(line, sensor=Zfm.open(port, port.clock))
    module.press(finger)

    impression = take(small)

    record = fmr.decode(impression.record)
    assert max(record.width, record.height) <= 192
    assert len(record.views[0].template) >= 8


def test_a_press_with_hardly_any_minutiae_is_asked_for_again(
    line: Line, module: ZfmModule, finger: Frame
) -> None:
    class Blind:
        """An extraction that finds less than a comparison needs."""

        model_id = "blind"

        def extract(self, frame: Frame) -> Template:
            return Extractor(threshold=0.99).extract(frame).best(FEWEST_MINUTIAE - 1)

    module.press(finger)

    assert isinstance(dataclasses.replace(line, extraction=Blind()).take(2), Unusable)
