"""``unstir distill``: teach a student, and show how it goes."""

from unstir.apps.cli.derive import derived
from unstir.apps.cli.train import learning
from unstir.tasks.distill import distill
from unstir.tasks.train import train

command = derived(distill, train)(learning)
