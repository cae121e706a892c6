"""Where a person's own files live: models, caches and settings, in the place the platform expects.

    data_dir() / "models"     the user's model folders
    cache_dir()               what can be made again
    config_dir()              settings

``UNSTIR_HOME`` overrides all three. Nothing is created here: a read-only home costs nothing until
something must be written. On Linux the XDG base directory specification (version 0.8) is followed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_dir() -> Path:
    """The person's own data; ``models/`` inside holds their model folders."""
    mac, windows = "Library/Application Support", ("LOCALAPPDATA", "AppData/Local")
    return _home() or _place("XDG_DATA_HOME", ".local/share", mac, windows)


def cache_dir() -> Path:
    """Files that can be deleted at any time."""
    home, windows = _home(), ("LOCALAPPDATA", "AppData/Local")
    if home:
        return home / "cache"
    place = _place("XDG_CACHE_HOME", ".cache", "Library/Caches", windows)
    return place / "cache" if sys.platform == "win32" else place


def config_dir() -> Path:
    """Settings."""
    home, windows = _home(), ("APPDATA", "AppData/Roaming")
    if home:
        return home / "config"
    return _place("XDG_CONFIG_HOME", ".config", "Library/Preferences", windows)


def _home() -> Path | None:
    chosen = os.environ.get("UNSTIR_HOME", "").strip()
    return Path(chosen).expanduser() if chosen else None


def _place(xdg: str, linux: str, mac: str, windows: tuple[str, str]) -> Path:
    user = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return user / mac / "unstir"
    variable, default = windows if sys.platform == "win32" else (xdg, linux)
    chosen = os.environ.get(variable, "")
    return (Path(chosen) if os.path.isabs(chosen) else user / default) / "unstir"
