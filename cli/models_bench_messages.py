"""What `greenline bench models` and its extractors' processes say to each other.

Each message is 4 bytes of length (big-endian) and MessagePack. The order: Setup -> Ready | Fault,
Open -> Opened | Fault, then Picture -> Minutiae | Fault as often as wanted.
"""

from typing import IO

import msgspec
import numpy as np

from greenline.prints.frame import Frame
from greenline.prints.template import Template

MINDTCT = "mindtct"
_LENGTH = 4
_LONGEST = 1 << 24  # bytes; a picture has at most 4 million
_COLUMNS = {
    "x": np.float32,
    "y": np.float32,
    "direction": np.float32,
    "kind": np.uint8,
    "quality": np.uint8,
}


class Setup(msgspec.Struct, frozen=True, tag=True):
    """Which extractor. model: of the manifest, or MINDTCT. runtime: litert, tflite; "" for none."""

    model: str
    accurate: bool
    runtime: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """All libraries are imported, nothing is open. code: see models_bench_worker.code_digest."""

    runtime: str
    code: str


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open the network."""


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The network is open. threshold: least quality (0-1) of a minutia."""

    model_id: str
    threshold: float


class Picture(msgspec.Struct, frozen=True, tag=True):
    """A frame to extract from."""

    pixels: bytes
    height: int
    width: int
    dpi: float
    grey_levels: int

    @classmethod
    def of(cls, frame: Frame) -> "Picture":
        """Pack a frame."""
        content = frame.pixels.tobytes()
        return cls(content, frame.height, frame.width, frame.dpi, frame.grey_levels)

    def frame(self) -> Frame:
        """Unpack it."""
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width)
        return Frame(pixels, self.dpi, self.grey_levels)


class Minutiae(msgspec.Struct, frozen=True, tag=True):
    """A template, and the milliseconds it took by the clock and on the processor."""

    width: int
    height: int
    dpi: float
    columns: dict[str, bytes]
    wall_ms: float
    processor_ms: float

    @classmethod
    def of(cls, template: Template, wall_ms: float, processor_ms: float) -> "Minutiae":
        """Pack a template."""
        columns = {
            name: np.asarray(getattr(template, name), dtype).tobytes()
            for name, dtype in _COLUMNS.items()
        }
        size = (template.width, template.height, template.dpi)
        return cls(*size, columns, wall_ms, processor_ms)

    def template(self) -> Template:
        """Unpack it."""
        columns = {
            name: np.frombuffer(self.columns[name], dtype) for name, dtype in _COLUMNS.items()
        }
        return Template(self.width, self.height, self.dpi, **columns)


class Fault(msgspec.Struct, frozen=True, tag=True):
    """It did not work, and why, in a sentence. of_picture: the next picture may do."""

    sentence: str
    of_picture: bool = False


Question = Setup | Open | Picture
Answer = Ready | Opened | Minutiae | Fault
_QUESTION: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_ANSWER: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def send(pipe: IO[bytes], message: Question | Answer) -> None:
    """Write one message. Raises OSError when nobody reads."""
    content = msgspec.msgpack.encode(message)
    pipe.write(len(content).to_bytes(_LENGTH, "big") + content)
    pipe.flush()


def next_question(pipe: IO[bytes]) -> Question | None:
    """Read the next message to an extractor's process; None when there will be none."""
    content = _next(pipe)
    return None if content is None else _QUESTION.decode(content)


def next_answer(pipe: IO[bytes]) -> Answer | None:
    """Read the next message from an extractor's process; None when it has ended.

    Raises msgspec.DecodeError when this is no message.
    """
    content = _next(pipe)
    return None if content is None else _ANSWER.decode(content)


def _next(pipe: IO[bytes]) -> bytes | None:
    header = pipe.read(_LENGTH)
    if len(header) < _LENGTH:
        return None
    length = int.from_bytes(header, "big")
    if length > _LONGEST:
        return None
    content = pipe.read(length)
    return content if len(content) == length else None
