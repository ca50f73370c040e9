"""The whole way: persons, participations, records, deliveries, files."""

import csv
import math
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from synerstat.contracts import DeliveryContract, load_contracts
from synerstat.errors import UsageError
from synerstat.synthesise.arrays import Bools, Ints, choose, random_stream
from synerstat.synthesise.deliveries import DeliveryMaker, OperatorRecords, Table, forerunner
from synerstat.synthesise.dirt import Dirt
from synerstat.synthesise.files import (
    Layout,
    can_be_unreadable,
    file_digest,
    write_csv,
    write_parquet,
    write_xlsx,
)
from synerstat.synthesise.participations import (
    JOB_SEEKER,
    TRAINING_TYPES,
    Engagements,
    Participations,
    end_on_weekday,
    home_area_of,
    invent_participations,
    keep_records,
)
from synerstat.synthesise.periods import (
    Quarter,
    brussels_time,
    chances_of_start,
    day,
    quarters_between,
)
from synerstat.synthesise.persons import UNKNOWN, Persons, identified, invent_persons
from synerstat.synthesise.profiles import OUT_OF_SCOPE, OperatorProfile, profile_of
from synerstat.synthesise.reference import (
    CodeTable,
    Geography,
    read_code_tables,
    read_geography,
)
from synerstat.synthesise.refusals import add_refusals, write_manifest
from synerstat.warehouse import Progress, silent

DAYS_BEFORE_FIRST_QUARTER = 540
"""Training may have begun this long before the first quarter and still run in it."""

MOST_ROWS_IN_XLSX = 3_000
ROWS_PER_FILE = 150_000
USUAL_SHARE_KNOWN_AT_HOME = 0.35
"""Share of the mobile persons who train in their home area too."""


@dataclass(frozen=True)
class Flow:
    """Exactly so many job-seekers living in `area` with a participation at `operator` present in
    `year`.
    """

    area: str
    operator: str
    year: int
    persons: int


@dataclass(frozen=True)
class Population:
    """Who is invented.

    `volumes` (shares of the persons per operator) and `type_shares` (per operator and training
    type) stand in place of the profiles' own. Where `flows` are given, nobody but the persons of
    the flows trains outside the home area, and nobody leaves his area. `days_factor` makes all
    participations longer or shorter.
    """

    persons: int
    volumes: Mapping[str, float] = field(default_factory=dict)
    type_shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    days_factor: float = 1.0
    participations_per_year: float = 0.42


@dataclass(frozen=True)
class SynthesisedDelivery:
    """One delivery that was written: file names and rows, without header."""

    operator: str
    reference_quarter: str
    sequence: int
    files: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class SynthesisResult:
    """What was written. `dirt` counts per kind what was struck (rows, records, persons or
    deliveries); `refused` are the reasons for which deliveries were made to be refused.
    """

    out: Path
    persons: int
    rows: int
    identifier_replacements: int
    deliveries: tuple[SynthesisedDelivery, ...]
    dirt: Mapping[str, int]
    refused: tuple[str, ...]


def synthesise(
    out: Path,
    persons: int = 2000,
    first_quarter: str = "2018Q1",
    last_quarter: str = "2019Q4",
    seed: int = 1,
    dirt: Dirt | None = None,
    *,
    contracts: Path = Path("contracts"),
    seeds: Path = Path("seeds"),
    progress: Progress = silent,
) -> SynthesisResult:
    """Write deliveries of invented persons for all operators that have a contract, in their
    dialects.

    `out` must be new or empty. The same arguments write the same bytes. `dirt` is that of real life
    (`Dirt.all()`) unless given. `contracts` and `seeds` are folders of the project.

    Raises UsageError where the quarters are none, `persons` is below 1, or `out` holds something
    already.
    """
    return synthesise_population(
        out,
        Population(persons),
        quarters_between(first_quarter, last_quarter),
        seed,
        Dirt.all() if dirt is None else dirt,
        contracts=contracts,
        seeds=seeds,
        progress=progress,
    )


def synthesise_population(
    out: Path,
    population: Population,
    quarters: tuple[Quarter, ...],
    seed: int,
    dirt: Dirt,
    *,
    contracts: Path,
    seeds: Path,
    progress: Progress = silent,
) -> SynthesisResult:
    """Write the deliveries of a population. See `synthesise`."""
    if population.persons < 1:
        raise UsageError("Ask for one person or more.")
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative. Take a whole number from 0 on.")
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty. Name a new folder, or empty this one first.")
    maker = _Maker(population, quarters, seed, dirt, contracts, seeds, progress)
    out.mkdir(parents=True, exist_ok=True)
    try:
        return maker.write(out)
    except BaseException:
        for path in out.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


class _Maker:
    """Holds what every step needs; one use only."""

    def __init__(
        self,
        population: Population,
        quarters: tuple[Quarter, ...],
        seed: int,
        dirt: Dirt,
        contracts: Path,
        seeds: Path,
        progress: Progress,
    ) -> None:
        self.population = population
        self.quarters = quarters
        self.seed = seed
        self.dirt = dirt
        self.progress = progress
        self.contracts: tuple[DeliveryContract, ...] = load_contracts(contracts)
        self.operators = tuple(contract.operator for contract in self.contracts)
        self.profiles: dict[str, OperatorProfile] = {}
        for operator in self.operators:
            profile = profile_of(operator)
            shares = population.type_shares.get(operator, profile.type_shares)
            self.profiles[operator] = replace(profile, type_shares=shares)
        self.code_tables: dict[str, dict[str, CodeTable]] = read_code_tables(seeds)
        self.geography: Geography = read_geography(seeds)
        self.home_areas = np.array(
            [home_area_of(o, self.geography) for o in self.operators], np.int64
        )
        self.first_day = quarters[0].first_day - DAYS_BEFORE_FIRST_QUARTER
        self.last_day = quarters[-1].last_day
        self.counts: Counter[str] = Counter()

    def write(self, out: Path) -> SynthesisResult:
        self.progress("Inventing persons and their training")
        persons, participations = self._invent()
        known = np.unique(participations.person)
        self.counts["persons_without_number"] = int((persons.register_number[known] == 0).sum())
        deliveries: list[SynthesisedDelivery] = []
        for number in range(len(self.operators)):
            deliveries.extend(self._write_operator(out, number, persons, participations))
        replaced = self._write_identifier_replacements(out, persons, participations)
        refused: tuple[str, ...] = ()
        if self.dirt.refusals:
            good = [
                out / d.operator / f"{d.reference_quarter}-{d.sequence}"
                for d in deliveries
                if d.reference_quarter == str(self.quarters[-1])
            ]
            refused = add_refusals(out, good)
        return SynthesisResult(
            out=out,
            persons=len(known),
            rows=sum(d.rows for d in deliveries),
            identifier_replacements=replaced,
            deliveries=tuple(deliveries),
            dirt={kind: self.counts[kind] for kind in Dirt.kinds()},
            refused=refused,
        )

    # who trains where

    def _invent(self) -> tuple[Persons, Participations]:
        wanted = self.population.persons
        random = random_stream(self.seed, 0)
        years = (self.last_day - self.first_day) / 365.25
        # some have nothing left once training that ended too early is dropped: begin with more of
        # them
        candidates = math.ceil(wanted * (1.25 + 2.2 / years)) + 20
        volumes = np.array(
            [self.population.volumes.get(o, self.profiles[o].volume) for o in self.operators]
        )
        home = choose(volumes, random.random(candidates))
        engagements = self._engagements(home, years, random)
        flows = self.population.flows
        flow_sizes = np.array([flow.persons for flow in flows], np.int64)
        flow_of = np.repeat(np.arange(len(flows)), flow_sizes)
        flow_areas = np.array([self.geography.area_codes.index(f.area) for f in flows], np.int64)
        home = np.concatenate([home, self._home_operator(flow_areas[flow_of])])
        area = np.concatenate([self.home_areas[home[:candidates]], flow_areas[flow_of]])

        persons = invent_persons(
            area,
            geography=self.geography,
            bis_share=np.array([self.profiles[o].bis_numbers for o in self.operators])[home],
            without_number=self.dirt.persons_without_number,
            replaced=self.dirt.identifier_replacements,
            movers=0.04,
            movers_leave_area=not flows,
            first_day=self.quarters[0].first_day,
            last_day=self.last_day,
            seed=self.seed,
        )
        if len(flow_of):
            persons = identified(persons, np.arange(len(persons)) >= candidates)
        background = self._participations(engagements, 0)
        background = background.take(background.end >= self.quarters[0].first_day - 31)
        # the first persons who have training in time, as many as asked for
        present = np.unique(background.person)
        random.shuffle(present)
        background = background.take(np.isin(background.person, present[:wanted]))
        parts = [self._given_by_others(background)]
        if len(flow_of):
            parts.append(self._of_flows(flow_of, candidates))
        own = Participations.together(parts)
        return persons, Participations.together([own, self._mirrors(own, home)])

    def _participations(self, engagements: Engagements, stream: int) -> Participations:
        return invent_participations(
            engagements,
            operators=self.operators,
            profiles=self.profiles,
            geography=self.geography,
            first_day=self.first_day,
            last_day=self.last_day,
            days_factor=self.population.days_factor,
            seed=self.seed,
            stream=stream,
        )

    def _home_operator(self, area: Ints) -> Ints:
        """The operator whose home area it is; the first one for an area of none."""
        operators = np.zeros(len(area), np.int64)
        for number, home_area in enumerate(self.home_areas.tolist()):
            operators[area == home_area] = number
        return operators

    def _engagements(self, home: Ints, years: float, random: np.random.Generator) -> Engagements:
        """Who is known to which operator: the home operator, now and then another one, or both."""
        person = np.arange(len(home))
        area = self.home_areas[home]
        is_mobile = np.zeros(len(home), np.bool_)
        parts = []
        for number, operator in enumerate(self.operators):
            chance = random.random(len(home))
            if self.population.flows:
                continue
            share = np.zeros(len(self.geography.area_codes))
            for name, value in self.profiles[operator].attracts.items():
                share[self.geography.area_codes.index(name)] = value
            going = np.flatnonzero((chance < share[area]) & (area != self.home_areas[number]))
            is_mobile[going] = True
            parts.append(
                Engagements(
                    person=going,
                    operator=np.full(len(going), number),
                    count=1 + (random.random(len(going)) < 0.2).astype(np.int64),
                    is_mobile=np.ones(len(going), np.bool_),
                )
            )
        stays = ~is_mobile | (random.random(len(home)) < USUAL_SHARE_KNOWN_AT_HOME)
        more = -np.log1p(-random.random(len(home))) * self.population.participations_per_year
        count = 1 + np.minimum(np.floor(more * years), 12).astype(np.int64)
        parts.append(
            Engagements(
                person=person[stays],
                operator=home[stays],
                count=count[stays],
                is_mobile=np.zeros(int(stays.sum()), np.bool_),
            )
        )
        return Engagements.together(parts)

    def _given_by_others(self, participations: Participations) -> Participations:
        """Some training is given by a body that is no operator; only where the operator has codes
        for such bodies.
        """
        random = random_stream(self.seed, 8)
        has_codes = np.array(
            [OUT_OF_SCOPE in self.code_tables[o]["organiser"].targets for o in self.operators]
        )
        given = random.random(len(participations)) < self.dirt.organised_by_others
        given &= has_codes[participations.operator] & ~participations.is_mobile
        self.counts["organised_by_others"] += int(given.sum())
        return replace(participations, organiser=np.where(given, UNKNOWN, participations.organiser))

    def _of_flows(self, flow_of: Ints, first_person: int) -> Participations:
        """One short participation of a job-seeker for each person of the flows, present in the
        flow's year.
        """
        flows = self.population.flows
        host = np.array([self.operators.index(f.operator) for f in flows], np.int64)[flow_of]
        person = first_person + np.arange(len(flow_of))
        count = len(person)
        random = random_stream(self.seed, 9)
        mobile = Engagements(person, host, np.ones(count, np.int64), np.ones(count, np.bool_))
        found = self._participations(mobile, 1)

        year_first = np.array([day(f"{f.year}-01-01") for f in flows], np.int64)[flow_of]
        year_last = np.array([day(f"{f.year}-12-31") for f in flows], np.int64)[flow_of]
        is_last_year = year_last == year_last.max(initial=0)
        length = np.clip((found.end - found.start + 1) // 4, 2, 40)
        start = np.empty(count, np.int64)
        for first in np.unique(year_first).tolist():
            of_year = year_first == first
            # up to twenty days before the year: some training runs over the turn of the year
            chances = chances_of_start(first - 20, first + 355)
            start[of_year] = first - 20 + choose(chances, random.random(int(of_year.sum())))
        end = np.maximum(end_on_weekday(start, start + length - 1), year_first)
        # who belongs to one year must not run into the next one
        end = np.where(is_last_year, end, np.minimum(end, year_last))
        trained = replace(
            found,
            start=start,
            end=end,
            labour_status=np.full(count, JOB_SEEKER),
            later_status=np.full(count, JOB_SEEKER),
            is_calibrated=np.ones(count, np.bool_),
        )
        # some train at home too
        at_home = random.random(count) < 0.15
        areas = np.array([self.geography.area_codes.index(f.area) for f in flows])[flow_of]
        known = Engagements(
            person[at_home],
            self._home_operator(areas[at_home]),
            np.ones(int(at_home.sum()), np.int64),
            np.zeros(int(at_home.sum()), np.bool_),
        )
        home = self._participations(known, 2)
        home = home.take(home.end >= self.quarters[0].first_day - 31)
        # a dirty residence here would count as the person's, there as well
        home = replace(home, is_calibrated=np.ones(len(home), np.bool_))
        return Participations.together([trained, home])

    def _mirrors(self, own: Participations, home: Ints) -> Participations:
        """What the home operator reports of its job-seekers' training at another operator."""
        random = random_stream(self.seed, 10)
        home_operator = home[own.person]
        usual = self.dirt.mirrors
        share = np.full((len(self.operators), len(self.operators)), usual)
        for number, operator in enumerate(self.operators):
            for host, value in self.profiles[operator].reports_of.items():
                if host in self.operators:
                    share[number, self.operators.index(host)] = min(usual, value)
        in_scope = own.training_type != TRAINING_TYPES.index(OUT_OF_SCOPE)
        seen = (
            own.is_mobile
            & in_scope
            & (home_operator != own.operator)
            & (random.random(len(own)) < share[home_operator, own.operator])
        )
        mirrors = own.take(seen)
        count = len(mirrors)
        self.counts["mirrors"] += count
        differs = random.random(count) < self.dirt.mirror_differences
        self.counts["mirror_differences"] += int(differs.sum())
        shift = np.where(differs, (random.random(count) * 20).astype(np.int64) - 10, 0)
        last_start = np.full(count, self.last_day)
        start = np.minimum(mirrors.start + shift, last_start)
        return replace(
            mirrors,
            operator=home_operator[seen],
            start=start,
            end=np.maximum(start, mirrors.end + shift // 2),
            is_calibrated=np.zeros(count, np.bool_),
        )

    # files

    def _write_operator(
        self, out: Path, number: int, persons: Persons, participations: Participations
    ) -> list[SynthesisedDelivery]:
        contract = self.contracts[number]
        profile = self.profiles[contract.operator]
        mine = participations.take(participations.operator == number)
        preparation = OperatorRecords(
            number=number,
            contract=contract,
            profile=profile,
            code_tables=self.code_tables[contract.operator],
            operators=self.operators,
            geography=self.geography,
            persons=persons,
            seed=self.seed,
        )
        operator = preparation.prepare(
            mine,
            keep_records(mine, profile, seed=self.seed, number=number),
            self.quarters,
            self.dirt,
            self.counts,
        )
        deliveries = DeliveryMaker(
            operator,
            self.code_tables[contract.operator],
            persons,
            self.quarters,
            self.dirt,
            self.seed,
            self.counts,
        )
        written = []
        for index, quarter in enumerate(self.quarters):
            random = random_stream(self.seed, 12, number, index)
            layout = self._layout(contract, random)
            size = int(((operator.first_quarter <= index) & (operator.last_quarter >= index)).sum())
            names = _file_names(profile.file_name, size, random)
            table = deliveries.make(index, can_be_unreadable(names[0]))
            sequence = 1
            extracted = quarter.last_day + 18 + int(random.random() * 4)
            minutes = 6 * 60 + int(random.random() * 600)
            replaces, skips = random.random() < self.dirt.replaced_sequences, random.random() < 0.2
            if replaces:
                self.counts["replaced_sequences"] += 1
                first = forerunner(table, self.seed, number, index)
                written.append(
                    self._write_delivery(
                        out, contract, quarter, 1, first, names, layout, extracted, minutes
                    )
                )
                sequence = 3 if skips else 2
                extracted += 8
            written.append(
                self._write_delivery(
                    out, contract, quarter, sequence, table, names, layout, extracted, minutes
                )
            )
            self.progress(
                f"{contract.operator} {quarter}-{sequence}: {len(table)} rows in {', '.join(names)}"
            )
        return written

    def _layout(self, contract: DeliveryContract, random: np.random.Generator) -> Layout:
        chances = random.random(6)
        layout = Layout(
            windows_line_ends=bool(chances[0] < 0.4),
            byte_order_mark=bool(chances[1] < 0.5) and contract.byte_order_mark_allowed,
        )
        if chances[2] < self.dirt.layout_variations:
            self.counts["layout_variations"] += 1
            layout = replace(
                layout,
                column_order=tuple(random.permutation(len(contract.columns)).tolist()),
                header_in_capitals=bool(chances[3] < 0.5),
                extra_column="x_reserve" if chances[4] < 0.5 else None,
                quotes_everything=bool(chances[5] < 0.5),
            )
        return layout

    def _write_delivery(
        self,
        out: Path,
        contract: DeliveryContract,
        quarter: Quarter,
        sequence: int,
        table: Table,
        names: tuple[str, ...],
        layout: Layout,
        extracted: int,
        minutes: int,
    ) -> SynthesisedDelivery:
        folder = out / contract.operator / f"{quarter}-{sequence}"
        folder.mkdir(parents=True)
        files = []
        bounds = np.linspace(0, len(table), len(names) + 1).astype(np.int64).tolist()
        for name, first, last in zip(names, bounds[:-1], bounds[1:], strict=True):
            part = table if len(names) == 1 else table.take(np.arange(first, last))
            path = folder / name
            if name.endswith(".parquet"):
                write_parquet(path, part, contract, layout)
            elif name.endswith(".xlsx"):
                write_xlsx(path, part, contract, layout)
            else:
                write_csv(path, part, contract, layout)
            files.append({"name": name, "sha256": file_digest(path), "rows": len(part)})
        manifest = {
            "operator": contract.operator,
            "reference_quarter": str(quarter),
            "sequence": sequence,
            "extracted_at": brussels_time(extracted, minutes),
            "files": files,
        }
        write_manifest(folder, manifest)
        return SynthesisedDelivery(contract.operator, str(quarter), sequence, names, len(table))

    def _write_identifier_replacements(
        self, out: Path, persons: Persons, participations: Participations
    ) -> int:
        """Write the file of BIS numbers replaced by a register number, where there are any."""
        known: Bools = np.zeros(len(persons), np.bool_)
        known[participations.person] = True
        day_of: Ints = persons.registered_on
        replaced = (
            known
            & (persons.bis_number > 0)
            & (persons.register_number > 0)
            & (day_of >= self.quarters[0].first_day)
            & (day_of <= self.last_day)
        )
        rows = np.flatnonzero(replaced)
        self.counts["identifier_replacements"] += len(rows)
        if not len(rows):
            return 0
        with (out / "identifier_replacements.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("old_niss", "new_niss", "valid_from"))
            old = np.char.zfill(persons.bis_number[rows].astype(str), 11)
            new = np.char.zfill(persons.register_number[rows].astype(str), 11)
            dates = day_of[rows].astype("datetime64[D]").astype(str)
            writer.writerows(np.stack([old, new, dates], axis=1).tolist())
        return len(rows)


def _file_names(stem: str, rows: int, random: np.random.Generator) -> tuple[str, ...]:
    """What a delivery of that size comes as: mostly CSV, at times gzipped, a workbook or Parquet;
    large ones in parts.
    """
    chance, split = random.random(), random.random()
    ending = ".csv"
    if chance < 0.12:
        ending = ".csv.gz"
    elif chance < 0.22:
        ending = ".parquet"
    elif chance < 0.34 and rows <= MOST_ROWS_IN_XLSX:
        ending = ".xlsx"
    parts = max(1, math.ceil(rows / ROWS_PER_FILE), 2 if split < 0.06 else 1)
    if parts == 1:
        return (f"{stem}{ending}",)
    return tuple(f"{stem}_{part + 1}{ending}" for part in range(parts))
