import assert from "node:assert/strict";
import { it } from "node:test";
import { QUICKNET, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { revealRound } from "#shared/participant/weights/reveal-round.js";
import { drandVectors } from "../../chain/timelock/vectors.js";

const hash = "0".repeat(64);

it("the reveal round is the one that bittensor-drand picks", () => {
  for (const { now, block, blockTime, round, ...epochs } of drandVectors.rounds)
    assert.equal(
      revealRound({
        ...epochs,
        epochLength: epochs.tempo,
        timelockReveal: "within-epoch",
        head: { number: block, hash, timestamp: now * 1000 },
        blockTime: blockTime * 1000,
        beacon: QUICKNET,
      }),
      round,
    );
});

const cases = [2, 4, 10, 99, 360].flatMap((tempo) =>
  [1, 2, 5].flatMap((revealPeriod) =>
    [
      [12_000, 3],
      [1000, 1],
      [250, 0.25],
    ].flatMap(([blockTime = 0, period = 0]) =>
      Array.from({ length: tempo + 1 }, (_, left) => ({ tempo, revealPeriod, blockTime, period, left: left + 1 })),
    ),
  ),
);
const head = { number: 1000, hash, timestamp: 5_000_000 };

it("the pulse comes out within the epoch that opens, also where epochs are short", () => {
  for (const { tempo, revealPeriod, blockTime, period, left } of cases) {
    const epochLength = tempo + 1;
    const beacon = { ...QUICKNET, genesisTime: 0, period };
    const nextEpoch = head.number + left;
    const when = { head, blockTime, nextEpoch, tempo, epochLength, revealPeriod, beacon };
    const round = revealRound({ ...when, timelockReveal: "within-epoch" });
    const timeOf = (block: number) => head.timestamp + (block - head.number) * blockTime;
    const last = (left > 1 ? nextEpoch : nextEpoch + epochLength) + revealPeriod * epochLength;
    assert.ok(timeOfRound(round, beacon) >= timeOf(last - epochLength) - period * 1000, "not while it can be copied");
    assert.ok(round <= roundAt(timeOf(last), beacon), "before the epoch is over");
  }
});

it("the pulse is there before the block of the epoch that opens, where only that one does", () => {
  for (const { tempo, revealPeriod, blockTime, period, left } of cases) {
    const epochLength = tempo + 1;
    const beacon = { ...QUICKNET, genesisTime: 0, period };
    const nextEpoch = head.number + left;
    const when = { head, blockTime, nextEpoch, tempo, epochLength, revealPeriod, beacon };
    const round = revealRound({ ...when, timelockReveal: "at-epoch" });
    const timeOf = (block: number) => head.timestamp + (block - head.number) * blockTime;
    const opening = (left > 1 ? nextEpoch : nextEpoch + epochLength) + (revealPeriod - 1) * epochLength;
    assert.ok(timeOfRound(round, beacon) <= timeOf(opening - 1), "a pulse that comes later loses the weights");
    assert.ok(timeOfRound(round, beacon) >= timeOf(opening - 6) - 2 * period * 1000);
  }
});
