export interface Shape { area(): number; name: string }

export const square: Shape = { // PLANTED(tsc) error TS2741
  name: "square",
};

export function total(shapes: Shape[]): number {
  const unused = 1; // PLANTED(tsc) error TS6133
  return shapes.map((shape) => shape.aria()) // PLANTED(tsc) error TS2339
    .reduce((a, b) => a + b, "0");
}
