"""The English sentences of a finding of `hwaja doctor`."""

from hwaja.doctor.findings import Finding


def sentence(found: Finding) -> str:
    """What was found."""
    return found.sentence.text("en")


def advice(found: Finding) -> str:
    """What to do about it; empty where there is no advice."""
    return found.advice.text("en") if found.advice is not None else ""
