"""``unstir outpaint``: paint beyond the border of a picture."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate
from unstir.tasks.inpaint import inpaint
from unstir.tasks.outpaint import outpaint

command = derived(outpaint, inpaint, generate)(making)
