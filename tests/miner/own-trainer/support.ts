import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type OwnTrainer, type OwnTrainerOptions, openOwnTrainer } from "#miner/own-trainer/own-trainer.js";
import type { TrainOptions } from "#shared/shard-training/trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { device } from "../../shared/model/micro.js";
import { trained } from "../../support/trained.js";
import { base, configOf, hub, network } from "../micro-shard.js";

export const BAD = fileURLToPath(new URL("../../support/bad-trainer.js", import.meta.url));
export const MINIMAL = fileURLToPath(new URL("../../../../examples/minimal-trainer/train.mjs", import.meta.url));

type Flags = Parameters<typeof configOf>[0];

/** A trainer whose program is a script of Node, in a folder of its own. */
export const open = async (
  t: TestContext,
  script: string,
  flags: Flags = {},
  options: Partial<OwnTrainerOptions> = {},
) => {
  const { log, lines } = collectingLog();
  const home = temporaryFolder(t);
  const config = configOf({ "trainer.command": `${process.execPath} ${script}`, max_steps: 4, ...flags });
  const trainer = await openOwnTrainer({
    network,
    group: "math",
    config,
    hub: inMemory(hub),
    miner: config.wallet.hotkey,
    home,
    openDevice: async () => device,
    log,
    ...options,
  });
  t.after(() => trainer.dispose());
  return { trainer, lines, home: options.home ?? home, config };
};

/** One that breaks the contract. */
export const openBad = (t: TestContext, fault: string, flags: Flags = {}, options: Partial<OwnTrainerOptions> = {}) =>
  open(t, `${BAD} ${fault}`, flags, options);

export const MODEL = "a".repeat(64);

/** Trains from the micro network's weights until its program ends, or `stop`. */
export const train = (trainer: OwnTrainer, options: Partial<TrainOptions> = {}) =>
  trained(trainer.train(inMemory(base), { cycle: 1, model: MODEL, stop: () => false, ...options }));

/** Trains until the program told of a step, then stops it. */
export const trainUntilTold = (trainer: OwnTrainer, options: Partial<TrainOptions> = {}) => {
  let isTold = false;
  const onStep = () => {
    isTold = true;
  };
  return train(trainer, { ...options, stop: () => isTold, onStep });
};
