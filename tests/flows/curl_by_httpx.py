"""As much of curl as docs/producers.md uses, by httpx: for machines without curl, so that the page's blocks run there too.

An option that it does not know is an error, as it would be with curl.
"""

import argparse
import re
import sys

import httpx

_URL_LINE = re.compile(r'url = "(?P<url>[^"\\]+)"\n')


def main() -> int:
    """Send the request; 22 for an answer of 400 or more, as curl with `--fail-with-body`."""
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("--config", choices=["-"], required=True)
    parser.add_argument("--header", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--retry", type=int)
    for switch in ("--fail-with-body", "--silent", "--show-error"):
        parser.add_argument(switch, action="store_true", required=True)
    options = parser.parse_args()
    line = _URL_LINE.fullmatch(sys.stdin.read())
    if line is None:
        parser.error("the configuration has to be one line with the url")
    name, _, value = options.header.partition(": ")
    answer = httpx.post(line["url"], content=options.data.encode(), headers={name: value}, trust_env=False)
    sys.stdout.write(answer.text)
    return 0 if answer.status_code < 400 else 22


if __name__ == "__main__":
    sys.exit(main())
