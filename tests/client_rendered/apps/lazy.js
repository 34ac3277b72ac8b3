import { offersOf } from "./shop.js";

export const offers = offersOf(1);
