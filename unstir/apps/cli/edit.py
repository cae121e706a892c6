"""``unstir edit``: say what a picture shows instead."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.edit import edit
from unstir.tasks.generate import generate
from unstir.tasks.vary import vary

command = derived(edit, vary, generate)(making)
