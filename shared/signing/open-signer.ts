import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { type HotkeyLocation, loadHotkey, readHotkeyAddress } from "#shared/wallet/index.js";
import { remoteSigner } from "./remote-signer.js";
import type { SignerAddress } from "./signer-address.js";
import { readToken } from "./token-file.js";

/** A wallet as programs are given it: its hotkey's key is in its file, or with a signer. */
export interface WalletSettings extends HotkeyLocation {
  readonly signer?: SignerAddress | undefined;
  readonly signer_token?: string | undefined;
  readonly signer_certificate?: string | undefined;
}

/** A signer and what is to be closed with it. */
export type OpenedSigner = VrfSigner & { close(): void };

/**
 * The hotkey of a wallet: from its file, or as its signer has it, of which only the public half is here. A signer is asked whether it answers
 * for this hotkey. Throws `BlockZeroError` what `loadHotkey` and `RemoteSigner.check` do, SIGNER_TOKEN_INVALID, SIGNER_CERTIFICATE_UNREADABLE.
 */
export const openSigner = async (wallet: WalletSettings, log?: Log): Promise<OpenedSigner> => {
  const { signer: address, signer_token: tokenFile, signer_certificate: certificateFile } = wallet;
  if (address === undefined) return { ...(await loadHotkey(locationOf(wallet))), close: () => {} };
  const hotkey = await readHotkeyAddress(locationOf(wallet));
  if (address.transport !== "unix" && tokenFile === undefined)
    throw new BlockZeroError(
      "SIGNER_TOKEN_INVALID",
      "a signer that is not a Unix socket wants a token",
      "set wallet.signer_token to a copy of the file that the signer's own `token` names",
    );
  const remote = remoteSigner({
    address,
    hotkey,
    token: tokenFile === undefined ? undefined : await readToken(tokenFile),
    certificate: certificateFile === undefined ? undefined : readCertificate(certificateFile),
    ...(log && { log }),
  });
  try {
    await remote.check();
    return remote;
  } catch (thrown) {
    remote.close();
    throw thrown;
  }
};

/** The address of a wallet's hotkey; a signer is not asked. Throws what `loadHotkey` and `readHotkeyAddress` do. */
export const hotkeyAddress = async (wallet: WalletSettings): Promise<string> =>
  wallet.signer === undefined
    ? (await loadHotkey(locationOf(wallet))).address
    : await readHotkeyAddress(locationOf(wallet));

const locationOf = ({ path, name, hotkey }: HotkeyLocation): HotkeyLocation => ({
  ...(path !== undefined && { path }),
  name,
  hotkey,
});

/** @throws BlockZeroError SIGNER_CERTIFICATE_UNREADABLE */
export const readCertificate = (file: string): string => {
  let text: string | null = null;
  let reason = "there is none";
  try {
    text = readFileIfAny(file);
    if (text?.includes("-----BEGIN ")) return text;
    if (text !== null) reason = "it is not PEM";
  } catch (thrown) {
    reason = reasonOf(thrown);
  }
  throw new BlockZeroError(
    "SIGNER_CERTIFICATE_UNREADABLE",
    `${file}: ${reason}`,
    "name a file in PEM: docs/signer.md shows how one is made",
  );
};
