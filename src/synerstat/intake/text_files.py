"""Streams a delivered text file once and leaves its physical lines as Parquet.

Checksum, decompression, decoding and line ends are dealt with here, a few megabytes at a time;
quoting and fields are SQL (`text_rows`). Written to the private work folder only.
"""

import codecs
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synerstat.intake.limits import IntakeLimits
from synerstat.intake.results import UnreadableFileError

# A code point that Unicode reserves for use inside a program stands for undecodable bytes. One
# that was delivered all the same becomes the replacement character, so that the two never mix.
UNDECODABLE: Final = "\ufdd0"
_REPLACEMENT: Final = "\ufffd"
# a lone surrogate can't come out of a strict decoder, so it is free to mark what failed
_FAILED: Final = "\udc80"
# NUL ends a text in too many programs
_NUL_SHOWN: Final = "\u2400"

# what str.strip() takes away
WHITE_SPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_WIDE_SPACE: Final = tuple(c.encode() for c in WHITE_SPACE if not c.isascii())
_WIDEST_SPACE: Final = max(map(len, _WIDE_SPACE))
_ASCII_SPACE: Final = tuple(ord(c) for c in WHITE_SPACE if c.isascii())

_SLICE_BYTES: Final = 65_536
_LINE_FEED: Final = 10
_QUOTE: Final = 34

LINES_SCHEMA: Final = pa.schema(
    [
        ("line_number", pa.int64()),
        ("row_number", pa.int64()),
        ("is_blank", pa.bool_()),
        ("quotes", pa.int32()),
        ("text", pa.string()),
    ]
)

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextLines:
    """What streaming a text file found; the lines themselves are in the Parquet file.

    That has one row for each physical line: `line_number` from 1, `row_number` = lines so far that
    are not blank, `is_blank` (nothing but white space that is not the delimiter), `quotes` = number
    of quote characters, `text` without its line end.
    `head` is the beginning of the text from the first line that is not blank, enough for a header;
    `head_line` that line's number, 0 where all are blank.
    """

    path: Path
    rows: int
    head: str
    head_line: int
    has_quotes: bool
    has_odd_quotes: bool
    has_undecodable: bool
    has_odd_space: bool


@dataclass(frozen=True)
class TextDialect:
    """How a text file is to be read; `codec` is Python's name of the encoding."""

    delimiter: str
    codec: str
    byte_order_mark_allowed: bool


def sha256_of(path: Path, chunk_bytes: int) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(chunk_bytes):
            digest.update(chunk)
    return digest.hexdigest()


def stream_text_file(
    source: Path, lines: Path, dialect: TextDialect, limits: IntakeLimits
) -> tuple[str, TextLines | UnreadableFileError]:
    """Read `source` once; write its physical lines to `lines`.

    The SHA-256 of the delivered bytes is right even where the file turns out to be unreadable: a
    damaged transfer is then reported as what it is.
    """
    digest = hashlib.sha256()
    outcome: TextLines | UnreadableFileError
    with source.open("rb") as file:
        packed = 0
        with pq.ParquetWriter(
            lines, LINES_SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False
        ) as writer:
            collector = _Collector(writer, dialect, limits)
            unpack = _Gunzip(limits) if source.name.lower().endswith(".gz") else None
            try:
                while chunk := file.read(limits.chunk_bytes):
                    digest.update(chunk)
                    packed += len(chunk)
                    if packed > limits.file_bytes:
                        raise UnreadableFileError("file_too_large", most=limits.file_bytes)
                    if unpack is None:
                        collector.take(chunk)
                    else:
                        for piece in unpack.pieces(chunk):
                            collector.take(piece)
                if unpack is not None:
                    unpack.finish()
                outcome = collector.finish(lines)
            except UnreadableFileError as error:
                outcome = error
        while chunk := file.read(limits.chunk_bytes):
            digest.update(chunk)
    return digest.hexdigest(), outcome


class _Gunzip:
    """Unpacks gzip piece by piece, several members in a row included, within the limits."""

    def __init__(self, limits: IntakeLimits) -> None:
        self._limits = limits
        self._stream = zlib.decompressobj(wbits=31)
        self._members = 1
        self._packed = 0
        self._unpacked = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a piece of the packed file unpacks to, `chunk_bytes` at most at a time."""
        # what is left over of a slice is copied for each member of the file and for each piece, so
        # the slices are short
        for begin in range(0, len(chunk), _SLICE_BYTES):
            yield from self._slice(chunk[begin : begin + _SLICE_BYTES])

    def _slice(self, packed: bytes) -> Iterator[bytes]:
        self._packed += len(packed)
        rest = packed
        while True:
            if self._stream.eof:
                # zeros may follow the last member, as gzip itself accepts
                rest = rest.lstrip(b"\0")
                if not rest:
                    return
                self._members += 1
                if self._members > self._limits.gzip_members:
                    raise UnreadableFileError(
                        "gzip_too_many_members", most=self._limits.gzip_members
                    )
                self._stream = zlib.decompressobj(wbits=31)
            try:
                piece = self._stream.decompress(rest, self._limits.chunk_bytes)
            except zlib.error:
                raise UnreadableFileError("gzip_broken") from None
            self._unpacked += len(piece)
            self._check_size()
            if piece:
                yield piece
            if self._stream.eof:
                rest = self._stream.unused_data
                continue
            rest = self._stream.unconsumed_tail
            # a full piece may leave more inside the decompressor
            if not rest and len(piece) < self._limits.chunk_bytes:
                return

    def finish(self) -> None:
        if not self._stream.eof:
            raise UnreadableFileError("gzip_cut_off")

    def _check_size(self) -> None:
        limits = self._limits
        if self._unpacked > limits.decompressed_bytes or (
            self._unpacked > limits.ratio_free_bytes
            and self._unpacked > limits.compression_ratio * self._packed
        ):
            raise UnreadableFileError("unpacks_to_too_much")


class _Collector:
    """Decodes, normalises and cuts into lines; keeps what the file as a whole needs to be known."""

    def __init__(
        self, writer: pq.ParquetWriter, dialect: TextDialect, limits: IntakeLimits
    ) -> None:
        self._writer = writer
        self._limits = limits
        self._dialect = dialect
        self._decoder = codecs.getincrementaldecoder(dialect.codec)(_ON_FAILURE)
        self._at_start = True
        self._held_back = ""
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._lines = 0
        self._rows = 0
        self._head = b""
        self._head_line = 0
        self._quotes = False
        self._odd_quotes = False
        self._undecodable = False
        self._odd_space = False
        delimiter = ord(dialect.delimiter)
        self._is_space = _byte_set(b for b in _ASCII_SPACE if b != delimiter)
        # white space other than the plain blank, and first bytes of such
        self._is_suspect = _byte_set(
            [b for b in _ASCII_SPACE if b not in (delimiter, _LINE_FEED, 32)]
            + [code[0] for code in _WIDE_SPACE]
        )
        self._odd_spaces = [
            *(b for b in _ASCII_SPACE if b not in (delimiter, _LINE_FEED, 32)),
            *(int.from_bytes(code, "big") for code in _WIDE_SPACE),
        ]

    def take(self, chunk: bytes) -> None:
        self._take_text(self._decoder.decode(chunk), final=False)

    def finish(self, path: Path) -> TextLines:
        self._take_text(self._decoder.decode(b"", True), final=True)
        if self._rest_bytes:
            self._write(b"".join(self._rest) + b"\n")
        return TextLines(
            path=path,
            rows=self._rows,
            head=self._head.decode("utf-8", "ignore"),
            head_line=self._head_line,
            has_quotes=self._quotes,
            has_odd_quotes=self._odd_quotes,
            has_undecodable=self._undecodable,
            # a tab that delimits may still stand inside quotes
            has_odd_space=self._odd_space or (self._quotes and self._dialect.delimiter.isspace()),
        )

    def _take_text(self, text: str, final: bool) -> None:
        if self._at_start and text:
            self._at_start = False
            if self._dialect.byte_order_mark_allowed:
                text = text.removeprefix("\ufeff")
        text = self._held_back + text
        self._held_back = ""
        if not final and text.endswith("\r"):
            # its line feed may come with the next piece
            text, self._held_back = text[:-1], "\r"
        text = text.replace(UNDECODABLE, _REPLACEMENT).replace("\0", _NUL_SHOWN)
        if _FAILED in text:
            self._undecodable = True
            text = text.replace(_FAILED, UNDECODABLE)
        self._cut(text.replace("\r\n", "\n").encode())

    def _cut(self, data: bytes) -> None:
        end = data.rfind(b"\n") + 1
        if end:
            self._write(b"".join([*self._rest, data[:end]]))
            self._rest, self._rest_bytes = [], 0
        if end < len(data):
            self._rest.append(data[end:])
            self._rest_bytes += len(data) - end
            if self._rest_bytes > self._limits.line_bytes:
                self._refuse_long_line()

    def _write(self, data: bytes) -> None:
        """Write whole lines, each with its line feed."""
        raw: Bytes = np.frombuffer(data, dtype=np.uint8)
        feeds: Integers = np.flatnonzero(raw == _LINE_FEED)
        count = len(feeds)
        ends = feeds - np.arange(count)
        offsets: Integers = np.concatenate([np.zeros(1, dtype=np.int64), ends])
        lengths = np.diff(offsets)
        if int(lengths.max()) > self._limits.line_bytes:
            self._refuse_long_line()
        text = pa.StringArray.from_buffers(
            count,
            pa.py_buffer(offsets.astype(np.int32).tobytes()),
            pa.py_buffer(raw[raw != _LINE_FEED].tobytes()),
        )
        starts: Integers = np.concatenate([np.zeros(1, dtype=np.int64), feeds[:-1] + 1])
        is_blank = self._blank_lines(text, raw, starts, lengths)
        quotes = _count_by_line(np.flatnonzero(raw == _QUOTE), feeds)
        row_numbers = self._rows + np.cumsum(~is_blank)
        self._note(data, raw, quotes, starts, is_blank)
        self._writer.write_table(
            pa.table(
                [
                    pa.array(np.arange(self._lines + 1, self._lines + count + 1)),
                    pa.array(row_numbers),
                    pa.array(is_blank),
                    pa.array(quotes.astype(np.int32)),
                    text,
                ],
                schema=LINES_SCHEMA,
            )
        )
        self._lines += count
        self._rows = int(row_numbers[-1])
        if self._lines > self._limits.file_rows:
            raise UnreadableFileError("too_many_rows", most=self._limits.file_rows)

    def _blank_lines(
        self, text: pa.StringArray, raw: Bytes, starts: Integers, lengths: Integers
    ) -> npt.NDArray[np.bool_]:
        is_blank: npt.NDArray[np.bool_] = lengths == 0
        first = raw[starts]
        # nearly every line shows by its first byte that it holds something
        doubtful = np.flatnonzero(~is_blank & (self._is_space[first] | (first >= 128)))
        if len(doubtful):
            blanks = WHITE_SPACE.replace(self._dialect.delimiter, "")
            trimmed = pc.utf8_trim(text.take(pa.array(doubtful)), characters=blanks)
            is_blank[doubtful] = pc.equal(pc.binary_length(trimmed), 0).to_numpy(
                zero_copy_only=False
            )
        return is_blank

    def _note(
        self,
        data: bytes,
        raw: Bytes,
        quotes: Integers,
        starts: Integers,
        is_blank: npt.NDArray[np.bool_],
    ) -> None:
        self._quotes = self._quotes or bool(quotes.any())
        self._odd_quotes = self._odd_quotes or bool((quotes % 2).any())
        if not self._odd_space:
            self._odd_space = self._holds_odd_space(raw)
        begin = 0
        if not self._head_line:
            filled = np.flatnonzero(~is_blank)
            if not len(filled):
                return
            self._head_line = self._lines + int(filled[0]) + 1
            begin = int(starts[filled[0]])
        missing = self._limits.header_bytes - len(self._head)
        if missing > 0:
            self._head += data[begin : begin + missing]

    def _holds_odd_space(self, raw: Bytes) -> bool:
        """Whether one of the characters begins at any of the few bytes that may begin one."""
        places = np.flatnonzero(self._is_suspect[raw])
        value = np.zeros(len(places), dtype=np.int64)
        for more in range(_WIDEST_SPACE):
            # the last line feed completes no character
            value = value * 256 + raw.take(places + more, mode="clip")
            if np.isin(value, self._odd_spaces).any():
                return True
        return False

    def _refuse_long_line(self) -> None:
        raise UnreadableFileError("line_too_long", most=self._limits.line_bytes)


def _count_by_line(positions: Integers, feeds: Integers) -> Integers:
    """How many of the positions stand before each line feed, but after the one before."""
    if not len(positions):
        return np.zeros(len(feeds), dtype=np.int64)
    return np.diff(np.searchsorted(positions, feeds), prepend=0)


def _byte_set(members: Iterable[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[np.fromiter(members, dtype=np.intp)] = True
    return table


def _mark_failure(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _FAILED, error.end


_ON_FAILURE: Final = "synerstat-mark-undecodable"
codecs.register_error(_ON_FAILURE, _mark_failure)
