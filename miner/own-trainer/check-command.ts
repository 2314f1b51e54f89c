import { join } from "node:path";
import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { holdHome } from "#shared/files/home-lock.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { frozenGroups } from "#shared/model/shard.js";
import { removeWhole } from "#shared/own-program/job-folder.js";
import { openPart } from "#shared/parts/open-part.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import { baseModelHash } from "#shared/replay/base-model-hash.js";
import { blobsFrom } from "#shared/replay/source.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import { partFloats } from "#shared/shard-training/base-weights.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { createLogger } from "#shared/telemetry/logger.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { firstOf, wholeTensors } from "#shared/training/frozen-source.js";
import { type MinerConfig, minerSettings } from "../config.js";
import { networkBeside, openOwnSubnet } from "../own-subnet.js";
import { checkTrainer, type Finding } from "./check.js";

interface Options {
  readonly seconds: number;
  readonly steps: number;
  readonly from?: string;
  readonly home?: string;
  readonly json?: boolean;
}

/** The model that a shard is cut from. */
interface Subject {
  readonly network: Network;
  readonly model: string;
  readonly cycle: number;
  /** Tensors of the model with these shapes. */
  weights(shapes: FloatSource["shapes"], part: string): Promise<FloatSource>;
  close(): Promise<void>;
}

const SECONDS = 60;
const STEPS = 20;
/** Exit status where the program breaks the contract. */
const BROKEN = 1;

const check: CommandSpec = {
  name: "check",
  description:
    "runs trainer.command once on the present shard, for a short time, and says what is wrong with its output; exit status 1 where something is",
  examples: [
    "blockzero-miner trainer check --config miner.yaml",
    "blockzero-miner trainer check --config miner.yaml --seconds 300 --steps 100",
    "blockzero-miner trainer check --config miner.yaml --network network.yaml --from exported-model",
  ],
  define: (command) => {
    command
      .option("--seconds <n>", "time until it is killed", positiveNumber, SECONDS)
      .option("--steps <n>", "max_steps that it is told", wholeNumber(1), STEPS)
      .option("--home <dir>", "a localnet's home: chain and files are read there, and nobody is asked")
      .option("--from <dir>", "an exported model, with --network; no chain is asked")
      .option(...JSON_FLAG);
    programFlags(command, minerSettings).action(
      async ({ seconds, steps, from, home, json = false, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(minerSettings, flags);
        if (config.trainer.command === undefined)
          throw new BlockZeroError("CONFIG_MISSING_KEY", "trainer.command is not set", "name the program to check");
        const signal = shutdownSignal();
        const subject = await (from === undefined ? ofSubnet(config, home, signal) : ofFolder(config, from));
        const findings = await run(config, subject, { seconds, steps }, signal).finally(() => subject.close());
        if (json) printJson(findings);
        else for (const finding of findings) console.log(lineOf(finding));
        if (findings.some(({ isGood }) => !isGood)) process.exitCode = BROKEN;
      },
    );
  },
};

export const trainerCommands: CommandGroup = {
  name: "trainer",
  description: "look after a trainer of one's own: docs/own-trainer.md",
  commands: [check],
};

const lineOf = ({ isGood, says, remedy }: Finding): string =>
  `${isGood ? "✔" : "✖"} ${says}${remedy === undefined ? "" : ` → ${remedy}`}`;

const run = async (
  config: MinerConfig,
  { network, model, cycle, weights }: Subject,
  { seconds, steps }: Pick<Options, "seconds" | "steps">,
  signal: AbortSignal,
): Promise<readonly Finding[]> => {
  // Loaded only now, so that a wrong setting is told at once.
  const { openDevice } = await import("#shared/engine/runtime/open-device.js");
  const { openOwnTrainer } = await import("./own-trainer.js");
  const log = createLogger({ name: "trainer", ...config.log });
  const group = config.expert_group;
  const own = groupShapes(network.model, groupNamed(network, group));
  const others = frozenGroups(network, group);
  const frozen = await Promise.all(
    others.map((name) => weights(groupShapes(network.model, network.groups[name]!), name)),
  );
  const home = join(config.checkpoint_dir, "trainer-check");
  let isLost = false;
  const held = holdHome(home, () => {
    isLost = true;
  });
  try {
    const trainer = await openOwnTrainer({
      network,
      group,
      config: { ...config, max_steps: steps },
      hub: await weights(hubShapes(network.model, network.groups), "hub"),
      miner: "trainer check",
      home,
      openDevice: () => openDevice({ ...config, log }),
      log,
    });
    return await checkTrainer(trainer, {
      base: await weights(own, group),
      frozen: others.length === 0 ? undefined : firstOf(frozen.map(wholeTensors)),
      model,
      cycle,
      seconds,
      stop: () => signal.aborted || isLost,
      signal,
    });
  } finally {
    try {
      // What another process took over is not this one's to delete.
      held.check();
      await removeWhole(home);
    } finally {
      held.release();
    }
  }
};

const ofFolder = async (config: MinerConfig, dir: string): Promise<Subject> => {
  const network = networkBeside(config);
  const checkpoint = await openCheckpoint(dir, { model: modelConfigOf(network) });
  return {
    network,
    model: dir,
    cycle: 0,
    weights: async (shapes) => ({ shapes, read: checkpoint.read }),
    close: checkpoint.close,
  };
};

/** The model that the newest cycle begins from. */
const ofSubnet = async (config: MinerConfig, home: string | undefined, signal: AbortSignal): Promise<Subject> => {
  const subnet = await openOwnSubnet(config, home, {
    log: createLogger({ name: "trainer", ...config.log }),
    signal,
  });
  const opened: { close(): Promise<void> }[] = [subnet];
  const close = async (): Promise<void> => {
    for (const each of opened.reverse()) await each.close();
  };
  try {
    const { source, head, first, last } = await subnetWithTexts(subnet);
    const cycle = Math.max(first, last + 1);
    const model = await baseModelHash(source, cycle, head);
    const { parts } = await readModelManifest(source, model);
    return {
      network: source.network,
      model,
      cycle,
      async weights(shapes, part) {
        const reference = part === "hub" ? parts.hub : parts.groups[part]!.weights;
        const file = await openPart(blobsFrom(source), reference, new Map(Object.entries(shapes)), part);
        opened.push(file);
        return partFloats(file, shapes);
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};
