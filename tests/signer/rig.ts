import { createHash } from "node:crypto";
import { join } from "node:path";
import { loadConfig } from "#shared/config/load.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord } from "#shared/protocol/records.js";
import type { LocalKey, SigningRequest } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { createHotkey } from "#shared/wallet/index.js";
import { signerSettings } from "#signer/config.js";
import { type RunningSigner, runSigner } from "#signer/run-signer.js";
import { type Scope, temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog } from "../shared/chain/support.js";

/** A signer's wallet and home, which outlive it. */
export interface SignerHome {
  readonly folder: string;
  readonly key: LocalKey;
  /** `unix://…` in the folder. */
  readonly socket: string;
  readonly lines: ReturnType<typeof collectingLog>["lines"];
  start(flags?: Readonly<Record<string, string | number>>): Promise<RunningSigner>;
}

export const WALLET = { name: "main", hotkey: "h" };

export const signerHome = async (t: Scope): Promise<SignerHome> => {
  const folder = temporaryFolder(t);
  const path = join(folder, "keys");
  const key = await createHotkey({ path, ...WALLET }, { seed: createHash("sha256").update("signer").digest() });
  const { log, lines } = collectingLog();
  const socket = `unix://${join(folder, "s", "signer.sock")}`;
  const start = async (flags: Readonly<Record<string, string | number>> = {}) => {
    const config = loadConfig(signerSettings, {
      env: {},
      flags: {
        "wallet.path": path,
        "wallet.name": WALLET.name,
        "wallet.hotkey": WALLET.hotkey,
        listen: socket,
        home: join(folder, "home"),
        ...flags,
      },
    });
    const running = await runSigner(config, log as Log);
    let isOpen = true;
    const close = async () => {
      if (!isOpen) return;
      isOpen = false;
      await running.close();
    };
    t.after(close);
    return { ...running, close };
  };
  return { folder, key, socket, lines, start };
};

/** The devchain's payload of a commit record. */
export const commitRequest = (hotkey: string, cycle: number, commitment: string, nonce = 0): SigningRequest => ({
  kind: "devchain-extrinsic",
  message: canonicalBytes({
    genesis: "ab".repeat(32),
    nonce,
    signer: hotkey,
    call: {
      name: "setCommitment",
      args: { netuid: 1, data: encodeRecord({ type: "commit", network: "abababab", cycle, commitment }) },
    },
  }),
});
