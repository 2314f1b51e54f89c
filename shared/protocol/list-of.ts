import { z } from "zod";

/**
 * A list of a stranger's document: as many elements as may be, each as `element` says. It is refused at the first that is another, of which alone
 * faults are kept: those of all would take seconds, and a stranger chooses how many there are.
 */
export const listOf = <T extends z.ZodType>(element: T, most: number, least = 0) =>
  z
    .array(z.unknown())
    .min(least)
    .max(most)
    .transform((values, context): z.output<T>[] => {
      const elements: z.output<T>[] = [];
      for (const [i, value] of values.entries()) {
        const parsed = element.safeParse(value);
        if (!parsed.success) {
          const { path = [], message = "is no element" } = parsed.error.issues[0] ?? {};
          context.addIssue({ code: "custom", path: [i, ...path], message });
          return elements;
        }
        elements.push(parsed.data);
      }
      return elements;
    });
