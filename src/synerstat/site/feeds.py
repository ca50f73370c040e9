"""The release calendar (iCalendar) and the feed of releases (Atom). Dates come from the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lxml import etree

from synerstat.publish.formats.vocabulary import Edition, description, text
from synerstat.site.history import History
from synerstat.site.words import Words

# A quarter is released this many days after its end, on the next day from Monday to Friday.
RELEASE_DAYS = 75
PLANNED = 4
ATOM = "http://www.w3.org/2005/Atom"
LINE = 75


@dataclass(frozen=True)
class Release:
    """A planned release: of which quarter (2020-Q1), and on which day."""

    period: str
    day: date


def releases(edition: Edition) -> tuple[Release, ...]:
    """The releases of the next four quarters."""
    year, quarter = int(edition.quarter[:4]), int(edition.quarter[5])
    planned = []
    for step in range(1, PLANNED + 1):
        index = year * 4 + quarter - 1 + step
        first_after = index + 1
        end = date(first_after // 4, first_after % 4 * 3 + 1, 1) - timedelta(days=1)
        day = end + timedelta(days=RELEASE_DAYS)
        day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
        planned.append(Release(f"{index // 4}-Q{index % 4 + 1}", day))
    return tuple(planned)


def write_calendar(path: Path, words: Words, planned: Sequence[Release], updated: str) -> None:
    """Write the planned releases as iCalendar (RFC 5545), one whole day each."""
    stamp = f"{updated.replace('-', '')}T000000Z"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Synerstat//Release calendar//EN"]
    lines.append(f"X-WR-CALNAME:{_escaped(text('statistic', words.language))}")
    for release in planned:
        summary = words(
            "%(statistic)s: %(period)s",
            statistic=text("statistic", words.language),
            period=words.period(release.period),
        )
        lines += [
            "BEGIN:VEVENT",
            f"UID:{release.period.lower()}@release.synerstat",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{release.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{release.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY;LANGUAGE={words.language}:{_escaped(summary)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    content = "".join(f"{_folded(line)}\r\n" for line in lines)
    path.write_bytes(content.encode())


def _escaped(value: str) -> str:
    for character in ("\\", ";", ","):
        value = value.replace(character, f"\\{character}")
    return value.replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line in pieces of at most 75 bytes."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > LINE - 1:
            pieces.append(piece)
            piece = ""
        piece += character
    return "\r\n ".join([*pieces, piece])


def write_feed(path: Path, words: Words, edition: Edition, history: History, updated: str) -> None:
    """Write the vintages of the quarter, the last first, as an Atom feed (RFC 4287)."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", words.language)
    stamp = f"{updated}T00:00:00Z"
    _add(feed, "id", f"urn:synerstat:releases:{words.language}")
    _add(feed, "title", text("statistic", words.language))
    _add(feed, "updated", stamp)
    etree.SubElement(_add(feed, "author", None), f"{{{ATOM}}}name").text = text(
        "agency", words.language
    )
    _link(feed, "self", f"feed.{words.language}.xml", "application/atom+xml")
    _link(feed, "alternate", f"{words.language}/index.html", "text/html")
    for number in reversed(history.numbers):
        entry = _add(feed, "entry", None)
        vintage = f"{history.quarter}-v{number}"
        _add(entry, "id", f"urn:synerstat:vintage:{vintage}:{words.language}")
        _add(
            entry,
            "title",
            words(
                "%(statistic)s: %(period)s",
                statistic=text("statistic", words.language),
                period=f"{words.period(edition.period)} ({vintage})",
            ),
        )
        _add(entry, "updated", stamp)
        _link(entry, "alternate", f"../../v{number}/site/{words.language}/index.html", "text/html")
        _add(entry, "summary", description(words.lists, words.language))
    etree.ElementTree(feed).write(
        str(path), encoding="utf-8", xml_declaration=True, pretty_print=True
    )


def _add(parent: etree._Element, name: str, content: str | None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = content
    return element


def _link(parent: etree._Element, relation: str, address: str, media: str) -> None:
    element = etree.SubElement(parent, f"{{{ATOM}}}link")
    element.set("rel", relation)
    element.set("href", address)
    element.set("type", media)
