"""Models: the TFLite files, their loader, minutiae extraction, the first judgement of quality."""
