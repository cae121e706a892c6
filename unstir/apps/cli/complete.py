"""``unstir inpaint`` of a molecule."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.molecules import making
from unstir.tasks.complete import complete
from unstir.tasks.generate import generate
from unstir.tasks.structures import structures

command = derived(complete, structures, generate)(making)
