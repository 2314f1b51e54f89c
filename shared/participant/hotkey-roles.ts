import type { Role } from "#shared/blobs/admission.js";
import type { Chain, Metagraph } from "#shared/chain/chain.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { BlockClock } from "./block-clock.js";

export interface RolesContext {
  readonly chain: Pick<Chain, "metagraph">;
  readonly clock: Pick<BlockClock, "head" | "onHead">;
  readonly netuid: number;
  readonly log: Pick<Log, "debug">;
  /** Called with what was read, each time. */
  readonly onRead?: ((metagraph: Metagraph) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

/** Blocks between two reads of the registered hotkeys. */
const EVERY_BLOCKS = 25;

/**
 * The role of each hotkey in the subnet, as of the last few blocks. If the chain does not answer, the known roles stay. The owner's hotkey is
 * served as a miner is.
 */
export const followRoles = async ({
  chain,
  clock,
  netuid,
  log,
  onRead,
  signal,
}: RolesContext): Promise<(hotkey: string) => Role> => {
  const read = async () => {
    const metagraph = await chain.metagraph(netuid);
    const { neurons, ownerHotkey } = metagraph;
    void onRead?.(metagraph);
    const roles = new Map<string, Role>([[ownerHotkey, "miner"]]);
    for (const { hotkey, validatorPermit } of neurons) roles.set(hotkey, validatorPermit ? "validator" : "miner");
    return roles;
  };
  let known = await read();
  let last = clock.head.number;
  clock.onHead(({ number }) => {
    if (number < last + EVERY_BLOCKS) return;
    last = number;
    read().then(
      (roles) => {
        known = roles;
      },
      (thrown) => log.debug("standings not read", { reason: reasonOf(thrown) }),
    );
  }, signal);
  return (hotkey) => known.get(hotkey) ?? null;
};
