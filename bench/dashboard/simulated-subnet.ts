import type { CycleDigest } from "#inspect/dashboard/digest.js";
import { liveBlock, type Neurons } from "#inspect/dashboard/live.js";
import type { MinerCycle } from "#inspect/dashboard/snapshot.js";
import type { SubnetState } from "#inspect/dashboard/subnet-now.js";
import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { neuronOf } from "./neuron.js";
import { simulatedSprints } from "./simulated-sprints.js";

export interface SimulatedSubnet {
  /** With `sprint`, all miners take part in its Sprints. */
  readonly network: Network;
  readonly miners: number;
  readonly validators: number;
  readonly cycles: number;
  /** Blocks into the cycle that runs. */
  readonly offset?: number;
}

const NETWORK_HASH = "5e".repeat(32);
const TOKEN = 1_000_000_000n;

/** A subnet as the dashboard would have followed it: made up, the same each time. */
export const simulatedSubnet = ({ network, miners, validators, cycles, offset = 0 }: SimulatedSubnet): SubnetState => {
  const random = createRandom("dashboard");
  const groups = Object.keys(network.groups);
  const hotkeyOf = (uid: number) => `5${sha256(Buffer.from(`hotkey ${uid}`)).slice(0, 47)}`;
  const first = network.first_cycle;
  const running = first + cycles;
  const block = phaseWindow(running, "distribute", network.phases).start + offset;
  const neurons: Neurons = Array.from({ length: 1 + validators + miners }, (_, uid) => {
    const isValidator = uid > 0 && uid <= validators;
    return neuronOf({
      uid,
      hotkey: hotkeyOf(uid),
      coldkey: hotkeyOf(uid + 10_000),
      stake: isValidator ? 2000n * TOKEN : 0n,
      validatorPermit: isValidator,
    });
  });
  const minerAt = (at: number, cycle: number): MinerCycle => {
    const uid = 1 + validators + at;
    const group = groups[at % groups.length]!;
    const ranked = Math.ceil(miners / groups.length);
    const rank = Math.floor(at / groups.length) + 1;
    const lossReduction = 0.02 * (1 - rank / (ranked + 1)) + 0.004 * (random.next() - 0.5);
    const score = Math.max(0, lossReduction - 0.003);
    const isMissed = random.next() < 0.05;
    return {
      uid,
      hotkey: hotkeyOf(uid),
      group: isMissed ? null : group,
      verdict: isMissed ? "rejected" : "scored",
      reason: isMissed ? (cycle % 2 === 0 ? "no_commit" : "unreachable") : null,
      score: isMissed ? 0 : score,
      lossReduction: isMissed ? null : lossReduction,
      interval: isMissed ? null : [lossReduction - 0.003, lossReduction + 0.003],
      independence: isMissed ? null : 0.8 + 0.4 * random.next(),
      rank,
      ranked,
      meanScore: score,
      share: 1 / miners,
      weight: 1 / miners,
      emission: random.next(),
      merged: !isMissed && rank <= network.scoring.top_n ? 1 / network.scoring.top_n : null,
      spare: isMissed ? null : 1 + Math.floor(4 * random.next()),
    };
  };
  const digests = Array.from({ length: cycles }, (_, i): CycleDigest => {
    const cycle = first + i;
    const judged = Array.from({ length: miners }, (_, at) => minerAt(at, cycle));
    return {
      cycle,
      isWhole: true,
      isSettled: true,
      model: sha256(Buffer.from(`model ${cycle}`)),
      steps: Object.fromEntries(groups.map((group, at) => [group, (cycle + at) % 7 === 0 ? 0 : 1])),
      merged: judged.flatMap(({ uid, group, merged }) =>
        merged === null || group === null ? [] : [{ uid, group, share: merged }],
      ),
      groups: Object.fromEntries(
        groups.map((group, at) => {
          const loss = 2.2 + 0.4 * at + 2 * Math.exp(-i / (0.3 * cycles)) + 0.03 * random.next();
          return [group, { loss, bitsPerByte: loss / Math.LN2, improved: (cycle + at) % 7 !== 0 }];
        }),
      ),
      miners: judged,
      validators: neurons
        .filter(({ validatorPermit }) => validatorPermit)
        .map(({ uid, hotkey }) => ({
          uid,
          hotkey,
          votes: true,
          stakeShare: 1 / validators,
          agreement: 0.97,
          deviation: 0.01,
          lateness: 2,
          allowed: network.phases.evaluate,
          problem: null,
        })),
    };
  });
  const commit = phaseWindow(running, "commit", network.phases);
  const commitments =
    block < commit.start
      ? []
      : neurons.slice(1 + validators, 1 + validators + Math.ceil(miners / 2)).map(({ hotkey }) => ({
          hotkey,
          block: commit.start,
          data: encodeRecord({
            type: "commit",
            network: shortHash(NETWORK_HASH),
            cycle: running,
            commitment: sha256(Buffer.from(hotkey)),
          }),
        }));
  const head = { number: block, hash: "0".repeat(64), timestamp: 1_700_000_000_000 + 12_000 * block };
  const context = { network, networkHash: NETWORK_HASH };
  const value = {
    ...{ value: sha256(Buffer.from("beacon")), origin: "contributions" as const },
    contributors: neurons.slice(1, 1 + validators).map(({ hotkey }) => hotkey),
    dropped: [{ hotkey: hotkeyOf(validators + 1), why: "it opened nothing" }],
  };
  return {
    ...context,
    live: liveBlock({ context, head, commitments, blockTime: 12_000 }),
    neurons,
    ownerHotkey: hotkeyOf(0),
    digests,
    compute: {
      cycle: running - 1,
      seed: { origin: "pulse", round: 1000 + running, blocks: [block - 8, block - 6], value },
      sprints: network.sprint
        ? simulatedSprints({ sprint: network.sprint, hosts: neurons.slice(1 + validators), cycle: running - 1 })
        : null,
    },
    events: Array.from({ length: 40 }, (_, i) => ({ block: block - i, kind: "record", text: `uid ${i} committed.` })),
    chain: { reads: 1234, problem: null },
  };
};
