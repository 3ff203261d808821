"""A child that dies with its parent, even when the parent is killed with SIGKILL (Linux only)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends. Does nothing where prctl does not exist."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the call above took effect; then nobody would ever send the signal.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
