"""Reads reports from a built warehouse. All judging and counting is done there."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from synerstat.feedback.reports import (
    CodeToMap,
    DeliveredFile,
    DeliveryFacts,
    Effect,
    FeedbackReport,
    Identifiers,
    Place,
    Refusal,
    RuleFinding,
    SampleRow,
    TrendPoint,
    Vanished,
    VanishedRecord,
    Verdict,
)
from synerstat.warehouse import RefusedDelivery

SAMPLE_ROWS = 50

_Part = TypeVar("_Part")


def read_reports(
    database: Path,
    rule_set_version: str,
    *,
    is_check: bool = False,
    persons_are_invented: bool = False,
) -> tuple[FeedbackReport, ...]:
    """Reports on all accepted deliveries of the quarter that was built, replaced ones too.

    In order of operator and sequence. The database is only read.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        parts = _Parts(connection)
        deliveries = connection.execute(
            """
            select
                delivery_number,
                operator,
                reference_quarter,
                sequence,
                is_replaced,
                extracted_at_text,
                previous_reference_quarter || '-' || previous_sequence,
                contract_version,
                manifest_sha256,
                files_sha256,
                extra_columns,
                rows_delivered,
                rows_unreadable,
                rows_rejected,
                rows_counted,
                rows_with_warnings
            from quality.quality_feedback_deliveries
            order by operator, sequence
            """
        ).fetchall()
        reports = []
        for number, operator, quarter, sequence, is_replaced, *rest in deliveries:
            facts = DeliveryFacts(*[*rest, parts.files(number)])
            reports.append(
                FeedbackReport(
                    operator=operator,
                    reference_quarter=quarter,
                    sequence=int(sequence),
                    verdict=_verdict(facts, is_replaced),
                    rule_set_version=rule_set_version,
                    is_check=is_check,
                    persons_are_invented=persons_are_invented,
                    facts=facts,
                    places=parts.places(number),
                    findings=parts.findings(number, operator),
                    codes=parts.codes(number),
                    identifiers=parts.identifiers(number),
                    vanished=parts.vanished(number),
                    effect=parts.effect(number),
                )
            )
    return tuple(reports)


def refused_report(
    refused: RefusedDelivery,
    rule_set_version: str,
    *,
    is_check: bool = False,
    persons_are_invented: bool = False,
) -> FeedbackReport | None:
    """The report on a refused delivery; None where the folder's name says no quarter."""
    if refused.reference_quarter is None or refused.sequence is None:
        return None
    return FeedbackReport(
        operator=refused.operator,
        reference_quarter=refused.reference_quarter,
        sequence=refused.sequence,
        verdict=Verdict.REFUSED,
        rule_set_version=rule_set_version,
        is_check=is_check,
        persons_are_invented=persons_are_invented,
        refusal=Refusal(
            refused.reason,
            refused.message,
            refused.file_name,
            refused.detail,
            json.loads(refused.detail_values or "{}"),
        ),
    )


def _verdict(facts: DeliveryFacts, is_replaced: bool) -> Verdict:
    if is_replaced:
        return Verdict.REPLACED
    if facts.rows_left_out:
        return Verdict.REJECTED
    return Verdict.WARNINGS if facts.rows_with_warnings else Verdict.FINE


class _Parts:
    """What belongs to the deliveries, each model read once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._files = self._by_delivery(
            "select delivery_number, file_name, sha256, size, rows, rows_unreadable "
            "from quality.quality_feedback_files order by file_number",
            DeliveredFile,
        )
        self._places = self._by_delivery(
            """
            select
                deliveries.delivery_number,
                accounting.disposition,
                accounting.rows,
                accounting.rows / deliveries.rows_delivered
            from marts.mart_delivery_accounting as accounting
            inner join quality.quality_feedback_deliveries as deliveries
                using (operator, reference_quarter, sequence)
            order by accounting.rows desc, accounting.disposition
            """,
            Place,
        )
        self._findings = self._by_delivery(
            """
            select
                delivery_number,
                rule,
                severity,
                rows,
                share,
                previous_rows,
                previous_share,
                records_new,
                records_persistent,
                records_corrected,
                records_gone,
                first_reference_quarter,
                oldest_age_in_quarters,
                participants_without_rows,
                participants_with_rows
            from quality.quality_feedback_rules
            order by
                rows = 0,
                case severity when 'unreadable' then 1 when 'error' then 2 else 3 end,
                rows desc,
                rule
            """,
            lambda *row: row,
        )
        self._samples = self._by_key(
            """
            select
                delivery_number,
                rule,
                file_name,
                line_number,
                record_id,
                status,
                first_reference_quarter
            from quality.quality_feedback_samples
            order by sample_number
            """,
            SampleRow,
        )
        self._trends = self._by_key(
            """
            select operator, rule, reference_quarter, rows, share
            from quality.quality_rule_trends
            order by reference_quarter
            """,
            TrendPoint,
        )
        self._codes = self._by_delivery(
            """
            select
                delivery_number,
                rule,
                source_code,
                rows,
                first_start_date,
                last_start_date,
                is_known_at_other_dates,
                known_from,
                known_to
            from quality.quality_codes_to_map
            order by rows desc, rule, source_code
            """,
            CodeToMap,
        )
        self._identifiers = self._by_delivery(
            """
            select
                delivery_number,
                rows,
                rows_with_national_number,
                rows_without_national_number,
                rows_with_invalid_national_number,
                rows_without_client_number,
                rows_identified_by_client,
                rows_with_replaced_number,
                persons,
                persons_identified_nationally,
                clients_with_several_numbers,
                numbers_with_several_clients
            from quality.quality_identifiers
            """,
            Identifiers,
        )
        self._effects = self._by_delivery(
            "select delivery_number, participants_counted, participants_with_rows "
            "from quality.quality_rule_effects where rule = '_T'",
            Effect,
        )
        self._vanished_counts = self._by_delivery(
            "select delivery_number, count(*), min(last_held_day) "
            "from quality.quality_vanished_records group by delivery_number",
            lambda *row: row,
        )
        self._vanished = self._by_delivery(
            f"""
            select
                delivery_number,
                reference_quarter || '-' || sequence,
                file_name,
                line_number,
                record_id
            from quality.quality_vanished_records
            qualify row_number() over (partition by delivery_number order by record_key)
                <= {SAMPLE_ROWS}
            order by record_key
            """,
            VanishedRecord,
        )

    def files(self, number: int) -> tuple[DeliveredFile, ...]:
        return tuple(self._files[number])

    def places(self, number: int) -> tuple[Place, ...]:
        return tuple(self._places[number])

    def findings(self, number: int, operator: str) -> tuple[RuleFinding, ...]:
        return tuple(
            RuleFinding(
                *[
                    *row,
                    tuple(self._samples[number, row[0]]),
                    tuple(self._trends[operator, row[0]]),
                ]
            )
            for row in self._findings[number]
        )

    def codes(self, number: int) -> tuple[CodeToMap, ...]:
        return tuple(self._codes[number])

    def identifiers(self, number: int) -> Identifiers | None:
        return next(iter(self._identifiers[number]), None)

    def effect(self, number: int) -> Effect | None:
        return next(iter(self._effects[number]), None)

    def vanished(self, number: int) -> Vanished | None:
        for count, last_held_day in self._vanished_counts[number]:
            return Vanished(count, last_held_day, tuple(self._vanished[number]))
        return None

    def _rows(self, query: str) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def _by_delivery(self, query: str, part: Callable[..., _Part]) -> dict[int, list[_Part]]:
        grouped: dict[int, list[_Part]] = defaultdict(list)
        for number, *rest in self._rows(query):
            grouped[number].append(part(*rest))
        return grouped

    def _by_key(self, query: str, part: Callable[..., _Part]) -> dict[tuple[Any, str], list[_Part]]:
        grouped: dict[tuple[Any, str], list[_Part]] = defaultdict(list)
        for number, rule, *rest in self._rows(query):
            grouped[number, rule].append(part(*rest))
        return grouped
