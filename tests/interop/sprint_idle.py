"""Writes tests/vectors/sprint-idle.json from docs/protocol.md alone: python3 tests/interop/sprint_idle.py > tests/vectors/sprint-idle.json

Only Python's standard library.
"""

import json
import random
from fractions import Fraction
from math import ceil

MILLION = 1_000_000


def millionths(share):
    return int(Fraction(str(share)) * MILLION + Fraction(1, 2))


def window_end(blocks, window):
    """Blocks of the evaluate phase in which a record of idle time counts."""
    searched = max(0, blocks - 2)
    return min(blocks, ceil(Fraction(millionths(window), MILLION) * searched) + 2)


def left(weight, between):
    """What confirmations and idle time leave of a weight, the rules of each window beside it."""
    for kind, rules, outcome, measured in between:
        if kind == "confirmation":
            bound = {"valid": measured, "undecided": min(measured, weight // 2)}.get(outcome, 0)
            weight = min(weight, bound)
    of = weight
    since, false = [], False
    for kind, rules, outcome, measured in between:
        if kind == "confirmation":
            if outcome == "valid" and measured > 0:
                since = []
            continue
        false = false or outcome == "invalid"
        needed = of * millionths(Fraction(str(rules["window"])) * Fraction(str(rules["least"]))) // MILLION
        if outcome == "valid" and measured >= needed:
            since = []
        elif outcome not in ("undecided", "unopposed") or measured < needed:
            since.append(rules)
    for rules in since:
        weight = weight * millionths(rules["keep"]) // MILLION
    return 0 if false else weight


def case(about, weight, between):
    return {
        "about": about,
        "weight": weight,
        "between": [
            {"kind": kind, **({"idle": rules} if rules else {}), "outcome": outcome, "measured": measured}
            for kind, rules, outcome, measured in between
        ],
        "left": left(weight, between),
    }


USUAL = {"window": 0.25, "least": 0.5, "keep": 0.8, "sample": 90}
IDLE = lambda outcome, measured, rules=USUAL: ("idle", rules, outcome, measured)
CONFIRMED = lambda outcome, measured: ("confirmation", None, outcome, measured)


def drawn(number):
    draw = random.Random(number)
    rules = {
        "window": draw.choice([0.1, 0.25, 0.333333, 1]),
        "least": draw.choice([0.1, 0.5, 0.8]),
        "keep": draw.choice([0, 0.5, 0.8, 0.999999]),
        "sample": 90,
    }
    weight = draw.randrange(1, 10**9)
    between = []
    for _ in range(draw.randrange(1, 9)):
        outcome = draw.choice(["valid"] * 6 + ["undecided", "withheld", "absent"])
        measured = 0 if outcome == "absent" else int(weight * rules["window"] * draw.uniform(0, 1.2))
        between.append(IDLE(outcome, measured, rules) if draw.random() < 0.8 else CONFIRMED("valid", int(weight * 0.97)))
    return case(f"drawn {number}", weight, between)


print(
    json.dumps(
        {
            "about": "What confirmations and idle time leave of the weight of the last Sprint, ascending by cycle; blocks of an evaluate phase in which a record of idle time counts.",
            "cases": [
                case("just enough upholds it", 1000, [IDLE("valid", 125)]),
                case("a nonce less does not", 1000, [IDLE("valid", 124)]),
                case("windows that were missed multiply, rounded down each time", 1001, [IDLE("absent", 0), IDLE("withheld", 500), IDLE("absent", 0)]),
                case("one that is upheld restores it", 1000, [IDLE("absent", 0), IDLE("absent", 0), IDLE("valid", 250)]),
                case("and so does a confirmation", 1000, [IDLE("absent", 0), CONFIRMED("valid", 2000), IDLE("absent", 0)]),
                case("an undecided window says nothing", 1000, [IDLE("absent", 0), IDLE("undecided", 250)]),
                case("nor does an unopposed one", 1000, [IDLE("absent", 0), IDLE("unopposed", 250)]),
                case("an undecided window says nothing by just enough", 1000, [IDLE("undecided", 125)]),
                case("one that claims a nonce less is missed", 1000, [IDLE("undecided", 124)]),
                case("and so is an unopposed one", 1000, [IDLE("unopposed", 124)]),
                case("an unopposed proof of no nonces is missed in each window", 1000, [IDLE("unopposed", 0)] * 7),
                case("a false proof leaves nothing, whatever comes after", 1000, [IDLE("invalid", 250), CONFIRMED("valid", 1000), IDLE("valid", 250)]),
                case("a confirmation's bound is what is upheld", 1000, [IDLE("valid", 100), CONFIRMED("valid", 800)]),
                case("an undecided confirmation restores nothing", 1000, [IDLE("absent", 0), CONFIRMED("undecided", 900)]),
                case("a weight of a few nonces needs none", 7, [IDLE("valid", 0)]),
            ]
            + [drawn(number) for number in range(12)],
            "windows": [
                {"blocks": blocks, "window": window, "end": window_end(blocks, window)}
                for blocks, window in [(30, 0.25), (30, 0.1), (30, 1), (4, 0.25), (4, 1), (2, 0.5), (1, 0.25), (3, 0.000001), (100, 0.333333)]
            ],
        },
        indent=1,
        ensure_ascii=False,
    )
)
