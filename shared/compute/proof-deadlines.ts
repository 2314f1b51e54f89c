import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { PlayedSprint } from "#shared/protocol/sprint.js";

/** Blocks at which proofs of a Sprint are asked for no more. */
interface ProofDeadlines {
  readonly validators: number;
  readonly members: number;
}

/**
 * Until when validators, and members with duty, ask for the proofs of a cycle's Sprint. Where there is duty validators stop a phase earlier:
 * what they could have, a member then has time to get from them. Else a proof that is served to validators in the last blocks makes every member
 * miss duty.
 */
export const proofDeadlines = (
  cycle: number,
  { phases }: Pick<Network, "phases">,
  { duty }: Pick<PlayedSprint, "duty">,
): ProofDeadlines => {
  const { start: members } = phaseWindow(cycle + 1, "train", phases);
  return { members, validators: duty ? phaseWindow(cycle + 1, "distribute", phases).start : members };
};
