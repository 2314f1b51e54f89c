import { z } from "zod";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { type ChainConnection, unreachable } from "../connection/connection.js";
import { RpcError } from "../connection/rpc-socket.js";
import { ChainRejected } from "../writer/chain-rejected.js";

/** Requests values from a devchain and parses them with a schema. */
export const devChainReader =
  (line: ChainConnection) =>
  async <T>(schema: z.ZodType<T>, method: string, ...params: readonly unknown[]): Promise<T> => {
    try {
      return schema.parse(await line.request(method, params));
    } catch (error) {
      throw asReadError(error, line.endpoint);
    }
  };

export const asReadError = (error: unknown, endpoint: string): unknown => {
  if (error instanceof z.ZodError)
    return unreachable(endpoint, z.prettifyError(error), "its version differs from ours");
  if (!(error instanceof RpcError)) return error;
  const { reason = `code ${error.code}`, message } = error;
  return isReadFault(reason)
    ? new BlockZeroError(reason, message, READ_HINTS[reason])
    : new ChainRejected(reason, message);
};

/** The faults of a read that have their own code. */
const READ_HINTS = {
  STATE_DISCARDED: "ask for a later block, or run a node that keeps more",
  BLOCK_UNKNOWN: "wait until it is built",
} as const satisfies Partial<Record<ErrorCode, string>>;

/** The reason comes from the node, so it may be any text. */
const isReadFault = (reason: string): reason is keyof typeof READ_HINTS => Object.hasOwn(READ_HINTS, reason);
