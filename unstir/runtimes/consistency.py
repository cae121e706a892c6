"""Do the parts of a model folder belong together? Checked on its description, before any file is
opened.

Files that are used are listed with their SHA-256; graphs and weights are of the kinds that cannot
run code; the denoiser has the inputs its condition fills; each latent channel has its mean and
deviation; the process is one that this unstir has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unstir.core import paths
from unstir.core.discrete import schedules as discrete
from unstir.core.find import NotFound, named, names
from unstir.core.parametrizations import parametrization
from unstir.core.samplers._aliases import ours
from unstir.core.schedules import from_json
from unstir.modalities import plans
from unstir.modalities.backbones import TERMS
from unstir.modalities.structures import channels
from unstir.runtimes.checks import INT8, Bad, Fields

if TYPE_CHECKING:
    from unstir.runtimes.manifest import Manifest


def check(manifest: Manifest) -> None:
    """Raise `Bad` where the parts of a folder that draws do not belong together."""
    used = {*manifest.weights, *(graph.file for graph in manifest.graphs.values())}
    if missing := sorted(used - set(manifest.files)):
        raise Bad(f'uses {missing[0]!r}, which "files" does not list with its SHA-256')
    _check_suffixes(manifest.weights, ".safetensors")
    _check_suffixes((graph.file for graph in manifest.graphs.values()), ".onnx")
    needed = ("denoiser", "decoder") if manifest.codec else ("denoiser",)
    for name in needed:
        if name not in manifest.graphs:
            raise Bad(f"has no graph {name!r}; a model needs {' and '.join(needed)} to draw")
    for name, graph in manifest.graphs.items():
        exact = manifest.graphs.get(name.removesuffix(INT8))
        if exact is None or exact.inputs != graph.inputs:
            raise Bad(f"has a graph {name} that does not take what the exact one takes")
    if manifest.kind == "string":
        _check_string(manifest)
        return
    _check_inputs(manifest)
    if manifest.repaints:
        _check_extra(manifest)
    _check_control(manifest)
    _check_student(manifest)
    if manifest.codec:
        _check_latent(Fields(dict(manifest.codec), "codec"), manifest.shape[0])
    if manifest.condition:
        _check_condition(Fields(dict(manifest.condition), "condition"))
    if manifest.kind == "upscaler":
        _check_upscale(Fields(dict(manifest.upscale or {}), "upscale"), manifest.shape[0])
    if manifest.kind == "molecule":
        _check_molecule(Fields(dict(manifest.molecule or {}), "molecule"), manifest.shape)
    elif manifest.kind == "protein":
        _check_protein(Fields(dict(manifest.protein or {}), "protein"), manifest)
    else:
        _check_size(manifest)
    _check_defaults(Fields(dict(manifest.defaults), "defaults"), manifest.current)
    _check_process(manifest)


def _check_string(manifest: Manifest) -> None:
    """A model of strings: its pieces, their lengths, and a masked process."""
    said = Fields(dict(manifest.string or {}), "string")
    symbols, lengths = said.names("symbols", least=1), said.numbers("lengths")
    merges = (manifest.string or {}).get("merges")
    place = len(symbols)
    for pair in merges if isinstance(merges, list) else [None]:
        if not isinstance(pair, list) or [type(n) for n in pair] != [int, int]:
            raise Bad("has a merge in string that is no pair of pieces")
        if not all(0 <= n < place for n in pair):
            raise Bad(f"has a merge {pair} in string of pieces that come later, or never")
        place += 1
    if manifest.shape != (len(lengths) - 1, place) or manifest.size != manifest.shape[:1]:
        raise Bad(
            f"has shape {list(manifest.shape)} and size {list(manifest.size)}; its {place} pieces "
            f"in rows of up to {len(lengths) - 1} make it [{len(lengths) - 1}, {place}]"
        )
    if min(lengths) < 0 or sum(lengths) <= 0:
        raise Bad("has no string in its lengths")
    told = ("tokens", "token_mask") if manifest.condition else ()
    if manifest.graphs["denoiser"].inputs != ("x", *told):
        raise Bad(f"is a model of strings; its denoiser takes {', '.join(('x', *told))}")
    if manifest.parametrization != "masked":
        raise Bad("is a model of strings; its parametrization is masked")
    if manifest.condition:
        _check_condition(Fields(dict(manifest.condition), "condition"))
    named(discrete.TABLE, manifest.schedule.get("name", ""), "schedules of tokens")
    defaults = Fields(dict(manifest.defaults), "defaults")
    defaults.count("steps", 1000)
    if not defaults.number("temperature", 1.0) > 0:
        raise Bad("has a temperature that is not above 0")
    named(
        dict.fromkeys(names("discrete.samplers")), defaults.name("sampler"), "samplers of tokens"
    )


def _check_process(manifest: Manifest) -> None:
    try:
        schedule = from_json(manifest.schedule)
        parametrization(manifest.parametrization)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Bad(f"describes a process that this unstir does not have: {error}") from None
    try:
        numbers = [value for t in (0.01, 0.5, 0.99) for value in schedule(t)]
    except (ArithmeticError, TypeError, ValueError):
        numbers = [math.nan]
    if not all(math.isfinite(value) and value > 0 for value in numbers):
        raise Bad(f"has a schedule that is no way from data to noise: {dict(manifest.schedule)}")


def _check_size(manifest: Manifest) -> None:
    """Height and width of a picture; where there is no codec, those of the state itself."""
    shape, size = manifest.shape, manifest.size
    factor = (manifest.upscale or {}).get("factor", 1)
    if len(shape) != 3 or len(size) != 2:
        raise Bad(
            f"has shape {list(shape)} and size {list(size)}; they are [channels, height, width] "
            "and [height, width]"
        )
    if not manifest.codec and size != (shape[1] * factor, shape[2] * factor):
        raise Bad(f"has size {list(size)}, which states of shape {list(shape)} do not give")


def _check_suffixes(files: Iterable[str], suffix: str) -> None:
    for file in files:
        if not file.endswith(suffix):
            raise Bad(f"uses {file!r} where a {suffix} file belongs")


def _check_inputs(manifest: Manifest) -> None:
    """The denoiser's inputs have fixed names, for callers fill them by name."""
    inputs = manifest.graphs["denoiser"].inputs
    wanted = {"x", "t"} | ({"tokens", "token_mask"} if manifest.condition else set())
    if set(inputs) - {"extra"} != wanted:
        raise Bad(
            f"gives its denoiser the inputs {', '.join(inputs)}; "
            f"with its condition they are {', '.join(sorted(wanted))}"
        )


def _check_extra(manifest: Manifest) -> None:
    """The further channels of a model that draws are a picture around a hole, and the hole."""
    sizes = (manifest.network or {}).get("sizes") or {}
    if sizes.get("extra") != manifest.shape[0] + 1:
        raise Bad(
            f"has a denoiser with {sizes.get('extra')} further channels; one that repaints has "
            f"{manifest.shape[0] + 1}: a state and the hidden share"
        )


def _check_control(manifest: Manifest) -> None:
    """A branch that is told lines has its description and its graph, or neither is there."""
    graph = manifest.graphs.get("controlled")
    if (graph is None) != (manifest.control is None):
        raise Bad('has one of "control" and the graph "controlled" without the other')
    if graph is None:
        return
    Fields(dict(manifest.control or {}), "control").choice("name", ("edges",))
    wanted = {*manifest.graphs["denoiser"].inputs, "lines"}
    if set(graph.inputs) != wanted or manifest.kind != "image":
        raise Bad(
            f"gives the graph 'controlled' the inputs {', '.join(graph.inputs)}; beside this "
            f"denoiser they are {', '.join(sorted(wanted))}"
        )


def _check_student(manifest: Manifest) -> None:
    """A student has its description and its graph, or neither is there."""
    graph, said = manifest.graphs.get("student"), manifest.student
    if (graph is None) != (said is None):
        raise Bad('has one of "student" and the graph "student" without the other')
    if graph is None or said is None:
        return
    fields = Fields(dict(said), "student")
    fields.counts("steps", 1, 16)
    fields.number("scale", 1.0)
    wanted = {*manifest.graphs["denoiser"].inputs, "s"}
    flows = manifest.parametrization == "flow" and straight(manifest.schedule)
    if set(graph.inputs) != wanted or manifest.kind != "image" or not flows:
        raise Bad(
            f"gives the graph 'student' the inputs {', '.join(graph.inputs)}; beside this "
            f"denoiser they are {', '.join(sorted(wanted))}, and both are of a flow without shift"
        )


def straight(schedule: Mapping[str, Any]) -> bool:
    """Whether it is the flow whose sigma is the time: what a student learns in."""
    return schedule.get("name") == "flow" and schedule.get("shift", 1) == 1


def _check_latent(codec: Fields, channels: int) -> None:
    mean, std = codec.numbers("mean"), codec.numbers("std")
    if len(mean) != channels or len(std) != channels or min(std) <= 0:
        raise Bad(
            f"has {len(mean)} latent means and deviations {list(std)} for {channels} channels; "
            "each channel has one of each, the deviation above 0"
        )


def _check_upscale(upscale: Fields, channels: int) -> None:
    factor, std = upscale.count("factor", 16), upscale.number("std", 0.0)
    if channels != 3 * factor**2 or std <= 0:
        raise Bad(
            f"enlarges {factor} times with a deviation of {std} and has {channels} channels; "
            f"they are 3 x {factor} x {factor}, the deviation above 0"
        )


def _check_molecule(molecule: Fields, shape: tuple[int, ...]) -> None:
    """A state is (3 + kinds + 4 atoms, atoms): see modalities/structures.py."""
    kinds, counts = molecule.names("kinds", least=1), molecule.numbers("counts")
    scale, atoms = molecule.number("scale", 0.0), len(counts) - 1
    if shape != (channels(len(kinds), atoms), atoms) or scale <= 0:
        raise Bad(
            f"has states of shape {list(shape)}, a scale of {scale} and {len(kinds)} kinds of up "
            f"to {atoms} atoms; of those a state is {[channels(len(kinds), atoms), atoms]}, and "
            "the scale is above 0"
        )
    if min(counts) < 0 or sum(counts[1:]) <= 0:
        raise Bad("has no molecule in its counts of atoms")


def _check_protein(said: Fields, manifest: Manifest) -> None:
    """A state is (3, residues); what completes a backbone: see modalities/backbones.py."""
    counts = said.numbers("counts")
    if manifest.shape != (3, len(counts) - 1) or manifest.size != manifest.shape[1:]:
        raise Bad(
            f"has states of shape {list(manifest.shape)}; of up to {len(counts) - 1} residues "
            f"they are [3, {len(counts) - 1}]"
        )
    if min(counts) < 0 or sum(counts[4:]) <= 0 or sum(counts[:4]):
        raise Bad("has no chain of four residues or more in its counts, or shorter ones")
    shapes = {"turn": (TERMS, 2), "planes": (2, 3, 2)}
    for name, shape in shapes.items():
        try:
            found = np.array((manifest.protein or {}).get(name), float)
        except (TypeError, ValueError):
            found = np.zeros(0)
        if found.shape != shape or not np.isfinite(found).all():
            raise Bad(f"has no {' x '.join(map(str, shape))} numbers in protein.{name}")
    planned = ((manifest.network or {}).get("sizes") or {}).get("planned", False)
    if planned != ("plans" in (manifest.protein or {})):
        raise Bad("has a network that is told plans, or counts of them, but not both")
    if planned:
        try:
            plans.from_json((manifest.protein or {})["plans"])
        except (ValueError, TypeError, AttributeError) as error:
            raise Bad(f"has no plans in protein.plans: {error}") from None
    if manifest.graphs["denoiser"].inputs != ("x", "t", "extra"):
        raise Bad("is a model of proteins; its denoiser takes x, t and extra")
    letters = manifest.graphs.get("letters")
    if (letters is None) == ("letters" in (manifest.protein or {})):
        raise Bad("has a network of letters, or what it is, but not both")
    if letters is not None and letters.inputs != ("x", "extra"):
        raise Bad("has a network of letters that does not take x and extra")


def _check_condition(condition: Fields) -> None:
    kind = condition.choice("name", ("text", "labels", "numbers"))
    if kind == "labels":
        condition.names("classes", least=1)
    elif kind == "numbers":
        names = condition.names("names", least=1)
        if not len(names) == len(condition.numbers("means")) == len(condition.numbers("stds")):
            raise Bad("has not a mean and a std for each number of its condition")
        if min(condition.numbers("stds")) <= 0:
            raise Bad("has a std in its condition that is not above 0")
    else:
        condition.name("encoder")
        condition.count("length", 4096)
        condition.count("width", 65536)


def _check_defaults(defaults: Fields, current: Callable[[str], str]) -> None:
    """`current` is the present name of one that the folder may use."""
    defaults.count("steps", 1000)
    defaults.number("scale", 1.0)
    defaults.text("enlarge", "")
    sampler = ours(current(defaults.name("sampler")))
    try:
        named(dict.fromkeys(names("samplers")), sampler, "samplers")
        if "spacing" in defaults.data:
            named(paths.TABLE, current(defaults.name("spacing")), "spacings")
    except NotFound as error:
        raise Bad(f"prefers what this unstir does not have: {error}") from None
