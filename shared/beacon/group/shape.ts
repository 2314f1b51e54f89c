/** How many shares a group's secret has, and how many of them sign. */
export interface GroupShape {
  readonly slots: number;
  /** More than half of the slots, so that two signatures of one message have a signer in common. */
  readonly threshold: number;
}

/** The white paper's group as this protocol has it. */
export const GROUP_SHAPE: GroupShape = { slots: 128, threshold: 65 };
