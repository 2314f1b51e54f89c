import { isTrigger } from "#shared/continuous/trigger.js";
import { confirmedCycle, idleSprint, type PlayedSprint, type Sprint, sprintOf } from "#shared/protocol/sprint.js";
import type { ValueSource } from "#shared/replay/beacon-value.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleContext } from "#shared/replay/source.js";
import { MILLION } from "#shared/util/fraction.js";

/** Whether a cycle between two Sprints has a confirmation. */
export type Draw<C = ValueSource> = (context: C, cycle: number) => Promise<boolean>;

/**
 * Whether a cycle's seed draws a confirmation. Nobody knows the seed before the reveal phase, when the network must be loaded at once.
 *
 * @param seed of `sprint-confirmation`
 */
export const isDrawn = (seed: string, cycle: number, { confirmations = 0 }: Pick<Sprint, "confirmations">): boolean =>
  isTrigger(seed, cycle, { perCycle: Math.round(MILLION * confirmations), blocks: 1, window: 1 });

/** The draw as the chain has it, once the seed's deciding block is there. @throws as `readSprintSeed` */
export const readDraw: Draw = async (context, cycle) => {
  const { sprint } = context.network;
  if (sprint?.confirmations === undefined || confirmedCycle(context.network, cycle) === null) return false;
  return isDrawn(await readSprintSeed(context, { cycle, purpose: "sprint-confirmation" }), cycle, sprint);
};

/** The Sprint of a cycle: its own, one that was drawn to confirm the last, or its idle time. Undefined if it has none. */
export const sprintIn = async <C extends Pick<CycleContext, "network">>(
  context: C,
  cycle: number,
  draw: Draw<C>,
): Promise<PlayedSprint | undefined> => {
  const { network } = context;
  const regular = sprintOf(network, cycle);
  if (regular || confirmedCycle(network, cycle) === null) return regular;
  const isConfirmed = network.sprint?.confirmations !== undefined && (await draw(context, cycle));
  return isConfirmed ? network.sprint : idleSprint(network.sprint);
};
