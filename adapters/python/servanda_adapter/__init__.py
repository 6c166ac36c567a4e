"""Serves a helpdesk to Servanda: five functions over plain dataclasses, and the kit does the rest."""

from .adapter import Adapter, Forbidden, Moved, Refused, Unavailable, Unknown
from .model import (
    Agreement,
    BusinessDays,
    Change,
    Description,
    Duration,
    Event,
    Item,
    Seconds,
    States,
    Target,
    Value,
)
from .server import Service, main, serve

__all__ = [
    "Adapter",
    "Agreement",
    "BusinessDays",
    "Change",
    "Description",
    "Duration",
    "Event",
    "Forbidden",
    "Item",
    "Moved",
    "Refused",
    "Seconds",
    "Service",
    "States",
    "Target",
    "Unavailable",
    "Unknown",
    "Value",
    "main",
    "serve",
]
