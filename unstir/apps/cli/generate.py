"""``unstir generate``: draw, show the progress, write the files."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate

command = derived(generate)(making)
