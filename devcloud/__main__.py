"""`python -m devcloud`: `up`, `demo`, `host`, `publish`; and `cloud`, which `up` runs for itself."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the process's exit code."""
    commands: dict[str, Callable[[Sequence[str]], int]] = {
        "up": _up,
        "demo": _demo,
        "host": _host,
        "publish": _publish,
        "cloud": _cloud,
    }
    command = commands.get(argv[0]) if argv else None
    if command is None:
        print(f"usage: python -m devcloud {{{'|'.join(commands)}}} …   (see devcloud/README.md)", file=sys.stderr)
        return 2
    return command(argv[1:])


# Each command imports its own part only: a host would otherwise pay for all emulators with every start.


def _up(argv: Sequence[str]) -> int:
    from devcloud.up import main as up

    return up(argv)


def _demo(argv: Sequence[str]) -> int:
    from devcloud.demo import main as demo

    return demo(argv)


def _host(argv: Sequence[str]) -> int:
    # The app must come from `--app` alone. This package still finds its own modules by its own path.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT.resolve()]
    from devcloud.host.main import main as host

    return host(list(argv))


def _publish(argv: Sequence[str]) -> int:
    from devcloud.publish import publish

    if len(argv) != 1:
        print("usage: python -m devcloud publish DIR", file=sys.stderr)
        return 2
    for path in publish(_ROOT, Path(argv[0])):
        print(path)
    return 0


def _cloud(_argv: Sequence[str]) -> int:
    from devcloud.cloud import main as cloud

    return cloud()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
