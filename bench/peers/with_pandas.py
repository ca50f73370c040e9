"""The marts with pandas, column by column; no row is looked at in Python."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from common import (
    CONTRACTS,
    CUBES,
    DIMENSIONS_OF_CODES,
    ERRORS,
    JOB_SEEKERS_ONLY,
    OPERATORS_WITH_POST_CODES,
    RULES,
    SEEDS,
    Task,
    date_pattern,
    levels,
    main,
)

from synerstat.contracts import DeliveryContract, load_contracts

DAY = "datetime64[s]"
FAR_FUTURE = pd.Timestamp("9999-12-31").as_unit("s")
YEAR_ZERO = r"(?:^|[^0-9])0000(?:$|[^0-9])"
ERROR_BITS = (1 << len(ERRORS)) - 1
DELIVERY = ["operator", "reference_quarter", "sequence"]
FLAGS = ["is_entered", "is_left", "is_in_stock"]
COUNTS = ["persons", "persons_entered", "persons_left", "persons_stock"]
SUMS = ["present", "entered", "exited", "millionths"]
HOW_GROUPED = {"observed": True, "sort": False, "as_index": False}


def seed(path: str) -> pd.DataFrame:
    return pd.read_csv(SEEDS / f"{path}.csv", dtype=str, keep_default_na=False, na_values=[""])


def parse_day(text: pd.Series, contract: DeliveryContract) -> pd.Series:
    is_day = text.str.contains(date_pattern(contract), na=False) & ~text.str.contains(
        YEAR_ZERO, na=False
    )
    parsed = pd.to_datetime(text.where(is_day), format=contract.strptime_format, errors="coerce")
    return parsed.astype(DAY)


def parse_hours(text: pd.Series, decimal_sign: str) -> pd.Series:
    """Whole millionths of an hour; -1 where it is no number, or has more than twelve digits."""
    given = text[text.str.contains(f"^[+]?[0-9]+(?:[{decimal_sign}][0-9]+)?$", na=False)]
    parts = given.str.lstrip("+").str.partition(decimal_sign)
    whole = parts[0].str.lstrip("0")
    small = whole.str.len() <= 12
    decimals = parts[2].str.slice(0, 7).str.pad(7, side="right", fillchar="0")
    whole = whole.where(small & (whole != ""), "0").astype("int64")
    millionths = whole * 1_000_000 + (decimals.astype("int64") + 5) // 10
    return millionths.where(small & (millionths < 10**18), -1).reindex(text.index, fill_value=-1)


def quarter_of(day: pd.Series) -> pd.Series:
    """A quarter as a number: year * 4 + 0 to 3."""
    return (day.dt.year * 4 + day.dt.quarter - 1).astype("int32")


def last_day_of(quarter: pd.Series) -> pd.Series:
    """The day before the first month of the next quarter."""
    months = (quarter.to_numpy("int64") + 1 - 1970 * 4) * 3
    days = months.astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D")
    return pd.Series(days.astype(DAY), index=quarter.index)


def first_day_of(quarter: pd.Series) -> pd.Series:
    months = (quarter.to_numpy("int64") - 1970 * 4) * 3
    return pd.Series(months.astype("datetime64[M]").astype(DAY), index=quarter.index)


def completed_years(birth_date: pd.Series, day: pd.Series) -> pd.Series:
    """Null where one of the two is."""
    return (_as_number(day) - _as_number(birth_date)) // 10_000


def _as_number(day: pd.Series) -> pd.Series:
    return day.dt.year * 10_000 + day.dt.month * 100 + day.dt.day


def days_between(first: pd.Series, last: pd.Series) -> pd.Series:
    return (last - first).dt.days


def make_periods(task: Task) -> pd.DataFrame:
    quarters = pd.DataFrame({"period": range(task.first_quarter, task.last_quarter + 1)})
    year, number = quarters["period"] // 4, quarters["period"] % 4 + 1
    quarters = quarters.assign(
        first_day=first_day_of(quarters["period"]),
        last_day=last_day_of(quarters["period"]),
        freq="Q",
        time_period=year.astype(str) + "-Q" + number.astype(str),
    )
    years = pd.DataFrame({"period": task.years})
    years = years.assign(
        first_day=first_day_of(years["period"] * 4),
        last_day=last_day_of(years["period"] * 4 + 3),
        freq="A",
        time_period=years["period"].astype(str),
    )
    both = pd.concat([quarters, years], ignore_index=True)
    return both.astype({"period": "int32", "first_day": DAY, "last_day": DAY})


def spread(
    frame: pd.DataFrame, first: pd.Series, last: pd.Series, task: Task, *, years: bool = True
) -> pd.DataFrame:
    """One row for each quarter, and each complete year, from `first` to `last` (days)."""
    bounds = [
        (
            np.maximum(quarter_of(first).to_numpy(), task.first_quarter),
            np.minimum(quarter_of(last).to_numpy(), task.last_quarter),
        )
    ]
    if years:
        bounds.append(
            (
                np.maximum(first.dt.year.to_numpy(), task.years.start),
                np.minimum(last.dt.year.to_numpy(), task.years.stop - 1),
            )
        )
    places, periods = [], []
    for begin, end in bounds:
        length = np.maximum(end - begin + 1, 0)
        place = np.repeat(np.arange(len(frame)), length)
        step = np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length)
        places.append(place)
        periods.append((begin[place] + step).astype("int32"))
    out = frame.iloc[np.concatenate(places)].reset_index(drop=True)
    return out.assign(period=np.concatenate(periods))


def read_deliveries(task: Task) -> pd.DataFrame:
    paths = sorted(task.landing.glob("*/*/delivery.parquet"))
    read = pd.concat([pd.read_parquet(path, columns=DELIVERY) for path in paths])
    read = read[read["reference_quarter"] <= task.quarter].sort_values(DELIVERY, ignore_index=True)
    quarter = read["reference_quarter"]
    number = quarter.str[:4].astype("int64") * 4 + quarter.str[5].astype("int64") - 1
    read = read.assign(delivery=range(1, len(read) + 1), quarter=number)
    return read.assign(
        quarter_start=first_day_of(read["quarter"]),
        quarter_end=last_day_of(read["quarter"]),
        is_replaced=read["sequence"] < read.groupby(DELIVERY[:2])["sequence"].transform("max"),
        latest_quarter=read.groupby("operator")["quarter"].transform("max"),
    )


class Codes:
    """The crosswalks and the places, in the form in which rows are mapped by them."""

    def __init__(self) -> None:
        self.crosswalks = {
            dimension: seed(f"crosswalk/crosswalk_{dimension}") for dimension in DIMENSIONS_OF_CODES
        }
        for frame in self.crosswalks.values():
            frame["source_code"] = frame["source_code"].str.upper()
            frame["valid_from"] = frame["valid_from"].fillna("0001-01-01").astype(DAY)
            frame["valid_to"] = frame["valid_to"].fillna("9999-12-31").astype(DAY)
        self.municipalities = seed("geography/municipalities").set_index("refnis_code")["area_code"]
        self.post_codes = seed("geography/post_codes").set_index("post_code")["area_code"]
        self.age_groups = seed("nomenclature/age_groups").astype({"age_from": int, "age_to": int})
        names = {"_U", "_X", "_Z", "ABR", *self.municipalities, *self.post_codes}
        names |= set(self.age_groups["age_group"])
        for frame in self.crosswalks.values():
            names |= {*frame["target_code"], *frame["operator"]}
        self.dtype = pd.CategoricalDtype(sorted(names))

    def map(self, dimension: str, operator: str, source: pd.Series, start: pd.Series) -> pd.Series:
        """The harmonised codes, valid on the start dates; each span of validity is mapped once."""
        crosswalk = self.crosswalks[dimension]
        found = pd.Series(
            pd.Categorical([None] * len(source), dtype=self.dtype), index=source.index
        )
        of_operator = crosswalk[crosswalk["operator"] == operator]
        for (begin, end), valid in of_operator.groupby(["valid_from", "valid_to"]):
            codes = valid.set_index("source_code")["target_code"]
            mapped = source.map(codes).astype(self.dtype)
            found = mapped.where(mapped.notna() & (start >= begin) & (start <= end), found)
        return found

    def constant(self, code: str, index: pd.Index) -> pd.Series:
        return pd.Series(pd.Categorical([code], dtype=self.dtype).repeat(len(index)), index=index)


def read_rows(
    contract: DeliveryContract, deliveries: pd.DataFrame, codes: Codes, task: Task
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Readable rows of one operator with the rules they break, and how many were unreadable."""
    name = {each.meaning: each.name for each in contract.columns if each.meaning}
    operator = contract.operator
    unused = ("national_number", "client_number", "programme_name")
    wanted = [
        *DELIVERY, "row_number", "unreadable_reason", "national_number_status", "national_key",
        "national_birth_date", "national_sex", "client_key", "content_key",
        *(name[each] for each in name if each not in unused),
    ]  # fmt: skip
    paths = sorted((task.landing / operator).glob("*/records.parquet"))
    landed = pd.concat([pd.read_parquet(path, columns=wanted) for path in paths], ignore_index=True)
    landed = landed.merge(deliveries, on=DELIVERY)
    is_readable = landed["unreadable_reason"].isna()
    unreadable = landed[~is_readable].groupby("delivery").size().reset_index(name="rows")
    landed = landed[is_readable].reset_index(drop=True)

    def text(meaning: str) -> pd.Series:
        return landed[name[meaning]]

    end_text = text("end_date")
    if "planned_end_date" in name:
        end_text = end_text.fillna(text("planned_end_date"))
    start, end = parse_day(text("start_date"), contract), parse_day(end_text, contract)
    delivered_birth = parse_day(text("birth_date"), contract)
    national_birth = pd.to_datetime(landed["national_birth_date"]).astype(DAY)
    millionths = parse_hours(text("hours"), contract.decimal_sign)
    sources = {each: text(each).str.upper() for each in DIMENSIONS_OF_CODES}
    mapped = {each: codes.map(each, operator, source, start) for each, source in sources.items()}
    crosswalk = codes.crosswalks["organiser"]
    known_organisers = crosswalk.loc[crosswalk["operator"] == operator, "source_code"]
    places, areas = {}, {}
    for meaning in ("residence", "training_place"):
        code = text(meaning).str.upper()
        places[meaning] = code
        if operator in OPERATORS_WITH_POST_CODES:
            listed = codes.post_codes
            is_belgian = code.str.startswith("B-", na=False)
            is_abroad = code.str.contains("^[A-Z]{1,3}-", na=False) & ~is_belgian
            code = code.where(~is_belgian, code.str.slice(2).str.strip(" "))
        else:
            listed = codes.municipalities
            is_abroad = code.str.contains("^(?:00)?[0-9]{3}$", na=False)
        area = code.map(listed).mask(is_abroad, "ABR")
        areas[meaning] = area.astype(codes.dtype)
    key = landed["national_key"]
    if task.replacements:
        replaced = pd.read_parquet(task.replacements).set_index("old_key")["new_key"]
        key = key.map(replaced).fillna(key)

    youngest, oldest = task.rules["minimum_age"], task.rules["maximum_age"]
    is_delivered_plausible = completed_years(delivered_birth, start).between(youngest, oldest)
    is_national_plausible = completed_years(national_birth, start).between(youngest, oldest)
    no_key = landed["national_key"].isna() & landed["client_key"].isna()
    has_unreadable_date = (text("start_date").notna() & start.isna()) | (
        end_text.notna() & end.isna()
    )
    ends_before_start = end < start

    def unmapped(dimension: str) -> pd.Series:
        return sources[dimension].notna() & start.notna() & mapped[dimension].isna()

    broken = {
        "missing_record_id": text("record_id").isna(),
        "invalid_date": has_unreadable_date,
        "missing_start": text("start_date").isna(),
        "end_before_start": ends_before_start,
        "start_after_quarter": start > landed["quarter_end"],
        "missing_person": no_key,
        "missing_training_type": sources["training_type"].isna(),
        "unmapped_training_type": unmapped("training_type"),
        "unmapped_organiser": sources["organiser"].notna()
        & mapped["organiser"].isna()
        & (start.notna() | ~sources["organiser"].isin(known_organisers)),
        "missing_national_number": landed["national_number_status"] == "missing",
        "invalid_national_number": landed["national_number_status"] == "invalid",
        "birth_date_mismatch": is_delivered_plausible
        & national_birth.notna()
        & (delivered_birth != national_birth),
        "implausible_birth_date": text("birth_date").notna()
        & (delivered_birth.isna() | (start.notna() & ~is_delivered_plausible)),
        "unmapped_sex": unmapped("sex"),
        "unmapped_education_level": unmapped("education_level"),
        "unmapped_labour_status": unmapped("labour_status"),
        "unmapped_delivery_mode": unmapped("delivery_mode"),
        "unknown_residence": places["residence"].notna() & areas["residence"].isna(),
        "unknown_training_place": places["training_place"].notna() & areas["training_place"].isna(),
        "invalid_hours": text("hours").notna() & (millionths < 0),
        "missing_programme_code": text("programme_code").isna(),
        "inactive_in_quarter": ~has_unreadable_date
        & ~ends_before_start
        & (days_between(end, landed["quarter_start"]) > task.rules["spell_gap_days"] + 1),
    }
    bits = np.zeros(len(landed), dtype="int32")
    for rule, condition in broken.items():
        bits |= np.where(condition.to_numpy(dtype=bool), np.int32(1 << RULES.index(rule)), 0)
    own = codes.constant(operator, landed.index)
    without_mode = mapped["training_type"].isin(task.rules["training_types_without_delivery_mode"])
    sex = mapped["sex"].where(mapped["sex"].notna(), landed["national_sex"].astype(codes.dtype))
    cancelled = contract.column("cancelled").cancelled_values
    rows = pd.DataFrame(
        {
            "row_id": landed["delivery"] * 1_000_000_000 + landed["row_number"],
            "delivery": landed["delivery"],
            "quarter": landed["quarter"],
            "quarter_end": landed["quarter_end"],
            "is_replaced": landed["is_replaced"],
            "latest_quarter": landed["latest_quarter"],
            "operator": own,
            "record_id": text("record_id"),
            "content_key": landed["content_key"],
            "national_key": key,
            "client_key": landed["client_key"],
            "start_date": start,
            "end_date": end,
            "is_cancelled": text("cancelled").str.upper().isin(cancelled),
            "training_type": mapped["training_type"].fillna("_U"),
            "delivery_mode": mapped["delivery_mode"].fillna("_U").mask(without_mode, "_Z"),
            "sex": sex.fillna("_U"),
            "labour_status": mapped["labour_status"].fillna("_U"),
            "education_level": mapped["education_level"].fillna("_U"),
            "organiser": mapped["organiser"].where(sources["organiser"].notna(), own),
            "residence_area": areas["residence"].fillna("_U"),
            "training_area": areas["training_place"].fillna("_U"),
            "programme": text("programme_code").str.upper().fillna("_U"),
            "birth_date": national_birth.where(
                is_national_plausible, delivered_birth.where(is_delivered_plausible)
            ),
            "millionths": millionths.clip(lower=0),
            "broken": bits,
        }
    )
    return rows, unreadable


def mark_repeated(rows: pd.DataFrame) -> pd.DataFrame:
    """Tell copies, and rows that share their identifier with other content."""
    key = ["delivery", "record_id"]
    is_repeated = rows["record_id"].notna() & rows.duplicated(key, keep=False)
    repeated = rows[is_repeated].sort_values("row_id")
    is_copy = repeated.duplicated([*key, "content_key"])
    is_conflicting = repeated.groupby(key)["content_key"].transform("nunique") > 1
    bit = 1 << RULES.index("duplicate_record_id")
    rows = rows.drop(columns="content_key").assign(is_copy=False)
    rows.loc[is_copy[is_copy].index, "is_copy"] = True
    rows.loc[is_conflicting[is_conflicting].index, "broken"] |= bit
    return rows


def pick_current(rows: pd.DataFrame) -> pd.DataFrame:
    """The version of each record that counts, where it ends and where it goes."""
    key = ["operator", "record_id"]
    standing = rows[~rows["is_replaced"] & rows["record_id"].notna()]
    is_accepted = ~standing["is_copy"] & (standing["broken"] & ERROR_BITS == 0)
    last_quarters = standing.groupby(key, **HOW_GROUPED)["quarter"].max()
    current = (
        standing[is_accepted]
        .sort_values("quarter")
        .drop_duplicates(key, keep="last")
        .merge(last_quarters.rename(columns={"quarter": "last_quarter"}), on=key)
    )
    last_seen = last_day_of(current["last_quarter"])
    is_closed = (current["last_quarter"] < current["latest_quarter"]) & (
        current["end_date"].isna() | (current["end_date"] > last_seen)
    )
    return current.assign(
        is_closed_by_absence=is_closed,
        end_date=current["end_date"].fillna(FAR_FUTURE).mask(is_closed, last_seen),
        disposition=np.select(
            [
                current["is_cancelled"],
                current["organiser"] == "_X",
                current["organiser"] != current["operator"],
                current["training_type"] == "_X",
            ],
            ["cancelled", "not_member", "mirror", "out_of_scope"],
            "counted",
        ),
    ).drop(columns=["is_cancelled", "broken", "is_copy"])


def identify(records: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Number the persons. A key is lent only to those who have none of their own."""
    keyed = records[records["disposition"].isin(["counted", "mirror"])].reset_index(drop=True)
    without = keyed.loc[keyed["national_key"].isna(), "client_key"].unique()
    lending = rows[
        ~rows["is_replaced"] & rows["national_key"].notna() & rows["client_key"].isin(without)
    ].drop_duplicates(["client_key", "national_key"])
    lent = lending[~lending.duplicated("client_key", keep=False)].set_index("client_key")
    key = keyed["national_key"].fillna(keyed["client_key"].map(lent["national_key"]))
    course = keyed.groupby(["operator", "training_type", "programme"], observed=True, sort=False)
    return keyed.assign(
        person=pd.factorize(key.fillna(keyed["client_key"]))[0], course=course.ngroup()
    ).drop(columns=["national_key", "client_key", "programme"])


def spell(identified: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Gaps and islands, in order: each record with the number of its participation."""
    course = ["person", "course"]
    ordered = identified[identified["disposition"] == "counted"].sort_values(
        [*course, "start_date", "record_id", "row_id"], ignore_index=True
    )
    latest_end = ordered.groupby(course, sort=False)["end_date"].cummax()
    is_same = (ordered[course] == ordered[course].shift()).all(axis=1)
    continues = is_same & (
        ordered["start_date"] - pd.Timedelta(days=gap_days + 1) <= latest_end.shift()
    )
    return ordered.assign(participation=(~continues).cumsum())


def first_known(frame: pd.DataFrame, by: list[str], columns: list[str]) -> pd.DataFrame:
    """The first known value of each column, in the order of the rows."""
    values = {column: frame[column].where(frame[column] != "_U") for column in columns}
    found = frame[by].assign(**values).groupby(by, sort=False)[columns].first()
    return found.fillna(dict.fromkeys(columns, "_U"))


def describe(
    spelled: pd.DataFrame,
    participations: pd.DataFrame,
    periods: pd.DataFrame,
    codes: Codes,
    task: Task,
) -> pd.DataFrame:
    """Who each person is in each period."""
    attributes = ["sex", "education_level", "residence_area"]
    # the codes are in the order of the alphabet
    ordered = spelled.sort_values(
        ["person", "start_date", "end_date", "operator", "record_id", "row_id"],
        ascending=[True, False, False, True, True, True],
    )
    last_end = ordered["participation"].map(participations.set_index("participation")["end_date"])
    spans = spread(
        ordered[["person", *attributes, "birth_date"]], ordered["start_date"], last_end, task
    )
    by = ["person", "period"]
    described = first_known(spans, by, attributes)
    described["birth_date"] = spans.groupby(by, sort=False)["birth_date"].first()
    described = described.reset_index().merge(periods[["period", "last_day"]], on="period")
    age = completed_years(described["birth_date"], described["last_day"])
    groups = codes.age_groups.loc[
        codes.age_groups.index.repeat(codes.age_groups["age_to"] - codes.age_groups["age_from"] + 1)
    ].reset_index(drop=True)
    named = age.map(groups["age_group"]).fillna("_U").astype(codes.dtype)
    return described.drop(columns=["birth_date", "last_day"]).assign(age_group=named)


def spread_hours(spelled: pd.DataFrame, periods: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Millionths of an hour by participation and period, each record's spread over its days.

    With millionths = whole * days + rest no product leaves 64 bits.
    """
    dated = spelled.loc[
        spelled["millionths"] > 0,
        ["participation", "start_date", "end_date", "quarter_end", "millionths"],
    ]
    dated = dated.assign(end_date=dated["end_date"].clip(upper=dated["quarter_end"]))
    spans = spread(dated, dated["start_date"], dated["end_date"], task, years=False)
    spans = spans.merge(periods[["period", "first_day", "last_day"]], on="period")
    days = days_between(spans["start_date"], spans["end_date"]) + 1
    in_quarter = 1 + days_between(
        spans["start_date"].clip(lower=spans["first_day"]),
        spans["end_date"].clip(upper=spans["last_day"]),
    )
    whole, rest = spans["millionths"] // days, spans["millionths"] % days
    spans["millionths"] = whole * in_quarter + (2 * rest * in_quarter + days) // (2 * days)
    by = ["participation", "period"]
    quarters = spans.groupby(by, **HOW_GROUPED)["millionths"].sum()
    years = quarters.assign(period=quarters["period"] // 4)
    years = years.groupby(by, **HOW_GROUPED)["millionths"].sum()
    # whole numbers stay whole where some are missing
    return pd.concat([quarters, years]).astype({"millionths": "Int64"})


def follow(
    spelled: pd.DataFrame,
    participations: pd.DataFrame,
    periods: pd.DataFrame,
    codes: Codes,
    task: Task,
) -> pd.DataFrame:
    """Each participation in each period: its person as described there, its events, its hours."""
    present = (
        spread(participations, participations["start_date"], participations["end_date"], task)
        .merge(periods[["period", "first_day", "last_day"]], on="period")
        .merge(describe(spelled, participations, periods, codes, task), on=["person", "period"])
        .merge(spread_hours(spelled, periods, task), "left", on=["participation", "period"])
    )
    return present.assign(
        millionths=present["millionths"].fillna(0).astype("int64"),
        is_entered=present["start_date"] >= present["first_day"],
        is_left=present["end_date"] <= present["last_day"],
        is_in_stock=present["end_date"] >= present["last_day"],
    )


def cube(
    mart: str, finest: pd.DataFrame, several: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Sum what adds up; count persons with several finest cells one by one."""
    dimensions = list(CUBES[mart])
    if mart in JOB_SEEKERS_ONLY:
        finest = finest[finest["labour_status"] == "JSK"]
        several = several[several["labour_status"] == "JSK"]
    person_cells = several.groupby(["period", "person", *dimensions], **HOW_GROUPED).agg(
        is_entered=("is_entered", "max"),
        is_left=("is_left", "max"),
        is_in_stock=("is_in_stock", "max"),
        present=("is_entered", "size"),
        entered=("is_entered", "sum"),
        exited=("is_left", "sum"),
        millionths=("millionths", "sum"),
    )
    alone = ~person_cells.duplicated(["period", "person"], keep=False)
    counts = {
        "persons": alone.astype("int64"),
        "persons_entered": (alone & person_cells["is_entered"]).astype("int64"),
        "persons_left": (alone & person_cells["is_left"]).astype("int64"),
        "persons_stock": (alone & person_cells["is_in_stock"]).astype("int64"),
    }
    measures = [*COUNTS, *SUMS]
    singles = finest.assign(
        present=finest["persons"],
        entered=finest["persons_entered"],
        exited=finest["persons_left"],
    )
    wanted = ["period", *dimensions, *measures]
    additive = (
        pd.concat([singles[wanted], person_cells.assign(**counts)[wanted]])
        .groupby(["period", *dimensions], **HOW_GROUPED)[measures]
        .sum()
    )
    one_by_one = person_cells.loc[~alone, ["period", "person", *dimensions, *FLAGS]]
    cells = []
    for kept in levels(dimensions):
        persons = one_by_one.groupby(["period", "person", *kept], **HOW_GROUPED)[FLAGS].max()
        counted = persons.groupby(["period", *kept], **HOW_GROUPED).agg(
            persons=("person", "size"),
            persons_entered=("is_entered", "sum"),
            persons_left=("is_left", "sum"),
            persons_stock=("is_in_stock", "sum"),
        )
        both = pd.concat(
            [additive[["period", *kept, *measures]], counted.assign(**dict.fromkeys(SUMS, 0))]
        )
        summed = both.groupby(["period", *kept], **HOW_GROUPED)[measures].sum()
        codes = {name: summed[name].astype(str) if name in kept else "_T" for name in dimensions}
        cells.append(summed.assign(**codes))
    return named(pd.concat(cells), periods)


def named(cells: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """The cells of a cube in the words of the marts."""
    merged = cells.merge(periods[["period", "freq", "time_period"]], on="period")
    renamed = merged.rename(
        columns={
            "persons": "participants_present",
            "persons_entered": "participants_entered",
            "persons_left": "participants_left",
            "persons_stock": "participants_stock",
            "present": "participations_present",
            "entered": "participations_entered",
            "exited": "participations_left",
        }
    ).assign(training_hours=(merged["millionths"] + 500_000) // 1_000_000)
    return renamed.drop(columns=["period", "millionths"])


def count_cubes(present: pd.DataFrame, periods: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cubes, with the short cut of the warehouse: who has one cell in a period is added up."""
    is_only_one = ~present.duplicated(["person", "period"], keep=False)
    dimensions = list(dict.fromkeys(name for names in CUBES.values() for name in names))
    finest = (
        present[is_only_one]
        .groupby(["period", "labour_status", *(set(dimensions) - {"labour_status"})], **HOW_GROUPED)
        .agg(
            persons=("person", "size"),
            persons_entered=("is_entered", "sum"),
            persons_left=("is_left", "sum"),
            persons_stock=("is_in_stock", "sum"),
            millionths=("millionths", "sum"),
        )
    )
    several = present[~is_only_one]
    del present
    return {mart: cube(mart, finest, several, periods) for mart in CUBES}


def mirror(
    identified: pd.DataFrame, mobility: pd.DataFrame, periods: pd.DataFrame, task: Task
) -> pd.DataFrame:
    homes = seed("geography/operator_home_areas")
    home_areas = homes.set_index("operator")["area_code"]
    mirrored = identified[
        (identified["disposition"] == "mirror")
        & (identified["training_type"] != "_X")
        & (identified["labour_status"] == "JSK")
    ]
    texts = {name: mirrored[name].astype(str) for name in ("operator", "organiser")}
    mirrored = mirrored.assign(**texts)
    at_home = mirrored["operator"].map(home_areas) == mirrored["residence_area"].astype(str)
    mirrored = mirrored[at_home]
    reported = (
        spread(mirrored, mirrored["start_date"], mirrored["end_date"], task)
        .rename(columns={"operator": "home_operator", "organiser": "host_operator"})
        .groupby(["period", "home_operator", "host_operator"])["person"]
        .nunique()
        .reset_index(name="reported_by_home")
    )
    hosts = mobility.rename(
        columns={
            "residence_area": "home_area",
            "operator": "host_operator",
            "participants_present": "reported_by_host",
        }
    )[["time_period", "home_area", "host_operator", "reported_by_host"]]
    pairs = (
        periods[["period", "freq", "time_period"]]
        .merge(
            homes.rename(columns={"operator": "home_operator", "area_code": "home_area"}), "cross"
        )
        .merge(homes[["operator"]].rename(columns={"operator": "host_operator"}), "cross")
    )
    compared = (
        pairs[pairs["home_operator"] != pairs["host_operator"]]
        .merge(reported, "left", on=["period", "home_operator", "host_operator"])
        .merge(hosts, "left", on=["time_period", "home_area", "host_operator"])
        .fillna({"reported_by_home": 0, "reported_by_host": 0})
        .astype({"reported_by_home": "int64", "reported_by_host": "int64"})
    )
    home, host = compared["reported_by_home"], compared["reported_by_host"]
    both = home + host
    asymmetry = (2 * (home - host) / both.where(both > 0)).astype(object)
    return compared.drop(columns=["period", "home_area"]).assign(
        asymmetry=asymmetry.where(both > 0, None)
    )


def find(rows: pd.DataFrame, records: pd.DataFrame, deliveries: pd.DataFrame) -> pd.DataFrame:
    """Rows by delivery and rule."""
    by = ["delivery", "broken"]
    judged = rows[~rows["is_copy"]].groupby(by).size().reset_index(name="rows")
    closed = records[records["is_closed_by_absence"]].groupby("delivery").size()
    closed = closed.reset_index(name="rows").assign(broken=1 << RULES.index("closed_by_absence"))
    rules = seed("quality/quality_rules")[["rule", "severity"]]
    crossed = pd.concat([judged, closed]).merge(
        rules.assign(bit=1 << np.arange(len(rules))), "cross"
    )
    found = crossed[crossed["broken"] & crossed["bit"] > 0]
    summed = found.groupby(["delivery", "rule", "severity"], as_index=False)["rows"].sum()
    return summed.merge(deliveries, on="delivery")[[*DELIVERY, "rule", "severity", "rows"]]


def account(
    rows: pd.DataFrame,
    unreadable: pd.DataFrame,
    records: pd.DataFrame,
    spelled: pd.DataFrame,
    participations: pd.DataFrame,
    deliveries: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Rows by delivery and the place where they end."""
    begun = pd.Timestamp(date.fromisoformat(task.rules["coverage_start"]))
    early = participations.loc[participations["end_date"] < begun, "participation"]
    early_rows = spelled.loc[spelled["participation"].isin(early), "row_id"]
    places = records["disposition"].mask(records["row_id"].isin(early_rows), "before_coverage")
    place = rows["row_id"].map(pd.Series(places.to_numpy(), index=records["row_id"]))
    disposed = pd.DataFrame(
        {
            "delivery": rows["delivery"],
            "disposition": np.select(
                [rows["is_replaced"], rows["is_copy"], rows["broken"] & ERROR_BITS > 0],
                ["superseded", "duplicate", "rejected"],
                place.fillna("superseded").astype(str),
            ),
        }
    )
    counted = disposed.groupby(["delivery", "disposition"]).size().reset_index(name="rows")
    both = pd.concat([counted, unreadable.assign(disposition="unreadable")])
    return both.merge(deliveries, on="delivery")[[*DELIVERY, "disposition", "rows"]]


def write_marts(
    task: Task,
    count: Callable[[pd.DataFrame, pd.DataFrame], dict[str, pd.DataFrame]] = count_cubes,
) -> None:
    """Write all marts; `count` makes the cubes from what `follow` gives, and the periods."""
    codes, periods, deliveries = Codes(), make_periods(task), read_deliveries(task)
    read = [read_rows(each, deliveries, codes, task) for each in load_contracts(CONTRACTS)]
    unreadable = pd.concat([each for _, each in read])
    rows = mark_repeated(pd.concat([each for each, _ in read], ignore_index=True))
    del read
    records = pick_current(rows)
    identified = identify(records, rows)
    spelled = spell(identified, task.rules["spell_gap_days"])
    grouped = spelled.groupby("participation", sort=False)
    participations = pd.concat(
        [
            grouped[["person", "operator", "training_type"]].first(),
            grouped["start_date"].min(),
            grouped["end_date"].max(),
            first_known(
                spelled, ["participation"], ["delivery_mode", "training_area", "labour_status"]
            ),
        ],
        axis=1,
    ).reset_index()
    marts = {
        "mart_delivery_accounting": account(
            rows, unreadable, records, spelled, participations, deliveries, task
        ),
        "mart_delivery_findings": find(rows, records, deliveries),
    }
    del rows, records
    marts |= count(follow(spelled, participations, periods, codes, task), periods)
    marts["mart_mirror_flows"] = mirror(
        identified, marts["mart_interregional_mobility"], periods, task
    )
    for mart, frame in marts.items():
        frame.to_parquet(task.out / f"{mart}.parquet", index=False)


if __name__ == "__main__":
    main(write_marts)
