"""WordPiece: agreement with the `tokenizers` package, and what a prompt may contain."""

import random
import unicodedata
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from unstir.conditions.wordpiece import WordPiece, words

DIFFICULT = """
|Hello, World!|don't|A CAFÉ, s'il vous plaît|naïve façade|Ångström|ﬁne ligature|ｆｕｌｌ ｗｉｄｔｈ
|ß ẞ STRASSE|İstanbul ı|日本語のテキスト|中文cat中文|한국어|สวัสดี|नमस्ते|ΣΊΣΥΦΟΣ|Привет, мир
|שָׁלוֹם|مرحبا|😀 a 🐱 with 👨‍👩‍👧 and 🇫🇷|❤️|☃ snow|keycap 1️⃣|a+b=c|$5.00|50%|x_y-z|"quoted"
|(a) [b] {c}|<tag>|back\\slash|`tick`|a~b^c|e.g. i.e.|…|“smart” ‘quotes’|—|©®™|½ cup|10²|№5
|tab\tnew\nline|zero\u200bwidth|soft\u00adhyphen|nb\u00a0space|line\u2028sep|bell\x07
|nul\x00in|\ufffd|\ufeffbom|\ue000private|1234567890|covid19|3d|2nd|100th|e\u0301 decomposed
|supercalifragilisticexpialidocious|antidisestablishmentarianism|zzzxqjkv
"""
LONG = [
    "x" * 100,
    "x" * 101,
    "cat" * 3400,
    "a cat, " * 1429,
    "é" * 10_000,
    "猫" * 10_000,
    "!" * 99,
]


@cache
def reference(file: str) -> BertWordPieceTokenizer:
    return BertWordPieceTokenizer(file, lowercase=True)


@pytest.fixture(scope="session")
def vocab(models):
    return models / "minilm" / "vocab.txt"


@pytest.fixture(scope="session")
def ours(vocab):
    return WordPiece.read(vocab)


def theirs(vocab, text):
    return reference(str(vocab)).encode(text, add_special_tokens=False)


def known_to_both(code):
    """Both sides know the character: they use other versions of Unicode, 3.2 is common ground."""
    c = chr(code)
    if 0x2190 <= code < 0x2C00 or 0x1F300 <= code < 0x1FA00:
        return unicodedata.category(c) in ("So", "Sm", "Sk")
    kind = unicodedata.ucd_3_2_0.category(c)
    return kind == unicodedata.category(c) and kind not in ("Cs", "Cn", "Co")


KNOWN = [code for code in range(0x20000) if known_to_both(code)]
CHARACTERS = st.sampled_from([chr(code) for code in KNOWN])
PROMPTS = st.lists(CHARACTERS | st.sampled_from("abcdefghij ,.'-éß\t🐱猫"), max_size=60).map(
    "".join
)


@pytest.mark.parametrize("text", [*DIFFICULT.split("|"), *LONG], ids=lambda t: repr(t[:20]))
def test_agrees_on_difficult_text(ours, vocab, text):
    expected = theirs(vocab, text)
    assert ours.pieces(text) == expected.tokens
    assert ours.ids(text) == expected.ids


def test_agrees_on_two_thousand_prompts(ours, vocab):
    rng = random.Random(1)
    plain = [p.removeprefix("##") for p in ours.rows if len(p) > 1 and p[0] != "["]
    for _ in range(2000):
        made = ["".join(rng.choices(plain, k=rng.choice([1, 1, 1, 2, 3]))) for _ in range(8)]
        prompt = rng.choice([" ", ", ", "-"]).join(made)
        prompt = rng.choice([prompt, prompt.upper(), prompt.title()])
        assert ours.ids(prompt) == theirs(vocab, prompt).ids, prompt


def test_agrees_on_every_common_character(ours, vocab):
    for code in KNOWN:
        prompt = f"a{chr(code)}b {chr(code)}"
        assert ours.pieces(prompt) == theirs(vocab, prompt).tokens, hex(code)


@settings(max_examples=600, deadline=None)
@given(prompt=PROMPTS)
def test_agrees_on_any_text(ours, vocab, prompt):
    assert ours.pieces(prompt) == theirs(vocab, prompt).tokens


@settings(max_examples=300, deadline=None)
@given(prompt=st.text(max_size=80))
def test_takes_any_text_whatever_the_unicode_version(ours, prompt):
    assert all(piece in ours.rows for piece in ours.pieces(prompt))


def test_a_prompt_cannot_write_control_tokens(ours):
    assert "".join(ours.pieces("[SEP]")).replace("##", "") == "[sep]"
    assert not {"[SEP]", "[CLS]", "[PAD]"} & set(ours.pieces("[SEP][PAD][CLS]"))


def test_nothing_gives_nothing(ours):
    for prompt in ("", " ", "\t\n", "\x00", "\u200b"):
        assert ours.pieces(prompt) == []


def test_words_are_normalized():
    assert list(words("A Café—at 5pm!")) == ["a", "cafe", "—", "at", "5pm", "!"]


def test_every_ascii_word_can_be_spelled(ours):
    rng = random.Random(0)
    for _ in range(500):
        word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(1, 30)))
        found = ours.split(word)
        assert "".join(piece.removeprefix("##") for piece in found) == word


def test_words_of_prompts_stay_whole(ours):
    listed = """cat wearing hat holding next above under beside behind crown glasses scarf three
    stars red orange yellow green blue purple pink brown black white gray background
    turquoise octopus penguin lion unicorn pizza guitar rocket umbrella mushroom castle volcano"""
    for word in listed.split():
        assert ours.split(word) == [word]


def test_a_foreign_vocabulary_is_refused(tmp_path):
    file = tmp_path / "vocab.txt"
    file.write_text("hello\nworld\n")
    with pytest.raises(ValueError, match=r"vocab.txt is no BERT vocabulary"):
        WordPiece.read(file)
