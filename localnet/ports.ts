import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { BlockZeroError } from "#shared/errors/error.js";

/** Below those that a system gives to whoever asks for any port: until ours is used, minutes later, no other program gets it by chance. */
const [FIRST, END] = [20_000, 32_768];
const TRIES = 1000;

/** Loopback ports that are free now, all different. @throws BlockZeroError SERVER_FAILED where hardly any is free */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries === count + TRIES)
      throw new BlockZeroError(
        "SERVER_FAILED",
        `no ${count} ports of 127.0.0.1 between ${FIRST} and ${END} are free`,
        "end programs that listen there",
      );
    const port = randomInt(FIRST, END);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
