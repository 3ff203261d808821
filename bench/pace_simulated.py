"""The simulated rows of the table of the pace: lanes under a full backlog, the wall of a day, a search for violations."""

from bench.pace_figures import Finding
from bench.simulation.runs import BULK, OF_A_DAY, lanes, wall
from bench.simulation.scene import Plan, play

INTERVALS = 3.0
"""Send intervals within which 95 of 100 high-priority mails leave."""

BULK_PART = 0.9
PER_DAY = 10_000
DAY_PART = 0.97

SEARCHED = 12
"""Seeds that are searched for a broken invariant, each with other hosts, storage and kills."""


def simulated_rows(seed: int, *, quick: bool) -> list[Finding]:
    """All of them; `quick` simulates a part of the backlogs."""
    part = 10 if quick else 1
    return [*_lanes(seed, BULK // part), *_wall(seed, OF_A_DAY // part), _search(seed, SEARCHED // min(part, 4))]


def _lanes(seed: int, bulk: int) -> list[Finding]:
    found = lanes(seed, bulk=bulk)
    said = f"p50 {found.p50:.1f}, longest {found.longest:.1f}, {found.seen.deferrals:.2f} deferrals a mail"
    return [
        Finding("lanes", "high p95, intervals", found.p95, INTERVALS, at_most=True, numbers=said),
        Finding("lanes", "bulk of the rest", found.bulk_part, BULK_PART, at_most=False, unit="%"),
        Finding("lanes", "throttles", found.seen.throttles, 0, at_most=True),
    ]


def _wall(seed: int, mails: int) -> list[Finding]:
    found = wall(seed, mails=mails)
    said = f"{found.seen.sent} of {len(found.seen.mails)} mails, {found.seen.deferrals:.2f} deferrals a mail"
    least = DAY_PART * min(PER_DAY, mails)
    return [
        Finding("day", "most in 24 h", found.most, PER_DAY, at_most=True, numbers=said),
        Finding("day", "used in the first 24 h", found.first_day, least, at_most=False),
    ]


def _search(seed: int, runs: int) -> Finding:
    """Short runs that differ in everything; a seed that breaks an invariant is named, and can be played again."""
    broken = [str(one.seed) for one in map(_drawn, range(seed, seed + runs)) if play(one).broken()]
    said = f"seeds {seed} to {seed + runs - 1}" + (f"; broken: {', '.join(broken)}" if broken else "")
    return Finding("search", "runs with a violation", len(broken), 0, at_most=True, numbers=said)


def _drawn(seed: int) -> Plan:
    """The plan of one seed: hosts, limits, storage, skew, kills and the mode of counting all follow from it."""
    return Plan(
        seed=seed,
        hosts=(1, 2, 3, 5, 10)[seed % 5],
        mails=400,
        per_minute=(600, 120, 300)[seed % 3],
        connections=(3, 1, 2)[seed // 3 % 3],
        idle_counts=seed % 2 == 0,
        storage=(0.01, 0.03, 0.06)[seed // 2 % 3],
        stalls=(0.0, 0.005)[seed // 4 % 2],
        skew=(0.02, 0.2)[seed // 5 % 2],
        lease=10.0,
        kill_every=(0.0, 4.0, 7.0)[seed // 7 % 3],
        seconds=900.0,
    )
