"""What speaks for and against sales spam in a text, in colours: red for sales, green for social."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from circleshield_model.scorer import Evidence

_JOINER = "\u200d"  # part of many emoji


def marked(text: str, found: Sequence[Evidence]) -> Text:
    """The text with its pieces of evidence coloured; what could steer a terminal is replaced by a blank."""
    shown = Text("".join(c if c.isprintable() or c in ("\n", _JOINER) else " " for c in text))
    for evidence in reversed(found):
        if evidence.start is not None:
            shown.stylize(_colour(evidence.weight), evidence.start, evidence.end)
    return shown


def listed(found: Sequence[Evidence], most: int) -> Iterator[Text]:
    """The strongest evidence, a line each."""
    for evidence in found[:most]:
        name = evidence.text if evidence.start is None else f"“{' '.join(marked(evidence.text, ()).plain.split())}”"
        yield weighed(name, evidence.weight)


def weighed(name: str, weight: float) -> Text:
    """One line: what it adds in log-odds, and what it is."""
    return Text(f"{weight:+8.2f}  {name}", _colour(weight))


def _colour(weight: float) -> str:
    return "red" if weight > 0 else "green"
