"""The metadata and the graph that sherpa-onnx expects of one file of a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.model_files import Model, Numbers, check_floats


@dataclass(frozen=True, slots=True)
class Value:
    """An input that sherpa-onnx gives, or an output that it reads, without a look at the type."""

    kinds: tuple[int, ...]
    """Element types that it may have; see `model_files`."""
    axes: int | None
    """Number of its axes; None: any."""


@dataclass(frozen=True, slots=True)
class Form:
    """The expected metadata and graph of one file.

    sherpa-onnx 2.0.1 ends the process on a missing key. It reads an invalid number as 0. It reads
    beyond the end of a graph's inputs or outputs if there are fewer than it expects.
    """

    values: Callable[[Numbers], tuple[int, int]] | None = None
    """Computes the number of inputs and outputs from the metadata; None: not checked here."""
    positive: tuple[str, ...] = ()
    """Metadata keys with a number above 0."""
    natural: tuple[str, ...] = ()
    """Metadata keys with a number of at least 0."""
    optional: tuple[str, ...] = ()
    """Metadata keys with a number of at least 0, if they are there."""
    lists: tuple[str, ...] = ()
    """Metadata keys with lists of numbers above 0; all have one number per encoder stack."""
    floats: Mapping[str, Callable[[Numbers], int]] = field(default_factory=dict)
    """Metadata keys with lists of floats, and how many there are."""
    steps: tuple[str, str] | None = None
    """Metadata keys of a decoding step's window and its shift, both in frames."""
    inputs: tuple[Value, ...] = ()
    """The first inputs, of those that are checked."""
    outputs: tuple[Value, ...] = ()
    """The first outputs, of those that are checked."""
    more_outputs: bool = False
    """Whether the graph may have more outputs than sherpa-onnx reads."""

    def check(self, model: Model) -> Numbers:
        """Check that a model has this form; return the numbers in its metadata.

        Raises:
            EngineError: where the model has another form.

        """
        needed = (*self.positive, *self.natural, *self.lists)
        model.require((*needed, *self.floats))
        given = tuple(key for key in self.optional if model.metadata.get(key))
        found = {key: model.numbers(key) for key in (*needed, *given)}
        for key, numbers in found.items():
            if min(numbers) < (0 if key in (*self.natural, *self.optional) else 1):
                raise EngineError(f"{model.path} has metadata {key} that is too small.")
            if key not in self.lists and len(numbers) > 1:
                raise EngineError(f"{model.path} has a list as metadata {key}, not a number.")
        if len({len(found[key]) for key in self.lists}) > 1:
            raise EngineError(f"{model.path} has lists of unlike length as metadata.")
        if self.steps and found[self.steps[0]] < found[self.steps[1]]:
            raise EngineError(f"{model.path} advances by more than it hears ({self.steps[1]}).")
        for key, count in self.floats.items():
            check_floats(model, key, count(found))
        self._check_graph(model, found)
        return found

    def _check_graph(self, model: Model, found: Numbers) -> None:
        # Where nothing else is known, there are at least the values that are checked.
        inputs = max(len(self.inputs), len(model.inputs))
        outputs = max(len(self.outputs), len(model.outputs))
        if self.values is not None:
            inputs, least = self.values(found)
            outputs = max(least, len(model.outputs)) if self.more_outputs else least
        model.expect(inputs, outputs)
        values = (
            *zip(self.inputs, model.inputs.items(), strict=False),
            *zip(self.outputs, model.outputs.items(), strict=False),
        )
        for value, (name, shape) in values:
            kind = model.kinds[name]
            if kind not in value.kinds or value.axes not in (None, len(shape)):
                raise EngineError(
                    f"{model.path} has a value {name} that sherpa-onnx cannot use (element type "
                    f"{kind}, {len(shape)} axes)."
                )


def graph(inputs: Sequence[Value], outputs: Sequence[Value], **metadata: Any) -> Form:
    """Return the form of a graph with all of `inputs`; it may have more than `outputs`."""
    return Form(
        fixed(len(inputs), len(outputs)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        more_outputs=True,
        **metadata,
    )


def fixed(inputs: int, outputs: int) -> Callable[[Numbers], tuple[int, int]]:
    """Return the shape of a graph whose inputs and outputs do not depend on the metadata."""
    return lambda _: (inputs, outputs)
