import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Clock } from "#shared/chain/clock.js";
import type { GenesisSpec, HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { signerFromUri } from "#shared/wallet/index.js";

export const NETUID = 1;
export const TOKEN = 1_000_000_000n;

export interface Keys {
  readonly sudo: LocalKey;
  readonly owner: LocalKey;
  readonly validator: LocalKey;
  readonly miner: LocalKey;
  readonly other: LocalKey;
}

export const makeKeys = async (): Promise<Keys> => ({
  sudo: await signerFromUri("//Sudo"),
  owner: await signerFromUri("//Owner"),
  validator: await signerFromUri("//Validator"),
  miner: await signerFromUri("//Miner"),
  other: await signerFromUri("//Other"),
});

/** Owner uid 0, validator uid 1 with stake, miner uid 2; an epoch every tempo + 1 blocks; nothing is rate limited. */
export const makeGenesis = (keys: Keys, change: HyperParameterChange = {}): GenesisSpec => ({
  name: "test",
  sudo: keys.sudo.address,
  balances: { [keys.other.address]: String(5n * TOKEN) },
  subnets: [
    {
      netuid: NETUID,
      ownerHotkey: keys.owner.address,
      neurons: [keys.validator.address, keys.miner.address],
      stakes: { [keys.validator.address]: String(1000n * TOKEN) },
      hyperParameters: { tempo: 4, weightsRateLimit: 0, immunityPeriod: 0, ...change },
    },
  ],
});

export const temporaryHome = async (t: TestContext): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), "blockzero-chain-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  return home;
};

/** A clock that moves only when told to. */
export const manualClock = (start = 1_700_000_000_000) => {
  let now = start;
  let waiting: { due: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after: (ms, run) => {
      const timer = { due: now + ms, run };
      waiting.push(timer);
      return () => {
        waiting = waiting.filter((other) => other !== timer);
      };
    },
  };
  const advance = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const [next] = waiting.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      waiting = waiting.filter((other) => other !== next);
      now = Math.max(now, next.due);
      next.run();
    }
    now = end;
  };
  return { clock, advance };
};

/** Keeps what is said, and lets a test wait for a message. */
export const collectingLog = () => {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const waiting: { part: string; resolve: () => void }[] = [];
  const say =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      lines.push({ level, message, fields });
      for (const { part, resolve } of waiting) if (message.includes(part)) resolve();
    };
  const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  const said = (part: string) => new Promise<void>((resolve) => waiting.push({ part, resolve }));
  return { log, lines, said };
};
