import { BlockZeroError } from "#shared/errors.js";
import type { Attack } from "../attack.js";
import { type Campaign, campaign } from "./arena.js";
import { digestOf, type Ground, genesisModel, openGround, RECORDED } from "./ground.js";
import { type Result, resultOf } from "./result.js";
import { openScope } from "./scope.js";

/** Lives through attacks one after the other, each on a subnet of its own; the runs that they are measured against once. */
export interface Trial {
  /** Whether everything is drawn as in docs/attacks.md: with the usual seed, on a processor of that kind. */
  readonly isRecorded: boolean;
  run(attack: Attack): Promise<Result>;
  close(): Promise<void>;
}

/**
 * @param seed another genesis model, hence another hash, hence other draws everywhere
 * @throws BlockZeroError ARENA_BARREN, when an attack is run
 */
export const openTrial = async (cycles: number, seed?: string): Promise<Trial> => {
  const scope = openScope();
  const genesis = await genesisModel(seed);
  const opened = new Map<Attack["network"], Field>();
  const fieldOf = ({ network, sealed }: Attack): Field => {
    const known = opened.get(network);
    if (known) return known;
    const ground = openGround(genesis, (usual) => network?.(usual) ?? usual, sealed);
    scope.after(() => ground.gym.dispose());
    const field = { ground, absent: once(ground, nobody, cycles), honest: new Map() };
    opened.set(network, field);
    return field;
  };
  return {
    isRecorded: digestOf(genesis) === RECORDED,
    async run(attack) {
      const { ground, absent, honest } = fieldOf(attack);
      const machines = attack.machines ?? 1;
      const reference = {
        absent: await absent,
        honest: honest.get(machines) ?? (await once(ground, honestMiners(machines), cycles)),
      };
      honest.set(machines, reference.honest);
      if (reference.honest.incentives.every(({ honest }) => honest === 0))
        throw new BlockZeroError(
          "ARENA_BARREN",
          "training this genesis model lowers nobody's loss, so there is nothing to earn",
          "give another --seed",
        );
      return resultOf(attack, await once(ground, attack, cycles), reference);
    },
    close: () => scope.close(),
  };
};

/** Attacks of one network, and what they are measured against. */
interface Field {
  readonly ground: Ground;
  readonly absent: Promise<Campaign>;
  /** By number of machines. */
  readonly honest: Map<number, Campaign>;
}

const nobody: Attack = { name: "absent", description: "stays away", submit: async () => [] };

const honestMiners = (machines: number): Attack => ({
  name: "honest",
  description: "trains honestly, a hotkey a machine",
  identities: machines,
  submit: ({ identities, train, forge }) =>
    Promise.all(
      identities.map(async (miner) => ({ forged: forge({ miner, tensors: await train({ stream: miner }) }) })),
    ),
});

const once = async (ground: Ground, attack: Attack, cycles: number): Promise<Campaign> => {
  const scope = openScope();
  try {
    return await campaign(scope, ground, attack, cycles);
  } finally {
    await scope.close();
  }
};
