import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askHealth } from "#shared/blobs/health-request.js";
import type { Chain } from "#shared/chain/chain.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { DESCRIPTION } from "./home.js";
import { READY_WITHIN_MS } from "./options.js";
import type { supervise } from "./process.js";
import { type LocalnetEnv, type LocalnetParticipant, participantConfig } from "./roles.js";

/** Writes a participant's configuration. @returns how its process is started */
export const participantProcess = (
  participant: LocalnetParticipant,
  { home, ...settings }: LocalnetEnv,
): Parameters<typeof supervise>[0] => {
  const config = join(home, "configs", `${participant.name}.yaml`);
  writeFileAtomic(config, participantConfig(participant, { home, ...settings }));
  return {
    name: participant.name,
    program: `${participant.program}/main.js`,
    logFile: join(home, "logs", `${participant.name}.log`),
    args: () => ["--config", config],
    // Low priority, so that blocks come in time while the participants train.
    isPatient: true,
  };
};

/** Writes a description to the home, for people and tools that inspect the run. */
export const describe = (
  home: string,
  {
    participants,
    ...subnet
  }: {
    endpoint: string;
    netuid: number;
    first: number;
    blockTime: number;
    participants: ReadonlyMap<number, LocalnetParticipant>;
  },
): void => {
  const players = [...participants].map(
    ([uid, { name, program, group, behaviour, address, port, metricsPort, signer }]) => ({
      uid,
      name,
      program,
      group,
      behaviour,
      hotkey: signer.address,
      blobs: `http://${address}:${port}`,
      metrics: `http://127.0.0.1:${metricsPort}/metrics`,
    }),
  );
  writeFileAtomic(join(home, DESCRIPTION), `${JSON.stringify({ ...subnet, players }, null, 2)}\n`);
};

const READY_POLL_MS = 100;

type Served = Pick<LocalnetParticipant, "address" | "port">;

/** A participant serves blobs once it has joined. @throws the signal's reason */
export const everybodyJoined = async (participants: readonly Served[], signal: AbortSignal): Promise<void> => {
  const until = performance.now() + READY_WITHIN_MS;
  for (const participant of participants) {
    while (!(await isUp(participant, signal)) && performance.now() < until)
      await delay(READY_POLL_MS, undefined, { signal });
  }
};

const isUp = async ({ address, port }: Served, signal: AbortSignal): Promise<boolean> => {
  try {
    const { status } = await askHealth(`http://${address}:${port}`, { allowPrivateAddresses: true }, signal);
    return status === 200;
  } catch {
    signal.throwIfAborted();
    return false;
  }
};

/** Participants by the uid that the chain gave them. */
export const uidsOf = async (
  chain: Chain,
  netuid: number,
  participants: readonly LocalnetParticipant[],
): Promise<Map<number, LocalnetParticipant>> => {
  const { neurons } = await chain.metagraph(netuid);
  return new Map(
    participants.map((participant) => [
      neurons.find(({ hotkey }) => hotkey === participant.signer.address)!.uid,
      participant,
    ]),
  );
};
