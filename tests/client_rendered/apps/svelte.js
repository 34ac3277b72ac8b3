import { hydrate, mount } from "svelte";
import Shop from "./Shop.svelte";
import { kind, offersOf, place } from "./shop.js";

if (kind === "whole") hydrate(Shop, { target: place(), props: { first: offersOf(1) } });
else mount(Shop, { target: place(), props: { first: [] } });
