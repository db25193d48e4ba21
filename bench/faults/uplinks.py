"""Several uplinks in one process: the real class, a thread for each; a child of the campaign.

python bench/faults/uplinks.py UPLINK.toml ...
"""

import logging
import signal
import sys
import threading
from pathlib import Path

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.firmware.config import UplinkConfig
from greenline.firmware.uplink import Uplink


def main(paths: list[str]) -> None:
    logs.set_up("uplink")
    configs = [read_configuration(Path(path), UplinkConfig) for path in paths]
    uplinks = [Uplink(each.kiosk, each.socket, each.broker) for each in configs]
    threads = [threading.Thread(target=uplink.run) for uplink in uplinks]

    def stop() -> None:
        for uplink in uplinks:
            uplink.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
    for thread in threads:
        thread.start()
    logging.getLogger("uplinks").info("ready")
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
