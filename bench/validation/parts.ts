import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { l2Norm } from "#shared/artifact/update.js";
import type { Device } from "#shared/engine/device.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter, evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { bytesSource } from "#shared/files/byte-source.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, signUpdateManifest } from "#shared/protocol/manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { gateSubmission, loadUpdate } from "#shared/replay/gate-submission.js";
import type { Submission } from "#shared/replay/submissions.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { median } from "../median.js";

export interface CostOptions {
  readonly device: Device;
  readonly network: Network;
  readonly base: Parameters;
  readonly group: string;
  /** A miner's update of that group. */
  readonly update: Parameters;
}

/** Seconds that a validator spends on one update, by what it does. */
export interface Parts {
  /** Manifest and signature, hash, canonical form, decoding, norm. */
  readonly gates: number;
  /** Reading it again, its hash verified. */
  readonly load: number;
  readonly sketch: number;
  /** Adding it to the model, once a lap. */
  readonly add: number;
  /** One batch of it, up to where its experts act computed before. */
  readonly batch: number;
  /** One batch without sharing anything. */
  readonly wholeBatch: number;
  /** Once for all of a group's miners, a batch: drawing it, and what all models have in common on it. */
  readonly draw: number;
  readonly common: number;
}

const ROUNDS = 9;

/** Times the validator's own functions on one update, medians of several rounds. Fetching from the miner is not in it. */
export const measureParts = async (options: CostOptions): Promise<Parts> => {
  const { device, network, base, group, update } = options;
  const { source, submission, gates } = await submitted(options);
  const gated = await gateSubmission(source, submission, gates);
  if (!gated.ok) throw new Error(`the update is refused: ${gated.reason}, ${gated.detail}`);
  const tensors = new Map(Object.entries(update));
  const arrays = Object.values(update).map(({ data }) => data);
  const sketch = createSketcher("5".repeat(64));
  const draw = () => evaluationBatches(network, group, "7".repeat(64), null);
  const batches = draw();
  const meter = await createLossMeter(device, network, {
    batchSize: network.scoring.eval_batch_size,
    parameters: base,
  });
  const ofGroup = () => meter.ofGroup(base, network.groups[group]!);
  const warm = await ofGroup();
  const times: Record<"gates" | "load" | "sketch" | "add" | "batch" | "wholeBatch" | "draw" | "both", number[]> = {
    gates: [],
    load: [],
    sketch: [],
    add: [],
    batch: [],
    wholeBatch: [],
    draw: [],
    both: [],
  };
  const timed = async (of: number[], work: () => unknown, share = 1) => {
    const begin = performance.now();
    await work();
    of.push((performance.now() - begin) / 1000 / share);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await timed(times.gates, () => gateSubmission(source, submission, gates));
    await timed(times.load, () => loadUpdate(source, gated.update));
    await timed(times.sketch, () => sketch(arrays));
    await timed(times.add, () => withUpdate(base, tensors));
    await timed(times.draw, draw, batches.length);
    await warm.losses(tensors, batches);
    const cold = await ofGroup();
    await timed(times.both, () => cold.losses(tensors, batches), batches.length);
    await timed(times.batch, () => warm.losses(tensors, batches), batches.length);
    await timed(times.wholeBatch, () => meter.losses(base, batches), batches.length);
  }
  await meter.dispose();
  const add = median(times.add);
  const both = median(times.both);
  const batch = median(times.batch);
  return {
    gates: median(times.gates),
    load: median(times.load),
    sketch: median(times.sketch),
    add,
    batch: batch - add / batches.length,
    wholeBatch: median(times.wholeBatch),
    draw: median(times.draw),
    common: both - batch,
  };
};

/** The update as its miner reveals it, and a source that serves it from memory. */
const submitted = async ({ network, base, group, update }: CostOptions) => {
  const signer = await signerFromUri("//Alice");
  const shapes = groupShapes(network.model, network.groups[group]!);
  const { codec } = network.artifact;
  const tensors = await encodeUpdate(CODECS[codec], new Map(Object.entries(update)));
  const modelHash = "1".repeat(64);
  const networkHash = "2".repeat(64);
  const cycle = 1;
  const manifest = await signUpdateManifest(
    {
      network: networkHash,
      cycle,
      group,
      base: modelHash,
      codec,
      tensors: tensors.hash,
      bytes: tensors.bytes.length,
      steps: 1,
      tokens: 1,
    },
    signer,
  );
  const artifact = artifactHash(manifest);
  const submission: Submission = {
    uid: 0,
    hotkey: signer.address,
    publicKey: signer.publicKey,
    commitment: { hash: commitmentOf(artifact, signer.publicKey, cycle), block: 1 },
    reveal: { group, artifact, location: "http://miner.invalid" },
  };
  const source = {
    network,
    networkHash,
    fetch: async () => canonicalBytes(manifest),
    open: async () => bytesSource(tensors.bytes),
  };
  const norm = l2Norm(Object.keys(shapes).map((name) => base[name]!));
  return { source, submission, gates: { base: { hash: modelHash, groups: new Map([[group, { norm }]]) }, cycle } };
};
