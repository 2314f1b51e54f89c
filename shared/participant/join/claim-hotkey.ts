import { join } from "node:path";
import type { Chain } from "#shared/chain/chain.js";
import { folderOfKey, keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { describeHolder, STOP_ELSEWHERE } from "#shared/files/describe-holder.js";
import { tryLock } from "#shared/files/lock-file.js";
import type { ParticipantConfig } from "../participant.js";

export interface ClaimHotkeyOptions {
  readonly chain: Pick<Chain, "genesisHash">;
  readonly address: string;
  /** Called once with a HOTKEY_IN_USE when another process took the claim over while this one stood still. */
  readonly onLost: (error: BlockZeroError) => void;
}

/**
 * Claims a hotkey's part in a subnet for this process, among the programs that share a folder of keys in use. They may have homes of their own, so
 * that nothing else keeps them apart until they contradict each other on chain. Call the result to release it.
 *
 * @throws BlockZeroError HOTKEY_IN_USE if another process has it, and what making the file throws
 */
export const claimHotkey = (
  { wallet, netuid }: Pick<ParticipantConfig, "wallet" | "netuid">,
  { chain, address, onLost }: ClaimHotkeyOptions,
): (() => void) => {
  const path = join(folderOfKey(keyFolderOf(wallet), chain.genesisHash, address), `subnet-${netuid}.lock`);
  const what = `subnet ${netuid} with hotkey ${wallet.name}/${wallet.hotkey} (${address})`;
  const attempt = tryLock(path, () =>
    onLost(
      new BlockZeroError(
        "HOTKEY_IN_USE",
        `another process took over taking part in ${what}, or the claim was deleted, while this one stood still`,
        "let one program use it: stop the other, then start this one again",
      ),
    ),
  );
  if (attempt.isHeld) return attempt.release;
  const { holder } = attempt;
  throw new BlockZeroError(
    "HOTKEY_IN_USE",
    `${describeHolder(holder)} takes part in ${what}: two would contradict each other on chain`,
    `${holder.elsewhere === undefined ? "stop that process" : STOP_ELSEWHERE}, or give this program a hotkey of its own`,
  );
};
