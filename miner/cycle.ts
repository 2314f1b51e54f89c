import { copyBlob } from "#shared/blobs/blob-writer.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { hasCode } from "#shared/errors/error.js";
import { awaitBaseModel, isBaseUnknown } from "#shared/participant/agreement/await-base-model.js";
import { onExpectedBase } from "#shared/participant/agreement/on-expected-base.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { withinBlocks } from "#shared/participant/within-blocks.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, signUpdateManifest } from "#shared/protocol/manifest.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { openBaseWeights, openFrozenWeights } from "#shared/shard-training/base-weights.js";
import { obtainShards } from "#shared/shard-training/obtain-shards.js";
import { streamOwner } from "#shared/shard-training/stream-secret.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { behaviours, changed, type PackedUpdate } from "./behaviours.js";
import { openPacker, type Packer } from "./commit/pack.js";
import { committable } from "./commit/self-check.js";
import { commitArtifact, revealArtifact } from "./commit/submit.js";
import { packingTime } from "./commit/training-deadline.js";
import type { Miner } from "./context.js";
import type { TrainedWith } from "./journal.js";
import { type TrainingBase, trainObserved } from "./training/train-observed.js";

/**
 * One cycle of a miner: train from the agreed model until the commit phase, commit, reveal. What was done before a
 * crash is in the journal, in the trainer's checkpoints and on chain, and is taken up where it stopped: in the commit
 * phase the update is made of what was trained.
 */
export const runCycle = async (miner: Miner, cycle: number): Promise<void> => {
  const { participant, journal } = miner;
  const { network } = participant;
  const entry = journal.value.cycles[cycle];
  const due = {
    duty: "update",
    name: `the update of cycle ${cycle}`,
    deadline: phaseWindow(cycle, "commit", network.phases).end,
  } as const;
  const artifact =
    entry?.artifact ??
    (await withinBlocks(participant, due, (bounded) =>
      miner.gate.work(() => makeArtifact({ ...miner, participant: bounded }, cycle)),
    ));
  if (artifact === null) return;
  await commitArtifact(miner, cycle, artifact);
  await revealArtifact(miner, cycle, artifact);
};

const makeArtifact = async (miner: Miner, cycle: number): Promise<string | null> => {
  const { participant, journal } = miner;
  const limit = {
    name: `the base of cycle ${cycle}`,
    // What was trained before a restart is still to be committed.
    deadline: phaseWindow(
      cycle,
      journal.value.cycles[cycle]?.begun === undefined ? "train" : "commit",
      participant.network.phases,
    ).end,
  };
  // A validator that starts again, or whose server is busy, costs some blocks of training and not the cycle.
  const mayPass = (thrown: unknown) => isFetchFault(thrown) || hasCode(thrown, "TEXT_MISSING") || isBaseUnknown(thrown);
  for (;;) {
    const base = await throughFaults(participant, limit, () => openBase(miner, cycle), mayPass);
    const packer = openPacker(miner, cycle);
    try {
      const made = await onExpectedBase(participant, cycle, base.hash, (bounded, decided) =>
        trainAndPack({ ...miner, participant: bounded }, cycle, { base, decided, packer }),
      );
      if ("result" in made) return made.result;
      const { replacedBy } = made;
      participant.log.warn("the model was replaced: training begins anew", { cycle, base: base.hash, replacedBy });
    } finally {
      await packer.close().finally(base.close);
    }
  }
};

interface Base extends TrainingBase {
  readonly manifest: ModelManifest;
  close(): Promise<void>;
}

/** What a cycle's training needs is here: the model that it begins from, and the shards of text that it draws from. */
const openBase = async ({ participant, config }: Miner, cycle: number): Promise<Base> => {
  const hash = await awaitBaseModel(participant, cycle);
  const model = { hash, manifest: await participant.models.manifest(hash, participant.signal) };
  const { home, signer } = participant;
  const place = { group: config.expert_group, config, miner: streamOwner(home, signer.address) };
  await obtainShards(participant, place, cycle);
  const weights = await openBaseWeights(participant, model, config.expert_group);
  try {
    const frozen = await openFrozenWeights(participant, model, config.expert_group);
    const close = () => weights.close().finally(() => frozen?.close());
    return { ...model, weights, frozen, close };
  } catch (thrown) {
    await weights.close();
    throw thrown;
  }
};

/**
 * Makes and stores the cycle's artifact, hidden until the reveal phase; returns its hash, or null when there is nothing
 * to submit, or nothing that would be accepted.
 */
const trainAndPack = async (
  miner: Miner,
  cycle: number,
  { base, decided, packer }: { readonly base: Base; readonly decided: Promise<void>; readonly packer: Packer },
): Promise<string | null> => {
  const { participant, config, journal, trainer } = miner;
  const { network, signal, log } = participant;
  const group = config.expert_group;
  const untilBlock = phaseWindow(cycle, "train", network.phases).end - 1;
  log.info("training", { cycle, group, base: base.hash, untilBlock });
  note(miner, cycle, { begun: participant.clock.head.number, settings: trainedWith(config) });
  // A disk that is full for a moment must not cost what was trained.
  const limit = {
    name: `storing the update of cycle ${cycle}`,
    deadline: phaseWindow(cycle, "commit", network.phases).end,
  };
  let trainedAt = performance.now();
  const before = journal.value.packing;
  // Also of an update that comes too late: the next training then ends in time.
  const rememberPacking = () => {
    const packing = packingTime(before, performance.now() - trainedAt);
    journal.note((value) => ({ ...value, packing }));
  };
  /** What is waited for is no time that packing takes. */
  const waited = (from: number) => {
    trainedAt += performance.now() - from;
  };
  /** Work that may wait for a disk, and then is done anew. */
  const stored = async <T>(work: () => Promise<T>): Promise<T> => {
    let asked = performance.now();
    return throughFaults(participant, limit, () => {
      waited(asked);
      asked = performance.now();
      return work();
    });
  };
  let packed: FloatSource | undefined;
  const made = await behaviours[config.behaviour]({
    participant,
    trainer,
    group,
    cycle,
    base: base.weights,
    baseManifest: base.manifest,
    pack: async (update) => {
      packed = update;
      const file = await stored(() => packer.pack(update));
      rememberPacking();
      return file;
    },
    train: async (maxSteps) => {
      const training = await trainObserved(miner, cycle, base, maxSteps);
      trainedAt = performance.now();
      return training;
    },
  });
  signal.throwIfAborted();
  if (made === null) {
    log.info("nothing to submit", { cycle });
    return null;
  }
  const shorten = async (part: number): Promise<PackedUpdate> => {
    const shorter = changed(packed!, (element) => part * element);
    return { ...made, tensors: await stored(() => packer.pack(shorter)) };
  };
  // The end of the phase cuts the check off, which then throws.
  const prepared = { cycle, base: base.weights, submission: made, ...(packed && { shorten }) };
  const submission = await committable(miner, prepared).finally(rememberPacking);
  signal.throwIfAborted();
  if (submission === null) return null;
  // Quicker than those who decide what it was trained from: it may have to be made again.
  const undecided = performance.now();
  await decided;
  waited(undecided);
  const artifact = await stored(() => storeArtifact(miner, cycle, base.hash, submission));
  await packer.tie(artifact);
  rememberPacking();
  await throughFaults(participant, limit, async () => mark(miner, cycle, { artifact }));
  return artifact;
};

const trainedWith = ({
  expert_group,
  max_steps,
  learning_rate,
  batch_size,
  gradient_accumulation_steps,
}: Miner["config"]): TrainedWith => ({
  expert_group,
  max_steps,
  learning_rate,
  batch_size,
  gradient_accumulation_steps,
});

/**
 * Signs the update's manifest and stores it with the tensors, hidden until the reveal phase.
 *
 * @returns the artifact's hash
 */
const storeArtifact = async (
  { participant, config }: Miner,
  cycle: number,
  base: string,
  { tensors, steps, tokens }: PackedUpdate,
): Promise<string> => {
  const { network, networkHash, blobs, embargo, signer, telemetry } = participant;
  const { hash, size } = tensors;
  telemetry.instruments.set("blockzero_update_bytes", size);
  const manifest = await signUpdateManifest(
    {
      network: networkHash,
      cycle,
      group: config.expert_group,
      base,
      codec: network.artifact.codec,
      tensors: hash,
      bytes: size,
      steps,
      tokens,
    },
    signer,
  );
  const artifact = artifactHash(manifest);
  const reveal = phaseWindow(cycle, "reveal", network.phases);
  embargo.hold(artifact, reveal.start);
  embargo.hold(hash, reveal.start);
  await copyBlob(blobs.create, tensors);
  await blobs.put(canonicalBytes(manifest));
  return artifact;
};
