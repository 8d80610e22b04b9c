"""Fetch what pip cannot: a browser for the tests, and the libraries that drawing needs.

A Chromium or Chrome that is already there is used; else Debian's package, where it may be installed; else
Playwright's own download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def browser_path() -> str | None:
    """Path of an installed Chromium or Chrome, HASHLENS_BROWSER first; None: Playwright's own has to do."""
    given = os.environ.get("HASHLENS_BROWSER")
    if given:
        return given
    found = (shutil.which(name) for name in BROWSERS)
    return next(filter(None, found), MAC_CHROME if Path(MAC_CHROME).exists() else None)


def apt_install(*packages: str) -> bool:
    """Install Debian packages where this user may; False where that is not possible."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and (not shutil.which("sudo") or subprocess.run([*root, "true"], check=False).returncode != 0):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run([*root, apt, "update", *quiet], env=environment, check=False)
    command = [*root, apt, "install", "-y", "--no-install-recommends", *quiet, *packages]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


def drawing_works() -> bool:
    """True when skia finds its system libraries (tried in a fresh interpreter)."""
    trial = subprocess.run([sys.executable, "-c", "import skia"], capture_output=True, check=False)
    return trial.returncode == 0


def ensure_drawing() -> None:
    """Make skia importable or say what is missing."""
    if not drawing_works():
        apt_install("libgl1", "libegl1", "libexpat1", "libfontconfig1")
    if not drawing_works():
        sys.exit("skia cannot load. Install libGL, libEGL, libexpat, libfontconfig (Debian: libgl1 libegl1).")


def ensure_browser() -> None:
    """Make a browser available or say how to."""
    if browser_path() is None and not apt_install("chromium", "fonts-liberation"):
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        if subprocess.run(command, check=False).returncode != 0:
            sys.exit("No browser for the tests. Install Chromium or Chrome, or set HASHLENS_BROWSER to one.")


if __name__ == "__main__":
    ensure_drawing()
    if "--drawing" not in sys.argv:
        ensure_browser()
