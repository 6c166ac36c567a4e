"""Converts the values to the messages of version 1 and back. What does not fit is an error with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .model import DAYS, FIELDS, REFERENCES, SETS, TEXTS, Agreement, BusinessDays, Change, Description
from .model import Duration, Event, Item, Seconds, Target, Value

VERSION = 1

Json = Any


class Malformed(Exception):
    """A message that does not follow the contract."""


class Unfit(TypeError):
    """A value of an adapter that the contract has no form for. The text is for the adapter's author."""


def description_json(description: Description) -> Json:
    for name in description.fields:
        if name not in FIELDS and not name.startswith("attributes."):
            raise ValueError(f"describe() names an unknown field `{name}`; the known ones are {', '.join(FIELDS)}")
    states = description.states
    return {
        "versions": [VERSION],
        "adapter": description.name,
        "fields": sorted(description.fields),
        "states": {
            "planned": states.planned,
            "active": states.active,
            "suspended": states.suspended,
            "expired": states.expired,
            "terminated": states.terminated,
        },
        "kinds": sorted(description.kinds),
        "capabilities": sorted(description.capabilities),
        "business_day": description.business_day,
    }


def agreement_json(agreement: Agreement, description: Description) -> Json:
    what = f"agreement {agreement.id!r}"
    _fit(what, "id", agreement.id, str)
    _fit(what, "key", agreement.key, str)
    _fit(what, "state", agreement.state, str)
    _fit(what, "archived", agreement.archived, bool)
    for name in ("modified", "version", "unreadable"):
        _fit(what, name, getattr(agreement, name), str, type(None))
    _fit(what, "offers", agreement.offers, frozenset, set, type(None))
    message: dict[str, Json] = {"id": agreement.id, "key": agreement.key or None}
    if agreement.unreadable is not None:
        return {**message, "unreadable": agreement.unreadable}
    message |= {
        "state": agreement.state,
        "fields": {name: _fitting(what, name, agreement.value(name)) for name in sorted(description.fields)},
        "archived": agreement.archived,
        "modified": agreement.modified,
        "version": agreement.version,
    }
    if agreement.offers is not None:
        message["offers"] = sorted(agreement.offers)
    return message


def _fit(what: str, name: str, value: object, *types: type) -> None:
    # A `datetime` is a `date`, and a `bool` an `int`: only the type itself fits.
    if type(value) not in types:
        expected = " or ".join("None" if one is type(None) else one.__name__ for one in types)
        raise Unfit(f"{what}: `{name}` is {value!r}, and {expected} is expected")


def _fitting(what: str, name: str, value: Value) -> Json:
    """A field's value as JSON, if it has the type that `Agreement` names."""
    if name in SETS:
        _fit(what, name, value, frozenset, set)
        for one in value if isinstance(value, (frozenset, set)) else ():
            _fit(what, name, one, str)
    elif name == "targets":
        _fit(what, name, value, frozenset, set)
        for one in value if isinstance(value, (frozenset, set)) else ():
            _fit(what, name, one, Target)
    elif name in DAYS:
        _fit(what, name, value, date, type(None))
    elif name.startswith("attributes."):
        _fit(what, name, value, str, int, bool, type(None))
    else:
        _fit(what, name, value, str, type(None))
    return value_json(name, frozenset(value) if isinstance(value, set) else value)


def value_json(name: str, value: Value) -> Json:
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, frozenset):
        return [] if value is None and name in (*SETS, "targets") else value
    if name == "targets":
        order = sorted(value, key=lambda target: (target.service or "", target.priority) if isinstance(target, Target) else ("", ""))
        return [target_json(target) for target in order if isinstance(target, Target)]
    return sorted(text for text in value if isinstance(text, str))


def target_json(target: Target) -> Json:
    return {
        "service": target.service,
        "priority": target.priority,
        "response": duration_json(target.response),
        "resolution": duration_json(target.resolution),
        "calendar": target.calendar,
    }


def duration_json(duration: Duration | None) -> Json:
    match duration:
        case None:
            return None
        case Seconds(count):
            return {"seconds": count}
        case BusinessDays(count):
            return {"business_days": count}


def item_json(item: Item) -> Json:
    for name in ("kind", "id", "title"):
        _fit(f"item {item.id!r}", name, getattr(item, name), str)
    for name in ("code", "within"):
        _fit(f"item {item.id!r}", name, getattr(item, name), str, type(None))
    _fit(f"item {item.id!r}", "archived", item.archived, bool)
    return {
        "kind": item.kind,
        "id": item.id,
        "title": item.title,
        "code": item.code,
        "archived": item.archived,
        "within": item.within,
    }


def event_json(event: Event) -> Json:
    return {"object": event.object, "part": event.part, "who": event.who, "name": event.name, "when": event.when}


def read_change(request: Mapping[str, Json]) -> Change:
    fields = {name: read_value(name, value) for name, value in read_map(request, "fields").items()}
    return Change(
        run=read_text(request, "run"),
        fields=fields,
        state=read_optional(request, "state"),
        key=read_optional(request, "key"),
    )


def read_value(name: str, json: Json) -> Value:
    """A field's value, in the form that `value_json` writes."""
    try:
        if name in SETS:
            return frozenset(_text(one) for one in _list(json))
        if name == "targets":
            return frozenset(read_target(one) for one in _list(json))
        if json is None:
            return None
        if name in DAYS:
            day = date.fromisoformat(_text(json))
            if day.isoformat() == json:
                return day
        if name in TEXTS or name in REFERENCES:
            return _text(json)
        if name.startswith("attributes.") and isinstance(json, (str, int)):
            return json
    except (TypeError, ValueError) as error:
        raise Malformed(f"`{name}`: {error}") from None
    raise Malformed(f"`{name}`: {json!r} does not follow the contract")


def read_target(json: Json) -> Target:
    return Target(
        priority=read_text(json, "priority"),
        service=read_optional(json, "service"),
        response=read_duration(json.get("response")),
        resolution=read_duration(json.get("resolution")),
        calendar=read_optional(json, "calendar"),
    )


def read_duration(json: Json) -> Duration | None:
    match json:
        case None:
            return None
        case {"seconds": int(count)}:
            return Seconds(count)
        case {"business_days": int(count)}:
            return BusinessDays(count)
    raise Malformed(f"{json!r} is not a duration")


def read_text(request: Json, name: str) -> str:
    text = read_optional(request, name)
    if text is None:
        raise Malformed(f"`{name}` is missing")
    return text


def read_optional(request: Json, name: str) -> str | None:
    if not isinstance(request, dict):
        raise Malformed("the request is not an object")
    text = request.get(name)
    return text if text is None else _text(text, name)


def read_map(request: Json, name: str) -> Mapping[str, Json]:
    value = request.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"`{name}` is not an object")
    return value


def _list(json: Json) -> list[Json]:
    if json is not None and not isinstance(json, list):
        raise Malformed(f"{json!r} is not a list")
    return json or []


def _text(json: Json, name: str = "a value") -> str:
    if not isinstance(json, str):
        raise Malformed(f"{name}: {json!r} is not a text")
    return json
