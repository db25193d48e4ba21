"""Writes docs/vectors anew: `python -m tests.protocol.make_vectors`. Sealing draws, so all changes.

The keys are made of words that everybody can read here: they are for tests, and no secret.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec

from greenline.prints import fmr
from greenline.prints.template import Template
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import OpeningKey, SealKey, SigningKey, VerifyKey
from greenline.protocol.messages import (
    Candidate,
    ImpressionMessage,
    Outcome,
    Request,
    Result,
    SearchedList,
    encode_request,
    encode_result,
)

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vectors"
WARNING = "for tests only: everybody knows these keys"
_CREATED_MS = 1_800_000_000_000
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def digest(words: str) -> bytes:
    return hashlib.sha256(f"greenline test vector: {words}".encode()).digest()


def signing_key(of: str) -> tuple[int, SigningKey]:
    scalar = int.from_bytes(digest(f"{of} signing")) % (_ORDER - 1) + 1
    return scalar, SigningKey(ec.derive_private_key(scalar, ec.SECP256R1()))


def opening_key(of: str) -> OpeningKey:
    seed = digest(f"{of} opening 1") + digest(f"{of} opening 2")
    return OpeningKey(seed, digest(f"{of} opening 3"))


def party(of: str) -> dict[str, str]:
    scalar, signer = signing_key(of)
    opener = opening_key(of)
    return {
        "warning": WARNING,
        "signing_private_scalar": scalar.to_bytes(32).hex(),
        "signing_public": signer.public.encoded.hex(),
        "signing_key_id": signer.public.id.hex(),
        "opening_private": opener.to_bytes().hex(),
        "sealing_public": opener.public.encoded.hex(),
        "sealing_key_id": opener.public.id.hex(),
    }


def request_body() -> bytes:
    rng = np.random.default_rng(7)
    count = 8
    template = Template(
        256, 288, 500.0,
        rng.uniform(10, 240, count).astype(np.float32),
        rng.uniform(10, 270, count).astype(np.float32),
        rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        rng.integers(1, 3, count).astype(np.uint8),
        rng.integers(40, 100, count).astype(np.uint8),
    )  # fmt: skip
    record = fmr.from_template(template, finger_position=2, quality=70)
    impression = ImpressionMessage(2, record, 70, "greenline-utility-1", "greenline-1")
    return encode_request(Request("border-check", ("border-list",), (impression,), "test 1"))


def result_body() -> bytes:
    return encode_result(
        Result(
            outcome=Outcome.CANDIDATES,
            candidates=(Candidate("reference-1", "border-list", 9.5, 2),),
            searched=(SearchedList("border-list", 3, _CREATED_MS - 1),),
            coverage=1.0,
            threshold=4.0,
            search_ms=12.5,
            answered_ms=_CREATED_MS + 500,
            software="test 1",
        )
    )


def vector(header: Header, body: bytes, recipient: SealKey, signer: SigningKey) -> dict[str, Any]:
    envelope = seal(header, body, recipient, signer)
    data, cut = envelope.to_bytes(), 92
    context = b"greenline envelope 1\0"
    full = Envelope.from_bytes(data).header
    verify: VerifyKey = signer.public
    envelope.verify(verify)
    return {
        "header": {
            "kind": int(full.kind),
            "lane": int(full.lane),
            "flags": int(full.clock_doubtful),
            "request_id": full.request_id.hex(),
            "kiosk": full.kiosk,
            "created_ms": full.created_ms,
            "expires_ms": full.expires_ms,
            "signer": full.signer.hex(),
            "recipient": full.recipient.hex(),
            "sealed_bytes": len(envelope.sealed),
        },
        "header_bytes": data[:cut].hex(),
        "hpke_info": (b"greenline seal 1\0" + data[:cut]).hex(),
        "sealed_body": envelope.sealed.hex(),
        "signed_sha256": hashlib.sha256(context + data[:cut] + envelope.sealed).hexdigest(),
        "signature": envelope.signature.hex(),
        "body": body.rstrip(b"\0").hex(),
        "body_bytes": len(body),
        "envelope_sha256": hashlib.sha256(data).hexdigest(),
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    write("keys", {name: party(name) for name in ("kiosk", "matcher")})
    request_id = digest("request id")[:16]
    request = Header(
        EnvelopeKind.REQUEST, Lane.PERSON_WAITING, request_id, "kiosk-01", _CREATED_MS,
        _CREATED_MS + 259_200_000, clock_doubtful=True,
    )  # fmt: skip
    result = Header(
        EnvelopeKind.RESULT, Lane.PERSON_WAITING, request_id, "kiosk-01", _CREATED_MS + 500,
        _CREATED_MS + 86_400_500,
    )  # fmt: skip
    matcher, kiosk = opening_key("matcher").public, opening_key("kiosk").public
    write("request", vector(request, request_body(), matcher, signing_key("kiosk")[1]))
    write("result", vector(result, result_body(), kiosk, signing_key("matcher")[1]))


def write(name: str, what: dict[str, Any]) -> None:
    (FOLDER / f"{name}.json").write_text(json.dumps(what, indent=1) + "\n")


if __name__ == "__main__":
    main()
