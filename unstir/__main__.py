"""``python -m unstir`` is the command ``unstir``."""

import sys

from unstir.apps.cli import main

sys.exit(main())
