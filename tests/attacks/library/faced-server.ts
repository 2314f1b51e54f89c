import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Scope } from "../../shared/artifact/temporary.js";
import type { Forged } from "../../support/updates.js";
import type { Turn } from "../attack.js";

/** What a server shows who asks: the file, as many other bytes, or a 404. */
export type Face = "file" | "noise" | "none";

/** Serves files to some and not to others. @param face what a hotkey is shown, perhaps after a while; "" where a request is not signed */
export const facedServer = async (
  scope: Scope,
  files: ReadonlyMap<string, Uint8Array>,
  face: (hotkey: string) => Face | Promise<Face>,
): Promise<string> => {
  const answer = async ({ url = "", headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const bytes = files.get(url.slice("/blob/".length));
    const shown = await face(headers.authorization?.split(" ")[1] ?? "");
    if (bytes === undefined || shown === "none") response.writeHead(404).end();
    else response.end(shown === "file" ? bytes : Buffer.alloc(bytes.length));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
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

/** Puts what an update is made of among the files of a server that serves it alone. @returns its submission */
export const shownBy = (files: Map<string, Uint8Array>, forged: Forged): Turn => {
  files.set(forged.artifact, forged.manifest).set(forged.tensors.hash, forged.tensors.bytes);
  return { forged, served: false };
};
