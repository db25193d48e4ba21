"""What a fingerprint is to Greenline: frame, minutiae, template, records, comparison.

Pure: nothing here opens a file, a port or a socket, and nothing of ours is imported.
"""
