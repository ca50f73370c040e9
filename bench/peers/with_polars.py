"""The marts with polars. Start it with POLARS_MAX_THREADS in the environment."""

from datetime import date

import polars as pl
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

FAR_FUTURE = date(9999, 12, 31)
YEAR_ZERO = r"(^|[^0-9])0000($|[^0-9])"
ERROR_BITS = (1 << len(ERRORS)) - 1
DELIVERY = ["operator", "reference_quarter", "sequence"]
FLAGS = ("is_entered", "is_left", "is_in_stock")


def seed(path: str) -> pl.DataFrame:
    return pl.read_csv(SEEDS / f"{path}.csv", infer_schema=False)


def parse_day(text: pl.Expr, contract: DeliveryContract) -> pl.Expr:
    is_day = text.str.contains(date_pattern(contract)) & ~text.str.contains(YEAR_ZERO)
    return pl.when(is_day).then(text).str.to_date(contract.strptime_format, strict=False)


def parse_hours(text: pl.Expr, decimal_sign: str) -> pl.Expr:
    """Whole millionths of an hour; null where it is no number, or has more than twelve digits."""
    parts = text.str.strip_prefix("+").str.splitn(decimal_sign, 2)
    whole = parts.struct.field("field_0").cast(pl.Int64, strict=False)
    decimals = parts.struct.field("field_1").fill_null("").str.pad_end(7, "0").str.slice(0, 7)
    millionths = whole * 1_000_000 + (decimals.cast(pl.Int64, strict=False) + 5) // 10
    is_number = text.str.contains(f"^[+]?[0-9]+([{decimal_sign}][0-9]+)?$") & (whole < 10**12)
    return pl.when(is_number & (millionths < 10**18)).then(millionths)


def quarter_of(day: pl.Expr) -> pl.Expr:
    """A quarter as a number: year * 4 + 0 to 3."""
    return day.dt.year() * 4 + day.dt.quarter().cast(pl.Int32) - 1


def last_day_of(quarter: pl.Expr) -> pl.Expr:
    return pl.date(quarter // 4, quarter % 4 * 3 + 3, 1).dt.month_end()


def completed_years(birth_date: pl.Expr, day: pl.Expr) -> pl.Expr:
    return (_as_number(day) - _as_number(birth_date)) // 10_000


def _as_number(day: pl.Expr) -> pl.Expr:
    return (
        day.dt.year() * 10_000 + day.dt.month().cast(pl.Int32) * 100 + day.dt.day().cast(pl.Int32)
    )


def known(column: str) -> pl.Expr:
    """The first known value in the order of the rows."""
    value = pl.col(column)
    return value.filter(value != "_U").first().fill_null("_U")


def make_periods(task: Task) -> pl.DataFrame:
    quarters = range(task.first_quarter, task.last_quarter + 1)
    spans = [
        (
            q,
            date(q // 4, q % 4 * 3 + 1, 1),
            date(q // 4, q % 4 * 3 + 3, 1),
            "Q",
            f"{q // 4}-Q{q % 4 + 1}",
        )
        for q in quarters
    ] + [(y, date(y, 1, 1), date(y, 12, 1), "A", str(y)) for y in task.years]
    frame = pl.DataFrame(
        spans, schema=["period", "first_day", "last_day", "freq", "time_period"], orient="row"
    )
    return frame.with_columns(pl.col("period").cast(pl.Int32), pl.col("last_day").dt.month_end())


def spread(
    frame: pl.DataFrame, first: pl.Expr, last: pl.Expr, task: Task, years: bool = True
) -> pl.DataFrame:
    """One row for each quarter, and each complete year, from `first` to `last` (days)."""
    spans = [
        pl.int_ranges(
            pl.max_horizontal(quarter_of(first), task.first_quarter),
            pl.min_horizontal(quarter_of(last), task.last_quarter) + 1,
            dtype=pl.Int32,
        )
    ]
    if years:
        spans.append(
            pl.int_ranges(
                pl.max_horizontal(first.dt.year(), task.years.start),
                pl.min_horizontal(last.dt.year(), task.years.stop - 1) + 1,
                dtype=pl.Int32,
            )
        )
    exploded = [
        frame.with_columns(period=span).filter(pl.col("period").list.len() > 0).explode("period")
        for span in spans
    ]
    return pl.concat(exploded)


def read_deliveries(task: Task) -> pl.DataFrame:
    quarter = pl.col("reference_quarter")
    number = quarter.str.slice(0, 4).cast(pl.Int32) * 4 + quarter.str.slice(5, 1).cast(pl.Int32) - 1
    return (
        pl.read_parquet(task.landing / "*/*/delivery.parquet")
        .filter(quarter <= task.quarter)
        .select(*DELIVERY, quarter=number)
        .sort(DELIVERY)
        .with_row_index("delivery", 1)
        .with_columns(
            pl.col("delivery").cast(pl.Int64),
            quarter_start=pl.date(pl.col("quarter") // 4, pl.col("quarter") % 4 * 3 + 1, 1),
            quarter_end=last_day_of(pl.col("quarter")),
            is_replaced=pl.col("sequence") < pl.col("sequence").max().over(DELIVERY[:2]),
            latest_quarter=pl.col("quarter").max().over("operator"),
        )
    )


class Codes:
    """The crosswalks and the places, in the form in which rows are joined to them."""

    def __init__(self) -> None:
        self.crosswalks = {
            dimension: seed(f"crosswalk/crosswalk_{dimension}").select(
                "operator",
                pl.col("source_code").str.to_uppercase(),
                "target_code",
                pl.col("valid_from").str.to_date().fill_null(date(1, 1, 1)),
                pl.col("valid_to").str.to_date().fill_null(FAR_FUTURE),
            )
            for dimension in DIMENSIONS_OF_CODES
        }
        self.municipalities = seed("geography/municipalities").select(
            "area_code", code="refnis_code"
        )
        self.post_codes = seed("geography/post_codes").select("area_code", code="post_code")
        self.age_groups = seed("nomenclature/age_groups")
        names = {"_T", "_U", "_X", "_Z", "ABR"}
        for frame, column in (
            *((each, "target_code") for each in self.crosswalks.values()),
            *((each, "operator") for each in self.crosswalks.values()),
            (self.municipalities, "area_code"),
            (self.post_codes, "area_code"),
            (self.age_groups, "age_group"),
        ):
            names |= set(frame[column])
        self.enum = pl.Enum(sorted(names))

    def lookup(self, dimension: str, operator: str, days: pl.DataFrame) -> pl.DataFrame:
        """The code of each source code on each day on which it is valid."""
        return (
            self.crosswalks[dimension]
            .filter(pl.col("operator") == operator)
            .join(days, how="cross")
            .filter(pl.col("start_date").is_between("valid_from", "valid_to"))
            .select(
                "start_date",
                pl.col("source_code").alias(f"source_{dimension}"),
                pl.col("target_code").cast(self.enum).alias(dimension),
            )
        )


def read_rows(
    contract: DeliveryContract, deliveries: pl.DataFrame, codes: Codes, task: Task
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Readable rows of one operator with the rules they break, and how many were unreadable."""

    def column(meaning: str) -> pl.Expr:
        return pl.col(contract.column(meaning).name)

    operator = contract.operator
    cancelled = contract.column("cancelled")
    end_text = column("end_date")
    if any(each.meaning == "planned_end_date" for each in contract.columns):
        end_text = pl.coalesce(end_text, column("planned_end_date"))
    landed = pl.scan_parquet(task.landing / operator / "*/records.parquet").join(
        deliveries.lazy(), on=DELIVERY
    )
    unreadable = (
        landed.filter(pl.col("unreadable_reason").is_not_null())
        .group_by("delivery")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .collect()
    )
    texts = {
        "birth": column("birth_date"),
        "start": column("start_date"),
        "end": end_text,
        "hours": column("hours"),
    }
    sources = {
        f"source_{dimension}": column(dimension).str.to_uppercase()
        for dimension in DIMENSIONS_OF_CODES
    }
    read = (
        landed.filter(pl.col("unreadable_reason").is_null())
        .select(
            "delivery",
            "quarter",
            "quarter_start",
            "quarter_end",
            "is_replaced",
            "latest_quarter",
            "national_number_status",
            "national_key",
            "national_birth_date",
            "client_key",
            "content_key",
            pl.col("national_sex").cast(codes.enum),
            **sources,
            row_id=pl.col("delivery") * 1_000_000_000 + pl.col("row_number"),
            record_id=column("record_id"),
            source_residence=column("residence").str.to_uppercase(),
            source_place=column("training_place").str.to_uppercase(),
            programme=column("programme_code").str.to_uppercase(),
            delivered_birth_date=parse_day(texts["birth"], contract),
            start_date=parse_day(texts["start"], contract),
            end_date=parse_day(texts["end"], contract),
            millionths=parse_hours(texts["hours"], contract.decimal_sign),
            is_cancelled=column("cancelled")
            .str.to_uppercase()
            .is_in(cancelled.cancelled_values)
            .fill_null(False),
            **{f"has_{name}_text": text.is_not_null() for name, text in texts.items()},
        )
        .collect()
    )

    days = read.select("start_date").unique().drop_nulls()
    for dimension in DIMENSIONS_OF_CODES:
        read = read.join(
            codes.lookup(dimension, operator, days),
            on=[f"source_{dimension}", "start_date"],
            how="left",
        )
    known_organisers = codes.crosswalks["organiser"].filter(pl.col("operator") == operator)
    for place, area in (("source_residence", "residence_area"), ("source_place", "training_area")):
        code = pl.col(place)
        if operator in OPERATORS_WITH_POST_CODES:
            listed = codes.post_codes
            is_belgian = code.str.starts_with("B-")
            is_abroad = code.str.contains("^[A-Z]{1,3}-") & ~is_belgian
            code = pl.when(is_belgian).then(code.str.slice(2).str.strip_chars(" ")).otherwise(code)
        else:
            listed = codes.municipalities
            is_abroad = code.str.contains("^(00)?[0-9]{3}$")
        listed = listed.select("code", pl.col("area_code").cast(codes.enum))
        read = (
            read.with_columns(code=code)
            .join(listed, on="code", how="left")
            .with_columns(
                pl.when(is_abroad)
                .then(pl.lit("ABR", dtype=codes.enum))
                .otherwise("area_code")
                .alias(area)
            )
            .drop("code", "area_code")
        )
    if task.replacements:
        replaced = pl.read_parquet(task.replacements)
        read = read.join(replaced, left_on="national_key", right_on="old_key", how="left")
    else:
        read = read.with_columns(new_key=pl.lit(None, dtype=pl.String))

    col = pl.col
    youngest, oldest = task.rules["minimum_age"], task.rules["maximum_age"]
    read = read.with_columns(
        is_delivered_plausible=completed_years(col("delivered_birth_date"), col("start_date"))
        .is_between(youngest, oldest)
        .fill_null(False),
        is_national_plausible=completed_years(col("national_birth_date"), col("start_date"))
        .is_between(youngest, oldest)
        .fill_null(False),
        has_unreadable_date=(col("has_start_text") & col("start_date").is_null())
        | (col("has_end_text") & col("end_date").is_null()),
        ends_before_start=(col("end_date") < col("start_date")).fill_null(False),
    )

    def unmapped(dimension: str) -> pl.Expr:
        return (
            col(f"source_{dimension}").is_not_null()
            & col("start_date").is_not_null()
            & col(dimension).is_null()
        )

    pause = (col("quarter_start") - col("end_date")).dt.total_days()
    broken = {
        "missing_record_id": col("record_id").is_null(),
        "invalid_date": col("has_unreadable_date"),
        "missing_start": ~col("has_start_text"),
        "end_before_start": col("ends_before_start"),
        "start_after_quarter": col("start_date") > col("quarter_end"),
        "missing_person": col("national_key").is_null() & col("client_key").is_null(),
        "missing_training_type": col("source_training_type").is_null(),
        "unmapped_training_type": unmapped("training_type"),
        "unmapped_organiser": col("source_organiser").is_not_null()
        & col("organiser").is_null()
        & (
            col("start_date").is_not_null()
            | ~col("source_organiser").is_in(known_organisers["source_code"].implode())
        ),
        "missing_national_number": col("national_number_status") == "missing",
        "invalid_national_number": col("national_number_status") == "invalid",
        "birth_date_mismatch": col("is_delivered_plausible")
        & (col("delivered_birth_date") != col("national_birth_date")),
        "implausible_birth_date": col("has_birth_text")
        & (
            col("delivered_birth_date").is_null()
            | (col("start_date").is_not_null() & ~col("is_delivered_plausible"))
        ),
        "unmapped_sex": unmapped("sex"),
        "unmapped_education_level": unmapped("education_level"),
        "unmapped_labour_status": unmapped("labour_status"),
        "unmapped_delivery_mode": unmapped("delivery_mode"),
        "unknown_residence": col("source_residence").is_not_null()
        & col("residence_area").is_null(),
        "unknown_training_place": col("source_place").is_not_null()
        & col("training_area").is_null(),
        "invalid_hours": col("has_hours_text") & col("millionths").is_null(),
        "missing_programme_code": col("programme").is_null(),
        "inactive_in_quarter": ~col("has_unreadable_date")
        & ~col("ends_before_start")
        & (pause > task.rules["spell_gap_days"] + 1),
    }
    bits = [
        condition.fill_null(False).cast(pl.Int32) * (1 << RULES.index(rule))
        for rule, condition in broken.items()
    ]
    without_mode = task.rules["training_types_without_delivery_mode"]
    rows = read.select(
        "row_id", "delivery", "quarter", "quarter_end", "is_replaced", "latest_quarter",
        "record_id", "content_key", "client_key", "start_date", "end_date", "millionths",
        "is_cancelled",
        col("training_type").fill_null("_U"),
        operator=pl.lit(operator, dtype=codes.enum),
        national_key=pl.coalesce("new_key", "national_key"),
        delivery_mode=pl.when(col("training_type").is_in(without_mode))
        .then(pl.lit("_Z", dtype=codes.enum))
        .otherwise(col("delivery_mode").fill_null("_U")),
        sex=pl.coalesce("sex", "national_sex").fill_null("_U"),
        labour_status=col("labour_status").fill_null("_U"),
        education_level=col("education_level").fill_null("_U"),
        organiser=pl.when(col("source_organiser").is_null())
        .then(pl.lit(operator, dtype=codes.enum))
        .otherwise("organiser"),
        residence_area=col("residence_area").fill_null("_U"),
        training_area=col("training_area").fill_null("_U"),
        programme=col("programme").fill_null("_U"),
        birth_date=pl.when("is_national_plausible")
        .then("national_birth_date")
        .when("is_delivered_plausible")
        .then("delivered_birth_date"),
        broken=pl.sum_horizontal(bits),
    )  # fmt: skip
    return rows, unreadable


def mark_repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Tell copies, and rows that share their identifier with other content."""
    key = ["delivery", "record_id"]
    identified = rows.lazy().filter(pl.col("record_id").is_not_null())
    repeated = identified.group_by(key).agg(pl.len()).filter(pl.col("len") > 1)
    marks = (
        identified.join(repeated, on=key, how="semi")
        .sort("row_id")
        .select(
            "row_id",
            is_copy=pl.int_range(pl.len()).over([*key, "content_key"]) > 0,
            is_conflicting=pl.col("content_key").n_unique().over(key) > 1,
        )
        .collect()
    )
    bit = 1 << RULES.index("duplicate_record_id")
    return (
        rows.drop("content_key")
        .join(marks, on="row_id", how="left")
        .with_columns(pl.col("is_copy", "is_conflicting").fill_null(False))
        .with_columns(broken=pl.col("broken") | pl.when("is_conflicting").then(bit).otherwise(0))
    )


def pick_current(rows: pl.DataFrame) -> pl.DataFrame:
    """The version of each record that counts, where it ends and where it goes."""
    key = ["operator", "record_id"]
    is_accepted = ~pl.col("is_copy") & (pl.col("broken") & ERROR_BITS == 0)
    standing = rows.filter(~pl.col("is_replaced") & pl.col("record_id").is_not_null())
    identifiers = (
        standing.lazy()
        .group_by(key)
        .agg(
            last_quarter=pl.col("quarter").max(),
            quarter=pl.col("quarter").filter(is_accepted).max(),
        )
        .collect()
    )
    last_seen = last_day_of(pl.col("last_quarter"))
    is_closed = (pl.col("last_quarter") < pl.col("latest_quarter")) & (
        pl.col("end_date").is_null() | (pl.col("end_date") > last_seen)
    )
    return (
        standing.filter(is_accepted)
        .join(identifiers, on=[*key, "quarter"])
        .with_columns(
            is_closed_by_absence=is_closed,
            end_date=pl.when(is_closed)
            .then(last_seen)
            .otherwise(pl.col("end_date").fill_null(FAR_FUTURE)),
            disposition=pl.when("is_cancelled")
            .then(pl.lit("cancelled"))
            .when(pl.col("organiser") == "_X")
            .then(pl.lit("not_member"))
            .when(pl.col("organiser") != pl.col("operator"))
            .then(pl.lit("mirror"))
            .when(pl.col("training_type") == "_X")
            .then(pl.lit("out_of_scope"))
            .otherwise(pl.lit("counted")),
        )
        .drop("is_cancelled", "broken", "is_copy", "is_conflicting")
    )


def identify(records: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Number the persons. A key is lent only to those who have none of their own."""
    keyed = records.filter(pl.col("disposition").is_in(["counted", "mirror"]))
    without = keyed.filter(pl.col("national_key").is_null()).select("client_key").unique()
    lent = (
        rows.filter(~pl.col("is_replaced") & pl.col("national_key").is_not_null())
        .join(without, on="client_key", how="semi")
        .group_by("client_key")
        .agg(lent_key=pl.col("national_key").first(), keys=pl.col("national_key").n_unique())
        .filter(pl.col("keys") == 1)
        .drop("keys")
    )
    keyed = keyed.join(lent, on="client_key", how="left").with_columns(
        person_key=pl.coalesce("national_key", "lent_key", "client_key")
    )
    persons = keyed.select("person_key").unique().with_row_index("person")
    course = ["operator", "training_type", "programme"]
    courses = keyed.select(course).unique().with_row_index("course")
    return (
        keyed.join(persons, on="person_key")
        .join(courses, on=course)
        .drop("person_key", "national_key", "client_key", "lent_key", "programme")
    )


def spell(identified: pl.DataFrame, gap_days: int) -> pl.DataFrame:
    """Gaps and islands, in order: each record with the number of its participation."""
    course = ["person", "course"]
    latest_end = pl.col("end_date").cum_max().shift(1).over(course)
    begins = (pl.col("start_date") - pl.duration(days=gap_days + 1) > latest_end).fill_null(True)
    return (
        identified.filter(pl.col("disposition") == "counted")
        .sort([*course, "start_date", "record_id", "row_id"])
        .with_columns(participation=begins.cum_sum())
    )


def describe(
    spelled: pl.DataFrame,
    participations: pl.DataFrame,
    periods: pl.DataFrame,
    codes: Codes,
    task: Task,
) -> pl.DataFrame:
    """Who each person is in each period."""
    ordered = spelled.select(
        "person", "participation", "start_date", "end_date", "operator", "record_id", "row_id",
        "sex", "education_level", "residence_area", "birth_date",
        # the alphabet of the codes is not that of an enumeration of another order
        operator_name=pl.col("operator").cast(pl.String),
    ).sort(
        ["person", "start_date", "end_date", "operator_name", "record_id", "row_id"],
        descending=[False, True, True, False, False, False],
    )  # fmt: skip
    ends = participations.select("participation", last_end="end_date")
    described = (
        spread(
            ordered.drop("operator", "operator_name", "record_id", "row_id", "end_date").join(
                ends, on="participation", how="left", maintain_order="left"
            ),
            pl.col("start_date"),
            pl.col("last_end"),
            task,
        )
        .group_by("person", "period")
        .agg(
            known("sex"),
            known("education_level"),
            known("residence_area"),
            pl.col("birth_date").drop_nulls().first(),
        )
        .join(periods.select("period", "last_day"), on="period")
        .with_columns(age=completed_years(pl.col("birth_date"), pl.col("last_day")))
    )
    ages = pl.DataFrame({"age": range(151)}, schema={"age": pl.Int32})
    groups = (
        ages.join(codes.age_groups, how="cross")
        .filter(
            pl.col("age").is_between(
                pl.col("age_from").cast(pl.Int32), pl.col("age_to").cast(pl.Int32)
            )
        )
        .select("age", pl.col("age_group").cast(codes.enum))
    )
    return (
        described.join(groups, on="age", how="left")
        .with_columns(pl.col("age_group").fill_null("_U"))
        .drop("birth_date", "last_day", "age")
    )


def spread_hours(spelled: pl.DataFrame, periods: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Millionths of an hour by participation and period, each record's spread over its days.

    With millionths = whole * days + rest no product leaves 64 bits.
    """
    last_day = pl.min_horizontal("end_date", "quarter_end")
    spans = spread(
        spelled.filter(pl.col("millionths") > 0).select(
            "participation", "start_date", "millionths", end_date=last_day
        ),
        pl.col("start_date"),
        pl.col("end_date"),
        task,
        years=False,
    ).join(periods.select("period", "first_day", "last_day"), on="period")
    days = (pl.col("end_date") - pl.col("start_date")).dt.total_days() + 1
    in_quarter = (
        pl.min_horizontal("end_date", "last_day") - pl.max_horizontal("start_date", "first_day")
    ).dt.total_days() + 1
    whole, rest = pl.col("millionths") // days, pl.col("millionths") % days
    quarters = (
        spans.with_columns(
            millionths=whole * in_quarter + (2 * rest * in_quarter + days) // (2 * days)
        )
        .group_by("participation", "period")
        .agg(pl.col("millionths").sum())
    )
    years = (
        quarters.with_columns(pl.col("period") // 4)
        .group_by("participation", "period")
        .agg(pl.col("millionths").sum())
    )
    return pl.concat([quarters, years])


def cube(
    mart: str, finest: pl.DataFrame, several: pl.DataFrame, periods: pl.DataFrame
) -> pl.DataFrame:
    """Sum what adds up; count persons with several finest cells one by one."""
    dimensions = list(CUBES[mart])
    if mart in JOB_SEEKERS_ONLY:
        finest = finest.filter(pl.col("labour_status") == "JSK")
        several = several.filter(pl.col("labour_status") == "JSK")
    person_cells = several.group_by("period", "person", *dimensions).agg(
        *(pl.col(flag).any() for flag in FLAGS),
        present=pl.len().cast(pl.Int64),
        entered=pl.col("is_entered").sum().cast(pl.Int64),
        exited=pl.col("is_left").sum().cast(pl.Int64),
        millionths=pl.col("millionths").sum(),
    )
    is_only_one = pl.len().over("period", "person") == 1
    person_cells = person_cells.with_columns(is_only_one=is_only_one)
    measures = [
        *("persons", "persons_entered", "persons_left", "persons_stock"),
        *("present", "entered", "exited", "millionths"),
    ]
    alone = pl.col("is_only_one")
    additive = pl.concat(
        [
            finest.select(
                "period",
                *dimensions,
                *measures[:4],
                present="persons",
                entered="persons_entered",
                exited="persons_left",
                millionths="millionths",
            ),
            person_cells.group_by("period", *dimensions).agg(
                persons=alone.sum().cast(pl.Int64),
                persons_entered=(alone & pl.col("is_entered")).sum().cast(pl.Int64),
                persons_left=(alone & pl.col("is_left")).sum().cast(pl.Int64),
                persons_stock=(alone & pl.col("is_in_stock")).sum().cast(pl.Int64),
                present=pl.col("present").sum(),
                entered=pl.col("entered").sum(),
                exited=pl.col("exited").sum(),
                millionths=pl.col("millionths").sum(),
            ),
        ]
    )
    additive = additive.group_by("period", *dimensions).agg(pl.col(measures).sum())
    one_by_one = person_cells.filter(~alone)
    cells = []
    for kept in levels(dimensions):
        counted = (
            one_by_one.group_by("period", "person", *kept)
            .agg(pl.col(flag).any() for flag in FLAGS)
            .group_by("period", *kept)
            .agg(
                persons=pl.len().cast(pl.Int64),
                persons_entered=pl.col("is_entered").sum().cast(pl.Int64),
                persons_left=pl.col("is_left").sum().cast(pl.Int64),
                persons_stock=pl.col("is_in_stock").sum().cast(pl.Int64),
            )
        )
        both = pl.concat([additive.select("period", *kept, *measures), counted], how="diagonal")
        summed = both.group_by("period", *kept).agg(pl.col(measures).sum())
        cells.append(
            summed.select(
                "period",
                *(
                    pl.col(name).cast(pl.String) if name in kept else pl.lit("_T").alias(name)
                    for name in dimensions
                ),
                *measures,
            )
        )
    return (
        pl.concat(cells)
        .join(periods, on="period")
        .select(
            "freq",
            "time_period",
            *dimensions,
            participants_present="persons",
            participants_entered="persons_entered",
            participants_left="persons_left",
            participants_stock="persons_stock",
            participations_present="present",
            participations_entered="entered",
            participations_left="exited",
            training_hours=(pl.col("millionths") + 500_000) // 1_000_000,
        )
    )


def mirror(
    identified: pl.DataFrame, mobility: pl.DataFrame, periods: pl.DataFrame, task: Task
) -> pl.DataFrame:
    homes = seed("geography/operator_home_areas")
    mirrored = identified.filter(
        (pl.col("disposition") == "mirror")
        & (pl.col("training_type") != "_X")
        & (pl.col("labour_status") == "JSK")
    ).with_columns(pl.col("operator", "organiser", "residence_area").cast(pl.String))
    reported = (
        spread(mirrored, pl.col("start_date"), pl.col("end_date"), task)
        .join(homes, left_on=["operator", "residence_area"], right_on=["operator", "area_code"])
        .group_by("period", home_operator="operator", host_operator="organiser")
        .agg(reported_by_home=pl.col("person").n_unique().cast(pl.Int64))
    )
    hosts = mobility.select(
        "time_period",
        home_area="residence_area",
        host_operator="operator",
        reported_by_host="participants_present",
    )
    home, host = pl.col("reported_by_home"), pl.col("reported_by_host")
    return (
        periods.select("period", "freq", "time_period")
        .join(homes.select(home_operator="operator", home_area="area_code"), how="cross")
        .join(homes.select(host_operator="operator"), how="cross")
        .filter(pl.col("home_operator") != pl.col("host_operator"))
        .join(reported, on=["period", "home_operator", "host_operator"], how="left")
        .join(hosts, on=["time_period", "home_area", "host_operator"], how="left")
        .with_columns(home.fill_null(0), host.fill_null(0))
        .select(
            "freq",
            "time_period",
            "home_operator",
            "host_operator",
            "reported_by_home",
            "reported_by_host",
            asymmetry=pl.when(home + host > 0).then((2 * (home - host)) / (home + host)),
        )
    )


def find(rows: pl.DataFrame, records: pl.DataFrame, deliveries: pl.DataFrame) -> pl.DataFrame:
    """Rows by delivery and rule."""
    judged = rows.filter(~pl.col("is_copy")).group_by("delivery", "broken").agg(rows=pl.len())
    closed = (
        records.filter("is_closed_by_absence")
        .group_by("delivery")
        .agg(rows=pl.len())
        .with_columns(broken=pl.lit(1 << RULES.index("closed_by_absence"), dtype=pl.Int32))
    )
    rules = seed("quality/quality_rules").select("rule", "severity").with_row_index("place")
    bit = pl.lit(1) * 2 ** pl.col("place").cast(pl.Int64)
    return (
        pl.concat([judged, closed.select(judged.columns)])
        .join(rules.with_columns(bit=bit.cast(pl.Int32)), how="cross")
        .filter(pl.col("broken") & pl.col("bit") > 0)
        .group_by("delivery", "rule", "severity")
        .agg(pl.col("rows").sum().cast(pl.Int64))
        .join(deliveries, on="delivery")
        .select(*DELIVERY, "rule", "severity", "rows")
    )


def account(
    rows: pl.DataFrame,
    unreadable: pl.DataFrame,
    records: pl.DataFrame,
    spelled: pl.DataFrame,
    participations: pl.DataFrame,
    deliveries: pl.DataFrame,
    task: Task,
) -> pl.DataFrame:
    """Rows by delivery and the place where they end."""
    early = participations.filter(
        pl.col("end_date") < date.fromisoformat(task.rules["coverage_start"])
    )
    early_records = spelled.join(early, on="participation", how="semi").select(
        "row_id", ended_before=True
    )
    current = records.join(early_records, on="row_id", how="left").select(
        "row_id",
        place=pl.when("ended_before").then(pl.lit("before_coverage")).otherwise("disposition"),
    )
    disposed = rows.join(current, on="row_id", how="left").select(
        "delivery",
        disposition=pl.when("is_replaced")
        .then(pl.lit("superseded"))
        .when("is_copy")
        .then(pl.lit("duplicate"))
        .when(pl.col("broken") & ERROR_BITS > 0)
        .then(pl.lit("rejected"))
        .otherwise(pl.col("place").fill_null("superseded")),
    )
    counted = disposed.group_by("delivery", "disposition").agg(rows=pl.len().cast(pl.Int64))
    unread = unreadable.select("delivery", disposition=pl.lit("unreadable"), rows="rows")
    return (
        pl.concat([counted, unread])
        .join(deliveries, on="delivery")
        .select(*DELIVERY, "disposition", "rows")
    )


def write_marts(task: Task) -> None:
    codes, periods, deliveries = Codes(), make_periods(task), read_deliveries(task)
    read = [read_rows(each, deliveries, codes, task) for each in load_contracts(CONTRACTS)]
    unreadable = pl.concat([each for _, each in read])
    rows = mark_repeated(pl.concat([each for each, _ in read]))
    del read
    records = pick_current(rows)
    identified = identify(records, rows)
    spelled = spell(identified, task.rules["spell_gap_days"])
    participations = spelled.group_by("participation").agg(
        pl.col("person", "operator", "training_type").first(),
        pl.col("start_date").min(),
        pl.col("end_date").max(),
        *map(known, ("delivery_mode", "training_area", "labour_status")),
    )
    marts = {
        "mart_delivery_accounting": account(
            rows, unreadable, records, spelled, participations, deliveries, task
        ),
        "mart_delivery_findings": find(rows, records, deliveries),
    }
    del rows, records
    first, last = pl.col("first_day"), pl.col("last_day")
    present = (
        spread(participations, pl.col("start_date"), pl.col("end_date"), task)
        .join(periods.select("period", "first_day", "last_day"), on="period")
        .join(describe(spelled, participations, periods, codes, task), on=["person", "period"])
        .join(spread_hours(spelled, periods, task), on=["participation", "period"], how="left")
        .with_columns(
            pl.col("millionths").fill_null(0),
            is_entered=pl.col("start_date") >= first,
            is_left=pl.col("end_date") <= last,
            is_in_stock=pl.col("end_date") >= last,
            is_only_one=pl.len().over("person", "period") == 1,
        )
        .drop("participation", "start_date", "end_date", "first_day", "last_day")
    )
    dimensions = list(dict.fromkeys(name for names in CUBES.values() for name in names))
    finest = (
        present.filter("is_only_one")
        .group_by("period", "labour_status", *(set(dimensions) - {"labour_status"}))
        .agg(
            persons=pl.len().cast(pl.Int64),
            persons_entered=pl.col("is_entered").sum().cast(pl.Int64),
            persons_left=pl.col("is_left").sum().cast(pl.Int64),
            persons_stock=pl.col("is_in_stock").sum().cast(pl.Int64),
            millionths=pl.col("millionths").sum(),
        )
    )
    several = present.filter(~pl.col("is_only_one"))
    del present
    marts |= {mart: cube(mart, finest, several, periods) for mart in CUBES}
    marts["mart_mirror_flows"] = mirror(
        identified, marts["mart_interregional_mobility"], periods, task
    )
    for mart, frame in marts.items():
        frame.write_parquet(task.out / f"{mart}.parquet")


if __name__ == "__main__":
    main(write_marts)
