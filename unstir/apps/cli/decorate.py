"""``unstir inpaint`` of a SMILES string."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.strings import writing
from unstir.tasks.generate import generate
from unstir.tasks.strings import decorate, strings

command = derived(decorate, strings, generate)(writing)
