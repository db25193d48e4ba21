"""The centre's companion: gallery, search, ledger, and the service that answers over MQTT."""
