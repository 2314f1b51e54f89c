import type { Chain } from "#shared/chain/chain.js";
import { rankServers, readServers } from "#shared/participant/files/subnet-servers.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";

/**
 * Origins of those who should have a subnet's files. The newest record of a validator need not say where it is, and until the network file has
 * told where phases end, no other record can be looked for: before that they are read at each call, afterwards once. A failure is tried again.
 */
export const subnetServers = (
  chain: Pick<Chain, "head" | "metagraph" | "commitments">,
  netuid: number,
  phases: () => PhaseLengths | undefined,
): (() => Promise<readonly string[]>) => {
  let known: Promise<readonly string[]> | null = null;
  const read = async (lengths?: PhaseLengths) => rankServers(await readServers(chain, netuid, lengths));
  return () => {
    const lengths = phases();
    if (lengths === undefined) return read();
    known ??= read(lengths).catch((thrown: unknown) => {
      known = null;
      throw thrown;
    });
    return known;
  };
};
