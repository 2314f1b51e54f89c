import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type CachedForward, cachedFeeds, compileCachedForward, newRows } from "./cached-forward.js";
import { type KeyValueCache, keyValueCache } from "./key-value-cache.js";

/** A model that reads one sequence token by token, and keeps the keys and values of what it has read. */
export interface Decoder {
  /** Tokens read so far. */
  readonly length: number;
  /** Tokens that a sequence may have: the model's `max_position_embeddings`. */
  readonly maxLength: number;
  readonly vocabulary: number;
  /**
   * Reads tokens, at least one, and gives the logits of what follows the last [vocabulary].
   *
   * @throws BlockZeroError PROMPT_INVALID for more tokens than a sequence may have
   */
  extend(ids: readonly number[]): Promise<Float32Array>;
  /** Forgets what was read after the first `length` tokens. */
  rewind(length: number): void;
  dispose(): Promise<void>;
}

export interface DecoderOptions {
  readonly device: Device;
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  /** Tokens that a prompt is read by at a time. */
  readonly chunk?: number;
  /** Tokens that the cache has room for at first; it doubles. */
  readonly capacity?: number;
}

const CHUNK = 64;
const CAPACITY = 128;

/** One program reads a prompt in chunks, another a token at a time; both are compiled anew where the cache grows. */
export const createDecoder = async ({
  device,
  config,
  parameters,
  chunk = CHUNK,
  capacity = CAPACITY,
}: DecoderOptions): Promise<Decoder> => {
  const weights: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) weights[name] = await device.upload(tensor);
  const programs = new Map<number, CachedForward>();
  let cache: KeyValueCache | null = null;
  let room = Math.min(capacity, config.max_position_embeddings);
  let length = 0;

  const dispose = async () => {
    for (const { program } of programs.values()) await program.dispose();
    programs.clear();
  };
  const programOf = async (tokens: number): Promise<CachedForward> => {
    const known = programs.get(tokens);
    if (known) return known;
    const made = await compileCachedForward(device, { config, parameters }, { tokens, capacity: room });
    programs.set(tokens, made);
    return made;
  };
  const makeRoom = async (tokens: number): Promise<void> => {
    if (tokens <= room) return;
    while (room < tokens) room *= 2;
    room = Math.min(room, config.max_position_embeddings);
    await dispose();
    cache = cache?.grow(room, length) ?? null;
  };
  const run = async (ids: readonly number[]): Promise<Float32Array> => {
    const compiled = await programOf(ids.length === 1 ? 1 : chunk);
    cache ??= keyValueCache(compiled.cached, room);
    const results = await compiled.program.run({
      ...weights,
      ...cachedFeeds(config, compiled, ids, length, cache.tensors),
    });
    cache.write(newRows(results), length, ids.length);
    length += ids.length;
    return results.logits!.data as Float32Array;
  };

  return {
    get length() {
      return length;
    },
    maxLength: config.max_position_embeddings,
    vocabulary: config.vocab_size,
    async extend(ids) {
      if (ids.length === 0 || length + ids.length > config.max_position_embeddings)
        throw new BlockZeroError(
          "PROMPT_INVALID",
          `${ids.length} tokens behind ${length} do not fit into the model's ${config.max_position_embeddings}`,
          "shorten the prompt",
        );
      await makeRoom(length + ids.length);
      let logits: Float32Array = new Float32Array();
      for (let at = 0; at < ids.length; at += chunk) logits = await run(ids.slice(at, at + chunk));
      return logits;
    },
    rewind: (to) => {
      length = Math.min(length, to);
    },
    async dispose() {
      await dispose();
      for (const tensor of Object.values(weights)) tensor.dispose();
    },
  };
};
