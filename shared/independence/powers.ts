// Products, because `**` need not give the same bits on every machine.
export const square = (x: number): number => x * x;
export const fourth = (x: number): number => square(square(x));
export const sixtyFourth = (x: number): number => fourth(fourth(fourth(x)));
