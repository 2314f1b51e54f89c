import { chmodSync, statSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { type SignerAddress, showSignerAddress } from "#shared/signing/signer-address.js";
import { mustListenOn } from "#shared/telemetry/listen-on.js";

/** Mode of the socket: its owner's programs may connect. */
const PRIVATE = 0o600;
const OTHERS = 0o177;

/**
 * Binds a signer's server. A socket that a former process left is replaced. @returns where it listens, as text.
 *
 * @throws BlockZeroError SERVER_FAILED
 */
export const listenAt = async (server: Server, address: SignerAddress): Promise<string> => {
  if (address.transport !== "unix") {
    const { port } = await mustListenOn(server, address);
    return showSignerAddress({ ...address, port });
  }
  const { path } = address;
  const failed = (cause: unknown) =>
    new BlockZeroError(
      "SERVER_FAILED",
      `cannot serve on ${path}: ${reasonOf(cause)}`,
      "choose a path in a folder that this user can write, and that no other program uses",
      { cause },
    );
  try {
    ensureFolderSync(dirname(path), 0o700);
    await removeLeft(path);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // The socket is made within this call. It must not be open to others for a moment either.
      const umask = process.umask(OTHERS);
      try {
        server.listen(path, resolve);
      } finally {
        process.umask(umask);
      }
    });
    chmodSync(path, PRIVATE);
  } catch (thrown) {
    throw failed(thrown);
  }
  return showSignerAddress(address);
};

/** Removes a socket on which nobody listens. */
const removeLeft = async (path: string): Promise<void> => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error("a file is there that is no socket");
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isAlive) throw new Error("another program listens there");
  unlinkSync(path);
};
