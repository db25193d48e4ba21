"""The page as a browser meets it: served by uvicorn, on a port of the loopback interface."""

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from greenline.cli.serving import listen


class Server:
    """Serves an app from start() to stop(); always on the same port, so that it can come back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._listening: socket.socket | None = listen(0)
        self._port = self._listening.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        listening = self._listening or listen(self._port)
        config = uvicorn.Config(
            self._app,
            log_config=None,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listening = None
