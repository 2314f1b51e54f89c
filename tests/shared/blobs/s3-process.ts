import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
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
