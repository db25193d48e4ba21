"""The language of kiosk and centre: messages, envelope, keys, topics, words.

Pure: nothing here opens a file or a socket. docs/protocol.md describes it byte by byte.
"""
