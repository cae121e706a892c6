"""``unstir vary``: draw pictures like one there is."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate
from unstir.tasks.vary import vary

command = derived(vary, generate)(making)
