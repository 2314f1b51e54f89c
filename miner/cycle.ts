import { copyBlob } from "#shared/blobs/blob-writer.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { withinBlocks } from "#shared/participant/duty.js";
import { type Journal, withCycle } from "#shared/participant/writes/journal.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, signUpdateManifest } from "#shared/protocol/manifest.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { mean } from "#shared/util/mean.js";
import { behaviours } from "./behaviours.js";
import { openPacker, type Packer } from "./commit/pack.js";
import { mayCommit } from "./commit/self-check.js";
import { packingTime, trainingDeadline } from "./commit/training-deadline.js";
import type { Miner } from "./context.js";
import type { MinerJournal } from "./journal.js";
import { openBaseWeights, openFrozenWeights } from "./training/base-weights.js";
import { observeTraining } from "./training/observe-training.js";
import { obtainShards } from "./training/obtain-shards.js";

/** Inner steps whose mean loss is one line of metrics. */
const LOG_EVERY = 10;

/**
 * One cycle of a miner: train from the agreed model until the commit phase, commit, reveal. What was done before a crash is
 * in the journal and on chain, and is taken up where it stopped.
 */
export const runCycle = async (miner: Miner, cycle: number): Promise<void> => {
  const { participant, journal, config } = miner;
  const { network, log } = participant;
  const entry = journal.value.cycles[cycle];
  const due = {
    duty: "update",
    name: `the update of cycle ${cycle}`,
    until: phaseWindow(cycle, "commit", network.phases).end,
  } as const;
  const artifact =
    entry?.artifact ??
    (await withinBlocks(participant, due, (bounded) =>
      miner.gate.work(() => packed({ ...miner, participant: bounded }, cycle)),
    ));
  if (artifact === null) return;
  const head = { network: shortHash(participant.networkHash), cycle };
  if (!journal.value.cycles[cycle]?.committed) {
    const commitment = commitmentOf(artifact, participant.signer.publicKey, cycle);
    const block = await participant.commitOnce({
      key: `${cycle}/commit`,
      data: encodeRecord({ type: "commit", ...head, commitment }),
      window: phaseWindow(cycle, "commit", network.phases),
    });
    note(journal, cycle, { committed: block });
    log.info("committed", { cycle, artifact, block });
  }
  if (!journal.value.cycles[cycle]?.revealed) {
    const block = await participant.commitOnce({
      key: `${cycle}/reveal`,
      data: encodeRecord({
        type: "reveal",
        ...head,
        group: config.expert_group,
        artifact,
        location: participant.location,
      }),
      window: phaseWindow(cycle, "reveal", network.phases),
    });
    note(journal, cycle, { revealed: block });
    log.info("revealed", { cycle, artifact, block });
  }
};

const packed = async (miner: Miner, cycle: number): Promise<string | null> => {
  const { participant, config } = miner;
  const hash = await awaitBaseModel(participant, cycle);
  const manifest = await participant.models.manifest(hash, participant.signal);
  await obtainShards(participant, config, cycle);
  const weights = await openBaseWeights(participant, { hash, manifest }, config.expert_group);
  try {
    const frozen = await openFrozenWeights(participant, { hash, manifest }, config.expert_group);
    try {
      return await prepareIn(miner, cycle, { hash, manifest, weights, frozen });
    } finally {
      await frozen?.close();
    }
  } finally {
    await weights.close();
  }
};

const prepareIn = async (miner: Miner, cycle: number, base: Base): Promise<string | null> => {
  const packer = openPacker(miner, cycle);
  try {
    return await prepare(miner, cycle, base, packer);
  } finally {
    await packer.close();
  }
};

/** The model that a cycle begins from, the group's weights in it, and those of other groups that its shard computes with. */
interface Base {
  readonly hash: string;
  readonly manifest: ModelManifest;
  readonly weights: FloatSource;
  readonly frozen: FloatSource | undefined;
}

/**
 * Makes and stores the cycle's artifact, hidden until the reveal phase; returns its hash, or null when there is nothing to submit, or
 * nothing that would be accepted.
 */
const prepare = async (miner: Miner, cycle: number, base: Base, packer: Packer): Promise<string | null> => {
  const { participant, config, journal, trainer, timer, metrics } = miner;
  const { network, blobs, embargo, clock, signal, log } = participant;
  const group = config.expert_group;
  const train = phaseWindow(cycle, "train", network.phases);
  const reveal = phaseWindow(cycle, "reveal", network.phases);

  log.info("training", { cycle, group, base: base.hash, untilBlock: train.end - 1 });
  // The update must be written, checked and sent in time for the commit window: training ends a block before it opens at the latest.
  const last = train.end - 1;
  const from = clock.head.number;
  let trainedAt = performance.now();
  const losses: number[] = [];
  const { instruments } = participant.telemetry;
  const isBuiltIn = config.trainer.command === undefined;
  const batches = config.gradient_accumulation_steps * (isBuiltIn ? config.workers : 1);
  const observed = observeTraining(instruments, {
    tokensPerStep: config.batch_size * batches * network.data.sequence_length,
    // The built-in trainer may go on where it was stopped. A program's lines are as it likes, the first often after many steps.
    ...(!isBuiltIn && { from: 0 }),
  });
  // Grows from one cycle to the next, whatever each came to.
  const totalStep = (step: number) => cycle * config.max_steps + step;
  let skips = 0;
  let firstSkipped: number | undefined;
  const stop = () => signal.aborted || clock.head.number >= last;
  const progress = () => (clock.head.number - from) / (last - from);
  const submission = await behaviours[config.behaviour]({
    participant,
    trainer,
    group,
    cycle,
    base: base.weights,
    baseManifest: base.manifest,
    pack: packer.pack,
    train: async (maxSteps) => {
      const training = await trainer.train(base.weights, {
        cycle,
        model: base.hash,
        frozen: base.frozen,
        stop,
        deadline: () => trainingDeadline({ timer, cycle, phases: network.phases, packing: journal.value.packing }),
        progress,
        ...(maxSteps !== undefined && { maxSteps }),
        onStep: (taken) => {
          const { step, loss, learningRate, gradNorm, skipped, spike, replica } = taken;
          observed.stepped(taken);
          if (skipped) {
            // One line for the first: where training diverges, the others would say the same.
            firstSkipped ??= step;
            const why = spike ? "the loss is a spike" : "the loss or its gradient is not finite";
            const fields = { cycle, step, loss, gradNorm, replica };
            if (skips++ === 0) log.warn(`step skipped: ${why}`, fields);
            else log.debug(`step skipped: ${why}`, fields);
          } else if (replica === 0) losses.push(loss);
          if (losses.length === LOG_EVERY) {
            const lately = mean(losses.splice(0));
            observed.loss(lately);
            metrics.write({
              cycle,
              step: step + 1,
              "train/total_step": totalStep(step + 1),
              "train/loss": lately,
              "train/learning_rate": learningRate,
              "train/grad_norm": gradNorm,
            });
          }
        },
      });
      trainedAt = performance.now();
      observed.ended(training.run);
      const { steps, tokens, skipped, spikes, firstLoss, lastLoss } = training.run;
      if (skips > 1)
        log.warn("steps were skipped", {
          cycle,
          skipped: skips,
          spikes,
          steps,
          firstSkipped,
          prevention: "where there are many, lower learning_rate or raise warmup_steps; check the text of data_path",
        });
      if (steps > skipped)
        metrics.write({
          cycle,
          step: steps,
          "train/total_step": totalStep(steps),
          "train/loss": lastLoss,
          "train/loss_reduction": firstLoss - lastLoss,
          "train/tokens": tokens,
          "train/skipped_steps": skipped,
          "train/spikes": spikes,
        });
      log.info("trained", {
        cycle,
        steps,
        tokens,
        skipped,
        spikes,
        loss: lastLoss,
        lossReduction: firstLoss - lastLoss,
      });
      return training;
    },
  });
  signal.throwIfAborted();
  if (submission === null) {
    log.info("nothing to submit", { cycle });
    return null;
  }
  const isGood = await mayCommit(miner, { cycle, base: base.weights, submission });
  // Also of an update that comes too late: the next training then ends in time.
  const before = journal.value.packing;
  const rememberPacking = () => {
    const packing = packingTime(before, performance.now() - trainedAt);
    journal.note((value) => ({ ...value, packing }));
  };
  rememberPacking();
  signal.throwIfAborted();
  if (!isGood) return null;

  const { size, hash: tensors } = submission.tensors;
  instruments.set("blockzero_update_bytes", size);
  const manifest = await signUpdateManifest(
    {
      network: participant.networkHash,
      cycle,
      group,
      base: base.hash,
      codec: network.artifact.codec,
      tensors,
      bytes: size,
      steps: submission.steps,
      tokens: submission.tokens,
    },
    participant.signer,
  );
  const artifact = artifactHash(manifest);
  embargo.hold(artifact, reveal.start);
  embargo.hold(tensors, reveal.start);
  await copyBlob(blobs.create, submission.tensors);
  await blobs.put(canonicalBytes(manifest));
  await packer.tie(artifact);
  rememberPacking();
  mark(journal, cycle, { artifact });
  return artifact;
};

type Fields = MinerJournal["cycles"][string];

/** Writes down how far a cycle came, before what depends on it. */
export const mark = (journal: Journal<MinerJournal>, cycle: number, fields: Fields): void =>
  journal.update(withFields(cycle, fields));

/** The same for what the chain can tell again. */
export const note = (journal: Journal<MinerJournal>, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));

const withFields = (cycle: number, fields: Fields) => withCycle<Fields>(cycle, (entry) => ({ ...entry, ...fields }));
