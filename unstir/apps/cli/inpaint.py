"""``unstir inpaint``: repaint a part of a picture."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate
from unstir.tasks.inpaint import inpaint

command = derived(inpaint, generate)(making)
