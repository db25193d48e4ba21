"""Connections to brokers, for whoever needs them: the uplink, the matcher, the centre.

It knows MQTT and TLS, and nothing of prints, envelopes or stores.
"""
