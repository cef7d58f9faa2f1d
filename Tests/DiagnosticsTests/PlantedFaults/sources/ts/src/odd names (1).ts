import { missing } from "./nowhere"; // PLANTED(tsc) error TS2307
import { total } from "./shapes";

const text: string = total([]); // PLANTED(tsc) error TS2322
let maybe: { size: number } | undefined;
maybe.size = text.length + missing; // PLANTED(tsc) error TS2532
undefinedThing(1); // PLANTED(tsc) error TS2304
