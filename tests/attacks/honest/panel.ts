import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import type { Commitment } from "#shared/chain/chain.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { parseReport } from "#shared/protocol/report.js";
import { signDocument } from "#shared/protocol/signing.js";
import { permittedStakes } from "#shared/protocol/voting/stake.js";
import { tally } from "#shared/protocol/voting/tally.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { NETUID } from "../../support/micro-network.js";
import { type Living, openSubnet } from "../../support/subnet.js";
import { forge } from "../../support/updates.js";
import { openValidator } from "../../support/validator.js";
import { type HonestWork, type Opinion, workOf } from "../arena/honest-work.js";
import type { NetworkTemplate } from "../arena/models/arena-model.js";
import { withSteadyDraws, withSteadySignatures } from "../arena/steady.js";

/** An honest miner's update, as its program would submit it. */
export interface HonestUpdate {
  readonly group: string;
  readonly update: Parameters;
}

/**
 * A validator of the program that judges what honest miners submit, cycle after cycle, always against the genesis model: gates, scores, report,
 * and the tally of that report. Only the miners' records are not real: the chain seems to have them.
 */
export interface Panel {
  readonly network: NetworkTemplate;
  /** @param meter in place of the validator's own */
  judge(updates: readonly HonestUpdate[], meter?: Pick<LossMeter, "ofGroup">): Promise<HonestWork>;
}

/** @param miners most updates of a cycle */
export const openPanel = async (
  t: Living,
  { network, genesis, miners }: { network: NetworkTemplate; genesis: Parameters; miners: number },
): Promise<Panel> => {
  const names = Array.from({ length: miners }, (_, i) => `miner-${i + 1}`);
  const subnet = withSteadySignatures(
    await openSubnet(t, { network, genesis, validators: { vera: 2000 }, miners: names }),
  );
  const validator = withSteadyDraws(await openValidator(t, subnet, "vera"), "vera");
  const { participant } = validator;
  const codec = CODECS[network.artifact.codec];
  let cycle = 0;

  return {
    network,
    async judge(updates, meter = validator.meter) {
      cycle++;
      const at = (phase: "commit" | "reveal") => subnet.window(cycle, phase).end - 1;
      const records = { commit: [] as Commitment[], reveal: [] as Commitment[] };
      for (const [i, { group, update }] of updates.entries()) {
        const miner = names[i]!;
        const { bytes } = await encodeUpdate(codec, new Map(Object.entries(update)));
        const forged = forge(subnet, { miner, cycle, group, tensors: bytes });
        await participant.blobs.put(bytes);
        await participant.blobs.put(forged.manifest);
        for (const phase of ["commit", "reveal"] as const)
          records[phase].push({ hotkey: subnet.signer(miner).address, data: forged[phase], block: at(phase) });
      }
      const { chain } = participant;
      const commitments: typeof chain.commitments = async (netuid, block) => [
        ...(await chain.commitments(netuid, block)),
        ...(block === at("commit") ? records.commit : block === at("reveal") ? records.reveal : []),
      ];
      const evaluate = subnet.window(cycle, "evaluate");
      await subnet.to(evaluate.start - 1);
      const seeing = { ...participant, chain: { ...chain, commitments } };
      const judging = judgeCycle(seeing, { ...validator.meter, ...meter }, cycle);
      await subnet.to(evaluate.start);
      const report = parseReport(canonicalBytes(await signDocument(await judging, participant.signer)));
      if (!report.ok) throw new Error(`a validator's own report is none: ${report.problem}`);
      const { neurons } = await chain.metagraph(NETUID);
      const miners = await readSubmissions(seeing, cycle);
      const agreed = tally({
        reports: [report.value],
        stakes: permittedStakes(neurons),
        unheard: [],
        miners,
        network: subnet.networkHash,
        cycle,
        base: subnet.modelHash,
      });
      return workOf(
        cycle,
        updates.map((_, i) => {
          const ofMiner = (entries: readonly (NonNullable<Opinion> & { readonly uid: number })[]) =>
            entries.find(({ uid }) => uid === subnet.uid(names[i]!));
          return { miner: names[i]!, agreed: ofMiner(agreed), said: { vera: ofMiner(report.value.entries) } };
        }),
      );
    },
  };
};
