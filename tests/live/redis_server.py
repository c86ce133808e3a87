# SPDX-License-Identifier: MIT
"""Debian's redis-tools holds the server, too, under another name; the package redis-server would start a service."""
import atexit
import os
import shutil
import tempfile


def find():
    """Makes redis-server a command that PATH has, if it can be."""
    checker = shutil.which("redis-check-rdb")
    if shutil.which("redis-server") or not checker:
        return
    folder = tempfile.mkdtemp(prefix="compendium-redis.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    os.symlink(checker, f"{folder}/redis-server")
    os.environ["PATH"] += os.pathsep + folder
