import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { DUTY_MESSAGE_BYTES } from "#shared/protocol/signer.js";
import type { DrawStatement } from "../statement.js";

/** Reads what duty is drawn over: task id, executor's public key, result hash and beacon, of 32 bytes each. Never throws. */
export const readDraw = (message: Uint8Array): Parsed<DrawStatement> =>
  message.length === DUTY_MESSAGE_BYTES
    ? accepted({ kind: "draw" })
    : refused(`a draw over ${message.length} bytes, not ${DUTY_MESSAGE_BYTES}`);
