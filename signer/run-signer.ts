import { join } from "node:path";
import type { Config } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import { readCertificate } from "#shared/signing/open-signer.js";
import { readToken } from "#shared/signing/token-file.js";
import type { Log } from "#shared/telemetry/log.js";
import { loadHotkey, readSecretFile } from "#shared/wallet/index.js";
import type { signerSettings } from "./config.js";
import { openSignedJournal } from "./journal.js";
import { listenAt } from "./listen.js";
import { createSignerServer } from "./server.js";
import { openSigning } from "./sign.js";

export type SignerConfig = Config<typeof signerSettings>;

export interface RunningSigner {
  /** SS58. */
  readonly hotkey: string;
  /** Where it listens, as text. */
  readonly at: string;
  readonly journal: string;
  /** Aborts, with the reason, when another process took its home over: it is to be closed. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/**
 * Opens key, journal and socket of a signer.
 *
 * @throws BlockZeroError what `loadHotkey`, `lockHome`, `openSignedJournal`, `readToken` and `listenAt` throw, SIGNER_TOKEN_INVALID,
 *   SIGNER_CERTIFICATE_UNREADABLE
 */
export const runSigner = async (config: SignerConfig, log: Log): Promise<RunningSigner> => {
  const { wallet, listen, allow, rates } = config;
  const key = await loadHotkey(wallet);
  const credentials = await credentialsOf(config);
  const home = join(config.home, key.address);
  const lost = new AbortController();
  const unlock = lockHome(home, (error) => lost.abort(error));
  try {
    const path = join(home, "signed.jsonl");
    const journal = openSignedJournal({ path, hotkey: key.address });
    const sign = openSigning({ key, policy: allow, rates, journal });
    const server = createSignerServer({ hotkey: key.address, sign, log, ...credentials });
    const at = await listenAt(server, listen);
    // A server that cannot accept a connection has lost that connection, and nothing else.
    server.on("error", (error) => log.warn("a connection was not accepted", { reason: error.message }));
    const close = async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      journal.close();
      unlock();
    };
    return { hotkey: key.address, at, journal: path, lost: lost.signal, close };
  } catch (thrown) {
    unlock();
    throw thrown;
  }
};

const credentialsOf = async ({ listen, token, tls }: SignerConfig) => {
  if (listen.transport === "unix") return { token: token === undefined ? null : await readToken(token) };
  if (token === undefined)
    throw new BlockZeroError(
      "SIGNER_TOKEN_INVALID",
      "a signer that is not a Unix socket wants a token",
      "set token to a file with one: openssl rand -hex 32 > FILE; chmod 600 FILE",
    );
  if (listen.transport === "http") return { token: await readToken(token) };
  if (tls.certificate === undefined || tls.key === undefined)
    throw new BlockZeroError(
      "SIGNER_CERTIFICATE_UNREADABLE",
      "https wants a certificate and its key",
      "set tls.certificate and tls.key: docs/signer.md shows how they are made",
    );
  const certificate = readCertificate(tls.certificate);
  const key = (await readSecretFile(tls.key))?.toString("utf8");
  if (!key?.includes("-----BEGIN "))
    throw new BlockZeroError(
      "SIGNER_CERTIFICATE_UNREADABLE",
      `${tls.key}: ${key === undefined ? "there is none" : "it is not PEM"}`,
      "name a file in PEM: docs/signer.md shows how one is made",
    );
  return { token: await readToken(token), tls: { certificate, key } };
};
