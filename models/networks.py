"""The networks of one model, which comes in several sizes of picture: each opened when wanted.

A large network costs memory that a kiosk with a small sensor never needs. Used by extraction.py
and quality_network.py.
"""

from importlib.resources.abc import Traversable

from greenline.models.manifest import ModelFile
from greenline.models.runtime import Network, Runtime, find_runtime, load, read_checked

Size = tuple[int, int]  # height, width of the input, px


class Networks:
    """The files of one model in a folder, by size. Not safe to share between threads.

    files: smallest first. runtime: None takes the first installed. Every file is read and checked
    at once, the smallest is opened: it proves that the runtime works. Raises ModelFileError and
    RuntimeMissingError.
    """

    def __init__(
        self,
        files: tuple[ModelFile, ...],
        folder: Traversable,
        runtime: Runtime | None,
        num_threads: int,
    ) -> None:
        self._runtime = runtime or find_runtime()
        self._folder = folder
        self._num_threads = num_threads
        self._files = {(file.input.shape[1], file.input.shape[2]): file for file in files}
        for file in files:
            read_checked(file, folder)
        self._open: dict[Size, Network] = {}
        self.of_size(self.sizes[0])

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes that there are, smallest first."""
        return tuple(self._files)

    def of_size(self, size: Size) -> Network:
        """Return the network for one of the sizes. Raises ModelFileError if it cannot be opened."""
        if size not in self._open:
            self._open[size] = load(
                self._files[size],
                self._folder,
                runtime=self._runtime,
                num_threads=self._num_threads,
            )
        return self._open[size]
