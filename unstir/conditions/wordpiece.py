"""WordPiece, the tokenizer of BERT (uncased): text -> pieces of a fixed vocabulary.

First words: control characters go, accents go (NFD without combining marks), letters become small,
and text is cut at white space, around each punctuation mark and around each Chinese character.
Then each word is eaten from the left by the longest piece in the vocabulary, pieces inside a word
being spelled ``##ing``; a word that cannot be eaten whole, or has more than 100 characters, is one
``[UNK]`` (Wu et al. 2016, section 4.1; Devlin et al. 2018). Agrees with the `tokenizers` package,
except that ``[SEP]`` in a text is plain text here: a prompt cannot write control tokens.

    WordPiece.read(Path("vocab.txt")).pieces("A café!")      # ['a', 'cafe', '!']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "[UNK]"
LONGEST_WORD = 100
NOISE = {"Cc", "Cf", "Co"}  # control, format and private characters; unassigned ones are unknown
CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def _is_chinese(c: str) -> bool:
    return c > "\u2fff" and any(low <= ord(c) <= high for low, high in CHINESE)


def _is_punctuation(c: str) -> bool:
    if c.isascii():
        return c.isprintable() and not c.isalnum() and c != " "
    return unicodedata.category(c).startswith("P")


def _is_noise(c: str) -> bool:
    return c == "\ufffd" or (c not in "\t\n\r" and unicodedata.category(c) in NOISE)


def _plain(text: str) -> str:
    """Small letters without accents; one character at a time, so that no letter depends on its
    neighbors."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text)
    return "".join(c.lower() for c in apart if unicodedata.category(c) != "Mn")


def words(text: str) -> Iterator[str]:
    """The words, punctuation marks and Chinese characters of a text, normalized."""
    clean = "".join(
        f" {c} " if _is_chinese(c) else c for c in text if c.isalnum() or not _is_noise(c)
    )
    for run in _plain(clean).split():
        start = 0
        for i, c in enumerate(run):
            if _is_punctuation(c):
                if start < i:
                    yield run[start:i]
                yield c
                start = i + 1
        if start < len(run):
            yield run[start:]


@dataclass(frozen=True, slots=True)
class WordPiece:
    """A vocabulary: piece -> row of the embedding table."""

    rows: Mapping[str, int]

    @classmethod
    def read(cls, file: Path) -> WordPiece:
        """From a vocab.txt: one piece a line, the line number is the row."""
        lines = file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        rows = {piece: row for row, piece in enumerate(lines)}
        if missing := {UNKNOWN, "[CLS]", "[SEP]"} - rows.keys():
            raise ValueError(f"{file} is no BERT vocabulary: it has no {min(missing)}")
        return cls(rows)

    def split(self, word: str) -> list[str]:
        """Greedy longest match from the left; a word with an unknown part is unknown as a
        whole."""
        found: list[str] = []
        start, size = 0, len(word)
        while start < size <= LONGEST_WORD:
            head = "##" if start else ""
            ends = (e for e in range(size, start, -1) if head + word[start:e] in self.rows)
            end = next(ends, None)
            if end is None:
                return [UNKNOWN]
            found.append(head + word[start:end])
            start = end
        return found or [UNKNOWN]

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text, without [CLS] and [SEP]."""
        return [piece for word in words(text) for piece in self.split(word)]

    def ids(self, text: str) -> list[int]:
        """The rows of `pieces(text)`."""
        return [self.rows[piece] for piece in self.pieces(text)]
