"""``unstir trace``: draw along the lines of a picture."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate
from unstir.tasks.trace import trace

command = derived(trace, generate)(making)
