import assert from "node:assert/strict";
import { it } from "node:test";
import { aloneRules } from "#miner/score/draws.js";
import { signPulse } from "#shared/chain/timelock/pulse.js";
import { evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { updateRace } from "#shared/evaluation/score-updates.js";
import type { Parameters } from "#shared/model/parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import { blocksEntropy, evaluationSeed, pulseEntropy } from "#shared/protocol/seed.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { mean } from "#shared/util/mean.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { openMeter } from "#tests/support/validator.js";
import { openGround } from "./arena/ground.js";
import { models } from "./arena/models/index.js";

const GROUP = "math";
const MINERS = 4;
/** Blocks that a producer can build in its slot, and cycles in which it does. */
const HASHES = 16;
const CYCLES = 4;
/** Pulses of each cycle that may come after the block. */
const PULSES = 4;
const BEACON = Buffer.from("5e".repeat(32), "hex");

it("a block producer that chooses among hashes raises its miner's pay where blocks alone make the seed, and not with a beacon", {
  timeout: HANG_GUARD,
}, async (t) => {
  const model = models.micro;
  const ground = openGround({ model, seed: "arena", genesis: await model.genesis("arena") }, {});
  t.after(() => ground.gym.dispose());
  const { genesis } = ground;
  const scoring = { ...ground.network.scoring, eval_batches: 12 };
  const network = { ...ground.network, scoring, genesis: "0".repeat(64) };
  const meter = await openMeter(t, { network });
  const rules = aloneRules(scoring);
  const updates: { readonly load: () => Promise<ReadonlyMap<string, Parameters[string]>> }[] = [];
  for (let miner = 0; miner < MINERS; miner++) {
    const base = { hash: "genesis", whole: genesis };
    const { update } = await ground.gym.train({ base, group: GROUP, stream: `miner ${miner}` });
    updates.push({ load: async () => new Map(Object.entries(update)) });
  }

  /** Each miner's share of the pool in a cycle with that entropy. */
  const sharesOf = async (cycle: number, entropy: string): Promise<readonly number[]> => {
    const inputs = {
      purpose: "evaluate",
      network: sha256(Buffer.from("network")),
      cycle,
      group: GROUP,
      entropy,
    } as const;
    const race = await updateRace(meter, {
      model: genesis,
      group: network.groups[GROUP]!,
      updates,
      batches: evaluationBatches(network, GROUP, evaluationSeed(inputs), null),
      rules,
    });
    const { results } = await runRace(race, { now: () => 0, left: () => Number.POSITIVE_INFINITY });
    const scores = updates.map((update) => {
      const result = results.get(update)!;
      return result.verdict === "scored" ? result.score : 0;
    });
    const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
    const shares = rewardCurve(scoring.rewards)(order.map((i) => scores[i]!));
    return scores.map((_, i) => shares[order.indexOf(i)] ?? 0);
  };
  const candidates = (cycle: number, entropyOf: (hash: string) => string) =>
    Promise.all(
      Array.from({ length: HASHES }, async (_, i) => {
        const hash = sha256(Buffer.from(`block ${cycle} ${i}`));
        return { hash, shares: await sharesOf(cycle, entropyOf(hash)) };
      }),
    );
  const bestFor = (miner: number, among: Awaited<ReturnType<typeof candidates>>) =>
    among.reduce((best, one) => (one.shares[miner]! > best.shares[miner]! ? one : best));

  // Which miner gains most by a choice depends on how its training went, which differs from processor to processor.
  const of = updates.map(() => ({ honest: [] as number[], without: [] as number[], with: [] as number[] }));
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const blocks = await candidates(cycle, (hash) => blocksEntropy([hash]));
    // The newest pulse that is out is the best guess; the one that counts comes after the block.
    const guessed = await candidates(cycle, (hash) => pulseEntropy(hash, signPulse(BEACON, 10 * cycle)));
    for (const [miner, shares] of of.entries()) {
      shares.honest.push(...[...blocks, ...guessed].map((one) => one.shares[miner]!));
      shares.without.push(bestFor(miner, blocks).shares[miner]!);
      const { hash } = bestFor(miner, guessed);
      for (let later = 1; later <= PULSES; later++) {
        const pulse = signPulse(BEACON, 10 * cycle + later);
        shares.with.push((await sharesOf(cycle, pulseEntropy(hash, pulse)))[miner]!);
      }
    }
  }
  const gains = of.map((shares) => ({
    without: mean(shares.without) / mean(shares.honest) - 1,
    with: mean(shares.with) / mean(shares.honest) - 1,
  }));
  const most = Math.max(...gains.map(({ without }) => without));
  const [without, withBeacon] = [mean(gains.map((one) => one.without)), mean(gains.map((one) => one.with))];
  t.diagnostic(`chosen among ${HASHES} hashes ${without} a miner, ${most} at most; with a beacon ${withBeacon}`);
  assert.ok(most > 0.1, JSON.stringify(gains));
  assert.ok(withBeacon < without / 2, JSON.stringify(gains));
});
