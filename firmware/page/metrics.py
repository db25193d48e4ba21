"""Where Prometheus reads: on the kiosk's page, and on the uplink's own server, which has no other.

No session is asked for, and nothing of a person or of a result is told (docs/metrics.md).
"""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from greenline.firmware.page.headers import LOOPBACK_ONLY, SecurityHeaders


def metrics_route(text: Callable[[], bytes]) -> Route:
    """Return the route. text: what stands there now; called on a thread of its own."""

    def read(_: Request) -> Response:
        return Response(text(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", read)


def make_metrics_app(text: Callable[[], bytes]) -> ASGIApp:
    """Return an application that has nothing else."""
    return SecurityHeaders(Starlette(routes=[metrics_route(text)], middleware=[LOOPBACK_ONLY]))
