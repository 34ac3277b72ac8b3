import { createElement as h, useEffect, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { follow, kind, offersOf, place } from "./shop.js";

export function Shop({ first }) {
  const [offers, setOffers] = useState(first);
  const [tab, setTab] = useState("offers");
  useEffect(() => void (kind === "whole" || follow(setOffers)), []);
  const list = offers.map((one) =>
    h("li", { key: one.id }, h("h2", null, one.name), h("b", { className: "price" }, one.price), h("p", null, one.words)),
  );
  const tabs = ["offers", "about"].map((name) =>
    h("button", { key: name, onClick: () => setTab(name) }, name),
  );
  return h("main", null, h("h1", null, "The shop"), kind === "tabs" && h("nav", null, tabs),
    tab === "offers" ? h("ul", null, list) : h("p", null, "About us"));
}

if (globalThis.document) {
  if (kind === "whole") hydrateRoot(place(), h(Shop, { first: offersOf(1) }));
  else createRoot(place()).render(h(Shop, { first: [] }));
}
