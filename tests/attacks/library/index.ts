import type { Attack } from "../attack.js";
import { abstentionByOwnReport } from "./abstention-by-own-report.js";
import { abstentionsOnDemand } from "./abstention-on-demand.js";
import { addedSteps } from "./added-step.js";
import { averagedTrainingsBy } from "./averaged-trainings.js";
import { checkpoints } from "./checkpoints.js";
import { collusion } from "./collusion.js";
import { copiedReport } from "./copied-report.js";
import { copiesApartAll } from "./copies-apart.js";
import { copiesByPlaceAll } from "./copies-by-place.js";
import { copy } from "./copy.js";
import { copyCommitment } from "./copy-commitment.js";
import { copyLastWinner } from "./copy-last-winner.js";
import { copyPlusNoise } from "./copy-plus-noise.js";
import { dripHotkeys } from "./drip-hotkeys.js";
import { drownedRival } from "./drowned-rival.js";
import { evaluationText } from "./evaluation-text.js";
import { extraTensors } from "./extra-tensors.js";
import { goodHereBadThere } from "./good-here-bad-there.js";
import { hostileServers } from "./hostile-servers.js";
import { hugeNorm } from "./huge-norm.js";
import { idleValidators, tallyingValidator } from "./idle-validators.js";
import { independenceApart } from "./independence-apart.js";
import { lazy } from "./lazy.js";
import { liarAbsurd } from "./liar-absurd.js";
import { liarAtOnce, liarByTurns } from "./liar-at-once.js";
import { liarCrawls } from "./liar-crawls.js";
import { liarFails } from "./liar-fails.js";
import { liarHearsNobody } from "./liar-hears-nobody.js";
import { liarIndependence } from "./liar-independence.js";
import { liarInflates } from "./liar-inflates.js";
import { liarModel } from "./liar-model.js";
import { liarOmits } from "./liar-omits.js";
import { liarOvershoots } from "./liar-overshoots.js";
import { liarRejects } from "./liar-rejects.js";
import { liarSilent } from "./liar-silent.js";
import { liarSilentServers } from "./liar-silent-servers.js";
import { liarSplitView } from "./liar-split-view.js";
import { liarStandstill } from "./liar-standstill.js";
import { standstillsWhileFailing } from "./liar-standstill-while-failing.js";
import { liarSwaps } from "./liar-swaps.js";
import { liarUnreachable } from "./liar-unreachable.js";
import {
  liarUnheardWhileAway,
  liarUnreachableWhileAway,
  liarUnreachableWhileFailing,
} from "./liar-unreachable-while-away.js";
import { liarWeights } from "./liar-weights.js";
import { liarWithholds } from "./liar-withholds.js";
import { liarZeroes } from "./liar-zeroes.js";
import { liarZeroesWhileAway } from "./liar-zeroes-while-away.js";
import { lookingAhead } from "./looking-ahead.js";
import { lowRankParts } from "./low-rank-parts.js";
import { lyingFiles } from "./lying-files.js";
import { manyTensors } from "./many-tensors.js";
import { meanOfRivals } from "./mean-of-rivals.js";
import { mergedAgain } from "./merged-again.js";
import { momentumRide } from "./momentum-ride.js";
import { nanHardBatches } from "./nan-hard-batches.js";
import { neuronSwap } from "./neuron-swap.js";
import { noise } from "./noise.js";
import { noisyCopiesOf } from "./noisy-copies.js";
import { oldRivalsAll } from "./old-rivals.js";
import { oldRivalsCarried } from "./old-rivals-carried.js";
import { oldRivalsLate } from "./old-rivals-late.js";
import { oppositeHalves } from "./opposite-halves.js";
import { otherText } from "./other-text.js";
import { parkedBehindOwnCrowd } from "./parked-behind-own-crowd.js";
import { parkedInEndedGroup } from "./parked-in-ended-group.js";
import { partlyServedTo } from "./partly-served.js";
import { polishedAll } from "./polished.js";
import { replay } from "./replay.js";
import { replayAfterNoMerge } from "./replay-after-no-merge.js";
import { rescaledCopies } from "./rescaled-copies.js";
import { ridingByTurnsBy } from "./riding-by-turns.js";
import { roleSwap } from "./role-swap.js";
import { roundedCopies } from "./rounded-copies.js";
import { scaledParts } from "./scaled-parts.js";
import { scalings } from "./scaling.js";
import { shortCopies } from "./short-copies.js";
import { shortTogether } from "./short-together.js";
import { signFlip } from "./sign-flip.js";
import { silentStake } from "./silent-stake.js";
import { simplexNoise } from "./simplex-noise.js";
import { sleeper } from "./sleeper.js";
import { staleBase } from "./stale-base.js";
import { staleBaseLie } from "./stale-base-lie.js";
import { stolenStream } from "./stolen-stream.js";
import { sybilCopies } from "./sybil-copies.js";
import { sybilParts } from "./sybil-parts.js";
import { sybilSplit } from "./sybil-split.js";
import { tinyNorm } from "./tiny-norm.js";
import { tunedAll } from "./tuned.js";
import { twoFacedServer } from "./two-faced-server.js";
import { withholding } from "./withholding.js";
import { witnessPoison } from "./witness-poison.js";
import { wrongGroup } from "./wrong-group.js";

/** Every attack that we know of; each has its own file. */
export const attacks: readonly Attack[] = [
  noise,
  signFlip,
  ...scalings,
  nanHardBatches,
  staleBase,
  staleBaseLie,
  copy,
  copyPlusNoise,
  copyCommitment,
  copyLastWinner,
  mergedAgain,
  momentumRide,
  ...lookingAhead,
  ...addedSteps,
  ...oldRivalsAll,
  oldRivalsLate,
  oldRivalsCarried,
  ...ridingByTurnsBy,
  stolenStream,
  lazy,
  evaluationText,
  goodHereBadThere,
  neuronSwap,
  meanOfRivals,
  drownedRival,
  ...polishedAll,
  ...tunedAll,
  ...averagedTrainingsBy,
  roleSwap,
  parkedInEndedGroup,
  parkedBehindOwnCrowd,
  wrongGroup,
  extraTensors,
  hugeNorm,
  tinyNorm,
  shortTogether,
  lyingFiles,
  manyTensors,
  sybilCopies,
  sybilSplit,
  sybilParts,
  checkpoints,
  roundedCopies,
  ...scaledParts,
  lowRankParts,
  rescaledCopies,
  oppositeHalves,
  ...simplexNoise,
  ...noisyCopiesOf,
  shortCopies,
  witnessPoison,
  collusion,
  liarInflates,
  liarZeroes,
  liarIndependence,
  ...independenceApart,
  liarWeights,
  sleeper,
  liarSplitView,
  liarAbsurd,
  liarWithholds,
  liarUnreachable,
  liarUnreachableWhileAway,
  liarHearsNobody,
  liarUnheardWhileAway,
  liarUnreachableWhileFailing,
  ...liarZeroesWhileAway,
  liarRejects,
  liarFails,
  liarOmits,
  liarSilent,
  liarSilentServers,
  liarStandstill,
  ...standstillsWhileFailing,
  liarOvershoots,
  liarCrawls,
  liarModel,
  liarSwaps,
  liarAtOnce,
  liarByTurns,
  otherText,
  withholding,
  hostileServers,
  dripHotkeys,
  twoFacedServer,
  ...partlyServedTo,
  ...copiesApartAll,
  ...copiesByPlaceAll,
  ...abstentionsOnDemand,
  abstentionByOwnReport,
  idleValidators,
  tallyingValidator,
  copiedReport,
  silentStake,
  replay,
  replayAfterNoMerge,
];
