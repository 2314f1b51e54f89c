import { once } from "node:events";
import { createServer } from "node:http";
import type { Scope } from "../../shared/artifact/temporary.js";
import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { liarInflates } from "./liar-inflates.js";

/** Hands the right files to one hotkey, and as many other bytes to everybody else. */
const twoFaced = async (scope: Scope, friend: string, files: ReadonlyMap<string, Uint8Array>): Promise<string> => {
  const server = createServer(({ url = "", headers }, response) => {
    const bytes = files.get(url.slice("/blob/".length));
    if (bytes === undefined) response.writeHead(404).end();
    else response.end(headers.authorization?.includes(friend) ? bytes : Buffer.alloc(bytes.length));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new TypeError("not listening");
  return `http://127.0.0.1:${address.port}`;
};

export const twoFacedServer: Attack = {
  name: "two-faced-server",
  description: "noise that is served to the lying validator alone, which inflates it; the honest ones get other bytes",
  lie: liarInflates.lie!,
  submit: async ({ scope, subnet, seed, honest, forge }) => {
    const files = new Map<string, Uint8Array>();
    const location = await twoFaced(scope, subnet.signer("mallory").address, files);
    const like = honest[0]!.update;
    const tensors = noiseLike(like, `${seed}/two-faced`, lengthOf(like));
    const forged = forge({ miner: "eve1", tensors, location });
    files.set(forged.artifact, forged.manifest).set(forged.tensors.hash, forged.tensors.bytes);
    return [{ forged, served: false }];
  },
};
