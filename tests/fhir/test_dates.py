"""FHIR dates and times: the grammar, precision, offsets, the site's zone; against an independent reading."""

import random
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.core.dates import When
from cds_service.fhir.dates import DateReader, read_as_of

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "text, first, last",
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-03-02", date(2026, 3, 2), date(2026, 3, 2)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_dates_without_time_are_days_or_intervals(text: str, first: date, last: date) -> None:
    assert DateReader().read(text) == When(first, last)


@pytest.mark.parametrize(
    "text, day, utc",
    [
        ("2026-03-03T16:30:00-08:00", date(2026, 3, 3), "2026-03-04T00:30:00"),
        ("2026-03-03T00:30:00+14:00", date(2026, 3, 3), "2026-03-02T10:30:00"),
        ("2026-03-03T16:30:00-00:00", date(2026, 3, 3), "2026-03-03T16:30:00"),
        ("2026-03-03T16:30:00.123+01:00", date(2026, 3, 3), "2026-03-03T15:30:00.123"),
        ("2026-03-03T16:30:00.123456789+01:00", date(2026, 3, 3), "2026-03-03T15:30:00.123456"),
        ("2026-03-03T16:30:00.1+01:00", date(2026, 3, 3), "2026-03-03T15:30:00.1"),
        ("2026-03-03T16:30:60+01:00", date(2026, 3, 3), "2026-03-03T15:30:59"),
        ("2026-03-03T16:30+01:00", date(2026, 3, 3), "2026-03-03T15:30:00"),
        ("2026-03-04T00:30:00Z", date(2026, 3, 4), "2026-03-04T00:30:00"),
        ("2026-03-04T00:30:00.5Z", date(2026, 3, 4), "2026-03-04T00:30:00.5"),
    ],
)
def test_the_day_is_the_one_written(text: str, day: date, utc: str) -> None:
    when = DateReader().read(text)
    assert when is not None
    assert (when.first, when.last) == (day, day)
    assert when.instant == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-04T00:30:00Z", "2026-03-04T00:30Z", "2026-03-04T00:30:00.000Z"])
def test_z_is_converted_to_the_sites_zone(text: str) -> None:
    when = DateReader(NEW_YORK).read(text)
    assert when is not None
    assert when.first == date(2026, 3, 3)
    assert when.instant == datetime(2026, 3, 4, 0, 30, tzinfo=UTC)


def test_a_written_offset_is_not_converted() -> None:
    when = DateReader(NEW_YORK).read("2026-03-03T16:30:00-08:00")
    assert when is not None
    assert when.first == date(2026, 3, 3)


def test_without_offset_the_time_counts_only_with_a_zone() -> None:
    assert DateReader().read("2026-03-03T16:30:00") == When(date(2026, 3, 3), date(2026, 3, 3))
    local = DateReader(NEW_YORK).read("2026-03-03T16:30:00")
    assert local is not None
    assert local.instant == datetime(2026, 3, 3, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0000",
        "0000-01-01",
        "2026-00",
        "2026-13",
        "2026-02-30",
        "2025-02-29",
        "2026-04-31",
        "2026-3-2",
        "2026-03-02T",
        "2026-03-02T24:00:00Z",
        "2026-03-02T10:60:00Z",
        "2026-03-02T10:00:61Z",
        "2026-03-02T10:00:00.Z",
        "2026-03-02T10:00:00,5Z",
        "2026-03-02T10:00:00,500Z",
        "2026-03-02T10:00:00,500+01:00",
        "2026-03-02T10:00:00+14:30",
        "2026-03-02T10:00:00+15:00",
        "2026-03-02T10:00:00+13:60",
        "2026-03-02T10:00:00+13:75",
        "2026-03-02T10:00:00.000+13:75",
        "2026-03-02T10:00:00+0100",
        "2026-03-02T10Z",
        "2026-03-02 10:00:00Z",
        "2026-03-02t10:00:00z",
        "20260302",
        "20260302T100000Z",
        "2026-W10-1",
        "2026-W10-1T10:00:00+01:00",
        "2026-061",
        "03/02/2026",
        "2 March 2026",
        " 2026-03-02",
        "2026-03-02\n",
        "\uff12\uff10\uff12\uff16-03-02",
        "٢٠٢٦-03-02T10:00:00+01:00",
        "-2026-03-02",
        "99999-01-01",
        "unknown",
    ],
)
@pytest.mark.parametrize("zone", [None, NEW_YORK])
def test_what_is_no_fhir_date_is_none(text: str, zone: ZoneInfo | None) -> None:
    assert DateReader(zone).read(text) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_ends_of_the_calendar_do_not_break_the_reader(text: str, zone: str) -> None:
    when = DateReader(ZoneInfo(zone)).read(text)
    assert when is None or when.is_exact_day


@pytest.mark.parametrize(
    "text, today, instant",
    [
        ("2026-11-22", date(2026, 11, 22), None),
        (
            " 2026-11-22T18:00:00-05:00 ",
            date(2026, 11, 22),
            datetime(2026, 11, 22, 18, tzinfo=timezone(timedelta(hours=-5))),
        ),
    ],
)
def test_as_of_is_a_day_or_an_instant(text: str, today: date, instant: datetime | None) -> None:
    read = read_as_of(text)
    assert (read.today, read.instant) == (today, instant)


@pytest.mark.parametrize("text", ["2026", "2026-11", "2026-11-22T18:00:00", "2026-13-01", "yesterday", ""])
def test_a_vague_as_of_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="as-of is neither a date"):
        read_as_of(text)


# --- an independent reading: no regular expression, no parser of the standard library --------------------------------


def _two(text: str, low: int, high: int) -> int | None:
    plain = len(text) == 2 and all(c in "0123456789" for c in text)
    return int(text) if plain and low <= int(text) <= high else None


def _independent(text: str) -> tuple[date, date, datetime | None] | None:
    day_text, mark, time_text = text.partition("T")
    parts = day_text.split("-")
    if [len(part) for part in parts] != [4, 2, 2][: len(parts)] or not all(c in "0123456789-" for c in day_text):
        return None
    if int(parts[0]) == 0 or any(_two(part, 1, high) is None for part, high in zip(parts[1:], (12, 31), strict=False)):
        return None
    year, month = int(parts[0]), int(parts[1]) if len(parts) > 1 else None
    if len(parts) < 3:
        if mark:
            return None
        last = (month or 12, monthrange(year, month or 12)[1])
        return date(year, month or 1, 1), date(year, *last), None
    if int(parts[2]) > monthrange(year, month or 1)[1]:
        return None
    day = date(year, month or 1, int(parts[2]))
    return (day, day, None) if not mark else _independent_time(day, time_text)


def _independent_time(day: date, text: str) -> tuple[date, date, datetime | None] | None:
    sign = next((c for c in "Z+-" if c in text), "")
    clock, _, offset = text.partition(sign) if sign else (text, "", "")
    clock, dot, fraction = clock.partition(".")
    parts = clock.split(":")
    numbers = [_two(part, 0, high) for part, high in zip(parts, (23, 59, 60), strict=False)]
    if len(parts) not in (2, 3) or None in numbers or (dot and len(parts) == 2):
        return None
    if dot and (not fraction or not all(c in "0123456789" for c in fraction)):
        return None
    hour, minute, second = [*(number or 0 for number in numbers), 0][:3]
    shift = timedelta(0)
    if sign in {"+", "-"}:
        hours, colon, minutes = offset.partition(":")
        high = _two(hours, 0, 14)
        low = _two(minutes, 0, 59)
        if not colon or high is None or low is None or (high == 14 and low):
            return None
        shift = timedelta(hours=high, minutes=low) * (1 if sign == "+" else -1)
    elif sign == "Z" and offset:
        return None
    if not sign:
        return day, day, None
    micro = int((fraction + "000000")[:6])
    naive = datetime(day.year, day.month, day.day, hour, minute, min(second, 59), micro, tzinfo=UTC)
    return day, day, naive - shift


def _random_text(rng: random.Random) -> str:
    text = f"{rng.choice([1900, 1999, 2024, 2026]):04}-{rng.randint(0, 13):02}-{rng.randint(0, 32):02}"
    text += f"T{rng.randint(0, 25):02}:{rng.randint(0, 61):02}:{rng.randint(0, 62):02}"
    text += rng.choice(["", "", "", ".5", ".000", ".123456", ".123456789"])
    text += rng.choice(["Z", "", f"{rng.choice('+-')}{rng.randint(0, 16):02}:{rng.choice([0, 30, 45, 59, 60, 75]):02}"])
    cut = rng.random()
    if cut < 0.1:
        return text[: rng.randint(0, len(text))]
    if cut < 0.2:
        at = rng.randrange(len(text))
        return text[:at] + rng.choice("0159-:TZ+ .,W") + text[at + 1 :]
    return text


def _agrees(text: str) -> bool:
    read = DateReader().read(text)
    expected = _independent(text)
    if read is None or expected is None:
        return read is None and expected is None
    return (read.first, read.last, read.instant) == expected


def test_five_thousand_random_texts_are_read_as_independently() -> None:
    rng = random.Random(20261122)
    texts = [_random_text(rng) for _ in range(5_000)]
    assert [text for text in texts if not _agrees(text)] == []
    assert sum(_independent(text) is not None for text in texts) > 1_000


@given(st.text(alphabet="0123456789-:TZ+.,W ", max_size=32))
@example("2026-03-02T10:00:00+13:59")
@example("2026-03-02T10:00:00.5+1+1:00")
def test_any_text_is_read_as_independently(text: str) -> None:
    assert _agrees(text)


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - the offset is drawn
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_what_python_writes_is_read_back(moment: datetime, minutes: int, precision: str) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)), microsecond=moment.microsecond // 1000 * 1000)
    if precision == "seconds":
        aware = aware.replace(microsecond=0)
    when = DateReader().read(aware.isoformat(timespec=precision))
    assert when is not None
    assert (when.first, when.instant) == (moment.date(), aware)


@given(st.text(alphabet="0123456789-:TZ+.", max_size=30))
def test_reading_twice_is_reading_once(text: str) -> None:
    reader = DateReader()
    assert reader.read(text) == reader.read(text) == DateReader().read(text)
