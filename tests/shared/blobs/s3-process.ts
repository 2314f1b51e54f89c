import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { temporaryFolder } from "../artifact/temporary.js";

/** The key that s3rver knows. */
export const S3_SECRET = "S3RVER";

/** Starts an S3 server with one bucket as a process of its own; its endpoint. */
export const startS3 = async (t: TestContext, bucket: string): Promise<string> => {
  const directory = temporaryFolder(t);
  mkdirSync(join(directory, bucket));
  const root = dirname(createRequire(import.meta.url).resolve("s3rver/package.json"));
  const server = spawn(
    process.execPath,
    [join(root, "bin", "s3rver.js"), "-d", directory, "-a", "127.0.0.1", "-p", "0", "--silent"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => server.kill());
  for await (const line of createInterface(server.stdout)) {
    const address = /listening on (\S+)$/.exec(line)?.[1];
    if (address !== undefined) return `http://${address}`;
  }
  throw new Error("the S3 server did not start");
};

/**
 * A server before another that keeps what is asked, refuses some of it, loses answers, and takes the abort of an upload, which s3rver does not know.
 */
export const between = async (t: TestContext, behind: string) => {
  const asked: string[] = [];
  let refused: (request: string) => boolean = () => false;
  let left = 0;
  let handedOn: (request: string) => boolean | Promise<boolean> = () => true;
  const server = createServer((request, response) => {
    const said = `${request.method} ${request.url}`;
    asked.push(said);
    const isAbort = request.method === "DELETE" && said.includes("uploadId=");
    const isRefused = left > 0 && refused(said);
    if (isRefused) left--;
    if (isAbort || isRefused) {
      request.resume().once("end", () => response.writeHead(isRefused ? (isAbort ? 403 : 500) : 204).end());
      return;
    }
    const { method = "GET", headers } = request;
    const forwarded = send(new URL(request.url ?? "/", behind), { method, headers }, async (answer) => {
      if (!(await handedOn(said))) return void response.destroy();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.once("error", () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    /** Refuses so many of the requests, "METHOD URL", that are such: with status 500, an abort with 403. */
    refuse: (isRefused: (request: string) => boolean, times: number) => {
      refused = isRefused;
      left = times;
    },
    /** Asked of each answer of the server behind whether it is handed on; the connection of what is not ends. */
    handOn: (isHandedOn: (request: string) => boolean | Promise<boolean>) => {
      handedOn = isHandedOn;
    },
  };
};
