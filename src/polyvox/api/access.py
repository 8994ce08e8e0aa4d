"""What every route reaches for: the services, from the application that serves the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from polyvox.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(_services)]
