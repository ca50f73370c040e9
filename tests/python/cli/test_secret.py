from pathlib import Path

import pytest

from synerstat.secret import SAMPLE_SECRET, weakness


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("short", "fewer than 12 characters"),
        ("a" * 40, "different characters"),
        ("abababababababab", "different characters"),
        ("passwordpassword", "repeated"),
        ("12345678901234567890", "repeated"),
        ("abcdefghijklmnop", "follow each other"),
        ("ponmlkjihgfedcba", "follow each other"),
    ],
)
def test_a_secret_that_protects_nobody_is_told_apart(secret: str, reason: str) -> None:
    found = weakness(secret)
    assert found
    assert reason in found


@pytest.mark.parametrize(
    "secret", [SAMPLE_SECRET, "exercise-only", "9f2c" * 2 + "0b1d7a5e6c3d4e8f", "correct horse 7"]
)
def test_other_secrets_are_taken(secret: str) -> None:
    assert weakness(secret) is None


def test_the_throw_away_secret_is_documented_as_it_is() -> None:
    page = Path(__file__).parents[3] / "docs" / "data-protection.md"
    assert f"`{SAMPLE_SECRET}` is the documented throw-away secret" in page.read_text("utf-8")
