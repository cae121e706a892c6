"""Text as a condition: the token states of a small pretrained encoder (MiniLM; Wang et al. 2020).

    text = Text(models / "minilm")
    text.encode(["a cat wearing a hat"]).states      # (1, 32, 384) float32

A network reads the states of all tokens by cross-attention (Rombach et al. 2022, section 3.3), so
words keep their own place. The empty prompt is the null condition: all states and the mask are 0.

Each prompt runs through the encoder alone and at its own length, and the padding is zeros written
afterwards: its numbers depend on nothing but the prompt, bitwise, and a short prompt costs little.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unstir.conditions.folder import EncoderFolder
from unstir.conditions.tokens import Tokens
from unstir.conditions.wordpiece import UNKNOWN, WordPiece, words


class Text:
    """A text encoder folder (model.json of kind "text-encoder") as a condition.

    `length` is the number of tokens per prompt, [CLS] and [SEP] included; what does not fit is cut
    off and told in `Tokens.truncated`. onnxruntime is imported, and its session made, at the first
    prompt; `threads` is how many it uses. Safe to call from several threads.
    """

    def __init__(self, folder: Path | str, length: int = 32, *, threads: int = 1) -> None:
        self.folder = EncoderFolder.read(Path(folder))
        longest = self.folder.positions
        if not 3 <= length <= longest:
            raise ValueError(f"a text length of {length}: {folder} takes 3 to {longest} tokens")
        self.length, self.width, self.threads = length, self.folder.width, threads
        self.tokenizer = WordPiece.read(self.folder.checked("vocab.txt"))
        self._session: Any = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Changes when the encoder, its vocabulary or the length does: the key of a cache of
        states."""
        parts = [f"{name}={digest}" for name, digest in sorted(self.folder.files.items())]
        return hashlib.sha256("\n".join([*parts, str(self.length)]).encode()).hexdigest()

    def ids(self, prompt: str) -> tuple[list[int], bool]:
        """Rows of [CLS] prompt [SEP] cut to `length`, and whether it was cut; no rows for an empty
        prompt."""
        rows, room = self.tokenizer.ids(_checked(prompt)), self.length - 2
        if not rows:
            return [], False
        first, last = self.tokenizer.rows["[CLS]"], self.tokenizer.rows["[SEP]"]
        return [first, *rows[:room], last], len(rows) > room

    def unknown(self, prompt: str) -> list[str]:
        """The words of which the encoder reads no more than that there is one."""
        each = dict.fromkeys(words(_checked(prompt)))
        return [word for word in each if self.tokenizer.split(word) == [UNKNOWN]]

    def states(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """The encoder's last hidden states (B, L, width) of prompts of the same length L."""
        rows = np.array(ids, "int64")
        if not rows.size:
            return np.zeros((*rows.shape, self.width), "float32")
        inputs = {"input_ids": rows, "attention_mask": np.ones_like(rows)}
        return self._open().run(["last_hidden_state"], inputs)[0]

    def encode(self, prompts: Sequence[str]) -> Tokens:
        """Token states of each prompt, padded with zeros to `length`.

        Raises TypeError for anything but a list of strings and ValueError for text that is not
        Unicode.
        """
        if isinstance(prompts, str):
            raise TypeError(f"encode takes a list of prompts, not one string: [{prompts[:60]!r}]")
        out = self.null(len(prompts))
        cut = []
        for i, prompt in enumerate(prompts):
            ids, truncated = self.ids(prompt)
            out.states[i, : len(ids)] = self.states([ids])[0]
            out.mask[i, : len(ids)] = 1
            cut.append(truncated)
        return Tokens(out.states, out.mask, tuple(cut))

    def null(self, batch: int) -> Tokens:
        """The absence of a prompt: zeros, with a mask of zeros."""
        states = np.zeros((batch, self.length, self.width), "float32")
        return Tokens(states, np.zeros((batch, self.length), "float32"), (False,) * batch)

    def _open(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = self._load()
            return self._session

    def _load(self) -> Any:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = (
            ort.GraphOptimizationLevel.ORT_ENABLE_BASIC  # more takes longer than a prompt saves
        )
        options.enable_cpu_mem_arena = (
            False  # prompts are short: memory is worth more than its reuse
        )
        file = self.folder.checked(self.folder.graph)
        try:
            return ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has a class for each way a file can be wrong
            raise ValueError(f"{file} is no graph that onnxruntime can run: {error}") from error


def _checked(prompt: Any) -> str:
    """The prompt itself, or the reason why it is none."""
    if not isinstance(prompt, str):
        raise TypeError(f"a prompt must be a string, got {prompt!r} ({type(prompt).__name__})")
    for place, c in enumerate(prompt):
        if "\ud800" <= c <= "\udfff":
            raise ValueError(
                f"the prompt has half a character (U+{ord(c):04X}) at position {place}: "
                "it was not decoded as UTF-8; check the terminal's or the file's encoding"
            )
    return prompt
