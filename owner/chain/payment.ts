import { amountText, formatTokens } from "#shared/cli/tokens.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import {
  describeWallet,
  type HotkeyLocation,
  openColdkey,
  operatorPassword,
  terminalPrompt,
} from "#shared/wallet/index.js";
import { announced } from "./wallet-password.js";

/** Who pays for a wallet's hotkey: its coldkey, or where it has none the hotkey itself. */
export const payerOf = async (wallet: HotkeyLocation, hotkey: Signer): Promise<Signer> =>
  (await describeWallet(wallet))?.coldkey
    ? openColdkey(wallet, announced(operatorPassword({ prompt: terminalPrompt() })))
    : hotkey;

export const notEnough = (account: string, balance: bigint, cost: bigint, what: string): BlockZeroError =>
  new BlockZeroError(
    "NOT_ENOUGH_BALANCE",
    `${account} has ${formatTokens(balance)} of the ${amountText(cost)} that ${what}`,
    "send the rest to that coldkey, then try again",
  );

export const hotkeyTaken = (hotkey: string, owner: string): BlockZeroError =>
  new BlockZeroError(
    "HOTKEY_TAKEN",
    `hotkey ${hotkey} belongs to coldkey ${owner}, which registered it first`,
    "use that coldkey, or another hotkey",
  );
