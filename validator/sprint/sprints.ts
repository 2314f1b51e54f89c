import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { MAX_FORK } from "#shared/chain/connection/head-stream.js";
import { sprintIn } from "#shared/compute/confirmation.js";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { sprintsBefore } from "#shared/compute/sprint-window.js";
import { attempt } from "#shared/participant/attempt.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import { isOfAFork } from "#shared/participant/remembered-sprint.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { underNetwork, underNetworkOf } from "#shared/participant/under-network.js";
import { isWindowOpen } from "#shared/participant/window-open.js";
import { endOf } from "#shared/participant/within-blocks.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { Checker } from "./context.js";
import { holdChecks } from "./hold-checks.js";
import { knownWeights } from "./known-gate.js";
import { publishChecks } from "./publish-checks.js";
import { settleSprint } from "./settle-sprint.js";

/** Share of the evaluate phase in which documents and proofs that a Sprint is settled by are waited for. */
const PATIENCE = 1 / 2;

/** Blocks in which what was missed of a Sprint is asked for: a block may come a moment after the one before. */
const RECALL_BLOCKS = 2;

/**
 * Checks and settles the network's Sprints until the participant's signal aborts, beside the cycles: whatever fails
 * costs that Sprint's duty and nothing else. Without Sprints it only waits.
 */
export const runChecks = async (checker: Checker): Promise<never> => {
  const { participant } = checker;
  const { clock, network, signal } = participant;
  const { cycle: current } = phaseAt(clock.head.number + 1, network.phases);
  // The checks of a Sprint are due in the next cycle.
  for (let cycle = Math.max(0, current - 1); ; cycle++) {
    await clock.reach(phaseWindow(cycle, "exchange", network.phases).start - 1, signal);
    await attempt(participant, { failure: "Sprint left out", cycle }, () => checkCycle(checker, cycle));
  }
};

/** All that is to be done of a cycle's Sprint, if it has one, until the next cycle's exchange phase. */
const checkCycle = async (checker: Checker, cycle: number): Promise<void> => {
  const { clock, network, log, signal } = checker.participant;
  const due = recordWindow("checks", cycle, network).end;
  const former = await underNetworkOf(checker, cycle, due);
  const drawn = { name: `whether cycle ${cycle} has a Sprint`, deadline: due };
  const ask = () => sprintIn(cycleSource(former.participant, { isHeld: true }), cycle, knownDraw(checker.journal));
  const sprint = await throughFaults(former.participant, drawn, ask, isFetchFault);
  const over = phaseWindow(cycle + 1, "exchange", network.phases).start - 1;
  // Also without a Sprint of its own: until the next one nobody serves what was missed any more.
  if (!sprint) return recallSprints(checker, cycle, over);
  await doPart(former, cycle, "checks", due + 1, (bounded) => publishChecks(bounded, cycle, sprint));
  const exchange = recordWindow("checksheld", cycle, network);
  await doPart(former, cycle, "checksheld", exchange.end + 1, (bounded) => holdChecks(bounded, cycle));
  const evaluate = phaseWindow(cycle + 1, "evaluate", network.phases);
  // Files are waited for until then, so that time is left to recompute what they name.
  const deadline = evaluate.start + Math.ceil((evaluate.end - evaluate.start) * PATIENCE);
  await doPart(former, cycle, "settle", over, (bounded) => settleSprint(bounded, { cycle, sprint, deadline }));
  await recallSprints(checker, cycle + 1, over);
  await showWeights(checker, cycle + 1);
  // It was read while the block that decides was the newest, which a fork may replace.
  await clock.reach(Math.min(exchange.end - 1 + MAX_FORK, over - 1), signal);
  const settled = checker.journal.value.sprints.find((one) => one.cycle === cycle);
  if (!settled || !(await isOfAFork(former.participant, settled))) return;
  log.warn("settled once more: a fork replaced the block that decides which checks count", { cycle });
  await doPart(former, cycle, "settle", over, (bounded) => settleSprint(bounded, { cycle, sprint, deadline: over }));
  await showWeights(checker, cycle + 1);
};

/** What the log says of a duty of a Sprint that failed. */
const FAILURES = {
  checks: "missed checks",
  checksheld: "missed the exchange of checks",
  settle: "Sprint not settled",
} as const;

/**
 * Does a duty of a Sprint: again at the next block, up to block `retryDeadline`, after a fault that may pass. Any other
 * is only logged, and that the window of its record passed meanwhile.
 */
const doPart = async (
  checker: Checker,
  cycle: number,
  duty: keyof typeof FAILURES,
  end: number,
  work: (bounded: Checker) => Promise<void>,
  retryDeadline?: number,
): Promise<void> => {
  const { participant } = checker;
  const name = `the ${duty} of the Sprint of cycle ${cycle}`;
  const limit = { duty, name, deadline: endOf(participant, end), retryDeadline };
  const isOpen = (record: "checks" | "checksheld") =>
    isWindowOpen(participant, { name, record, window: recordWindow(record, cycle, participant.network) });
  await attempt(participant, { failure: FAILURES[duty], cycle }, async () => {
    if (duty !== "settle" && !isOpen(duty)) return;
    await dutyThroughFaults(participant, limit, (bounded) => work({ ...checker, participant: bounded }), isFetchFault);
  });
};

/**
 * Settles the Sprints of the window that this validator missed, could not read in full, or read in the state of a block
 * that a fork replaced, as far as their files are still served: the newest first, whose files are gone last. Each is
 * begun again for two blocks, so that one which cannot be had leaves the others time. None is begun once the chain is
 * at block `over`: the next Sprint's proofs are checked then.
 */
const recallSprints = async (checker: Checker, cycle: number, over: number): Promise<void> => {
  const { participant, journal } = checker;
  const limit = { name: `the Sprints before cycle ${cycle}`, deadline: over };
  const ask = () => sprintsBefore(cycleSource(participant), cycle, knownDraw(journal));
  const { sprints, confirmations, idle } = await throughFaults(participant, limit, ask, isFetchFault);
  const known = new Map(journal.value.sprints.flatMap((one) => (one.isWhole ? [[one.cycle, one] as const] : [])));
  const newestFirst = [...sprints, ...confirmations, ...idle].sort((a, b) => b.cycle - a.cycle);
  for (const { cycle: missed, sprint, source } of newestFirst) {
    const head = participant.clock.head.number;
    if (head >= over) return;
    const former = { ...checker, participant: underNetwork(participant, source) };
    const whole = known.get(missed);
    if (whole && !(await isOfAFork(former.participant, whole))) continue;
    const deadline = Math.min(head + RECALL_BLOCKS, over);
    const settle = (bounded: Checker) => settleSprint(bounded, { cycle: missed, sprint, deadline });
    await doPart(former, missed, "settle", over, settle, deadline);
  }
};

/** Shows each miner's confirmed weight. */
const showWeights = async ({ participant, journal }: Checker, cycle: number): Promise<void> => {
  const { chain, network, telemetry, signal } = participant;
  try {
    const weights = await knownWeights({ participant, journal }, cycle);
    const { neurons } = await chain.metagraph(network.netuid);
    telemetry.instruments.replace(
      "blockzero_sprint_confirmed_nonces",
      neurons.flatMap(({ uid, hotkey }) => {
        const weight = weights?.get(hotkey)?.weight;
        return weight === undefined ? [] : [[{ uid }, weight] as const];
      }),
    );
  } catch (thrown) {
    signal.throwIfAborted();
    participant.log.warn("confirmed weights not shown", faultFields(thrown));
  }
};
