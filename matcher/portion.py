"""Which part of a gallery somebody holds: whole persons, told apart by a hash that never changes.

All fingers of a person lie in one portion, so that they are fused where they lie.
"""

from dataclasses import dataclass

import numpy as np

from greenline.matcher.blocks import Block


@dataclass(frozen=True)
class Portion:
    """Portion number (0, 1, ...) of so many. Raises ValueError when there is none such."""

    number: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse what would leave persons out of every portion."""
        if not 0 <= self.number < self.of:
            raise ValueError(f"there is no portion {self.number} of {self.of}")

    def holds(self, person: int) -> bool:
        """Return whether a person (see gallery_records.person) lies in this portion."""
        return person % self.of == self.number

    def cut(self, block: Block) -> Block:
        """Return this portion of a block. What is unreadable may be anyone's and stays named."""
        return block.kept(block.person % np.uint64(self.of) == np.uint64(self.number))


WHOLE = Portion()
