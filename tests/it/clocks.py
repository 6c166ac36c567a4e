"""Deadlines and days by other means: zoneinfo, and by businesstimedelta where it is there.

Written from the definition in docs/calendars.md alone. Reads one JSON document with calendars, then one case a line;
writes one answer a line. Nothing here is taken from the program that it is held against.
"""
import datetime as dt
import functools
import json
import sys
from zoneinfo import ZoneInfo

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
HORIZON = 3653
zones = {}


def zone(name):
    if name not in zones:
        zones[name] = ZoneInfo(name)
    return zones[name]


def second(moment):
    return (moment - EPOCH) // dt.timedelta(seconds=1)


def local(name, seconds):
    return (EPOCH + dt.timedelta(seconds=seconds)).astimezone(zone(name))


@functools.lru_cache(maxsize=400_000)
def instant(name, day, minute):
    """The second at which a wall clock of the zone first shows a minute of a day, or is put past it."""
    wanted = dt.datetime.fromordinal(day) + dt.timedelta(minutes=minute)
    first = second(wanted.replace(tzinfo=zone(name), fold=0).astimezone(UTC))
    if local(name, first).replace(tzinfo=None) == wanted:
        return first
    # The minute is skipped. Somewhere around here the clocks are put forward: where they first show a later time.
    early, late = first - 3 * 86400, first + 3 * 86400
    while late - early > 1:
        middle = (early + late) // 2
        if local(name, middle).replace(tzinfo=None) < wanted:
            early = middle
        else:
            late = middle
    return late


def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


class Calendar:
    def __init__(self, written):
        self.zone = written["zone"]
        self.week = [[self.window(text) for text in day] for day in written["week"]]
        self.exceptions = {
            dt.date.fromisoformat(day).toordinal(): [self.window(text) for text in windows]
            for day, windows in written["exceptions"].items()
        }
        self.known = {}

    @staticmethod
    def window(text):
        start, end = map(minutes, text.split("-"))
        return (start, end + 1440 if end < start else end)

    def day(self, day):
        """The open seconds of one civil day, as pairs in order that do not touch."""
        if day not in self.known:
            if day in self.exceptions:
                windows = list(self.exceptions[day])
            else:
                weekday = (day + 6) % 7
                windows = list(self.week[weekday])
                evening = self.exceptions.get(day - 1, self.week[weekday - 1])
                windows += [(0, end - 1440) for _, end in evening if end > 1440]
            pairs = []
            for start, end in sorted((start, min(end, 1440)) for start, end in windows):
                if pairs and start <= pairs[-1][1]:
                    pairs[-1][1] = max(pairs[-1][1], end)
                else:
                    pairs.append([start, end])
            seconds = [(instant(self.zone, day, start), self.end(day, end)) for start, end in pairs]
            self.known[day] = [(start, end) for start, end in seconds if start < end]
        return self.known[day]

    def end(self, day, minute):
        return instant(self.zone, day + 1, 0) if minute == 1440 else instant(self.zone, day, minute)


def without(pair, pauses):
    start, end = pair
    for pause_start, pause_end in pauses:
        if pause_end <= start or pause_start >= end:
            continue
        if pause_start > start:
            yield (start, pause_start)
        start = max(start, pause_end)
    if start < end:
        yield (start, end)


def due(calendar, start, target, pauses):
    kind, amount = target
    today = local(calendar.zone, start).toordinal()
    days = range(today, today + HORIZON)
    if kind == "seconds":
        if amount == 0:
            return start
        left = amount
        for day in days:
            for opened, closed in calendar.day(day):
                if closed <= start:
                    continue
                for piece_start, piece_end in without((max(opened, start), closed), pauses):
                    if left <= piece_end - piece_start:
                        return piece_start + left
                    left -= piece_end - piece_start
        return None
    count = -1
    for day in days:
        pairs = calendar.day(day)
        if pairs and pairs[-1][1] > start and any(True for pair in pairs for _ in without(pair, pauses)):
            count += 1
            if count == amount:
                return pairs[-1][1]
    return None


def by_library(written):
    """The same question to businesstimedelta, for one window a day with a lunch in UTC."""
    import businesstimedelta as library

    days = [index for index, windows in enumerate(written["week"]) if windows]
    clock = lambda text: dt.time(*map(int, text.split(":")))
    windows = next(windows for windows in written["week"] if windows)
    opened, closed = windows[0].split("-")[0], windows[-1].split("-")[1]
    rules = [library.WorkDayRule(clock(opened), clock(closed), days)]
    if len(windows) == 2:
        lunch = windows[0].split("-")[1], windows[1].split("-")[0]
        rules.append(library.LunchTimeRule(clock(lunch[0]), clock(lunch[1]), days))
    # It wants a holiday still to come within five years.
    holidays = [dt.date.fromisoformat(day) for day in written["exceptions"]] + [dt.date(2030, 1, 1)]
    rules.append(library.HolidayRule(holidays))
    hours = library.Rules(rules)

    def ask(start, target, _):
        moment = (EPOCH + dt.timedelta(seconds=start)).replace(tzinfo=None)
        return second(moment.replace(tzinfo=UTC) + library.BusinessTimeDelta(hours, seconds=target[1]))

    return ask


def main():
    if sys.argv[1:] == ["--version"]:
        import tzdata
        print(tzdata.IANA_VERSION)
        return
    written = json.loads(sys.stdin.readline())
    asks = []
    for calendar in written:
        if sys.argv[1:] == ["--library"]:
            asks.append(by_library(calendar))
        else:
            asks.append(functools.partial(due, Calendar(calendar)))
    out = []
    for line in sys.stdin:
        case = json.loads(line)
        if "day" in case:
            out.append(str(instant(case["zone"], dt.date.fromisoformat(case["day"]).toordinal(), 0)))
            continue
        answer = asks[case["calendar"]](case["start"], case["target"], case["pauses"])
        out.append("-" if answer is None else str(answer))
    print("\n".join(out))


main()
