"""The kiosk: capture line, store, uplink, page. Read line.py first."""
