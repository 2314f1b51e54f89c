import { sep } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Prompt } from "./prompt.js";

export type KeyKind = "coldkey" | "hotkey";

/** The variables that a password may stand in, a kind of key. */
export const PASSWORD_VARIABLES = {
  coldkey: "BLOCKZERO_WALLET_PASSWORD",
  hotkey: "BLOCKZERO_HOTKEY_PASSWORD",
} as const satisfies Record<KeyKind, string>;

/** A key file whose password is wanted. */
export interface PasswordRequest {
  readonly kind: KeyKind;
  readonly file: string;
  /** For a key that is about to be written: asked for twice, and refused where it is weak. */
  readonly isNew?: boolean;
}

/** Gives the password of a key file, UTF-8; who asked wipes it. Throws `BlockZeroError` where there is none to be had. */
export type PasswordSource = (request: PasswordRequest) => Promise<Uint8Array>;

/** A password that is known already. */
export const fixedPassword =
  (password: string): PasswordSource =>
  async () =>
    Buffer.from(password);

export interface OperatorOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Asks on the terminal; without it, where there is none, the environment is the only source. */
  readonly prompt?: Prompt | undefined;
}

/**
 * The operator's password: from the environment (ours, then Bittensor's own variable), which is then deleted so that no
 * child inherits it, else from the terminal. Throws `BlockZeroError` WALLET_PASSWORD_NEEDED, WALLET_PASSWORD_WEAK,
 * WALLET_PASSWORD_MISMATCH.
 */
export const operatorPassword = ({ env = process.env, prompt }: OperatorOptions): PasswordSource => {
  const given = new Map(Object.values(PASSWORD_VARIABLES).map((variable) => [variable, take(env, variable)] as const));
  return async ({ kind, file, isNew = false }) => {
    const variable = PASSWORD_VARIABLES[kind];
    const text = given.get(variable) ?? takeBittensors(env, file);
    if (text !== undefined) {
      if (isNew) refuseWeak(text);
      return Buffer.from(text);
    }
    if (!prompt) {
      throw new BlockZeroError(
        "WALLET_PASSWORD_NEEDED",
        `the ${kind} ${file} needs a password, and there is no terminal to ask on`,
        `set ${variable}${isNew ? ", or give --no-password for a file that anyone who gets it can use" : ""}`,
      );
    }
    const typed = (await prompt(`${isNew ? "New password" : "Password"} of the ${kind} ${file}: `)).trim();
    if (isNew) {
      refuseWeak(typed);
      if ((await prompt("The same again: ")).trim() !== typed) {
        throw new BlockZeroError(
          "WALLET_PASSWORD_MISMATCH",
          "the two passwords differ",
          "nothing was written: try again",
        );
      }
    }
    return Buffer.from(typed);
  };
};

/** Reads a variable that holds a secret and removes it from the environment. An empty one counts as unset. */
export const take = (env: NodeJS.ProcessEnv, variable: string): string | undefined => {
  const value = env[variable];
  delete env[variable];
  return value === "" ? undefined : value;
};

/** The variable in which Bittensor's tools keep a key file's password. */
export const bittensorVariable = (file: string): string =>
  `BT_PW_${file.replaceAll(sep, "_").replaceAll(".", "_").toUpperCase()}`;

/** Its value is the base64 of the password XORed with the variable's own name. */
const takeBittensors = (env: NodeJS.ProcessEnv, file: string): string | undefined => {
  const variable = bittensorVariable(file);
  const value = take(env, variable);
  const key = Buffer.from(variable);
  return value && Buffer.from(Buffer.from(value, "base64").map((byte, i) => byte ^ key[i % key.length]!)).toString();
};

const MIN_LENGTH = 8;

const refuseWeak = (password: string): void => {
  const fault =
    [...password].length < MIN_LENGTH
      ? `is shorter than ${MIN_LENGTH} characters`
      : new Set(password).size < 4
        ? "has fewer than four different characters"
        : password !== password.trim()
          ? "begins or ends with a space, which Bittensor's tools cut off"
          : undefined;
  if (fault) {
    throw new BlockZeroError(
      "WALLET_PASSWORD_WEAK",
      `the new password ${fault}`,
      "a sentence of four or more words is strong",
    );
  }
};
