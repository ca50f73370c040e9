"""Invented participations, and the figures before disclosure control that they lead to."""

import duckdb
import numpy as np
import pyarrow as pa

THRESHOLD = 4

CODES = {
    "sex": ("F", "M"),
    "age_group": ("Y15T24", "Y25T54"),
    "education_level": ("ED0-2", "ED3_4"),
    "residence_area": ("BE1", "BE2"),
    "training_area": ("BE1", "BE2", "BE3X"),
    "operator": ("forem", "vdab"),
    "training_type": ("21", "22", "23"),
    "delivery_mode": ("CLA", "DIS"),
    "labour_status": ("EMP", "JSK"),
}

DIMENSIONS = {
    "training": ("training_area", "operator", "training_type", "delivery_mode"),
    "profile": ("training_area", "sex", "age_group", "education_level"),
    "status": ("operator", "training_type", "labour_status", "sex"),
    "mobility": ("residence_area", "operator"),
}
PERSON = ("sex", "age_group", "education_level", "residence_area")
HOMES = {"vdab": "BE2", "forem": "BE3X", "bruxelles_formation": "BE1", "adg": "BE336"}


def participations(seed: int, persons: int, quarters: int = 1) -> pa.Table:
    """One row per participation; a person has one or two, in quarters numbered from 0.

    `start` and `end` are quarters, which may lie before the first or after the last.
    """
    random = np.random.default_rng(seed)
    person = np.concatenate([np.arange(persons), np.flatnonzero(random.random(persons) < 0.2)])
    columns = {"person": person}
    for name, codes in CODES.items():
        # some categories are much rarer than others, so that there are small counts and large ones
        weight = 1.0 / (1 + np.arange(len(codes))) ** 1.5
        size = persons if name in PERSON else len(person)
        drawn = random.choice(np.array(codes), size, p=weight / weight.sum())
        columns[name] = drawn[person] if name in PERSON else drawn
    start = random.integers(-2, quarters, len(person))
    columns["start"] = start
    columns["end"] = np.maximum(start + random.integers(0, 3, len(person)), 0)
    return pa.table(columns)


def figures(
    given: pa.Table, data_sets: tuple[str, ...] = ("training",), quarters: int = 1
) -> dict[str, pa.Table]:
    """The long form of the data sets, for so many quarters of 2018 and the year with the fourth."""
    with duckdb.connect() as connection:
        connection.register("given", given)
        connection.execute(
            f"""
            create table periods as
            select 'Q' as freq, '2018-Q' || (range + 1) as time_period, range as first,
                range as last
            from range({quarters})
            """
        )
        if quarters == 4:
            connection.execute("insert into periods values ('A', '2018', 0, 3)")
        connection.execute("""
            create table present as
            select *, start >= first as entered, "end" <= last as has_left, "end" > last as stays
            from given inner join periods on start <= last and "end" >= first
        """)
        tables = {name: _data_set(connection, name) for name in data_sets if name != "mirror"}
        if "mirror" in data_sets:
            tables["mirror"] = _mirror(connection)
    return tables


def _data_set(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    dimensions = DIMENSIONS[name]
    columns = ", ".join(f"coalesce({each}, '_T') as {each}" for each in dimensions)
    rule = "case when {0} between 1 and 3 then true else false end"
    indicators = {
        "PRESENT": ("p", "p"),
        "ENTRANTS": ("e", "e"),
        "LEAVERS": ("l", "l"),
        "STOCK": ("s", "s"),
        "PARTICIPATIONS": ("n", "p"),
        "ENTRIES": ("m", "e"),
        "HOURS": ("10 * n", "p"),
    }
    unnested = ", ".join(
        f"{{'indicator': '{code}', 'figure': {value}::bigint, 'is_small': {rule.format(rests)}}}"
        for code, (value, rests) in indicators.items()
    )
    return connection.sql(f"""
        with counted as (
            select freq, time_period, {columns},
                count(distinct person) as p,
                count(distinct person) filter (entered) as e,
                count(distinct person) filter (has_left) as l,
                count(distinct person) filter (stays) as s,
                count(*) as n,
                count(*) filter (entered) as m
            from present
            {"where labour_status = 'JSK'" if name == "mobility" else ""}
            group by freq, time_period, cube ({", ".join(dimensions)})
        )
        select freq, time_period, {", ".join(dimensions)},
            unnest([{unnested}], recursive := true)
        from counted
        order by all
    """).to_arrow_table()


def _mirror(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Home operators report half of the persons that the hosts report, rounded up."""
    homes = ", ".join(f"('{home}', '{area}')" for home, area in HOMES.items())
    return connection.sql(f"""
        with flows as (
            select freq, time_period, homes.home as home_operator, hosts.home as host_operator,
                count(distinct person) as host, ceil(count(distinct person) / 2) as home
            from (values {homes}) as homes (home, area)
            inner join (values {homes}) as hosts (home, area) on homes.home <> hosts.home
            cross join periods
            left join present using (freq, time_period)
            where labour_status = 'JSK' and operator = hosts.home and residence_area = homes.area
            group by all
        )
        select freq, time_period, home_operator, host_operator, unnest([
            {{'indicator': 'MIRROR_HOME', 'figure': home::bigint,
                'is_small': home between 1 and 3}},
            {{'indicator': 'MIRROR_HOST', 'figure': host::bigint,
                'is_small': host between 1 and 3}},
            {{'indicator': 'MIRROR_ASYMMETRY',
                'figure': round(200 * (home - host) / (home + host))::bigint,
                'is_small': home between 1 and 3 or host between 1 and 3}}
        ], recursive := true)
        from flows
        order by all
    """).to_arrow_table()


def publish(tables: dict[str, pa.Table], withheld: pa.Table | None) -> dict[str, pa.Table]:
    """What a reader gets: `obs_value`, `obs_status` and `conf_status`; None: small counts only."""
    published = {}
    with duckdb.connect() as connection:
        for name, table in tables.items():
            dimensions = DIMENSIONS.get(name, ("home_operator", "host_operator"))
            key = ", ".join(("freq", "time_period", *dimensions, "indicator"))
            connection.register("truth", table)
            pattern = (
                f"select {key} from truth where is_small"
                if withheld is None
                else f"select {key} from withheld where data_set = '{name}'"
            )
            if withheld is not None:
                connection.register("withheld", withheld)
            published[name] = connection.sql(f"""
                select {key},
                    case when not hidden then figure end as obs_value,
                    case when hidden then 'Q' else 'A' end as obs_status,
                    case when hidden then 'C' else 'F' end as conf_status
                from (
                    select truth.*, pattern.freq is not null as hidden
                    from truth left join ({pattern}) as pattern using ({key})
                )
                order by all
            """).to_arrow_table()
    return published
