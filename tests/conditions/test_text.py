"""The text condition: the original's numbers, independence of companions, and bad input."""

import hashlib
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from unstir.conditions.text import Text

PROMPTS = [
    "a cat wearing a hat",
    "",
    "robot",
    "three stars on a blue background " * 9,
    "Café!",
    "猫",
]


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def pooled(text, prompt):
    tokens = text.encode([prompt])
    return tokens.states[0].sum(0)


def test_agrees_with_the_original_model(text):
    golden = np.load(Path(__file__).parent / "minilm_original.npz")
    tokens = text.encode(list(golden["prompts"]))
    for i in range(len(golden["prompts"])):
        original = golden[f"states{i}"].astype("float32")
        assert tokens.mask[i].sum() == len(original)
        ours = tokens.states[i, : len(original)]
        assert cosine(ours, original).min() > 0.998
        np.testing.assert_allclose(ours, original, atol=0.15)


def test_meaning_shows_in_the_states(text):
    cat, kitten, car = (pooled(text, p) for p in ("a cat", "a kitten", "a car"))
    assert cosine(cat, kitten) > cosine(cat, car) + 0.2


def test_shapes_and_mask(text):
    tokens = text.encode(PROMPTS)
    assert tokens.states.shape == (6, 32, 384)
    assert tokens.states.dtype == tokens.mask.dtype == np.float32
    assert tokens.mask.sum(1).tolist() == [7, 0, 3, 32, 4, 3]
    assert (np.diff(tokens.mask, axis=1) <= 0).all(), "real tokens stand first"
    assert not tokens.states[tokens.mask == 0].any()
    assert (np.abs(tokens.states[tokens.mask == 1]).sum(-1) > 1).all()


def test_a_prompt_is_the_same_to_the_bit_in_any_company(text):
    together = text.encode(PROMPTS).states
    backwards = text.encode(PROMPTS[::-1]).states[::-1]
    alone = np.concatenate([text.encode([p]).states for p in PROMPTS])
    assert (together == alone).all()
    assert (together == backwards).all()


def test_padding_inside_the_graph_changes_nothing_but_rounding(text):
    ids, _ = text.ids("a cat wearing a hat")
    text.encode(["a"])
    companion, _ = text.ids("two dogs under the table in the rain")
    rows, mask = np.zeros((2, 2, 32), "int64")
    for i, row in enumerate((ids, companion)):
        rows[i, : len(row)], mask[i, : len(row)] = row, 1
    rows[0, len(ids) :] = 777  # whatever stands under the mask
    feed = {"input_ids": rows, "attention_mask": mask}
    padded = text._open().run(["last_hidden_state"], feed)[0]
    np.testing.assert_allclose(padded[0, : len(ids)], text.states([ids])[0], atol=1e-5)


def test_threads_do_not_change_the_numbers(text, models):
    other = Text(models / "minilm", threads=2)
    np.testing.assert_allclose(
        other.encode(PROMPTS).states, text.encode(PROMPTS).states, atol=1e-5
    )


def test_serves_several_threads_at_once(models):
    text = Text(models / "minilm")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda p: text.encode([p]).states, PROMPTS[:3] * 4))
    for i, states in enumerate(found):
        assert (states == found[i % 3]).all()


def test_no_prompt_is_the_null_condition(text):
    null = text.null(3)
    assert null.states.shape == (3, 32, 384)
    assert not null.mask.any()
    assert not null.states.any()
    for nothing in ("", "   ", "\n", "\x00"):
        tokens = text.encode([nothing])
        assert not tokens.mask.any()
        assert not tokens.states.any()
        assert tokens.truncated == (False,)
    assert text.encode([]).states.shape == (0, 32, 384)


def test_long_prompts_are_cut_politely(text):
    exact, over, huge = "cat " * 30, "cat " * 31, "x y, " * 2000
    tokens = text.encode([exact, over, huge])
    assert tokens.truncated == (False, True, True)
    assert (tokens.states[0] == tokens.states[1]).all(), "the rest is simply not seen"
    ids, _ = text.ids(over)
    assert len(ids) == 32
    assert ids[-1] == text.tokenizer.rows["[SEP]"]


def test_other_lengths(models):
    short, full = Text(models / "minilm", length=5), Text(models / "minilm", length=64)
    assert short.encode(["a b c"]).truncated == (False,)
    assert short.encode(["a b c d"]).truncated == (True,)
    assert full.encode(["cat " * 70]).mask.sum() == 64
    assert short.fingerprint != full.fingerprint
    for length in (2, 65, -1):
        with pytest.raises(ValueError, match=rf"length of {length}.*3 to 64"):
            Text(models / "minilm", length=length)


def test_control_characters_are_ignored(text):
    plain, noisy = text.encode(["a cat", "a\x00 c\u200ba\x07t\ufeff"]).states
    assert (plain == noisy).all()


@pytest.mark.parametrize("prompt", [None, 3, b"cat", ["cat"], 1.5])
def test_a_prompt_must_be_a_string(text, prompt):
    with pytest.raises(TypeError, match=r"must be a string, got .*" + type(prompt).__name__):
        text.encode(["a cat", prompt])


def test_a_bare_string_is_no_list(text):
    with pytest.raises(TypeError, match=r"list of prompts, not one string: \['a cat'\]"):
        text.encode("a cat")


@pytest.mark.parametrize("prompt", ["a \udc80 cat", "\ud83d", "ok \udfff"])
def test_half_characters_are_named(text, prompt):
    with pytest.raises(ValueError, match=r"U\+D[0-9A-F]{3}\) at position [023]: .*encoding"):
        text.encode([prompt])


def test_importing_needs_neither_torch_nor_onnxruntime():
    code = (
        "import sys; from unstir.conditions.text import Text; from unstir.conditions import cache;"
        "print([m for m in ('torch', 'onnxruntime', 'tokenizers') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


@pytest.fixture
def copy(models, tmp_path):
    return Path(shutil.copytree(models / "minilm", tmp_path / "minilm"))


def use(folder):
    return Text(folder).encode(["a cat"])


def rewrite(folder, change):
    told = json.loads((folder / "model.json").read_text())
    change(told)
    (folder / "model.json").write_text(json.dumps(told))


def replace_file(folder, name, data):
    """Exchange a file and its SHA-256: damage that only shows in use."""
    (folder / name).write_bytes(data)
    rewrite(folder, lambda t: t["files"].update({name: hashlib.sha256(data).hexdigest()}))


def test_a_copied_folder_works(copy):
    assert use(copy).mask.sum() == 4


@pytest.mark.parametrize("name", ["vocab.txt", "encoder.onnx"])
def test_one_changed_byte_is_found(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ValueError, match=rf"{name} is damaged or was exchanged.*copy the folder"):
        use(copy)


@pytest.mark.parametrize("name", ["vocab.txt", "encoder.onnx"])
def test_a_truncated_file_is_found(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes()[:1000])
    with pytest.raises(ValueError, match=rf"{name} is damaged"):
        use(copy)


@pytest.mark.parametrize("name", ["vocab.txt", "encoder.onnx", "model.json"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        use(copy)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe\x00", b"[" * 9999])
def test_a_foreign_manifest_is_named(copy, data):
    (copy / "model.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"model\.json (is malformed|cannot be used|has no)"):
        use(copy)


@pytest.mark.parametrize("key", ["kind", "format", "width", "positions", "graphs", "files"])
def test_an_incomplete_manifest_is_named(copy, key):
    rewrite(copy, lambda t: t.pop(key))
    with pytest.raises(ValueError, match=rf"model\.json has no '{key}'"):
        use(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(kind="image"),
        lambda t: t.update(format=2),
        lambda t: t.update(width="wide"),
        lambda t: t.update(positions=-1),
        lambda t: t.update(files=[]),
        lambda t: t["graphs"]["encoder"].update(file="../encoder.onnx"),
        lambda t: t["graphs"]["encoder"].update(file="other.onnx"),
        lambda t: t["graphs"].update(encoder=None),
    ],
)
def test_a_wrong_manifest_is_named(copy, change):
    rewrite(copy, change)
    with pytest.raises(ValueError, match=r"model\.json (is malformed|cannot be used)"):
        use(copy)


def test_a_graph_outside_the_folder_is_refused(copy):
    shutil.copy(copy / "encoder.onnx", copy.parent / "encoder.onnx")

    def lead_out(told):
        told["graphs"]["encoder"]["file"] = "../encoder.onnx"
        told["files"]["../encoder.onnx"] = told["files"]["encoder.onnx"]

    rewrite(copy, lead_out)
    with pytest.raises(ValueError, match=r"'\.\./encoder\.onnx' is no plain name"):
        use(copy)


@pytest.mark.parametrize("data", [b"", b"not a graph", b"\x08\x09" + bytes(1000)])
def test_a_graph_that_is_none_is_named(copy, data):
    replace_file(copy, "encoder.onnx", data)
    with pytest.raises(ValueError, match=r"encoder\.onnx is no graph"):
        use(copy)


def test_the_folder_stays_small(models):
    assert sum(file.stat().st_size for file in (models / "minilm").iterdir()) <= 15_000_000
