"""Devices of the kiosk: fingerprint sensors as codec + port + driver, and their simulators.

Synchronous throughout, because serial lines and USB block. The real driver always runs; what is
simulated stands below it, at the port (greenline.drivers.simulation).
"""
