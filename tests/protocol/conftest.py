import pytest

from greenline.protocol.envelope import EnvelopeKind, Header, Lane
from greenline.protocol.keys import OpeningKey, SigningKey


@pytest.fixture(scope="session")
def signer() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def opener() -> OpeningKey:
    return OpeningKey.generate()


@pytest.fixture
def header() -> Header:
    return Header(
        EnvelopeKind.REQUEST, Lane.PERSON_WAITING, bytes(range(16)), "kiosk-01", 1_000, 2_000
    )
