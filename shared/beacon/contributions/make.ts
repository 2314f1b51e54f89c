import type { Signer } from "#shared/protocol/signer.js";
import { type Contribution, signContribution } from "./contribution.js";
import { readTerms } from "./schedule.js";
import { sealOpening } from "./seal.js";
import type { ContributionSource } from "./source.js";

/**
 * A hotkey's sealed and signed contribution to a cycle, for its seal record, once the last block before the sealing window is on chain. Each
 * call makes another. Null if the hotkey is not asked for one.
 *
 * @param random returns that many random bytes; default: the system's generator
 * @throws what reading the chain throws
 */
export const makeContribution = async (
  source: Omit<ContributionSource, "fetch" | "verify">,
  cycle: number,
  signer: Pick<Signer, "address" | "sign">,
  random?: (bytes: number) => Uint8Array,
): Promise<Contribution | null> => {
  const { round, contributors } = await readTerms(source, cycle);
  if (!contributors.includes(signer.address)) return null;
  const name = { network: source.networkHash, cycle };
  const { drand, timelock } = source;
  const sealed = sealOpening({
    ...name,
    hotkey: signer.address,
    round,
    publicKey: drand.public_key,
    ...(random && { random }),
    ...(timelock && { timelock }),
  });
  return signContribution({ ...name, round, sealed }, signer);
};
