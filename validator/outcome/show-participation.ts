import { reasonOf } from "#shared/errors/error.js";
import type { Participation } from "#shared/replay/participation.js";
import type { Validator } from "../context.js";

/** Shows what each validator did in a cycle, by uid. Nobody waits for it. */
export const showParticipation = async (
  { participant }: Pick<Validator, "participant">,
  participation: readonly Participation[],
): Promise<void> => {
  const { chain, network, signer, log } = participant;
  const { instruments } = participant.telemetry;
  try {
    const { neurons } = await chain.metagraph(network.netuid);
    const uids = new Map(neurons.map(({ uid, hotkey }) => [hotkey, uid]));
    const known = participation.flatMap((one) => {
      const uid = uids.get(one.hotkey);
      return uid === undefined ? [] : [{ ...one, uid }];
    });
    const series = (value: (one: (typeof known)[number]) => number | null) =>
      known.flatMap((one): [{ uid: number }, number][] => {
        const shown = value(one);
        return shown === null ? [] : [[{ uid: one.uid }, shown]];
      });
    instruments.replace(
      "blockzero_validator_agreement_ratio",
      series(({ agreement }) => agreement),
    );
    instruments.replace(
      "blockzero_validator_deviation_ratio",
      series(({ deviation }) => deviation),
    );
    instruments.replace(
      "blockzero_validator_reported",
      series(({ committed }) => Number(committed)),
    );
    const own = participation.find(({ hotkey }) => hotkey === signer.address);
    if (own?.agreement != null) instruments.set("blockzero_agreement_ratio", own.agreement);
  } catch (thrown) {
    instruments.add("blockzero_chain_state_failures_total", 1);
    log.debug("the validators' figures not shown", { reason: reasonOf(thrown) });
  }
};
