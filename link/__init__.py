"""One connection to the broker, for whoever needs it: the uplink, the matcher, the centre.

It knows MQTT and TLS, and nothing of prints, envelopes or stores.
"""
