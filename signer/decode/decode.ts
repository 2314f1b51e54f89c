import type { Parsed } from "#shared/protocol/parsed.js";
import type { Asked, Statement } from "../statement.js";
import { readBlobRequest } from "./blob-request.js";
import { readDevchainExtrinsic } from "./devchain-extrinsic.js";
import { readDocument } from "./document.js";
import { readDraw } from "./draw.js";
import { readSubstrateExtrinsic } from "./substrate-extrinsic.js";

/** What a signature would state, by its bytes alone; or why they are not understood. Never throws. */
export const decode = ({ request, hotkey, now }: Asked): Parsed<Statement> => {
  switch (request.kind) {
    case "substrate-extrinsic":
      return readSubstrateExtrinsic(request.message, request.purpose);
    case "devchain-extrinsic":
      return readDevchainExtrinsic(request.message, hotkey, request.purpose);
    case "document":
      return readDocument(request.message, hotkey);
    case "draw":
      return readDraw(request.message);
    case "request":
      return readBlobRequest(request.message, hotkey, now);
  }
};
