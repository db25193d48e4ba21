"""Signed updates: the release office, the client, the installer, slots and boot control.

Imports nothing else of ours: a broken firmware must stay replaceable.
"""
