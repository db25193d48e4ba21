"""The faults of this folder, a leaf for each thing the caller can do about it."""


class ModelsError(Exception):
    """Anything that keeps a model from being used. The message is for a technician."""


class ModelFileError(ModelsError):
    """A model file is missing, damaged or not the one the manifest names: install again."""


class RuntimeMissingError(ModelsError):
    """No usable LiteRT or TFLite runtime is installed: the message says which to install."""


class PictureError(ModelsError):
    """The picture cannot be one of a single finger or a face, or cannot be read: use another."""
