import pytest

# The files that take longest, the longest first: what is begun last ends last.
SLOWEST = (
    "test_end_to_end.py",
    "test_pages.py",
    "test_mutations.py",
    "test_on_the_sample.py",
    "test_marts_against_brute_force.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slowest files; processes take the files in this order."""
    place = {name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(SLOWEST)))
