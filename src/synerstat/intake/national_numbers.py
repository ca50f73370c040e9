"""Judges national register numbers (NISS, INSZ, Nationalregisternummer), in SQL.

Eleven digits: YYMMDD, a serial, two check digits = 97 - (first nine digits mod 97), with a leading
2 before the nine digits for births from 2000 on. A BIS number has its month raised by 20 (sex not
known at issue) or 40. Rules: docs/method.md, "Who is the same person".
"""

from typing import Final

DIGITS: Final = 11


def digits_sql(number: str) -> str:
    """SQL: the number without the separators that are ignored (point, hyphen, blank)."""
    return f"translate({number}, '.- ', '')"


def is_valid_sql(value: str) -> str:
    """SQL: whether a whole number of eleven digits (leading zeros are none) is a valid one."""
    return f"""(
        {value} % 100 in (97 - {value} // 100 % 97, 97 - (2000000000 + {value} // 100) % 97)
        and {value} // 10000000 % 100 // 20 <= 2
        and {value} // 10000000 % 20 <= 12
        and {value} // 100 % 1000 between 1 and 998
    )"""


def parsed_sql(relation: str, number: str) -> str:
    """SELECT that adds to `relation` what is in the text column `number`.

    Columns: number_digits (VARCHAR), national_number_status ('valid', 'missing', 'invalid'),
    national_birth_date (DATE), national_sex ('M', 'F'). Birth date and sex are null unless the
    number is valid and gives them.
    """
    return f"""
        select
            * exclude (
                number_value, number_month, number_day, number_serial, number_in_1900s,
                number_in_2000s
            ),
            case
                when national_number_status <> 'valid' then null
                when number_month % 20 between 1 and 12 and number_day between 1 and 28
                    then make_date(
                        if(number_in_2000s, 2000, 1900) + number_value // 1000000000,
                        number_month % 20,
                        number_day
                    )
                when number_month % 20 between 1 and 12 and number_day between 29 and 31
                    then try_cast(
                        format(
                            '{{:04d}}-{{:02d}}-{{:02d}}',
                            if(number_in_2000s, 2000, 1900) + number_value // 1000000000,
                            number_month % 20,
                            number_day
                        ) as date
                    )
            end as national_birth_date,
            case
                when national_number_status <> 'valid' or number_month between 20 and 32 then null
                when number_serial % 2 = 1 then 'M'
                else 'F'
            end as national_sex
        from (
            select
                *,
                case
                    when {number} is null then 'missing'
                    when
                        (number_in_1900s or number_in_2000s)
                        and number_month // 20 <= 2
                        and number_month % 20 <= 12
                        and number_serial between 1 and 998
                        then 'valid'
                    else 'invalid'
                end as national_number_status
            from (
                select
                    *,
                    number_value // 10000000 % 100 as number_month,
                    number_value // 100000 % 100 as number_day,
                    number_value // 100 % 1000 as number_serial,
                    number_value % 100 = 97 - number_value // 100 % 97 as number_in_1900s,
                    number_value % 100
                    = 97 - (2000000000 + number_value // 100) % 97 as number_in_2000s
                from (
                    select
                        *,
                        case
                            when regexp_full_match(number_digits, '[0-9]{{{DIGITS}}}')
                                then number_digits::bigint
                        end as number_value
                    from (select *, {digits_sql(number)} as number_digits from {relation})
                )
            )
        )
    """
