"""``unstir inpaint`` of a protein."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.proteins import making
from unstir.tasks.generate import generate
from unstir.tasks.proteins import proteins
from unstir.tasks.scaffold import scaffold

command = derived(scaffold, proteins, generate)(making)
