import type { Attack } from "../attack.js";

export const wrongGroup: Attack = {
  name: "wrong-group",
  description:
    "submits its group's tensors to the other group, as they are and with a manifest that still names its own",
  identities: 2,
  submit: async ({ group, subnet, train, forge }) => {
    const tensors = await train();
    const [other = ""] = Object.keys(subnet.network.groups).filter((name) => name !== group);
    return [
      { forged: forge({ miner: "eve1", tensors, group: other }) },
      { forged: forge({ miner: "eve2", tensors, group: other, change: { group } }) },
    ];
  },
};
