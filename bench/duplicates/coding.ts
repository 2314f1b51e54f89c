import { isFault } from "#shared/artifact/codec/codec.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import type { CodecName } from "#shared/protocol/network.js";
import type { Elements } from "./disguises.js";

/** What others see of an update: its elements after encoding and decoding, tensor by tensor. */
export type Coding = (elements: Elements) => Elements;

/** @param lengths elements of each tensor, in the order in which the update joins them */
export const codingOf = (name: CodecName, lengths: readonly number[]): Coding => {
  const codec = CODECS[name];
  return (elements) => {
    const coded = new Float32Array(elements.length);
    let at = 0;
    for (const length of lengths) {
      const decoded = codec.decode(codec.encode(elements.slice(at, at + length)), length);
      if (isFault(decoded)) throw new RangeError(`${name} cannot write the update: ${decoded.problem}`);
      coded.set(decoded, at);
      at += length;
    }
    return coded;
  };
};
