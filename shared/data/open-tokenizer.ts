import type { Network } from "../protocol/network.js";
import { byteTokenizer } from "./byte-tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";

const tokenizers: Readonly<Record<Network["data"]["tokenizer"], Tokenizer>> = { byte: byteTokenizer };

/** The tokenizer of a network file. */
export const openTokenizer = ({ tokenizer }: Pick<Network["data"], "tokenizer">): Tokenizer => tokenizers[tokenizer];
