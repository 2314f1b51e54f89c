import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { type ChatFormat, chatFormatOf } from "#shared/data/chat-format.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { mapCheckpoint } from "#shared/model/checkpoint.js";
import { type CheckpointFolder, openCheckpointFolder, parseJson, reading } from "#shared/model/checkpoint-folder.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";
import { readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { checkShapes } from "#shared/model/part-parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import {
  MAX_CHAT_TEMPLATE_BYTES,
  MAX_GENERATION_CONFIG_BYTES,
  MAX_TOKENIZER_BYTES,
  MAX_TOKENIZER_CONFIG_BYTES,
  type TokenizerFileName,
} from "#shared/protocol/tokenizer-files.js";
import { type GenerationSettings, generationSettings } from "./generation-settings.js";
import { openParts } from "./model-export.js";
import { checkModelName, findModel, type ModelStore, openModelStore } from "./model-store.js";
import { networkTokenizer } from "./network-tokenizer.js";

/** A model with what turns its tokens into text. */
export interface LanguageModel {
  /** Its hash where it is a subnet's, else its folder. */
  readonly name: string;
  readonly config: ModelConfig;
  /** Its tensors where they lie: their files must stay as they are. */
  readonly tensors: ModelTensors;
  readonly tokenizer: Tokenizer;
  /** Ids that end a text. */
  readonly stop: ReadonlySet<number>;
  readonly chat: ChatFormat | null;
  /** Of its generation config; 1 does nothing. */
  readonly repetitionPenalty: number;
  /** Names of what else its generation config sets that transformers applies, and that is not applied here. */
  readonly ignored: readonly string[];
}

export interface LanguageModelOptions {
  /** A folder in Hugging Face's layout; else a model's hash or the beginning of one, or `latest`, in the home. */
  readonly model: string;
  readonly home: string;
  /**
   * `byte`, or a folder with tokenizer.json; unset: the model's own. The chat template and the ends of a text are taken from there where the model
   * has none, as one of a home that is read with another tokenizer than its network's.
   */
  readonly tokenizer?: string | undefined;
  /** Told once of every damaged copy that is come across. */
  readonly onDamage?: (problem: string) => void;
  /** Is given the config before weights are looked at: throws where the model cannot serve. */
  readonly check?: (config: ModelConfig) => void;
}

/**
 * Finds a model, whose weights stay in their files.
 *
 * @throws BlockZeroError MODEL_UNKNOWN, TOKENIZER_MISSING, TOKENIZER_INVALID, and what reading a checkpoint or a home throws
 */
export const openLanguageModel = async (options: LanguageModelOptions): Promise<LanguageModel> => {
  const model = isFolder(options.model) ? await fromFolder(options) : await fromHome(options);
  const { tokenizer, config } = model;
  if (tokenizer.size > config.vocab_size)
    throw new BlockZeroError(
      "TOKENIZER_MISSING",
      `the tokenizer has ${tokenizer.size} tokens, the model ${config.vocab_size}`,
      "name the tokenizer that the model was trained with, with --tokenizer",
    );
  return model;
};

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

const fromFolder = async ({ model: dir, tokenizer, check }: LanguageModelOptions): Promise<LanguageModel> => {
  const folder = await openCheckpointFolder(dir);
  const named = tokenizer === undefined ? null : await namedSpeech(tokenizer);
  check?.(await readCheckpointConfig(dir));
  const { config, model: tensors } = await mapCheckpoint(dir);
  const settings = await settingsIn(folder);
  return {
    name: dir,
    config,
    tensors,
    ...speaking({
      tokenizer: named?.tokenizer ?? (await tokenizerIn(folder)),
      chat: (await chatIn(folder)) ?? named?.chat ?? null,
      settings: settings.ends.length > 0 ? settings : { ...settings, ends: named?.settings.ends ?? [] },
    }),
  };
};

const fromHome = async (options: LanguageModelOptions): Promise<LanguageModel> => {
  const { model, home, tokenizer: name, onDamage, check } = options;
  checkModelName(model);
  const store = await openModelStore(home, onDamage);
  const { hash, manifest } = findModel(store, model);
  check?.(manifest.config);
  const tensors: Record<string, ModelTensors[string]> = {};
  for await (const { places } of openParts(store, manifest)) Object.assign(tensors, Object.fromEntries(places));
  checkShapes(tensors, parameterShapes(manifest.config), `model ${hash}`, "its manifest");
  const found = name === undefined ? await store.networkOf({ hash, manifest }) : null;
  if (name === undefined && found === null) throw noTokenizer(`the network file of model ${hash} is not in ${home}`);
  const speech = name === undefined ? await networkSpeech(store, found!.network) : await namedSpeech(name);
  return { name: hash, config: manifest.config, tensors, ...speaking(speech) };
};

/** What makes text of a model's tokens, and how it chats and ends. */
interface Speech {
  readonly tokenizer: Tokenizer;
  readonly chat: ChatFormat | null;
  readonly settings: GenerationSettings;
}

const speaking = ({
  tokenizer,
  chat,
  settings: { ends, ...settings },
}: Speech): Omit<LanguageModel, "name" | "config" | "tensors"> => ({
  tokenizer,
  chat,
  stop: new Set([tokenizer.endOfDocument, ...ends]),
  ...settings,
});

/** As the network's files say, which are in the home. */
const networkSpeech = async (store: ModelStore, network: Network): Promise<Speech> => {
  const { tokenizer, files } = await networkTokenizer(store, network);
  const bytesIn = (name: TokenizerFileName): Uint8Array | null => {
    const content = files[name];
    return content === undefined ? null : typeof content === "string" ? Buffer.from(content) : content;
  };
  const json = (name: TokenizerFileName): unknown => {
    const bytes = bytesIn(name);
    return bytes === null ? {} : parseJson(name, bytes);
  };
  const template = bytesIn(CHAT_FILE);
  return {
    tokenizer,
    chat: chatFormatOf(json(TOKENIZER_CONFIG_FILE), template && new TextDecoder().decode(template)),
    settings: generationSettings(json(GENERATION_FILE)),
  };
};

/** `byte`, or what a folder or a file beside tokenizer_config.json holds. */
const namedSpeech = async (name: string): Promise<Speech> => {
  if (name === byteTokenizer.name) return { tokenizer: byteTokenizer, chat: null, settings: generationSettings({}) };
  const path = resolve(name);
  const folder = await openCheckpointFolder(basename(path) === TOKENIZER_FILE ? dirname(path) : path);
  return { tokenizer: await tokenizerIn(folder), chat: await chatIn(folder), settings: await settingsIn(folder) };
};

const TOKENIZER_FILE = "tokenizer.json";
const TOKENIZER_CONFIG_FILE = "tokenizer_config.json";

const tokenizerIn = async (folder: CheckpointFolder): Promise<Tokenizer> => {
  if (!(await folder.has(TOKENIZER_FILE))) throw noTokenizer(`${folder.dir} has no ${TOKENIZER_FILE}`);
  const tokenizer = await bytesIn(folder, TOKENIZER_FILE, MAX_TOKENIZER_BYTES);
  const hasConfig = await folder.has(TOKENIZER_CONFIG_FILE);
  const config = hasConfig ? await bytesIn(folder, TOKENIZER_CONFIG_FILE, MAX_TOKENIZER_CONFIG_BYTES) : undefined;
  return huggingFaceTokenizer(sha256(tokenizer), { tokenizer, config });
};

const noTokenizer = (problem: string) =>
  new BlockZeroError(
    "TOKENIZER_MISSING",
    problem,
    "name one with --tokenizer: byte, or a folder that has tokenizer.json",
  );

const bytesIn = async (folder: CheckpointFolder, name: string, maxBytes: number): Promise<Uint8Array> => {
  const path = await folder.locate(name);
  return reading(() => readSmallFile(path, maxBytes));
};

const GENERATION_FILE = "generation_config.json";

/** The folder's generation config; where it names no end of a text, or is not there, its config says it. */
const settingsIn = async (folder: CheckpointFolder): Promise<GenerationSettings> => {
  const read = async (name: string): Promise<GenerationSettings> =>
    generationSettings((await folder.has(name)) ? await folder.json(name, MAX_GENERATION_CONFIG_BYTES) : {});
  const own = await read(GENERATION_FILE);
  return own.ends.length > 0 ? own : { ...own, ends: (await read(CONFIG_FILE)).ends };
};

/** The chat template: a file of its own, or in the tokenizer's config. */
const chatIn = async (folder: CheckpointFolder): Promise<ChatFormat | null> => {
  const has = await folder.has(TOKENIZER_CONFIG_FILE);
  const document = has ? await folder.json(TOKENIZER_CONFIG_FILE, MAX_TOKENIZER_CONFIG_BYTES) : {};
  const own = (await folder.has(CHAT_FILE))
    ? new TextDecoder().decode(await bytesIn(folder, CHAT_FILE, MAX_CHAT_TEMPLATE_BYTES))
    : null;
  return chatFormatOf(document, own);
};

const CHAT_FILE = "chat_template.jinja";
