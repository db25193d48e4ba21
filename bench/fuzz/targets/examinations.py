"""Questions about leads, examiners' verdicts, and the file in which a kiosk keeps its leads."""

from pathlib import Path

from bench.fuzz import samples
from bench.fuzz.files import folder, through_file
from bench.fuzz.target import BrokenError, Prepared, Target, reads_back
from bench.fuzz.targets.envelopes import padded, unpadded
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import FirmwareError
from greenline.firmware.vault import Vault
from greenline.firmware.verification import Lead
from greenline.firmware.verification_file import Counts, LeadsFile, Record
from greenline.protocol.errors import ProtocolError
from greenline.protocol.examination import (
    EXAMINATION_BYTES,
    VERDICT_BYTES,
    Decision,
    Examination,
    FingerQuality,
    SignedVerdict,
    Verdict,
    decode_examination,
    decode_verdict,
    encode_examination,
    encode_verdict,
    lead_digest,
    sign_verdict,
)

_ID = b"r" * 16


def _examinations() -> Prepared:
    lead = samples.results()[1]
    asked = (
        Examination(_ID, samples.PURPOSE, lead, "4711", (FingerQuality(2, 63),)),
        Examination(_ID, samples.PURPOSE, lead, ""),
    )
    return Prepared(
        decode_examination,
        tuple(encode_examination(each) for each in asked),
        reads_back(encode_examination, decode_examination),
        tree=(unpadded, lambda tree: padded(tree, EXAMINATION_BYTES)),
    )


def _verdict(decision: Decision = Decision.CONFIRMED) -> Verdict:
    digest = lead_digest(_ID, samples.results()[1])
    return Verdict(_ID, samples.KIOSK, digest, decision, 1, "4720", "other-person", samples.NOW_MS)


def _signed_verdicts() -> Prepared:
    seeds = tuple(
        encode_verdict(sign_verdict(_verdict(decision), samples.signer())) for decision in Decision
    )
    return Prepared(
        decode_verdict,
        seeds,
        reads_back(encode_verdict, decode_verdict),
        tree=(unpadded, lambda tree: padded(tree, VERDICT_BYTES)),
    )


def _forged_verdicts() -> Prepared:
    """From a matcher that was taken over: only what the examiner signed may be read."""
    genuine = sign_verdict(_verdict(), samples.signer())

    def decode(data: bytes) -> Verdict:
        signed = decode_verdict(data)
        signed.check(samples.signer().public)
        return signed.opened()

    def check(_data: bytes, found: Verdict) -> None:
        if found != _verdict():
            raise BrokenError("a verdict was read that nobody signed")

    return Prepared(
        decode,
        (encode_verdict(genuine),),
        check,
        tree=(unpadded, lambda tree: padded(tree, VERDICT_BYTES)),
    )


def _inner_verdicts() -> Prepared:
    """From an examiner who signs whatever he likes."""
    return Prepared(
        lambda data: SignedVerdict(data, bytes(64)).opened(),
        (sign_verdict(_verdict(), samples.signer()).verdict,),
    )


class _Cases:
    """One case's key, as the store has it."""

    def __init__(self) -> None:
        self._vault = Vault(folder() / "keys", SecretDeviceKey(bytes(range(32))), samples.PURPOSE)

    def seal_beside(self, request_id: bytes, body: bytes) -> bytes:
        return self._vault.seal(request_id, body)

    def open_beside(self, request_id: bytes, sealed: bytes) -> bytes:
        return self._vault.open(request_id, sealed)


def _leads() -> Prepared:
    """What lies on the card: nothing that the case's key did not seal may be read."""
    cases, path = _Cases(), folder() / "leads"
    kept = Record(Lead(2, ("4711",)), (FingerQuality(2, 63),), purpose=samples.PURPOSE)
    LeadsFile(path, cases).write(Counts(3, 4), {_ID: kept})

    def read(file: Path) -> tuple[Counts, dict[bytes, Record]]:
        return LeadsFile(file, cases).read()

    def check(_data: bytes, found: tuple[Counts, dict[bytes, Record]]) -> None:
        if any(record != kept for record in found[1].values()):
            raise BrokenError("a lead was read that nobody wrote")

    return Prepared(through_file(read), (path.read_bytes(),), check)


_REFUSALS = (ProtocolError,)

TARGETS = (
    Target("examination", _examinations, _REFUSALS, most_bytes=8192),
    Target("verdict", _signed_verdicts, _REFUSALS, most_bytes=1024),
    Target("verdict-forged", _forged_verdicts, _REFUSALS, most_bytes=1024),
    Target("verdict-inner", _inner_verdicts, _REFUSALS, most_bytes=1024),
    Target("leads-file", _leads, (FirmwareError,), most_bytes=2048),
)
