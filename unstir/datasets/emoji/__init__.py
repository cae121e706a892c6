"""Captioned scenes composed of Fluent Emoji 3D glyphs (see `docs/data.md`).

from unstir.datasets import emoji
glyphs = emoji.load(Path("cache"))                  # fetched by npm once, then one .npz
scene = emoji.scene(glyphs, 7, split="train")       # image, caption, mask, parts
"""

from unstir.datasets.emoji.build import building as building
from unstir.datasets.emoji.compose import SHARES as SHARES
from unstir.datasets.emoji.compose import Scene as Scene
from unstir.datasets.emoji.compose import scene as scene
from unstir.datasets.emoji.glyphs import Glyph as Glyph
from unstir.datasets.emoji.glyphs import Glyphs as Glyphs
from unstir.datasets.emoji.glyphs import load as load
from unstir.datasets.emoji.prompts import Prompt as Prompt
from unstir.datasets.emoji.prompts import contact_sheet as contact_sheet
from unstir.datasets.emoji.prompts import heldout_prompts as heldout_prompts
from unstir.datasets.emoji.prompts import single_prompts as single_prompts
