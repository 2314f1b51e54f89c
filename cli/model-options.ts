import type { Command } from "commander";
import type { LanguageModelOptions } from "#inspect/model/language-model.js";
import { wholeNumber } from "#shared/cli/numbers.js";

/** Which model a command reads text with. */
export interface ModelOptions {
  readonly model: string;
  readonly home: string;
  readonly tokenizer?: string;
  readonly threads: number;
}

/** Adds the options that say which model. */
export const modelOptions = (command: Command): Command =>
  command
    .option(
      "--model <name>",
      "a folder in Hugging Face's layout; or of the home a model's hash, its beginning, or latest",
      "latest",
    )
    .option("--home <dir>", "a localnet's home, or a participant's checkpoint_dir", ".blockzero/localnet")
    .option("--tokenizer <name>", "byte, or a folder with tokenizer.json; unset: the model's own")
    .option("--threads <n>", "processor threads, 0 for all", wholeNumber(0, 1024), 0);

/** What `openLanguageModel` takes of them. */
export const modelFrom = ({ model, home, tokenizer }: ModelOptions): LanguageModelOptions => ({
  model,
  home,
  tokenizer,
  onDamage: console.error,
});
