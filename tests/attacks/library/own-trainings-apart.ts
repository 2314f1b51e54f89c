/** What validators' own trainings may bring about where a part of the stake does not report, or is kept from being heard. */
export const OWN_TRAININGS_APART =
  "by trainings of their own, few for a model as small as this, validators may find independence further apart than they can agree on where others are unheard (docs/independence.md)";
