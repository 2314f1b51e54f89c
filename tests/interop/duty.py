"""Writes tests/vectors/duty.json from the text of docs/protocol.md, with Python's integers; draws come from schnorrkel on standard input."""

import json
import random
import struct
import sys
from fractions import Fraction
from hashlib import sha256
from math import ceil, floor

MILLION = 1_000_000
dice = random.Random(15)


def sha(*parts):
    return sha256(b"".join(p.encode() if isinstance(p, str) else p for p in parts))


def raw(text):
    return bytes.fromhex(text)


def u64(n):
    return struct.pack("<Q", n)


def any_hash(name):
    return sha(name).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def task_ids():
    subjects = {
        "score": {"group": "prose", "artifact": any_hash("a"), "base": any_hash("b")},
        "merge": {"base": any_hash("b")},
        "sprint-win": {"node": any_hash("n"), "nonce": 281474976710655, "difficulty": 400},
        "inference": {"model": any_hash("m"), "request": any_hash("r")},
    }
    for cycle, (kind, subject) in enumerate(subjects.items()):
        network, key = any_hash("network"), any_hash("executor")
        digest = sha("blockzero/task/1", raw(network), u64(cycle), raw(key), sha(canonical(subject)).digest(), kind)
        yield dict(network=network, cycle=cycle, executorKey=key, kind=kind, subject=subject, id=digest.hexdigest())


def sprint_tasks():
    for count in (0, 2, 9):
        proof, key, seed = any_hash(f"proof {count}"), any_hash("executor"), any_hash("wins")
        wins = sorted(dice.sample(range(2**48), 5))
        lots = {n: sha("blockzero/duty-win/1", raw(seed), raw(key), raw(proof), u64(n)).digest() for n in wins}
        picked = sorted(sorted(wins, key=lots.get)[:count])
        results = [sha("blockzero/win-result/1", raw(proof), u64(n)).hexdigest() for n in picked]
        yield dict(proof=proof, executorKey=key, seed=seed, wins=wins, count=count, nonces=picked, results=results)


def draw_value(draw):
    return int.from_bytes(sha(raw(draw)[:32]).digest()[:8], "big")


PAPER = [(100, MILLION), (5000, 50_000), (10_000, 10_000)]


def least(volume):
    if volume <= 100:
        return MILLION
    for (x0, y0), (x1, y1) in zip(PAPER, PAPER[1:]):
        if volume <= x1:
            return ceil(y0 + Fraction((y1 - y0) * (volume - x0), x1 - x0))
    return 10_000


def target(saving, reputation, volume, at_stake):
    low = least(volume)
    by_reputation = ceil(low + Fraction((MILLION - low) * (MILLION - reputation), MILLION))
    bottom = ceil(Fraction(2 * saving, max(1, at_stake)))
    everybody = bottom >= MILLION
    return dict(
        target=MILLION if everybody else max(by_reputation, bottom),
        least=low,
        byReputation=by_reputation,
        floor=bottom,
        isEverybody=everybody,
    )


def targets():
    for saving in (0, 900_000):
        for reputation in (0, 1, 33_334, 500_000, 999_999, MILLION):
            for volume in (0, 100, 101, 2_500, 5_000, 7_777, 10_000, 123_456):
                stake = dice.choice([0, 1, 2, 3, 10, 100, 1000])
                given = dict(saving=saving, reputation=reputation, volume=volume, atStake=stake)
                yield dict(given, expected=target(saving, reputation, volume, stake))


def threshold(goal, everybody, verifier, executor, weights):
    weight = weights.get(verifier, 0)
    if verifier == executor or weight == 0:
        return 0
    if everybody:
        return 2**64
    others = sum(weights.values()) - weights.get(executor, 0)
    return min(2**64, floor(Fraction(2**64 * goal * weight, MILLION * others)))


def credit(everybody, verifier, executor, weights):
    weight = weights.get(verifier, 0)
    if verifier == executor or weight == 0:
        return 0
    return MILLION * weight // (sum(weights.values()) - weights.get(executor, 0)) if everybody else MILLION


def thresholds():
    for n in range(24):
        weights = {name: dice.choice([0, 1, 7, 10**3, 10**9, 10**18]) for name in ("ada", "ben", "cal", "dot")}
        weights["eve"] = 5
        verifier, executor = dice.choice(["ada", "ben", "nobody"]), dice.choice(["ada", "cal", "stranger"])
        goal, everybody = dice.choice([1, 10_000, 591_000, MILLION]), n % 8 == 0
        value = threshold(goal, everybody, verifier, executor, weights)
        texts = {name: str(weight) for name, weight in weights.items()}
        counts = credit(everybody, verifier, executor, weights)
        named = dict(target=goal, isEverybody=everybody, verifier=verifier, executor=executor, weights=texts)
        yield dict(named, threshold=str(value), credit=counts)
    weights = dict(ada=1, ben=10**6, cal=7)
    texts = {name: str(weight) for name, weight in weights.items()}
    for verifier, executor in (("ada", "ben"), ("ben", "ada"), ("ben", "stranger"), ("ada", "stranger")):
        named = dict(target=MILLION, isEverybody=True, verifier=verifier, executor=executor, weights=texts)
        yield dict(named, threshold=str(2**64), credit=credit(True, verifier, executor, weights))


def samples():
    for size in (0, 1, 3, 20):
        seed, key, document = any_hash(f"seed {size}"), any_hash("verifier"), any_hash("document")
        tasks = [any_hash(f"task {n}") for n in range(12)]

        def lot(task):
            return sha("blockzero/duty-audit/1", raw(seed), raw(key), raw(document), raw(task)).digest()

        picked = sorted(sorted(tasks, key=lot)[:size])
        yield dict(seed=seed, verifierKey=key, document=document, unclaimed=tasks, size=size, sample=picked)


def slots():
    for count in (1, 16, 128):
        weights = {name: dice.choice([0, 1, 3, 10**12]) for name in ("zoe", "ada", "ben", "cal")}
        weights["dot"] = 10**12
        beacon, subject = any_hash(f"beacon {count}"), any_hash("subject")
        members = sorted((name, weight) for name, weight in weights.items() if weight > 0)
        line, held = sum(weights.values()), {}
        for k in range(count):
            digest = sha("blockzero/duty-vote/1", raw(beacon), raw(subject), u64(k)).digest()
            place = int.from_bytes(digest, "big") % line
            for name, weight in members:
                if place < weight:
                    held[name] = held.get(name, 0) + 1
                    break
                place -= weight
        texts = {name: str(weight) for name, weight in weights.items()}
        yield dict(domain="blockzero/duty-vote/1", beacon=beacon, subject=subject, slots=count, weights=texts, held=held)


def majorities():
    for _ in range(60):
        held = {name: dice.randint(1, 60) for name in ("ada", "ben", "cal", "dot")}
        votes = {name: dice.choice(["valid", "invalid", "invalid", "abstain", None]) for name in held}
        part = lambda said: sum(n for name, n in held.items() if votes[name] == said)
        total = sum(held.values())
        deciding = total - part("abstain")
        if deciding * 2 <= total:
            verdict = "undecided"
        elif part("invalid") > Fraction(2 * deciding, 3):
            verdict = "invalid"
        elif part("valid") > Fraction(2 * deciding, 3):
            verdict = "valid"
        else:
            verdict = "undecided"
        cast = [dict(hotkey=name, verdict=said) for name, said in votes.items() if said]
        yield dict(voters=held, votes=cast, verdict=verdict)


def miss_test(ratio, negligent, done, missed):
    ratio += missed * 2_302_585 - done * 95_310
    if ratio >= 9_200_290:
        return 0, True
    if ratio <= -4_605_070:
        return 0, False
    return ratio, negligent


def reputations():
    for _ in range(3):
        value, idle, ratio, negligent, steps = 0, 0, 0, False, []
        lazy = dice.choice([False, True])
        for _ in range(50):
            tasks = dice.choice([0, 0, 5, 19, 20, 40]) if lazy else dice.choice([20, 30])
            fraud = dice.random() < 0.02
            duties = dice.randint(0, 30)
            missed = dice.randint(0, duties) if lazy and dice.random() < 0.3 else 0
            rate = ceil(Fraction(missed * MILLION, duties)) if duties else 0
            ratio, negligent = miss_test(ratio, negligent, duties - missed, missed)
            if fraud:
                value, idle = 0, 0
            else:
                idle = idle + 1 if tasks == 0 else 0
                if idle and idle % 30 == 0:
                    value = value // 2
                if tasks >= 20:
                    value = min(MILLION, value + 33_334)
                value = max(0, value - max(0, rate - 10_000))
            after = dict(value=value, idle=idle, missTest=dict(ratio=ratio, isNegligent=negligent))
            steps.append(dict(tasks=tasks, isFraud=fraud, duties=duties, missed=missed, missRate=rate, after=after))
        yield steps
    steps, value = [], 0
    for n in range(130):
        tasks = 20 if n < 31 else 0
        idle = max(0, n - 30)
        value = min(MILLION, value + 33_334) if tasks else value // 2 if idle % 30 == 0 else value
        after = dict(value=value, idle=idle, missTest=dict(ratio=0, isNegligent=False))
        steps.append(dict(tasks=tasks, isFraud=False, duties=0, missed=0, missRate=0, after=after))
    yield steps


def apportion(amount, weights):
    total = sum(weights.values())
    if total == 0:
        return {name: 0 for name in weights}
    exact = {name: Fraction(amount * weight, total) for name, weight in weights.items()}
    shares = {name: floor(share) for name, share in exact.items()}
    order = sorted(weights, key=lambda name: (shares[name] - exact[name], sha(name).digest()))
    for name in order[: amount - sum(shares.values())]:
        shares[name] += 1
    return shares


def apportions():
    for _ in range(20):
        weights = {f"host {n}": dice.choice([0, 1, 1, 2, 10**9]) for n in range(dice.randint(1, 7))}
        amount = dice.choice([0, 1, 10, 999_999_999, 10**18])
        texts = {name: str(weight) for name, weight in weights.items()}
        shares = {name: str(share) for name, share in apportion(amount, weights).items()}
        yield dict(amount=str(amount), weights=texts, shares=shares)


def settle(pot, tasks, hosts):
    shares = apportion(pot, {t["id"]: t["work"] for t in tasks if "work" in t})
    executor, verifier, refunds, forfeit, finders = {}, {}, {}, {}, {}
    undecided, cheats = 0, {h["hotkey"] for h in hosts if h["isFraud"]}
    names = {h["hotkey"] for h in hosts}
    for t in tasks:
        reward = shares[t["id"]] if "work" in t else t["payment"]
        payees = sorted(set(t["verifiers"]) - {t["executor"]})
        names.add(t["executor"])
        if t["verdict"] in ("valid", "unchecked"):
            half = reward // 2 if payees else 0
            executor[t["executor"]] = executor.get(t["executor"], 0) + reward - half
            for name, part in apportion(half, {p: 1 for p in payees}).items():
                names.add(name)
                verifier[name] = verifier.get(name, 0) + part
            continue
        if t["verdict"] == "invalid":
            cheats.add(t["executor"])
            found = finders.setdefault(t["executor"], {})
            for p in payees:
                found[p] = found.get(p, 0) + 1
        if "payer" in t:
            refunds[t["payer"]] = refunds.get(t["payer"], 0) + reward
        elif t["verdict"] == "invalid":
            forfeit[t["executor"]] = forfeit.get(t["executor"], 0) + reward
        else:
            undecided += reward
    record = {h["hotkey"]: h for h in hosts}
    honest, missed = {}, 0
    for name in names:
        held = executor.get(name, 0) + verifier.get(name, 0)
        h = record.get(name, dict(assigned=0, done=0, missRate=0))
        work = min(MILLION, h["done"] * MILLION // h["assigned"]) if h["assigned"] else MILLION
        duty = MILLION - min(MILLION, max(0, h["missRate"] - 10_000))
        honest[name] = 0 if name in cheats else held * work * duty // MILLION**2
        if name not in cheats:
            missed += held - honest[name]
    wished, lost = {}, 0
    for name in sorted(cheats & names):
        taken = executor.get(name, 0) + verifier.get(name, 0) + forfeit.get(name, 0)
        lost += taken
        for finder, part in apportion(taken // 10, finders.get(name, {})).items():
            wished[finder] = wished.get(finder, 0) + part
    bounty = {name: min(honest[name], wished.get(name, 0)) for name in names}
    burned = dict(
        unassigned=pot - sum(shares.values()), undecided=undecided, missed=missed, fraud=lost - sum(bounty.values())
    )
    paid = {name: str(honest[name] + bounty[name]) for name in sorted(names)}
    return dict(
        paid=paid,
        refunds={name: str(n) for name, n in refunds.items()},
        burned={name: str(n) for name, n in burned.items()},
    )


def settlements():
    for n in range(24):
        hosts = [f"host {k}" for k in range(5)]
        tasks = []
        for k in range(dice.randint(0, 9)):
            verdict = dice.choice(["unchecked", "valid", "valid", "invalid", "undecided"])
            others = [] if verdict == "unchecked" else dice.sample(hosts, dice.randint(1, 3))
            task = dict(id=any_hash(f"{n} {k}"), executor=dice.choice(hosts), verdict=verdict, verifiers=others)
            paid = dict(payment=dice.randint(0, 999), payer=dice.choice(["pam", "pip"])) if dice.random() < 0.3 else {}
            tasks.append(dict(task, **(paid or dict(work=dice.randint(0, 5)))))
        records = [
            dict(
                hotkey=name,
                isFraud=dice.random() < 0.1,
                assigned=dice.randint(0, 9),
                done=dice.randint(0, 9),
                missRate=dice.choice([0, 0, 10_000, 10_001, 250_000, MILLION]),
            )
            for name in hosts[: dice.randint(0, 5)]
        ]
        pot = dice.choice([0, 1, 1_000, 10**15 + 7])
        expected = settle(pot, tasks, records)
        whole = pot + sum(t.get("payment", 0) for t in tasks)
        assert whole == sum(int(x) for part in expected.values() for x in part.values())
        wire = [{k: str(v) if k in ("work", "payment") else v for k, v in t.items()} for t in tasks]
        yield dict(pot=str(pot), tasks=wire, hosts=records, **expected)


def agreed():
    """Which reputations more than half of the stake that is there states alike."""
    throw = random.Random(16)
    for number in range(24):
        stakes = {name: throw.choice([1, 20, 30, 49, 50]) for name in ("ava", "ben", "cal")}
        there = list(stakes) if number < 12 else sorted(throw.sample(list(stakes), throw.randint(1, 2)))
        statements = []
        for name in [*there, "stranger"]:
            hosts = sorted(throw.sample(["host 0", "host 1", "host 2"], throw.randint(0, 3)))
            miss = dict(ratio=0, isNegligent=False)
            said = [dict(hotkey=h, value=throw.choice([33_334, 66_668]), idle=throw.choice([0, 0, 1]), missTest=miss) for h in hosts]
            statements.append(dict(hotkey=name, reputations=said))
        result = {}
        for host in ("host 0", "host 1", "host 2"):
            by = {}
            for statement in statements:
                for said in statement["reputations"]:
                    if said["hotkey"] == host:
                        key = (said["value"], said["idle"])
                        by[key] = by.get(key, 0) + stakes.get(statement["hotkey"], 0)
            for (value, idle), stake in by.items():
                if 2 * stake > sum(stakes[name] for name in there):
                    result[host] = dict(value=value, idle=idle, missTest=dict(ratio=0, isNegligent=False))
        yield dict(stakes={name: str(n) for name, n in stakes.items()}, there=[*there, "stranger"], statements=statements, agreed=result)


def agreements():
    """Which of the last Sprints before a cycle agreed on the reputations that go on, and after which cycle duty is not in them."""
    throw = random.Random(18)
    for number in range(16):
        stakes = {name: throw.choice([1, 20, 30, 49, 50]) for name in ("ava", "ben", "cal")}
        every = throw.choice([1, 4])
        sprints = []
        for n in range(number % 9):
            said = sorted(throw.sample([*stakes, "stranger"], throw.choice([1, 1, 2, 3])))
            miss = dict(ratio=0, isNegligent=False)
            stated = {"host 0": dict(value=throw.choice([33_334, 66_668]), idle=0, missTest=miss)} if throw.random() < 0.7 else {}
            sprints.append(dict(cycle=12 + every * n, said=said, reputations=stated))
        reputations, after = {}, -1
        for one in sprints:
            if 2 * sum(stakes.get(name, 0) for name in one["said"]) > sum(stakes.values()):
                reputations, after = one["reputations"], one["cycle"] - 2
        yield dict(stakes={name: str(n) for name, n in stakes.items()}, sprints=sprints, reputations=reputations, after=after)


def evidences():
    for n in range(3):
        output = [0, -1, 7, 63, -64][n:]
        key, task, seed, document = (any_hash(f"{name} {n}") for name in ("verifier", "task", "audit", "document"))
        digest = sha("blockzero/win-output/1", struct.pack(f"<{len(output)}i", *output)).digest()
        evidence = sha("blockzero/duty-evidence/1", raw(key), raw(task), digest).hexdigest()
        done = [any_hash(f"done {n} {k}") for k in range(5)]

        def lot(one):
            return sha("blockzero/duty-replay/1", raw(seed), raw(key), raw(document), raw(one)).digest()

        given = dict(verifierKey=key, task=task, output=output, digest=digest.hex(), evidence=evidence)
        yield dict(given, seed=seed, document=document, done=done, replayed=min(done, key=lot))


def verifiers():
    throw = random.Random(17)
    for _ in range(12):
        share = throw.choice([1, 200_000, 500_000])
        hosts = []
        for n in range(throw.randint(1, 5)):
            tasks = throw.choice([0, 1, 20])
            hosts.append(
                dict(
                    hotkey=f"host {n}",
                    earned=throw.choice([0, 1, 999, 10**12 // 7]),
                    tasks=tasks,
                    checked=throw.randint(0, tasks),
                    credit=throw.choice([0, 0, 1, 13]),
                    released=throw.choice([0, 10_000, 999_999, MILLION]),
                )
            )
        given = {h["hotkey"]: h["earned"] * share * h["checked"] // (MILLION * h["tasks"]) if h["tasks"] else 0 for h in hosts}
        parts = apportion(sum(given.values()), {h["hotkey"]: h["credit"] for h in hosts})
        got = {h["hotkey"]: parts[h["hotkey"]] * h["released"] // MILLION for h in hosts}
        pays = {h["hotkey"]: str(h["earned"] - given[h["hotkey"]] + got[h["hotkey"]]) for h in hosts}
        burned = str(sum(given.values()) - sum(got.values()))
        yield dict(share=share, hosts=[dict(h, earned=str(h["earned"])) for h in hosts], pays=pays, burned=burned)


given = json.load(sys.stdin)
draws = [dict(draw, value=str(draw_value(draw["draw"]))) for draw in given["draws"]]
relays = [
    dict(
        relay,
        value=str(draw_value(relay["draw"])),
        mustBeWrong=sha(raw(relay["draw"])[:32]).digest()[-1] % 2 == 1,
        task=any_hash("planted"),
        commitment=sha("blockzero/planted/1", raw(any_hash("planted")), raw(relay["draw"])[:32]).hexdigest(),
    )
    for relay in given["relays"]
]
vectors = dict(
    taskIds=list(task_ids()),
    sprintTasks=list(sprint_tasks()),
    draws=draws,
    relays=relays,
    targets=list(targets()),
    thresholds=list(thresholds()),
    samples=list(samples()),
    slots=list(slots()),
    majorities=list(majorities()),
    reputations=list(reputations()),
    apportions=list(apportions()),
    settlements=list(settlements()),
    agreed=list(agreed()),
    agreements=list(agreements()),
    evidences=list(evidences()),
    verifiers=list(verifiers()),
)
parts = [f'"{name}": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]" for name, cases in vectors.items()]
print("{\n" + ",\n".join(parts) + "\n}")
