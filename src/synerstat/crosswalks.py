"""The crosswalks: which attributes of a record they map, and to which code list."""

ATTRIBUTES = (
    "training_type",
    "delivery_mode",
    "labour_status",
    "education_level",
    "sex",
    "organiser",
)


def code_list(attribute: str) -> str:
    """The code list that an attribute is mapped to."""
    return "OPERATOR" if attribute == "organiser" else attribute.upper()
